"""Two sprints are active: work goes from one to the other, by a decision or at the close, and comes back as it went."""

from collections.abc import Callable
from typing import Any

import pytest

from agileml.planning.actions import progress, sprints
from agileml.planning.actions.take_back import Overtaken, take_back
from agileml.planning.models import Decision, Sprint
from agileml.planning.rules.moves import Refused
from agileml.planning.rules.starting import Destination
from agileml.work.models import Ticket
from tests.factories import NOW, Cast, make_sprint, make_ticket, replan
from tests.planning.mirror import Mirror, check_feed, check_places, images, replayed, table_plan, without_history

pytestmark = pytest.mark.django_db


@pytest.fixture
def other(cast: Cast, sprint: Sprint) -> Sprint:
    """A second active sprint at plan v1, with ticket 5; the first has 1 to 4."""
    return make_sprint(cast, [5], active=True)


def places(cast: Cast, *numbers: int) -> list[tuple[int | None, int | None]]:
    now = images(cast.project)
    return [(now[number]["sprint"], now[number]["planned_sprint"]) for number in numbers]


def defer(number: int, to: Sprint, base: int) -> dict[str, Any]:
    return {"move": "defer", "ticket": number, "to": to.number, "to_base_version": base, "note": "Half done."}


def close(cast: Cast, sprint: Sprint, destinations: dict[int, Destination]) -> Decision:
    return sprints.close_sprint(
        project=cast.project, number=sprint.number, destinations=destinations, actor=cast.lead, now=NOW
    )


def undo(cast: Cast, decision: Decision, **more: Any) -> Decision:
    return take_back(project=cast.project, decision=str(decision.uid), actor=cast.lead, now=NOW, **more)


def received(group: Decision) -> Decision:
    return Decision.objects.get(kind="received", group=group.group)


def move_card(cast: Cast, number: int) -> None:
    progress.progress(project=cast.project, number=number, to="in_progress", actor=cast.member, now=NOW)


def check(cast: Cast) -> None:
    """What must hold of a project whatever was done."""
    now = images(cast.project)
    check_feed(Mirror(cast.project), now)
    check_places(cast.project)
    for row in Sprint.objects.filter(state="active"):
        assert without_history(replayed(row)) == table_plan(row, now)


def told(overtaken: pytest.ExceptionInfo[Overtaken]) -> list[tuple[str, int | None]]:
    return sorted(((blocker.code, blocker.ticket) for blocker in overtaken.value.blockers), key=str)


# --- by a decision ----------------------------------------------------------------------------------------------------


def test_what_is_deferred_to_an_active_sprint_is_received_there_by_a_decision_of_its_own(
    cast: Cast, sprint: Sprint, other: Sprint
):
    made = replan(cast, sprint, defer(1, other, 1), defer(2, other, 1), {"move": "remove", "ticket": 3})
    there = received(made)
    assert (there.sprint, there.version, there.reason, there.group) == (other, 2, made.reason, made.group)
    assert places(cast, 1, 2, 3) == [(2, None), (2, None), (None, None)]
    assert set(replayed(other).tickets) == {1, 2, 5}
    assert [Sprint.objects.get(pk=row.pk).replans for row in (sprint, other)] == [1, 0]  # received is no re-plan
    check(cast)


@pytest.mark.parametrize("named", [lambda made: made, received], ids=["by who sent", "by who received"])
def test_both_sides_are_taken_back_together_whichever_is_named(
    cast: Cast, sprint: Sprint, other: Sprint, named: Callable[[Decision], Decision]
):
    plans = [replayed(row).tickets for row in (sprint, other)]
    made = replan(cast, sprint, defer(1, other, 1), {"move": "skip", "ticket": 2})
    undone = undo(cast, named(made))
    assert [replayed(row).tickets for row in (sprint, other)] == plans
    assert undone.sprint == named(made).sprint
    assert set(Decision.objects.filter(group=undone.group).values_list("reverts", flat=True)) == {
        made.pk, received(made).pk
    }  # fmt: skip
    check(cast)

    again = undo(cast, undone)
    assert places(cast, 1) == [(2, None)]
    assert Ticket.objects.get(number=2).status == "skipped"
    assert Decision.objects.filter(group=again.group).count() == 2
    check(cast)


def test_when_what_was_sent_moved_on_neither_side_is_taken_back_not_even_in_part(
    cast: Cast, sprint: Sprint, other: Sprint
):
    made = replan(cast, sprint, defer(1, other, 1), defer(2, other, 1))
    move_card(cast, 1)
    replan(cast, other, {"move": "skip", "ticket": 2})
    for partial in (False, True):
        with pytest.raises(Overtaken) as overtaken:
            undo(cast, made, partial=partial)
        assert {ticket for _, ticket in told(overtaken)} == {1, 2}
        assert not overtaken.value.rest
    assert places(cast, 1, 2) == [(2, None), (2, None)]
    check(cast)


def test_a_plan_that_changed_since_it_was_looked_at_receives_nothing(cast: Cast, sprint: Sprint, other: Sprint):
    make_ticket(cast, sprint=2)
    with pytest.raises(Refused) as refused:
        replan(cast, sprint, defer(1, other, 1), {"move": "remove", "ticket": 2})
    assert [(one.code, one.ticket) for one in refused.value.refusals] == [("stale_target", 1)]
    assert places(cast, 1, 2) == [(1, None), (1, None)]


# --- by a close -------------------------------------------------------------------------------------------------------


@pytest.fixture
def planned(cast: Cast, other: Sprint) -> Sprint:
    """A third sprint, with an empty draft."""
    return make_sprint(cast)


@pytest.fixture
def closed(cast: Cast, sprint: Sprint, other: Sprint, planned: Sprint) -> Decision:
    """The close of the first sprint: 1 goes to the active one, 2 to the planned one, 3 to the backlog, 4 is skipped."""
    return close(
        cast,
        sprint,
        {
            1: Destination("sprint", other.number, 1, note="Half done.", resume_cost="high"),
            2: Destination("sprint", planned.number, note="Not begun."),
            3: Destination("backlog"),
            4: Destination("skip", revisit_if="there is more data"),
        },
    )


def test_a_close_carries_to_the_active_and_to_the_planned_sprint(cast: Cast, closed: Decision, other: Sprint):
    assert places(cast, 1, 2, 3, 4) == [(2, None), (None, 3), (None, None), (None, None)]
    assert received(closed).sprint == other
    assert closed.moves.get(ticket__number=1).after["note"] == "Half done."
    check(cast)


@pytest.mark.parametrize("named", [lambda made: made, received], ids=["by the close", "by who received"])
def test_a_close_is_taken_back_with_all_that_it_carried(
    cast: Cast, sprint: Sprint, closed: Decision, named: Callable[[Decision], Decision]
):
    undo(cast, named(closed))
    assert places(cast, 1, 2, 3, 4) == [(1, None)] * 4
    assert {shape["status"] for number, shape in images(cast.project).items() if number < 5} == {"todo"}
    sprint.refresh_from_db()
    assert (sprint.state, sprint.closed_at) == ("active", None)
    assert Sprint.objects.get(number=2).plan_version == 3
    check(cast)


def test_a_close_that_was_taken_back_can_be_closed_otherwise(cast: Cast, sprint: Sprint, closed: Decision):
    undo(cast, closed)
    close(cast, sprint, {number: Destination("backlog") for number in (1, 2, 3, 4)})
    assert places(cast, 1, 2, 3, 4) == [(None, None)] * 4
    check(cast)


def test_carried_work_that_moved_on_holds_the_close_and_is_named(cast: Cast, closed: Decision, other: Sprint):
    move_card(cast, 1)
    replan(cast, other, {"move": "skip", "ticket": 5})  # another's matter
    with pytest.raises(Overtaken) as overtaken:
        undo(cast, closed)
    assert {ticket for _, ticket in told(overtaken)} == {1}
    with pytest.raises(Overtaken):
        undo(cast, closed, partial=True)  # a sprint does not open by half
    assert Sprint.objects.get(number=1).state == "closed"
    check(cast)


def test_a_sprint_that_began_with_what_was_carried_to_it_holds_the_close(cast: Cast, closed: Decision):
    sprints.start_sprint(project=cast.project, number=3, actor=cast.lead, now=NOW)
    with pytest.raises(Overtaken) as overtaken:
        undo(cast, closed)
    assert {ticket for _, ticket in told(overtaken)} == {2}
    assert places(cast, 2) == [(3, None)]


def test_a_draft_that_somebody_put_elsewhere_meanwhile_stays_there(cast: Cast, closed: Decision, planned: Sprint):
    sprints.draft(project=cast.project, number=planned.number, tickets=[], actor=cast.member, now=NOW)
    make_sprint(cast, [2])
    undo(cast, closed)
    assert places(cast, 2) == [(1, 4)]  # in the sprint again, and drafted where that person put it
    check(cast)


def test_what_is_drafted_elsewhere_already_is_not_carried_to_a_draft(cast: Cast, sprint: Sprint, planned: Sprint):
    make_sprint(cast, [1])
    going = {n: Destination("sprint", planned.number) for n in (1, 2, 3, 4)}
    with pytest.raises(Refused) as refused:
        close(cast, sprint, going)
    assert [(one.code, one.ticket) for one in refused.value.refusals] == [("already_drafted", 1)]
    assert Sprint.objects.get(number=1).state == "active"


def test_the_receiving_sprint_may_close_first_and_then_holds_the_other_close(
    cast: Cast, closed: Decision, other: Sprint
):
    close(cast, other, {1: Destination("backlog"), 5: Destination("backlog")})
    with pytest.raises(Overtaken) as overtaken:
        undo(cast, closed)
    assert ("sprint_state", None) in told(overtaken)
    check(cast)
