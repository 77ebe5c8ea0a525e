"""Limits of work in progress: finishing comes before starting. Soft ones are said, hard ones refuse."""

from collections.abc import Sequence
from dataclasses import dataclass

UNDER_WAY = ("in_progress", "in_review")  # what counts for a person; skipped, done and to do do not


@dataclass(frozen=True)
class Load:
    """What is there already, the ticket itself left out.

    `column` counts the tickets in the column that it goes to, `person` those that its assignee has under way. A limit
    is None where there is none.
    """

    column: int = 0
    column_limit: int | None = None
    person: int = 0
    person_limit: int | None = None
    name: str = ""


@dataclass(frozen=True)
class Crossing:
    """One limit that a move goes beyond; `over` is "column" or "person", `message` a sentence for people."""

    over: str
    limit: int
    message: str


class WipLimit(Exception):
    """A hard limit stands in the way; `crossed` lists every one that does, `pointer` names the field that met it."""

    def __init__(self, crossed: Sequence[Crossing], *, pointer: str = "/to") -> None:
        super().__init__(" ".join(one.message for one in crossed))
        self.crossed = list(crossed)
        self.pointer = pointer


def check(status: str, to: str, *, label: str, load: Load) -> list[Crossing]:
    """Every limit that a move from `status` to `to` (called `label`) goes beyond.

    A move within a column, or out of what is under way, is never one. A person's limit is met on beginning, not on
    passing from progress to review.
    """
    if status == to or to not in UNDER_WAY:
        return []
    crossed = []
    if load.column_limit is not None and load.column + 1 > load.column_limit:
        crossed.append(
            Crossing(
                "column", load.column_limit, f"{label} holds {load.column} already, the limit is {load.column_limit}."
            )
        )
    if status not in UNDER_WAY:
        crossed += _person(1, load)
    return crossed


def check_giving(statuses: Sequence[str], *, load: Load) -> list[Crossing]:
    """Whether tickets in these statuses, given to somebody who has none of them yet, are more than she may have.

    Only what is under way counts, and the column that it is in stays as full as it was.
    """
    return _person(sum(status in UNDER_WAY for status in statuses), load)


def _person(more: int, load: Load) -> list[Crossing]:
    """A person's limit, if `more` tickets under way go beyond it."""
    limit = load.person_limit
    if limit is None or not more or load.person + more <= limit:
        return []
    with_them = "" if more == 1 else f", with these {more} it would be {load.person + more}"
    said = f"{load.name} has {load.person} under way already{with_them}, the limit for one person is {limit}."
    return [Crossing("person", limit, said)]
