"""What is handed over with a ticket: the note and the cost of resuming of the defer that still counts."""

from collections.abc import Iterable, Mapping
from typing import Any


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
