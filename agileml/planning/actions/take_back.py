"""Taking a decision back: a new decision of inverse moves. History is never edited."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from agileml.accounts.models import User
from agileml.planning import shapes
from agileml.planning.actions import decide, ledger
from agileml.planning.models import Assignment, Decision, Move, Sprint
from agileml.planning.queries.replays import recorded, recorded_moves
from agileml.planning.rules import taking_back as rules
from agileml.planning.rules.moves import Refusal, Refused
from agileml.planning.rules.replay import RecordedMove, replay
from agileml.planning.rules.taking_back import Blocker, Effect, Now, PastDecision
from agileml.projects.doors import Hidden, writing
from agileml.projects.models import Project
from agileml.projects.rules import Need
from agileml.work.models import Ticket


class Overtaken(Exception):
    """Later decisions or progress touched the same tickets; `blockers` lists them all."""

    def __init__(self, blockers: Sequence[Blocker], *, rest: bool) -> None:
        super().__init__("Something has happened to the same tickets since: " + " ".join(b.message for b in blockers))
        self.blockers = list(blockers)
        self.rest = rest  # whether anything would be left to take back without them


def take_back(
    *,
    project: Project,
    decision: str,
    actor: User,
    now: datetime,
    reason: str = "",
    partial: bool = False,
    origin: str = "",
) -> Decision:
    """Take back the decision with this uid, together with its group.

    `partial` takes back what can be when something stands in the way of the rest. Only leads take back a start or a
    close. Raises Hidden, Forbidden, Refused when it has been taken back already, Overtaken with the list.
    """
    with writing(project, actor=actor, now=now, need=Need.DECIDE, origin=origin) as w:
        undoing = look(w.project, decision, reason=reason)
        if undoing.changes_state:
            assert w.access is not None
            w.access.require(Need.LEAD)
        if undoing.blockers and not (partial and undoing.rest):
            raise Overtaken(undoing.blockers, rest=undoing.rest)
        return ledger.commit(w, undoing.drafts, undoing.tickets, revision=w.revision)[0]


@dataclass(frozen=True)
class Undoing:
    """What taking a group of decisions back would write, the named one first, and what stands in the way.

    `rest`: whether anything would be left to take back without what something stands in the way of.
    """

    group: Sequence[Decision]
    drafts: Sequence[ledger.Draft]
    tickets: ledger.Touched
    blockers: Sequence[Blocker]
    rest: bool
    changes_state: bool


def look(project: Project, decision: str, *, reason: str = "") -> Undoing:
    """What taking back the decision with this uid would do now. Raises Hidden, or Refused when it has been already."""
    named = Decision.objects.filter(project=project, uid=decision).first()
    if named is None:
        raise Hidden(decision)
    group = list(Decision.objects.filter(group=named.group).select_related("sprint", "reverts", "actor").order_by("pk"))
    group.sort(key=lambda row: row.pk != named.pk)
    effects = {row.pk: rules.effect(_kinds(row)) for row in group}
    pasts = _pasts(project, since=min(row.pk for row in group))
    for row in group:
        if not _stands(row, pasts):
            raise Refused([Refusal("already_taken_back", f"{_name(row)} has been taken back already.")])
    moves = {row.pk: recorded_moves(row) for row in group}
    tickets = _read(project, group, moves, effects)
    scene = _scene(project, group, tickets)
    blockers: list[Blocker] = []
    fast: list[Blocker] = []  # what stands in the way of all the moves at once
    drafts = []
    for row in group:
        later = rules.still_count(
            [past for past in pasts if past.id > row.pk and past.id not in {other.pk for other in group}]
        )
        stuck, free = _sort(row, moves[row.pk], effects[row.pk], scene, later)
        blockers += stuck
        fast += _lifecycle(row, effects[row.pk], later, scene.present)
        drafts.append(_draft(row, free, scene.present, tickets, effects[row.pk], partial=bool(stuck), reason=reason))
    changes_state = any(effects.values())
    whole = changes_state or len(group) > 1  # a start, a close or a group is taken back whole or not at all
    return Undoing(
        group=group,
        drafts=drafts,
        tickets=tickets,
        blockers=blockers + fast,
        rest=not whole and not fast and any(draft.moves for draft in drafts),
        changes_state=changes_state,
    )


def _name(row: Decision) -> str:
    return f"Plan v{row.version} of sprint {row.sprint.number}" if row.sprint else "This decision"


def _kinds(row: Decision) -> list[str]:
    kinds = [row.kind]
    while row.reverts is not None:
        row = row.reverts
        kinds.append(row.kind)
    return kinds


def _pasts(project: Project, *, since: int) -> list[PastDecision]:
    """The decisions of the project from the one with this id on, each with the tickets that it moved."""
    touched: dict[int, set[int]] = {}
    of_sprint: set[int] = set()
    lines = Move.objects.filter(decision__project=project, decision__gte=since).values_list(
        "decision", "ticket__number", "move"
    )
    for decision, number, move in lines:
        if number is not None and move != Move.Kind.SPLIT:
            touched.setdefault(decision, set()).add(number)
        elif move == Move.Kind.SPRINT:
            of_sprint.add(decision)
    rows = Decision.objects.filter(project=project, pk__gte=since).order_by("pk")
    return [
        PastDecision(
            id=pk,
            version=version,
            sprint=sprint,
            reverts=reverts,
            partial=partial,
            tickets=frozenset(touched.get(pk, ())),
        )
        for pk, version, sprint, reverts, partial in rows.values_list(
            "pk", "version", "sprint__number", "reverts", "partial"
        )
    ]


def _stands(row: Decision, pasts: Sequence[PastDecision]) -> bool:
    """Whether a decision is in force: not taken back whole, or the taking back was itself taken back."""
    undoing = [past for past in pasts if past.reverts == row.pk and not past.partial]
    counting = {past.id for past in rules.standing(pasts)}
    return not any(past.id in counting for past in undoing)


@dataclass(frozen=True)
class Scene:
    """What is true now, when somebody wants to take a group of decisions back."""

    present: dict[int, Now]
    group: frozenset[int]
    planned: frozenset[int]


def _scene(project: Project, group: Sequence[Decision], tickets: ledger.Touched) -> Scene:
    planned = Sprint.objects.filter(project=project, state=Sprint.State.PLANNED).values_list("number", flat=True)
    return Scene(
        present=_now(tickets),
        group=frozenset(row.sprint.number for row in group if row.sprint),
        planned=frozenset(planned),
    )


def _read(
    project: Project,
    group: Sequence[Decision],
    moves: dict[int, list[RecordedMove]],
    effects: dict[int, Effect | None],
) -> ledger.Touched:
    numbers = {move.ticket for lines in moves.values() for move in lines if move.ticket is not None}
    for row in group:
        if row.sprint and effects[row.pk]:  # a start or a close is about all that is in the sprint
            numbers |= replay(recorded(row.sprint)).tickets.keys()
    return ledger.read(project, sorted(numbers))


def _now(tickets: ledger.Touched) -> dict[int, Now]:
    return {
        shape["number"]: Now(
            number=shape["number"],
            key=shape["key"],
            status=shape["status"],
            sprint=shape["sprint"],
            planned_sprint=shape["planned_sprint"],
            plan=ledger.plan_fields(shape),
        )
        for shape in tickets.before.values()
    }


def _sort(
    row: Decision,
    moves: Sequence[RecordedMove],
    effect: Effect | None,
    scene: Scene,
    later: Sequence[PastDecision],
) -> tuple[list[Blocker], list[RecordedMove]]:
    """What stands in the way of some moves, and the moves that nothing stands in the way of."""
    if rules.is_start(_kinds(row)):
        return [], list(moves)  # progress does not hold a start; a later decision does, and `_lifecycle` says so
    sprint_now = ledger.sprint_fields(row.sprint) if row.sprint else {}
    left_in = row.sprint.number if row.sprint and not (effect and effect.after == Sprint.State.CLOSED) else None
    stuck: list[Blocker] = []
    free: list[RecordedMove] = []
    for move in moves:
        found = rules.blockers(
            move,
            left_in=left_in,
            now=scene.present.get(move.ticket) if move.ticket is not None else None,
            sprint_now=sprint_now,
            later=later,
            group=scene.group,
            planned=scene.planned,
        )
        if found:
            stuck += found
        else:
            free.append(move)
    return stuck, free


def _lifecycle(
    row: Decision, effect: Effect | None, later: Sequence[PastDecision], present: dict[int, Now]
) -> list[Blocker]:
    """What stands in the way of taking back a start or a close (or the taking back of one)."""
    if row.sprint is None:
        return []
    if effect is None:
        if row.sprint.state != Sprint.State.ACTIVE:
            return [Blocker("sprint_state", f"Sprint {row.sprint.number} is {row.sprint.state} now.", None)]
        return []
    found = []
    if row.sprint.state != effect.after:
        found.append(Blocker("sprint_state", f"Sprint {row.sprint.number} is {row.sprint.state} now.", None))
    versions = tuple(past.version for past in later if past.sprint == row.sprint.number and past.version)
    if versions:
        after = ", ".join(f"v{version}" for version in versions)
        found.append(Blocker("later_decision", f"The plan was decided on again ({after}).", None, versions))
    if effect.after == Sprint.State.PLANNED:  # starting it again, as it was
        drafted = set(
            Assignment.objects.filter(sprint=row.sprint, opened_by=None).values_list("ticket__number", flat=True)
        )
        planned = {move.ticket: move.before or {} for move in recorded_moves(row) if move.move == "remove"}
        if drafted != planned.keys():
            found.append(Blocker("changed", "The draft is no longer what was started.", None))
        for number, before in planned.items():
            now = present[number] if number is not None else None
            if now is not None and now.sprint is not None:
                found.append(Blocker("elsewhere", f"{now.key} is in sprint {now.sprint} now.", number))
            elif now is not None and now.status == "done":
                found.append(Blocker("progress", f"{now.key} is done now.", number))
            elif now is not None and rules.differs(now, before):
                found.append(Blocker("changed", f"{now.key} was changed since.", number))
    if effect.before == Sprint.State.CLOSED:  # closing it again, as it was
        moved = {move.ticket for move in recorded_moves(row)}
        found += [
            Blocker("progress", f"{now.key} is open again.", number)
            for number, now in present.items()
            if number not in moved and now.status not in {"done", "skipped"}
        ]
    if effect.after == Sprint.State.CLOSED:
        plan = replay(recorded(row.sprint))
        for number, line in plan.tickets.items():
            stays = present.get(number)
            if stays is None:
                found.append(Blocker("gone", f"Ticket {number} has been deleted.", number))
            elif stays.sprint is not None:
                found.append(Blocker("elsewhere", f"{stays.key} is in sprint {stays.sprint} now.", number))
            elif rules.differs(stays, line):
                found.append(Blocker("changed", f"{stays.key} was changed since.", number))
    return found


def _draft(
    row: Decision,
    moves: Sequence[RecordedMove],
    present: dict[int, Now],
    tickets: ledger.Touched,
    effect: Effect | None,
    *,
    partial: bool,
    reason: str,
) -> ledger.Draft:
    inverses = [
        rules.inverse(move, present[move.ticket] if move.ticket is not None and move.ticket in present else None)
        for move in reversed(moves)
        if move.ticket is None or move.ticket in present
    ]
    lines = decide.with_added_in(row.sprint, [move for move in inverses if move is not None])
    reopened: list[Ticket] = []
    if effect and row.sprint:
        if effect.after == Sprint.State.PLANNED:  # what starts says what the sprint is, as a start does
            lines = [RecordedMove("sprint", None, None, ledger.sprint_fields(row.sprint)), *lines]
        if effect.after == Sprint.State.CLOSED:
            back = {move.ticket for move in lines if move.move == "add"}
            plan = replay(recorded(row.sprint))
            reopened = [
                tickets.rows[number] for number in plan.tickets if number in tickets.rows and number not in back
            ]
    return ledger.Draft(
        sprint=row.sprint,
        kind=Decision.Kind.REVERT,
        moves=lines,
        reason=reason.strip(),
        reverts=row,
        partial=partial,
        state=effect.before if effect else None,
        reopened=reopened,
    )


def overtaken_shape(error: Overtaken) -> list[dict[str, Any]]:
    """What stood in the way, for clients: `{"code", "message", "ticket", "versions"}` each."""
    return [
        {"code": b.code, "message": b.message, "ticket": b.ticket, "versions": list(b.versions)} for b in error.blockers
    ]


def decision_shape(decision: Decision) -> dict[str, Any]:
    """One decision as clients see it."""
    return shapes.decisions([decision])[0]
