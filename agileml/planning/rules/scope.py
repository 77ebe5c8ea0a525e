"""Where a sprint's tickets stood at the end of each day, replayed from its decisions and from what was done when."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from agileml.lib.charts import Day, Scope
from agileml.planning.rules.replay import Plan, RecordedDecision, apply
from agileml.projects.calendar import is_working


@dataclass(frozen=True)
class Taken:
    """A decision and the day, in the project's time zone, on which it was taken; `starts`: it started the sprint."""

    day: date
    decision: RecordedDecision
    starts: bool = False


@dataclass(frozen=True)
class Progressed:
    """A ticket became done, or stopped being it, on a day of the project's time zone."""

    day: date
    ticket: int
    done: bool


def scope_by_day(days: Sequence[date], *, taken: Iterable[Taken], progressed: Iterable[Progressed]) -> list[Scope]:
    """Where every ticket that was ever in the sprint stood at the end of each of these days, which are in order.

    Each ticket is counted once, also one that was added and taken out again: what has left the plan is deferred.
    `progressed` is in the order in which it happened.
    """
    decisions = sorted(taken, key=lambda one: one.decision.version)
    starts = {one.decision.version for one in decisions if one.starts}
    moves = list(progressed)
    plan, ever, done = Plan(), set[int](), set[int]()
    scopes = []
    for day in days:
        while decisions and decisions[0].day <= day:
            plan = apply(plan, decisions.pop(0).decision)
            ever |= plan.tickets.keys()
        while moves and moves[0].day <= day:
            one = moves.pop(0)
            (done.add if one.done else done.discard)(one.ticket)
        scopes.append(_scope(plan, ever, done, starts))
    return scopes


def _scope(plan: Plan, ever: set[int], done: set[int], starts: set[int]) -> Scope:
    counts = {"initial": 0, "added": 0, "skipped": 0, "deferred": 0, "done": 0}
    for number in ever:
        line = plan.tickets.get(number)
        if line is None:
            band = "deferred"
        elif line["skipped"]:
            band = "skipped"
        elif number in done:
            band = "done"
        else:
            band = "initial" if line["added_in"] in starts else "added"
        counts[band] += 1
    return Scope(**counts)


def days_of(start: date, end: date, *, weekdays: Collection[int], holidays: Collection[str]) -> list[Day]:
    """The days from `start` to `end`, both included, each with whether people work on it."""
    return [
        Day(day, working=is_working(day, weekdays=weekdays, holidays=holidays))
        for day in (start + timedelta(days=at) for at in range((end - start).days + 1))
    ]
