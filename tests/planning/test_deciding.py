"""Re-planning: what a decision does, and every reason to refuse one."""

from typing import Any

import pytest

from agileml.lib.fields import Invalid
from agileml.planning.actions import sprints
from agileml.planning.models import Assignment, Decision, Sprint
from agileml.planning.rules.moves import Refused
from agileml.projects.doors import Hidden
from agileml.work.models import Ticket
from tests.factories import NOW, Cast, make_cast, make_sprint, make_ticket, replan
from tests.planning.mirror import images

pytestmark = pytest.mark.django_db


def status(cast: Cast, number: int) -> str:
    return Ticket.objects.get(project=cast.project, number=number).status


def place(cast: Cast, number: int) -> tuple[int | None, int | None]:
    """The active and the planned sprint that a ticket is in."""
    shape = images(cast.project)[number]
    return shape["sprint"], shape["planned_sprint"]


def refused_codes(
    cast: Cast, sprint: Sprint | None, *moves: dict[str, Any], **why: Any
) -> list[tuple[str, int | None]]:
    with pytest.raises(Refused) as refused:
        replan(cast, sprint, *moves, **why)
    return [(refusal.code, refusal.ticket) for refusal in refused.value.refusals]


def test_one_decision_makes_all_its_moves(cast: Cast, sprint: Sprint):
    decision = replan(
        cast,
        sprint,
        {"move": "skip", "ticket": 1, "revisit_if": "there is more data"},
        {"move": "defer", "ticket": 2, "note": "Half done.", "resume_cost": "high"},
        {"move": "remove", "ticket": 3},
        {"move": "change", "ticket": 4, "set": {"estimate": 3}},
        {"move": "add", "ticket": 5},
        {"move": "add", "new": {"type": "review", "title": "Look twice"}},
        {"move": "sprint", "set": {"goal": "Know less, but surely"}},
    )
    sprint.refresh_from_db()
    assert (decision.version, sprint.plan_version, sprint.replans) == (2, 2, 1)
    assert sprint.goal == "Know less, but surely"
    assert status(cast, 1) == "skipped"
    assert [place(cast, number)[0] for number in range(1, 7)] == [1, None, None, 1, 1, 1]
    assert Ticket.objects.get(number=4).estimate == 3
    assert [move.move for move in decision.moves.order_by("position")] == [
        "skip", "defer", "remove", "change", "add", "add", "sprint"
    ]  # fmt: skip


def test_what_leaves_says_where_to_and_what_coming_back_would_cost(cast: Cast, sprint: Sprint):
    decision = replan(cast, sprint, {"move": "defer", "ticket": 2, "note": "Half done.", "resume_cost": "high"})
    after = decision.moves.get().after
    assert after is not None
    assert (after["to"], after["note"], after["resume_cost"]) == (None, "Half done.", "high")


def test_a_split_adds_tickets_that_name_the_one_they_came_from(cast: Cast, sprint: Sprint):
    parts = [{"type": "engineering", "title": "First half"}, {"type": "review", "title": "Second half"}]
    decision = replan(cast, sprint, {"move": "split", "ticket": 1, "into": parts})
    made = Ticket.objects.filter(split_from__number=1).order_by("number")
    assert [(ticket.title, place(cast, ticket.number)[0]) for ticket in made] == [("First half", 1), ("Second half", 1)]
    assert [move.move for move in decision.moves.order_by("position")] == ["split", "add", "add"]
    assert place(cast, 1) == (1, None)


def test_restoring_brings_back_the_status_from_before_the_skip(cast: Cast, sprint: Sprint):
    Ticket.objects.filter(number=1).update(status="in_review")
    replan(cast, sprint, {"move": "skip", "ticket": 1})
    replan(cast, sprint, {"move": "restore", "ticket": 1})
    assert status(cast, 1) == "in_review"


def test_a_ticket_of_the_backlog_is_skipped_and_restored_without_a_sprint(cast: Cast, sprint: Sprint):
    decision = replan(cast, None, {"move": "skip", "ticket": 5})
    assert (decision.sprint, decision.version, status(cast, 5)) == (None, None, "skipped")
    replan(cast, None, {"move": "restore", "ticket": 5})
    assert status(cast, 5) == "todo"
    sprint.refresh_from_db()
    assert sprint.plan_version == 1


def test_a_defer_to_a_planned_sprint_makes_a_draft_there(cast: Cast, sprint: Sprint):
    later = make_sprint(cast)
    replan(cast, sprint, {"move": "defer", "ticket": 1, "to": later.number})
    assert place(cast, 1) == (None, later.number)
    assert Assignment.objects.get(sprint=later).opened_by is None


def test_a_defer_to_another_active_sprint_is_received_there_in_one_group(cast: Cast, sprint: Sprint):
    other = make_sprint(cast, active=True)
    moves = [{"move": "defer", "ticket": n, "to": other.number, "to_base_version": 1} for n in (1, 2)]
    decision = replan(cast, sprint, *moves)
    received = Decision.objects.get(sprint=other, kind="received")
    assert (received.group, received.version) == (decision.group, 2)
    assert received.reason_code == ""
    assert [move.ticket.number for move in received.moves.order_by("position") if move.ticket] == [1, 2]
    assert (place(cast, 1), place(cast, 2)) == ((other.number, None), (other.number, None))


@pytest.mark.parametrize(("code", "counted"), [("capacity", 1), ("forgotten", 0), ("correction", 0)])
def test_forgotten_tickets_and_corrections_are_decisions_but_no_replans(
    cast: Cast, sprint: Sprint, code: str, counted: int
):
    replan(cast, sprint, {"move": "add", "ticket": 5}, code=code)
    sprint.refresh_from_db()
    assert (sprint.plan_version, sprint.replans) == (2, counted)


# --- refused --------------------------------------------------------------------------------------------------------


def test_every_reason_to_refuse_is_told_at_once(cast: Cast, sprint: Sprint):
    Ticket.objects.filter(number=1).update(status="done")
    replan(cast, sprint, {"move": "skip", "ticket": 2})
    codes = refused_codes(
        cast,
        sprint,
        {"move": "skip", "ticket": 1},
        {"move": "skip", "ticket": 2},
        {"move": "remove", "ticket": 5},
        {"move": "skip", "ticket": 99},
        {"move": "remove", "ticket": 3},
        {"move": "skip", "ticket": 3},
        reason="",
        code="finding_opens",
    )
    assert codes == [
        ("done", 1),
        ("already_skipped", 2),
        ("not_in_sprint", 5),
        ("unknown_ticket", 99),
        ("twice", 3),
        ("reason_required", None),
        ("evidence_required", None),
    ]


@pytest.mark.parametrize("move", ["skip", "defer", "remove", "change", "split"])
def test_what_is_done_is_not_planned_away(cast: Cast, sprint: Sprint, move: str):
    Ticket.objects.filter(number=1).update(status="done")
    extra: dict[str, Any] = {
        "change": {"set": {"estimate": 1}},
        "split": {"into": [{"type": "review", "title": "Part"}]},
    }
    assert refused_codes(cast, sprint, {"move": move, "ticket": 1} | extra.get(move, {})) == [("done", 1)]


def test_a_done_ticket_is_reopened_before_it_is_added(cast: Cast, sprint: Sprint):
    Ticket.objects.filter(number=5).update(status="done")
    assert refused_codes(cast, sprint, {"move": "add", "ticket": 5}) == [("done", 5)]


@pytest.mark.parametrize("move", ["change", "split"])
def test_what_is_skipped_is_restored_before_it_is_changed(cast: Cast, sprint: Sprint, move: str):
    replan(cast, sprint, {"move": "skip", "ticket": 1})
    extra: dict[str, Any] = {
        "change": {"set": {"estimate": 1}},
        "split": {"into": [{"type": "review", "title": "Part"}]},
    }
    assert refused_codes(cast, sprint, {"move": move, "ticket": 1} | extra[move]) == [("already_skipped", 1)]


def test_only_what_is_skipped_can_be_restored(cast: Cast, sprint: Sprint):
    assert refused_codes(cast, sprint, {"move": "restore", "ticket": 1}) == [("not_skipped", 1)]


def test_what_is_in_the_sprint_is_not_added_to_it(cast: Cast, sprint: Sprint):
    assert refused_codes(cast, sprint, {"move": "add", "ticket": 1}) == [("already_in_sprint", 1)]


def test_a_ticket_is_deferred_from_one_active_sprint_to_another_never_taken(cast: Cast, sprint: Sprint):
    other = make_sprint(cast, [5], active=True)
    assert refused_codes(cast, sprint, {"move": "add", "ticket": 5}) == [("in_another_sprint", 5)]
    assert refused_codes(cast, sprint, {"move": "skip", "ticket": 5}) == [("not_in_sprint", 5)]
    assert other.state == "active"


def test_a_ticket_of_another_project_is_unknown_here(cast: Cast, sprint: Sprint):
    stranger = make_ticket(make_cast("OTH"), "Somebody else's")
    assert not Ticket.objects.filter(project=cast.project, number=stranger.number + 100).exists()
    other = make_cast("THR")
    assert refused_codes(other, make_sprint(other, active=True), {"move": "add", "ticket": 1}) == [
        ("unknown_ticket", 1)
    ]


def test_a_sprint_of_another_project_is_hidden(cast: Cast, sprint: Sprint):
    with pytest.raises(Hidden):
        replan(make_cast("OTH"), sprint, {"move": "add", "ticket": 1})


def test_a_decision_without_moves_is_none(cast: Cast, sprint: Sprint):
    assert refused_codes(cast, sprint) == [("no_moves", None)]


def test_the_same_sprint_field_is_set_once_in_a_decision(cast: Cast, sprint: Sprint):
    codes = refused_codes(
        cast, sprint, {"move": "sprint", "set": {"goal": "One"}}, {"move": "sprint", "set": {"goal": "Another"}}
    )
    assert codes == [("twice", None)]


@pytest.mark.parametrize(
    ("to", "code"),
    [(1, "same_sprint"), (2, "stale_target"), (3, "sprint_closed"), (4, "already_drafted"), (9, "unknown_sprint")],
)
def test_a_defer_needs_a_sprint_that_can_take_the_ticket(cast: Cast, sprint: Sprint, to: int, code: str):
    make_sprint(cast, active=True)
    closed = make_sprint(cast, active=True)
    sprints.close_sprint(project=cast.project, number=closed.number, destinations={}, actor=cast.lead, now=NOW)
    make_sprint(cast)
    make_sprint(cast, [1])
    assert refused_codes(cast, sprint, {"move": "defer", "ticket": 1, "to": to}) == [(code, 1)]


def test_what_is_skipped_is_restored_before_another_sprint_receives_it(cast: Cast, sprint: Sprint):
    other = make_sprint(cast, active=True)
    replan(cast, sprint, {"move": "skip", "ticket": 1})
    move = {"move": "defer", "ticket": 1, "to": other.number, "to_base_version": 1}
    assert refused_codes(cast, sprint, move) == [("already_skipped", 1)]


@pytest.mark.parametrize("move", [{"move": "add", "ticket": 5}, {"move": "sprint", "set": {"goal": "No"}}])
def test_in_the_backlog_tickets_are_only_skipped_and_restored(cast: Cast, sprint: Sprint, move: dict[str, Any]):
    assert refused_codes(cast, None, move) == [("needs_sprint", None)]


def test_a_planned_sprint_is_drafted_not_decided_on(cast: Cast, sprint: Sprint):
    assert refused_codes(cast, make_sprint(cast), {"move": "add", "ticket": 5}) == [("sprint_planned", None)]


def test_a_sprint_cannot_be_replanned_to_end_before_it_starts(cast: Cast, sprint: Sprint):
    with pytest.raises(Invalid) as invalid:
        replan(cast, sprint, {"move": "sprint", "set": {"end": "2026-11-15"}})
    assert [error.pointer for error in invalid.value.errors] == ["/moves/0/set/end"]


def test_what_a_move_refers_to_must_exist_and_every_lost_reference_is_told(cast: Cast, sprint: Sprint):
    with pytest.raises(Invalid) as invalid:
        replan(
            cast,
            sprint,
            {"move": "change", "ticket": 1, "set": {"story": 7}},
            {"move": "add", "new": {"type": "review", "title": "New", "depends_on": [1, 77]}},
        )
    assert [error.pointer for error in invalid.value.errors] == ["/moves/0/set/story", "/moves/1/new/depends_on/1"]
