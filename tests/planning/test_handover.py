"""What is handed over with a deferred ticket: the latest defer that was not taken back."""

from collections.abc import Mapping
from datetime import date
from typing import Any

import pytest

from agileml.planning.actions.progress import progress
from agileml.planning.actions.sprints import close_sprint, draft_some
from agileml.planning.actions.take_back import take_back
from agileml.planning.models import Sprint
from agileml.planning.queries.handover import hand_overs, parked
from agileml.planning.rules.handover import standing_defer
from agileml.planning.rules.starting import Destination
from agileml.work.models import Ticket
from tests.factories import NOW, Cast, make_cast, make_sprint, make_ticket, replan

ADD: tuple[str, Mapping[str, Any]] = ("add", {"status": "todo"})
DEFER: tuple[str, Mapping[str, Any]] = ("defer", {"note": "Start at the sevens.", "resume_cost": "low", "to": None})
BACK: tuple[str, Mapping[str, Any]] = ("add", {"status": "todo", "undoes": DEFER[1]})


@pytest.mark.parametrize(
    ("moves", "which"),
    [
        ([], None),
        ([ADD], None),
        ([ADD, DEFER], 1),
        ([ADD, DEFER, ADD], 1),
        ([ADD, DEFER, BACK], None),
        ([ADD, DEFER, ADD, DEFER], 3),
        ([ADD, DEFER, ADD, DEFER, BACK], 1),
        ([ADD, DEFER, BACK, DEFER], 3),  # taking it back was taken back
        ([ADD, DEFER, ("skip", {"skipped": True}), ("restore", {"undoes": {"skipped": True}})], 1),
        ([BACK], None),
        ([("remove", None), DEFER, ("remove", None)], 1),
    ],
)
def test_the_latest_defer_counts_unless_it_was_taken_back(moves: list[Any], which: int | None):
    assert standing_defer(moves) == which


def left(cast: Cast, number: int = 1) -> tuple[int | None, str, str] | None:
    """From which sprint a ticket was handed over, with which note, at which cost."""
    move = hand_overs(Ticket.objects.filter(project=cast.project, number=number)).get(
        Ticket.objects.get(project=cast.project, number=number).pk
    )
    if move is None:
        return None
    assert move.after is not None
    assert move.decision.sprint is not None
    return move.decision.sprint.number, move.after["note"], move.after["resume_cost"]


def lot(cast: Cast) -> list[int]:
    return sorted(parked(cast.project).values_list("number", flat=True))


def defer(ticket: int, note: str = "Half way.", **move: Any) -> dict[str, Any]:
    return {"move": "defer", "ticket": ticket, "to": None, "note": note, "resume_cost": "high"} | move


def close(cast: Cast, sprint: Sprint, **destinations: Destination) -> None:
    sent = {int(name.removeprefix("t")): destination for name, destination in destinations.items()}
    close_sprint(project=cast.project, number=sprint.number, destinations=sent, actor=cast.lead, now=NOW)


def test_a_deferred_ticket_keeps_its_note_and_lies_in_the_parking_lot(cast: Cast, sprint: Sprint):
    replan(cast, sprint, defer(1))
    assert left(cast) == (sprint.number, "Half way.", "high")
    assert lot(cast) == [1]


def test_one_that_is_taken_up_keeps_its_note_until_it_is_done(cast: Cast, sprint: Sprint):
    replan(cast, sprint, defer(1))
    planned = make_sprint(cast, start=date(2026, 11, 30))
    draft_some(project=cast.project, number=planned.number, add=[1], actor=cast.lead, now=NOW)
    assert (left(cast), lot(cast)) == ((sprint.number, "Half way.", "high"), [])
    draft_some(project=cast.project, number=planned.number, drop=[1], actor=cast.lead, now=NOW)
    replan(cast, sprint, {"move": "add", "ticket": 1})
    assert (left(cast), lot(cast)) == ((sprint.number, "Half way.", "high"), [])
    progress(project=cast.project, number=1, to="done", outcome="shipped", actor=cast.lead, now=NOW)
    assert (left(cast), lot(cast)) == (None, [])


def test_what_a_close_carries_is_handed_over_too(cast: Cast, sprint: Sprint):
    following = make_sprint(cast, start=date(2026, 11, 30))
    close(
        cast, sprint,
        t1=Destination(to="backlog", note="Not begun.", resume_cost="low"),
        t2=Destination(to="sprint", sprint=following.number, note="Two runs left.", resume_cost="medium"),
        t3=Destination(to="skip"), t4=Destination(to="skip"),
    )  # fmt: skip
    assert left(cast, 1) == (sprint.number, "Not begun.", "low")
    assert left(cast, 2) == (sprint.number, "Two runs left.", "medium")
    assert left(cast, 3) is None
    assert lot(cast) == [1]


def test_a_defer_that_was_taken_back_says_nothing_any_more(cast: Cast, sprint: Sprint):
    made = replan(cast, sprint, defer(1))
    undone = take_back(project=cast.project, decision=str(made.uid), actor=cast.lead, now=NOW)
    assert (left(cast), lot(cast)) == (None, [])
    take_back(project=cast.project, decision=str(undone.uid), actor=cast.lead, now=NOW)
    assert (left(cast), lot(cast)) == ((sprint.number, "Half way.", "high"), [1])


def test_what_leaves_the_sprint_after_its_defer_was_taken_back_is_not_parked(cast: Cast, sprint: Sprint):
    made = replan(cast, sprint, defer(1))
    take_back(project=cast.project, decision=str(made.uid), actor=cast.lead, now=NOW)
    replan(cast, sprint, {"move": "remove", "ticket": 1})
    assert (left(cast), lot(cast)) == (None, [])


def test_taking_back_the_second_defer_leaves_the_note_of_the_first(cast: Cast, sprint: Sprint):
    other = make_sprint(cast, active=True)
    replan(cast, sprint, defer(1, "First.", to=other.number, to_base_version=other.plan_version))
    made = replan(cast, other, defer(1, "Second."))
    assert left(cast) == (other.number, "Second.", "high")
    take_back(project=cast.project, decision=str(made.uid), actor=cast.lead, now=NOW)
    assert (left(cast), lot(cast)) == ((sprint.number, "First.", "high"), [])


def test_what_was_skipped_or_deleted_since_lies_in_no_parking_lot(cast: Cast, sprint: Sprint):
    replan(cast, sprint, defer(1), defer(2))
    replan(cast, None, {"move": "skip", "ticket": 1})
    assert (left(cast), lot(cast)) == (None, [2])
    skipped = Ticket.objects.get(project=cast.project, number=1)
    assert skipped.status == "skipped"
    other = make_cast("OTH")
    make_ticket(other)
    replan(other, make_sprint(other, [1], active=True), defer(1))
    assert lot(cast) == [2]
