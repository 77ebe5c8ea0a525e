"""Skeleton coverage: which parts of the system an epic has touched from end to end, with the bare minimum first."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

State = Literal["stands", "begun", "planned", "bare"]
STATES: dict[str, State] = {"done": "stands", "in_progress": "begun", "in_review": "begun", "todo": "planned"}
ORDER: tuple[State, ...] = ("bare", "planned", "begun", "stands")


@dataclass(frozen=True)
class Work:
    """Tickets of one component that are at one status, under an epic."""

    component: str
    status: str
    many: int = 1


@dataclass(frozen=True)
class Covered:
    """How far a component is: `stands` once anything in it is done (shipped or learned), `bare` with no work at all."""

    component: str
    state: State
    done: int
    total: int


def coverage(components: Sequence[str], work: Iterable[Work]) -> list[Covered]:
    """How far each component is, in the epic's order. Skipped work touches nothing; other components do not count."""
    work = [one for one in work if one.status in STATES]
    found = []
    for component in components:
        mine = [one for one in work if one.component == component]
        state: State = max((STATES[one.status] for one in mine), key=ORDER.index, default="bare")
        done = sum(one.many for one in mine if STATES[one.status] == "stands")
        found.append(Covered(component, state, done, sum(one.many for one in mine)))
    return found


def stands(covered: Sequence[Covered]) -> bool:
    """Whether the skeleton stands: something is done in every component."""
    return bool(covered) and all(one.state == "stands" for one in covered)
