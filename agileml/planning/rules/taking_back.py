"""Taking a decision back: the inverse of each move, and what stands in the way of it."""

from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass
from typing import Any

from agileml.planning.rules.replay import PLAN_FIELDS, RecordedMove


@dataclass(frozen=True)
class Now:
    """A ticket as it is when somebody wants to take a decision about it back. `plan` holds its plan fields."""

    number: int
    key: str
    status: str
    sprint: int | None
    planned_sprint: int | None
    plan: Mapping[str, Any]


@dataclass(frozen=True)
class Blocker:
    """Why one move cannot be taken back: a later decision, progress, or the ticket being elsewhere now."""

    code: str
    message: str
    ticket: int | None
    versions: tuple[int, ...] = ()


@dataclass(frozen=True)
class PastDecision:
    """What taking back needs to know of a decision: where it stands, what it reverts, and which tickets it moved."""

    id: int
    version: int | None
    sprint: int | None
    reverts: int | None
    partial: bool
    tickets: frozenset[int]


def inverse(move: RecordedMove, now: Now | None) -> RecordedMove | None:
    """The move that undoes `move`; None for a split, which only names the adds that follow it, and for a start's
    own first words on the sprint.

    `now` is the ticket as it is. An add that undid a defer is undone by that very defer, hand-over note included,
    so that taking back a taking-back leads to where one was.
    """
    if move.move == "split":
        return None
    if move.move == "sprint":
        return None if move.before is None else RecordedMove("sprint", None, move.after, move.before)
    assert now is not None
    here = {**now.plan, "status": now.status}
    if move.move == "add":
        undoes = (move.after or {}).get("undoes")
        if undoes:
            return RecordedMove("defer", move.ticket, here, undoes)
        return RecordedMove("remove", move.ticket, here, None)
    if move.move == "remove":
        return RecordedMove("add", move.ticket, None, move.before)
    if move.move == "defer":
        return RecordedMove("add", move.ticket, None, {**(move.before or {}), "undoes": move.after})
    if move.move == "change":
        return RecordedMove("change", move.ticket, move.after, move.before)
    was = (move.before or {})["status"]
    if move.move == "skip":
        return RecordedMove(
            "restore", move.ticket, {"skipped": True, "status": "skipped"}, {"skipped": False, "status": was}
        )
    return RecordedMove(
        "skip", move.ticket, {"skipped": False, "status": now.status}, {"skipped": True, "status": "skipped"}
    )


def blockers(
    move: RecordedMove,
    *,
    left_in: int | None,
    now: Now | None,
    sprint_now: Mapping[str, Any],
    later: Iterable[PastDecision],
    group: Set[int],
    planned: Set[int],
) -> list[Blocker]:
    """What stands in the way of undoing `move`; empty when it can be undone.

    `left_in` is the sprint that the decision left its tickets in: none for the backlog, or when it closed the sprint.
    `later` are the decisions after it that still count; `sprint_now` are the sprint's own fields as they are;
    `group` are the sprints of the group that is taken back together, `planned` those that have not started.
    """
    if move.move == "split" or (move.move == "sprint" and move.before is None):
        return []
    if move.move == "sprint":
        changed = [name for name, value in (move.after or {}).items() if sprint_now.get(name) != value]
        if changed:
            return [Blocker("later_decision", f"The sprint's {', '.join(changed)} changed again since.", None)]
        return []
    if now is None:
        return [Blocker("gone", f"Ticket {move.ticket} has been deleted.", move.ticket)]
    versions = tuple(past.version for past in later if move.ticket in past.tickets and past.version is not None)
    elsewhere = [past for past in later if move.ticket in past.tickets and past.version is None]
    if versions or elsewhere:
        where = " and ".join([f"v{version}" for version in versions] + (["the backlog"] if elsewhere else []))
        return [Blocker("later_decision", f"{now.key} was decided on again ({where}).", move.ticket, versions)]
    return list(_state_blockers(move, left_in, now, group, planned))


def _state_blockers(
    move: RecordedMove, left_in: int | None, now: Now, group: Set[int], planned: Set[int]
) -> Iterable[Blocker]:
    def blocker(code: str, message: str) -> Blocker:
        return Blocker(code, f"{now.key} {message}", now.number)

    before, after = move.before or {}, move.after or {}
    if move.move in {"remove", "defer"}:
        if now.sprint is not None and (now.sprint == left_in or now.sprint not in group):
            yield blocker("elsewhere", f"is in sprint {now.sprint} now.")
        if now.status != before.get("status"):
            yield blocker("progress", "has moved on since.")
        if differs(now, before):
            yield blocker("changed", "was changed since.")
        if move.move == "defer" and after.get("drafted") and now.planned_sprint != after.get("to"):
            yield blocker("elsewhere", f"is no longer drafted in sprint {after.get('to')}.")
        return
    if now.sprint != left_in:
        yield blocker("elsewhere", f"is in sprint {now.sprint} now." if now.sprint else "is no longer in this sprint.")
        return
    if move.move in {"add", "restore"} and now.status != after.get("status"):
        yield blocker("progress", "has moved on since.")
    undoes = after.get("undoes") or {}
    if undoes.get("drafted") and (now.planned_sprint is not None or undoes["to"] not in planned):
        yield blocker("elsewhere", f"can no longer be drafted in sprint {undoes['to']}.")
    if move.move == "skip" and now.status != "skipped":
        yield blocker("progress", "is no longer skipped.")
    if move.move == "change":
        if now.status in {"done", "skipped"}:
            yield blocker("progress", f"is {now.status} now.")
        if any(now.plan[name] != value for name, value in after.items() if name in PLAN_FIELDS):
            yield blocker("changed", "was changed again since.")


def standing(decisions: Sequence[PastDecision]) -> list[PastDecision]:
    """The decisions that are in force: not taken back whole by one that is itself in force."""
    stands: dict[int, bool] = {}
    for past in sorted(decisions, key=lambda past: past.id, reverse=True):
        stands[past.id] = not any(
            other.reverts == past.id and not other.partial and stands[other.id]
            for other in decisions
            if other.id > past.id
        )
    return [past for past in decisions if stands[past.id]]


def still_count(later: Sequence[PastDecision]) -> list[PastDecision]:
    """Later decisions without the pairs that cancel each other: one taken back whole, and what took it back.

    A whole revert of something in this list never counts by itself: either it stands and its target does not, or
    it was taken back itself and its target counts again. A partial one leaves both standing.
    """
    ids = {past.id for past in later}
    return [past for past in standing(later) if past.reverts not in ids or past.partial]


def differs(now: Now, recorded: Mapping[str, Any]) -> bool:
    """Whether a ticket's plan fields are no longer those that were recorded."""
    return any(now.plan[name] != recorded[name] for name in PLAN_FIELDS if name in recorded)


@dataclass(frozen=True)
class Effect:
    """What taking a decision does to its sprint's state: {"start": planned to active, ...}; None changes nothing."""

    before: str
    after: str


def is_start(kinds: Sequence[str]) -> bool:
    """Whether a decision (as `effect` takes it) is a start, or takes one back, at whatever depth."""
    return kinds[-1] == "start"


def effect(kinds: Sequence[str]) -> Effect | None:
    """The effect of a decision on its sprint's state.

    `kinds` is its kind followed by those of what it reverts, and what that reverts, down to the first decision.
    """
    base = {"start": Effect("planned", "active"), "close": Effect("active", "closed")}.get(kinds[-1])
    if base is None:
        return None
    return base if len(kinds) % 2 else Effect(base.after, base.before)
