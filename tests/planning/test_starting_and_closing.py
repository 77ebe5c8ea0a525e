"""A sprint's life: drafted without asking, started as plan v1, closed with a place for all that is left."""

from dataclasses import replace
from typing import Any

import pytest

from agileml.journal.rules.edits import Stale
from agileml.lib.fields import Invalid
from agileml.planning.actions import sprints
from agileml.planning.actions.decide import Why
from agileml.planning.actions.sprints import NeedsDecision
from agileml.planning.models import Assignment, Decision, Sprint
from agileml.planning.rules.moves import Refused
from agileml.planning.rules.starting import Destination
from agileml.projects.doors import Forbidden, Hidden
from agileml.work.models import Ticket
from tests.factories import NOW, Cast, make_sprint, make_ticket, replan
from tests.planning.mirror import images, replayed

pytestmark = pytest.mark.django_db


def draft(cast: Cast, sprint: Sprint, *numbers: int, actor: Any = None) -> Sprint:
    return sprints.draft(
        project=cast.project, number=sprint.number, tickets=numbers, actor=actor or cast.member, now=NOW
    )


def drafted(sprint: Sprint) -> list[int]:
    rows = Assignment.objects.filter(sprint=sprint, opened_by=None)
    return sorted(rows.values_list("ticket__number", flat=True))


def start(cast: Cast, sprint: Sprint, *, actor: Any = None) -> Decision:
    return sprints.start_sprint(project=cast.project, number=sprint.number, actor=actor or cast.lead, now=NOW)


def close(
    cast: Cast, sprint: Sprint, destinations: dict[int, Destination], *, actor: Any = None, **more: Any
) -> Decision:
    return sprints.close_sprint(
        project=cast.project, number=sprint.number, destinations=destinations, actor=actor or cast.lead, now=NOW, **more
    )


def codes(refused: pytest.ExceptionInfo[Refused]) -> list[tuple[str, int | None]]:
    return [(refusal.code, refusal.ticket) for refusal in refused.value.refusals]


# --- drafting -------------------------------------------------------------------------------------------------------


def test_a_draft_changes_freely_and_is_no_decision(cast: Cast, tickets: list[Ticket]):
    sprint = make_sprint(cast, [1, 2])
    draft(cast, sprint, 2, 3)
    assert drafted(sprint) == [2, 3]
    sprints.draft_some(project=cast.project, number=1, add=[4, 3], drop=[2, 99], actor=cast.member, now=NOW)
    assert drafted(sprint) == [3, 4]
    assert Decision.objects.count() == 0
    assert replayed(sprint).tickets == {}


def test_a_ticket_is_drafted_once_and_every_one_that_cannot_be_is_told(cast: Cast, tickets: list[Ticket]):
    make_sprint(cast, [1])
    Ticket.objects.filter(number=2).update(status="done")
    second = make_sprint(cast)
    with pytest.raises(Refused) as refused:
        draft(cast, second, 1, 2, 3, 99)
    assert codes(refused) == [("unknown_ticket", 99), ("already_drafted", 1), ("done", 2)]
    assert drafted(second) == []


def test_what_is_in_an_active_sprint_may_be_drafted_for_the_next(cast: Cast, sprint: Sprint):
    later = make_sprint(cast, [1])
    assert (images(cast.project)[1]["sprint"], images(cast.project)[1]["planned_sprint"]) == (1, later.number)


def test_an_active_sprint_is_not_drafted(cast: Cast, sprint: Sprint):
    with pytest.raises(Refused) as refused:
        draft(cast, sprint, 5)
    assert codes(refused) == [("not_planned", None)]


# --- starting -------------------------------------------------------------------------------------------------------


def test_starting_makes_the_draft_plan_v1_with_all_plan_fields(cast: Cast):
    make_ticket(cast, type="review", estimate=3, criteria=[{"metric": "error", "op": "<=", "value": 0.1}])
    make_ticket(cast)
    replan(cast, None, {"move": "skip", "ticket": 2})
    sprint = make_sprint(cast, [1, 2], goal="Know", increment="A reader")
    decision = start(cast, sprint)
    plan = replayed(sprint)
    assert (decision.kind, decision.version, decision.reason_code) == ("start", 1, "")
    assert dict(plan.sprint) == {"goal": "Know", "increment": "A reader", "start": "2026-11-16", "end": "2026-11-27"}
    assert [plan.tickets[1][name] for name in ("type", "estimate", "skipped", "added_in")] == ["review", 3, False, 1]
    assert [item["metric"] for item in plan.tickets[1]["criteria"]] == ["error"]
    assert plan.tickets[2]["skipped"]


def test_a_sprint_starts_empty_too(cast: Cast):
    assert start(cast, make_sprint(cast)).version == 1


def test_what_stands_in_the_way_of_a_start_is_told_ticket_by_ticket(cast: Cast, sprint: Sprint):
    later = make_sprint(cast, [1, 5])
    Ticket.objects.filter(number=5).update(status="done")
    with pytest.raises(Refused) as refused:
        start(cast, later)
    assert codes(refused) == [("in_another_sprint", 1), ("done", 5)]


def test_a_sprint_starts_once(cast: Cast, sprint: Sprint):
    with pytest.raises(Refused) as refused:
        start(cast, sprint)
    assert codes(refused) == [("not_planned", None)]


def test_only_leads_start_and_close(cast: Cast, sprint: Sprint):
    for act in (
        lambda: start(cast, make_sprint(cast), actor=cast.member),
        lambda: close(cast, sprint, {}, actor=cast.member),
    ):
        with pytest.raises(Forbidden):
            act()


def test_a_sprint_that_is_not_there_is_hidden(cast: Cast):
    with pytest.raises(Hidden):
        sprints.start_sprint(project=cast.project, number=7, actor=cast.lead, now=NOW)


# --- closing --------------------------------------------------------------------------------------------------------


def test_closing_sends_what_is_left_to_where_it_is_said(cast: Cast, sprint: Sprint):
    planned, active = make_sprint(cast), make_sprint(cast, active=True)
    Ticket.objects.filter(number=4).update(status="done", outcome="shipped")
    make_ticket(cast, sprint=1)
    decision = close(
        cast,
        sprint,
        {
            1: Destination("backlog", note="Half done.", resume_cost="high"),
            2: Destination("sprint", planned.number),
            3: Destination("sprint", active.number, 1),
            6: Destination("skip", revisit_if="there is more data"),
        },
        reason="The fortnight is over.",
    )
    now = images(cast.project)
    assert [(now[n]["sprint"], now[n]["planned_sprint"], now[n]["status"]) for n in (1, 2, 3, 4, 6)] == [
        (None, None, "todo"), (None, 2, "todo"), (3, None, "todo"), (None, None, "done"), (None, None, "skipped")
    ]  # fmt: skip
    received = Decision.objects.get(kind="received")
    assert (received.sprint, received.group) == (active, decision.group)
    sprint.refresh_from_db()
    assert (sprint.state, sprint.closed_at, sprint.plan_version) == ("closed", NOW, decision.version)
    assert {n: line["skipped"] for n, line in replayed(sprint).tickets.items()} == {4: False, 6: True}
    assert decision.moves.get(ticket__number=1).after == {
        "to": None, "note": "Half done.", "resume_cost": "high", "drafted": False
    }  # fmt: skip


def test_every_ticket_that_is_left_needs_a_place_and_no_other_has_one(cast: Cast, sprint: Sprint):
    Ticket.objects.filter(number=3).update(status="done")
    replan(cast, sprint, {"move": "skip", "ticket": 4})
    with pytest.raises(Refused) as refused:
        close(cast, sprint, {n: Destination("backlog") for n in (1, 3, 4, 5)})
    assert codes(refused) == [("destination_missing", 2), ("not_left", 3), ("not_left", 4), ("not_left", 5)]


def test_a_place_must_be_able_to_take_what_is_sent_there(cast: Cast, sprint: Sprint):
    make_sprint(cast, active=True)
    going = {1: Destination("sprint", 1), 2: Destination("sprint", 2), 3: Destination("sprint", 9)}
    with pytest.raises(Refused) as refused:
        close(cast, sprint, going | {4: Destination("backlog")})
    assert codes(refused) == [("same_sprint", 1), ("stale_target", 2), ("unknown_sprint", 3)]


@pytest.mark.parametrize("field", ["note", "revisit_if"])
def test_words_that_cannot_be_kept_are_refused(cast: Cast, sprint: Sprint, field: str):
    words: dict[str, Any] = {field: "no\0text"}
    with pytest.raises(Refused) as refused:
        close(cast, sprint, {n: replace(Destination("skip"), **words) for n in (1, 2, 3, 4)}, reason="no\0text")
    assert codes(refused) == [("invalid", 1), ("invalid", 2), ("invalid", 3), ("invalid", 4), ("invalid", None)]


def test_only_an_active_sprint_closes_and_once(cast: Cast, sprint: Sprint):
    close(cast, sprint, {n: Destination("backlog") for n in (1, 2, 3, 4)})
    for row in (sprint, make_sprint(cast)):
        with pytest.raises(Refused) as refused:
            close(cast, row, {})
        assert codes(refused) == [("not_active", None)]


# --- a sprint's own fields ------------------------------------------------------------------------------------------


def edit(cast: Cast, sprint: Sprint, *, why: Any = None, version: int | None = None, **sent: Any) -> Sprint:
    return sprints.edit_sprint(
        project=cast.project,
        number=sprint.number,
        sent=sent,
        expected_version=version,
        why=why,
        actor=cast.member,
        now=NOW,
    )


def test_a_planned_sprint_changes_freely(cast: Cast):
    sprint = edit(cast, make_sprint(cast), name="First", goal="Know", start="2026-11-30", end="2026-12-04")
    assert (sprint.name, sprint.goal, sprint.start.isoformat(), sprint.version) == ("First", "Know", "2026-11-30", 2)


def test_what_belongs_to_the_plan_of_an_active_sprint_needs_a_decision(cast: Cast, sprint: Sprint):
    with pytest.raises(NeedsDecision) as needed:
        edit(cast, sprint, name="First", goal="Other", end="2026-12-01")
    assert (needed.value.names, needed.value.sprint) == (["goal", "end"], 1)
    sprint.refresh_from_db()
    assert (sprint.name, sprint.goal) == ("Sprint 1", "Know what works")

    edit(cast, sprint, name="First", goal="Other", end="2026-12-01", why=Why(code="correction"))
    sprint.refresh_from_db()
    assert (sprint.name, sprint.goal, sprint.plan_version, sprint.replans) == ("First", "Other", 2, 0)
    assert replayed(sprint).sprint["end"] == "2026-12-01"


def test_the_start_of_an_active_sprint_is_history(cast: Cast, sprint: Sprint):
    with pytest.raises(Refused) as refused:
        edit(cast, sprint, start="2026-11-17")
    assert codes(refused) == [("start_is_history", None)]


def test_of_a_closed_sprint_only_the_name_changes(cast: Cast, sprint: Sprint):
    close(cast, sprint, {n: Destination("backlog") for n in (1, 2, 3, 4)})
    assert edit(cast, sprint, name="The first").name == "The first"
    with pytest.raises(Refused) as refused:
        edit(cast, sprint, goal="Another")
    assert codes(refused) == [("sprint_closed", None)]


def test_an_edit_on_an_older_version_is_stale(cast: Cast, sprint: Sprint):
    edit(cast, sprint, name="First", version=1)
    with pytest.raises(Stale) as stale:
        edit(cast, sprint, name="Second", version=1)
    assert stale.value.current["name"] == "First"


@pytest.mark.parametrize(
    "sent", [{"end": "2026-11-01"}, {"start": "2027-01-01"}, {"end": "soon"}, {"name": ""}, {"state": "active"}]
)
def test_what_cannot_be_is_refused(cast: Cast, sent: dict[str, Any]):
    with pytest.raises(Invalid):
        edit(cast, make_sprint(cast), **sent)
