"""Taking a decision back: the inverse of each move, and what stands in the way of it."""

from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from typing import Any

from agileml.planning.rules.replay import PLAN_FIELDS, Plan, RecordedMove


@dataclass(frozen=True)
class Blocker:
    """Why one move cannot be taken back: a later decision, progress, or the ticket being elsewhere now."""

    code: str
    message: str
    ticket: int | None
    versions: tuple[int, ...] = ()


@dataclass(frozen=True)
class Now:
    """A ticket as it is when somebody wants to take a decision about it back. `plan` holds its plan fields."""

    number: int
    key: str
    status: str
    sprint: int | None
    planned_sprint: int | None
    plan: Mapping[str, Any]

    def blocker(self, code: str, message: str) -> Blocker:
        """Something about this ticket that stands in the way."""
        return Blocker(code, f"{self.key} {message}", self.number)


@dataclass(frozen=True)
class PastDecision:
    """What taking back needs to know of a decision: where it stands, what it reverts, and which tickets it moved."""

    id: int
    version: int | None
    sprint: int | None
    reverts: int | None
    partial: bool
    tickets: frozenset[int]


@dataclass(frozen=True)
class Effect:
    """What a decision did to its sprint's state."""

    before: str
    after: str


@dataclass(frozen=True)
class At:
    """Where a decision was made: its sprint's number and state now (None in the backlog), and what it did to that."""

    sprint: int | None
    state: str | None
    effect: Effect | None

    @property
    def starts(self) -> bool:
        """Whether it is a start, or takes one back, at whatever depth."""
        return self.effect is not None and "planned" in {self.effect.before, self.effect.after}

    @property
    def left_in(self) -> int | None:
        """The sprint that it left its tickets in: none in the backlog, or when it closed the sprint."""
        return None if self.effect and self.effect.after == "closed" else self.sprint


@dataclass(frozen=True)
class Scene:
    """What is true now: tickets by number, the own fields of the sprints of the group, which sprints are planned.

    `lost_stories` are those that a ticket would come back to and that were deleted.
    """

    tickets: Mapping[int, Now]
    sprints: Mapping[int, Mapping[str, Any]]
    planned: Set[int]
    lost_stories: Set[int] = frozenset()


def inverse(move: RecordedMove, now: Now | None) -> RecordedMove | None:
    """The move that undoes `move`; None for a split, which only names the adds that follow it, and for a start's
    own first words on the sprint.

    `now` is the ticket as it is. An add that undid a defer is undone by that very defer, hand-over note included (and
    a restore by the very skip), so that taking back a taking-back leads to where one was.
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
    if move.move == "skip":
        back = {"skipped": False, "status": (move.before or {})["status"], "undoes": move.after}
        return RecordedMove("restore", move.ticket, {"skipped": True, "status": "skipped"}, back)
    again = (move.after or {}).get("undoes") or {"skipped": True, "status": "skipped"}
    return RecordedMove("skip", move.ticket, {"skipped": False, "status": now.status}, again)


def blockers(move: RecordedMove, *, at: At, later: Iterable[PastDecision], scene: Scene) -> list[Blocker]:
    """What stands in the way of undoing `move`; empty when it can be undone.

    `later` are the decisions after it that still count.
    """
    if move.move == "split" or at.starts:  # progress does not hold a start; what does, is about all of it
        return []
    if move.move == "sprint":
        assert at.sprint is not None
        is_now = scene.sprints[at.sprint]
        changed = [name for name, value in (move.after or {}).items() if is_now[name] != value]
        if changed:
            return [Blocker("later_decision", f"The sprint's {', '.join(changed)} changed again since.", None)]
        return []
    assert move.ticket is not None
    now = scene.tickets[move.ticket]
    again = [past for past in later if move.ticket in past.tickets]
    if again:
        versions = tuple(past.version for past in again if past.version is not None)
        where = [f"v{version}" for version in versions] + ["the backlog"] * (len(versions) < len(again))
        return [
            Blocker("later_decision", f"{now.key} was decided on again ({', '.join(where)}).", now.number, versions)
        ]
    return list(
        _came_back(move, at, now, scene) if move.move in {"remove", "defer"} else _went_on(move, at, now, scene)
    )


def _came_back(move: RecordedMove, at: At, now: Now, scene: Scene) -> Iterator[Blocker]:
    """Why a ticket that left the sprint cannot come back as it left."""
    before = move.before or {}
    if now.sprint is not None and (now.sprint == at.left_in or now.sprint not in scene.sprints):
        yield now.blocker("elsewhere", f"is in sprint {now.sprint} now.")
    if now.status != before["status"]:
        yield now.blocker("progress", "has moved on since.")
    if differs(now, before):
        yield now.blocker("changed", "was changed since.")


def _went_on(move: RecordedMove, at: At, now: Now, scene: Scene) -> Iterator[Blocker]:
    """Why what was done to a ticket that stayed, or came, cannot be undone."""
    after = move.after or {}
    if now.sprint != at.left_in:
        yield now.blocker(
            "elsewhere", f"is in sprint {now.sprint} now." if now.sprint else "is no longer in this sprint."
        )
        return
    if move.move == "change":
        if now.status in {"done", "skipped"}:
            yield now.blocker("progress", f"is {now.status} now.")
        if any(now.plan[name] != value for name, value in after.items()):
            yield now.blocker("changed", "was changed again since.")
        if (move.before or {}).get("story") in scene.lost_stories:
            yield now.blocker("deleted", "was in a story that is deleted now.")
    elif now.status != after["status"]:
        yield now.blocker("progress", "has moved on since.")
    undoes = after.get("undoes") or {}
    if undoes.get("drafted") and (now.planned_sprint is not None or undoes["to"] not in scene.planned):
        yield now.blocker("elsewhere", f"can no longer be drafted in sprint {undoes['to']}.")


def state_blockers(at: At, *, later: Iterable[PastDecision]) -> list[Blocker]:
    """Why the sprint is no longer one that the decision can be taken back in."""
    if at.sprint is None:
        return []
    found = []
    if at.state != (at.effect.after if at.effect else "active"):
        found.append(Blocker("sprint_state", f"Sprint {at.sprint} is {at.state} now.", None))
    versions = tuple(past.version for past in later if past.sprint == at.sprint and past.version is not None)
    if at.effect and versions:
        told = ", ".join(f"v{version}" for version in versions)
        found.append(Blocker("later_decision", f"The plan was decided on again ({told}).", None, versions))
    return found


def starting_again(moves: Iterable[RecordedMove], *, drafted: Set[int], scene: Scene) -> list[Blocker]:
    """Why a sprint whose start was taken back (by these moves) cannot start again as it was."""
    removed = {move.ticket: move.before or {} for move in moves if move.ticket is not None}
    found = []
    if drafted != removed.keys():
        found.append(Blocker("changed", "The draft is no longer what was started.", None))
    for number, before in removed.items():
        now = scene.tickets[number]
        if now.sprint is not None:
            found.append(now.blocker("elsewhere", f"is in sprint {now.sprint} now."))
        elif now.status == "done":
            found.append(now.blocker("progress", "is done now."))
        elif differs(now, before):
            found.append(now.blocker("changed", "was changed since."))
    return found


def opening_again(plan: Plan, *, scene: Scene) -> list[Blocker]:
    """Why what stayed in the plan of a closed sprint cannot be in an active one again."""
    found = []
    for number, line in plan.tickets.items():
        now = scene.tickets[number]
        if now.sprint is not None:
            found.append(now.blocker("elsewhere", f"is in sprint {now.sprint} now."))
        elif differs(now, line):
            found.append(now.blocker("changed", "was changed since."))
    return found


def closing_again(plan: Plan, moves: Iterable[RecordedMove], *, scene: Scene) -> list[Blocker]:
    """Why a sprint whose close was taken back (by these moves) cannot close again as it did."""
    placed = {move.ticket for move in moves}
    left = [scene.tickets[number] for number in plan.tickets if number not in placed]
    return [now.blocker("progress", "is open again.") for now in left if now.status not in {"done", "skipped"}]


def standing(decisions: Sequence[PastDecision]) -> list[PastDecision]:
    """The decisions that are in force: not taken back whole by one that is itself in force."""
    undone: set[int] = set()
    for past in sorted(decisions, key=lambda past: past.id, reverse=True):  # what takes back is later than what it does
        if past.reverts is not None and not past.partial and past.id not in undone:
            undone.add(past.reverts)
    return [past for past in decisions if past.id not in undone]


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


def effect(kinds: Sequence[str]) -> Effect | None:
    """The effect of a decision on its sprint's state.

    `kinds` is its kind followed by those of what it reverts, and what that reverts, down to the first decision.
    """
    base = {"start": Effect("planned", "active"), "close": Effect("active", "closed")}.get(kinds[-1])
    if base is None:
        return None
    return base if len(kinds) % 2 else Effect(base.after, base.before)
