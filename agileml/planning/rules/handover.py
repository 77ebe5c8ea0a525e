"""What is handed over with a ticket: the note and the cost of resuming of the defer that still counts."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Generic, TypeVar

from agileml.planning.rules.moves import RESUME_COSTS

T = TypeVar("T")


def standing_defer(moves: Iterable[tuple[str, Mapping[str, Any] | None]]) -> int | None:
    """Which of a ticket's moves (each its kind and what it left behind, the first one first) is the defer that counts.

    It is the latest that was not taken back; taking one back leaves the one before it. None where there is none.
    """
    standing: list[int] = []
    for place, (kind, after) in enumerate(moves):
        if kind == "defer":
            standing.append(place)
        elif kind == "add" and after and after.get("undoes") and standing:
            standing.pop()
    return standing[-1] if standing else None


@dataclass(frozen=True)
class Parked(Generic[T]):
    """Something that was deferred on a day, at a cost of resuming (low, medium or high)."""

    what: T
    cost: str
    since: date

    def age(self, today: date) -> int:
        """For how many days it has been lying there."""
        return max((today - self.since).days, 0)


def by_cost(items: Iterable[Parked[T]]) -> list[tuple[str, list[Parked[T]]]]:
    """What is parked, by what resuming costs, the cheapest first; at one cost what has lain longest comes first."""
    known = sorted(items, key=lambda item: item.since)
    groups = [(cost, [item for item in known if item.cost == cost]) for cost in RESUME_COSTS]
    return [(cost, group) for cost, group in groups if group]
