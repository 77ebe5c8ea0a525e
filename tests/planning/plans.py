"""Recorded decisions: short ways to write one, and whole histories at random in which each fits the plan it meets."""

from collections.abc import Mapping
from typing import Any

from hypothesis import strategies as st

from agileml.planning.rules.replay import Plan, RecordedDecision, RecordedMove, apply

LINE: dict[str, Any] = {"type": "engineering", "story": None, "estimate": None, "criteria": [], "skipped": False}
NUMBERS = range(1, 9)


def add(ticket: int, **after: Any) -> RecordedMove:
    """A ticket comes into the plan, an engineering one that says nothing unless told otherwise."""
    return RecordedMove("add", ticket, None, LINE | after)


def move(kind: str, ticket: int | None, before: Any = None, after: Any = None) -> RecordedMove:
    """Any other move."""
    return RecordedMove(kind, ticket, before, after)


def decided(version: int, *moves: RecordedMove) -> RecordedDecision:
    """A decision that made this plan version."""
    return RecordedDecision(version, moves)


@st.composite
def histories(draw: st.DrawFn, most: int = 8) -> list[RecordedDecision]:
    """The decisions of one sprint from its start on, in order."""
    goal = {"goal": draw(st.sampled_from(["Know", "Ship"])), "end": "2026-11-27"}
    first = [move("sprint", None, None, goal)]
    first += [add(number, status="todo") for number in draw(st.sets(st.sampled_from(NUMBERS), max_size=5))]
    found = [decided(1, *first)]
    plan = apply(Plan(), found[0])
    for version in range(2, draw(st.integers(1, most)) + 1):
        numbers = draw(st.lists(st.sampled_from(NUMBERS), max_size=4, unique=True))
        moves = [draw(_of_ticket(plan, number)) for number in numbers]
        if draw(st.booleans()):
            moves.append(draw(_of_sprint(plan)))
        found.append(decided(version, *moves))
        plan = apply(plan, found[-1])
    return found


def _of_ticket(plan: Plan, number: int) -> st.SearchStrategy[RecordedMove]:
    line = plan.tickets.get(number)
    if line is None:
        return st.just(add(number, status="todo"))
    here = {**line, "status": "skipped" if line["skipped"] else "todo"}
    leaving = [
        move("remove", number, here),
        move("defer", number, here, {"to": None, "note": "half", "resume_cost": "low", "drafted": False}),
    ]
    if line["skipped"]:
        was, then = {"skipped": True, "status": "skipped"}, {"skipped": False, "status": "todo"}
        return st.sampled_from([move("restore", number, was, then), *leaving])
    was, then = {"skipped": False, "status": "todo"}, {"skipped": True, "status": "skipped"}
    estimates = st.sampled_from([1, 2, 3]).map(
        lambda value: move("change", number, {"estimate": line["estimate"]}, {"estimate": value})
    )
    return st.one_of(st.sampled_from([move("skip", number, was, then), *leaving]), estimates)


def _of_sprint(plan: Plan) -> st.SearchStrategy[RecordedMove]:
    was: Mapping[str, Any] = {"goal": plan.sprint["goal"]}
    return st.sampled_from(["Know", "Ship", "Learn"]).map(lambda goal: move("sprint", None, was, {"goal": goal}))
