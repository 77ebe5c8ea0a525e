"""What a re-plan adds up to, ticket by ticket, while it is being made."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from agileml.planning.rules.moves import MoveRequest


@dataclass(frozen=True)
class Sums:
    """Tickets to go before and after, and how many are skipped, deferred and added."""

    before: int
    after: int
    skipped: int
    deferred: int
    added: int


def sums(moves: Iterable[MoveRequest], *, to_go: Collection[int]) -> Sums:
    """What these moves add up to; `to_go` are the tickets of the sprint that are neither done nor skipped."""
    skipped = deferred = added = leaving = 0
    for move in moves:
        if move.move == "skip":
            skipped += 1
        elif move.move in {"defer", "remove"}:
            deferred += 1
        elif move.move in {"add", "restore"}:
            added += 1
        elif move.move == "split":
            added += len(move.into)
        leaving += move.ticket in to_go and move.move in {"skip", "defer", "remove"}
    return Sums(len(to_go), len(to_go) - leaving + added, skipped, deferred, added)
