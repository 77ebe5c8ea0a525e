"""Which re-plans a running sprint's own results suggest. Nothing here is ever done by itself: a person decides."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

OPEN = ("todo", "in_progress", "in_review")
# What weighs more is said first, and stands for what else happened on the same ticket.
KINDS = ("kill", "refutes", "blocker", "failed")
TITLES = {
    "kill": "{} meets its kill criterion.",
    "refutes": "A finding on {} refutes what it was to show.",
    "blocker": "A finding on {} blocks it.",
    "failed": "{} misses its success criterion.",
}
MOST_NAMED = 5  # tickets in one sentence


@dataclass(frozen=True)
class Line:
    """A ticket that is in the sprint. `story` is any name of its story, `needs` are ticket numbers."""

    number: int
    key: str
    status: str
    story: int | None = None
    needs: tuple[int, ...] = ()


@dataclass(frozen=True)
class Cause:
    """Something that was learned on a ticket, by a measurement or by a person.

    `key` stays while the cause does: another candidate that is judged, or another finding, is another cause.
    `words` say it in a sentence. `decided` is when this sprint last decided on its evidence, None for never.
    """

    key: str
    kind: str
    ticket: int
    at: datetime
    words: str
    decided: datetime | None = None


@dataclass(frozen=True)
class Suggestion:
    """A re-plan that is due for a look: why, which moves it would begin with, and what else may be touched.

    `moves` are as a decision takes them; `perhaps` are numbers of tickets that only a person can tell about.
    """

    key: str
    kind: str
    ticket: int
    at: datetime
    title: str
    text: str
    reason_code: str
    reason: str
    moves: tuple[Mapping[str, Any], ...]
    perhaps: tuple[int, ...]


def suggestions(lines: Sequence[Line], causes: Iterable[Cause], *, dismissed: Collection[str] = ()) -> list[Suggestion]:
    """What is suggested for an active sprint, newest first: one for each ticket, by what weighs most on it.

    `dismissed` are the keys that somebody put aside. Whoever decided on one result of a ticket, or put it aside, had
    seen what was known of that ticket by then: only what came later is suggested.
    """
    inside = {line.number: line for line in lines}
    of_ticket: dict[int, list[Cause]] = defaultdict(list)
    for cause in causes:
        if cause.ticket in inside:
            of_ticket[cause.ticket].append(cause)
    found = []
    for number, known in of_ticket.items():
        seen = max((at for cause in known if (at := _seen(cause, dismissed))), default=None)
        for cause in sorted(known, key=lambda one: (KINDS.index(one.kind), -one.at.timestamp(), one.key)):
            made = _suggestion(cause, inside[number], lines) if seen is None or cause.at > seen else None
            if made is not None:
                found.append(made)
                break
    return sorted(found, key=lambda one: (one.at, one.key), reverse=True)


def _seen(cause: Cause, dismissed: Collection[str]) -> datetime | None:
    """Until when what happened on the cause's ticket is answered by what was said to this one."""
    if cause.decided is not None and cause.decided >= cause.at:
        return cause.decided
    return cause.at if cause.key in dismissed else None


def _suggestion(cause: Cause, line: Line, lines: Sequence[Line]) -> Suggestion | None:
    """The re-plan that a cause suggests, None where nothing is left to do about it."""
    is_open = line.status in OPEN
    if cause.kind == "kill" and not is_open:
        return None
    waiting = dependants(line.number, lines)
    itself = is_open and (
        cause.kind in {"kill", "blocker"} or (cause.kind == "refutes" and (line.status == "todo" or not waiting))
    )
    leaving = ([line] if itself else []) + waiting
    perhaps = [] if cause.kind in {"kill", "failed"} else _same_story(line, leaving, lines)
    if not leaving and not perhaps:
        return None
    title = TITLES[cause.kind].format(line.key)
    said = [cause.words]
    if waiting:
        said.append(f"{_named(waiting)} {'needs' if len(waiting) == 1 else 'need'} it.")
    if cause.kind == "refutes" and is_open and not waiting:
        said.append("It is still open.")
    if perhaps:
        said.append(f"Perhaps {_named(perhaps)} too, of the same story.")
    return Suggestion(
        key=cause.key,
        kind=cause.kind,
        ticket=line.number,
        at=cause.at,
        title=title,
        text=" ".join(said),
        reason_code="blocked" if cause.kind == "blocker" else "finding_invalidates",
        reason=f"{title.rstrip('.')}: {cause.words}",
        moves=tuple(_move(cause, one) for one in leaving),
        perhaps=tuple(one.number for one in perhaps),
    )


def _move(cause: Cause, line: Line) -> dict[str, Any]:
    """What is blocked waits; what is refuted has nothing left to tell."""
    if cause.kind == "blocker":
        return {"move": "defer", "ticket": line.number, "note": cause.words}
    return {"move": "skip", "ticket": line.number}


def dependants(number: int, lines: Sequence[Line]) -> list[Line]:
    """The open tickets of the sprint that need this one, or need one that does, in the order of `lines`."""
    needed, grown = {number}, True
    while grown:
        waiting = {line.number for line in lines if line.status in OPEN and needed & set(line.needs)}
        grown = not waiting <= needed
        needed |= waiting
    return [line for line in lines if line.number in needed and line.number != number]


def _same_story(line: Line, leaving: Sequence[Line], lines: Sequence[Line]) -> list[Line]:
    """Who has not begun yet and asks about the same thing."""
    if line.story is None:
        return []
    left_out = {line.number, *(one.number for one in leaving)}
    return [one for one in lines if one.story == line.story and one.status == "todo" and one.number not in left_out]


def _named(lines: Sequence[Line]) -> str:
    keys = [line.key for line in lines[:MOST_NAMED]]
    if len(lines) > MOST_NAMED:
        keys.append(f"{len(lines) - MOST_NAMED} more")
    return " and ".join(filter(None, [", ".join(keys[:-1]), keys[-1]]))
