"""Taking a decision back: a new decision of inverse moves. History is never edited."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import chain
from typing import Any
from uuid import UUID

from agileml.accounts.models import User
from agileml.planning import shapes
from agileml.planning.actions import decide, ledger
from agileml.planning.actions.reports import freeze_again
from agileml.planning.models import Assignment, Decision, Move, Sprint
from agileml.planning.queries.replays import recorded, recorded_moves
from agileml.planning.rules import taking_back as rules
from agileml.planning.rules.moves import Refusal, Refused, text_refusals
from agileml.planning.rules.replay import Plan, RecordedMove, replay
from agileml.planning.rules.taking_back import At, Blocker, Effect, Now, PastDecision, Scene
from agileml.projects.doors import Hidden, writing
from agileml.projects.models import Project
from agileml.projects.rules import Need
from agileml.work.models import Story, Ticket


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
    if unfit := text_refusals(reason):
        raise Refused(unfit)
    with writing(project, actor=actor, now=now, need=Need.DECIDE, origin=origin) as w:
        undoing = look(w.project, decision, reason=reason)
        if undoing.changes_state:
            assert w.access is not None
            w.access.require(Need.LEAD)
        if undoing.blockers and not (partial and undoing.rest):
            raise Overtaken(undoing.blockers, rest=undoing.rest)
        decisions = ledger.commit(w, undoing.drafts, undoing.tickets, revision=w.revision)
        for draft, made in zip(undoing.drafts, decisions, strict=True):
            if draft.state == Sprint.State.CLOSED:
                freeze_again(w, made)
        return decisions[0]


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


@dataclass(frozen=True)
class Past:
    """One decision that is to be taken back. `plan` is its sprint's, read only where the sprint's state changes."""

    row: Decision
    moves: Sequence[RecordedMove]
    effect: Effect | None
    plan: Plan

    @property
    def numbers(self) -> set[int]:
        """The tickets that taking it back is about: those it moved, and all of a sprint that opens or ends."""
        return {move.ticket for move in self.moves if move.ticket is not None} | self.plan.tickets.keys()


def look(project: Project, decision: str, *, reason: str = "") -> Undoing:
    """What taking back the decision with this uid would do now. Raises Hidden, or Refused when it has been already."""
    group = [_past(row) for row in _group(project, decision)]
    ids = {past.row.pk for past in group}
    since = _since(project, min(ids))
    standing = {known.id for known in rules.standing(since)}
    for past in group:
        if past.row.pk not in standing:
            raise Refused([Refusal("already_taken_back", f"{_name(past.row)} has been taken back already.")])
    tickets = ledger.read(project, sorted(set().union(*(past.numbers for past in group))))
    scene = _scene(project, group, tickets)
    hindered: list[Blocker] = []  # some of the moves
    halted: list[Blocker] = []  # all of them
    drafts = []
    for past in group:
        later = rules.still_count([known for known in since if known.id > past.row.pk and known.id not in ids])
        found = {id(move): rules.blockers(move, at=_place(past), later=later, scene=scene) for move in past.moves}
        hindered += chain.from_iterable(found.values())
        halted += _halted(past, later, scene)
        free = [move for move in past.moves if not found[id(move)]]
        drafts.append(_draft(past, free, scene, tickets, reason))
    changes_state = any(past.effect for past in group)
    whole = changes_state or len(group) > 1  # a start, a close or a group is taken back whole or not at all
    return Undoing(
        group=[past.row for past in group],
        drafts=drafts,
        tickets=tickets,
        blockers=list(dict.fromkeys(hindered + halted)),
        rest=not whole and not halted and any(draft.moves for draft in drafts),
        changes_state=changes_state,
    )


def _group(project: Project, decision: str) -> list[Decision]:
    """The decision with this uid and those that were made together with it. Raises Hidden."""
    try:
        named = Decision.objects.filter(project=project, uid=UUID(decision)).first()
    except ValueError:
        named = None
    if named is None:
        raise Hidden(decision)
    rows = Decision.objects.filter(group=named.group).select_related("sprint", "reverts", "actor").order_by("pk")
    return sorted(rows, key=lambda row: row.pk != named.pk)


def _past(row: Decision) -> Past:
    kinds, first = [row.kind], row
    while first.reverts is not None:
        first = first.reverts
        kinds.append(first.kind)
    effect = rules.effect(kinds)
    plan = replay(recorded(row.sprint)) if row.sprint and effect else Plan()
    return Past(row, recorded_moves(row), effect, plan)


def _name(row: Decision) -> str:
    return f"Plan v{row.version} of sprint {row.sprint.number}" if row.sprint else "This decision"


def _since(project: Project, first: int) -> list[PastDecision]:
    """The decisions of the project from the one with this id on, each with the tickets that it moved."""
    moved: dict[int, set[int]] = defaultdict(set)
    lines = Move.objects.filter(decision__project=project, decision__gte=first, ticket__isnull=False)
    for decision, number in lines.exclude(move=Move.Kind.SPLIT).values_list("decision", "ticket__number"):
        moved[decision].add(number)
    rows = Decision.objects.filter(project=project, pk__gte=first).order_by("pk")
    return [
        PastDecision(pk, version, sprint, reverts, partial, frozenset(moved[pk]))
        for pk, version, sprint, reverts, partial in rows.values_list(
            "pk", "version", "sprint__number", "reverts", "partial"
        )
    ]


def _scene(project: Project, group: Sequence[Past], tickets: ledger.Touched) -> Scene:
    """What is true now."""
    planned = Sprint.objects.filter(project=project, state=Sprint.State.PLANNED).values_list("number", flat=True)
    return Scene(
        tickets={
            shape["number"]: Now(
                number=shape["number"],
                key=shape["key"],
                status=shape["status"],
                sprint=shape["sprint"],
                planned_sprint=shape["planned_sprint"],
                plan=ledger.plan_fields(shape),
            )
            for shape in tickets.before.values()
        },
        sprints={past.row.sprint.number: ledger.sprint_fields(past.row.sprint) for past in group if past.row.sprint},
        planned=frozenset(planned),
        lost_stories=_lost_stories(project, group),
    )


def _lost_stories(project: Project, group: Sequence[Past]) -> frozenset[int]:
    """The stories that undoing these changes would bring tickets back to, as far as they exist no more."""
    changes = [move.before or {} for past in group for move in past.moves if move.move == "change"]
    wanted = {number for number in (before.get("story") for before in changes) if number is not None}
    if not wanted:
        return frozenset()
    alive = Story.objects.filter(project=project, number__in=wanted, deleted_at=None)
    return frozenset(wanted - set(alive.values_list("number", flat=True)))


def _place(past: Past) -> At:
    sprint = past.row.sprint
    return At(sprint=sprint.number if sprint else None, state=sprint.state if sprint else None, effect=past.effect)


def _halted(past: Past, later: Sequence[PastDecision], scene: Scene) -> list[Blocker]:
    """What stands in the way of the whole decision: the sprint's state, and, where that is to change, all of it."""
    found = rules.state_blockers(_place(past), later=later)
    if past.effect is None:
        return found
    if past.effect.after == Sprint.State.PLANNED:
        drafts = Assignment.objects.filter(sprint=past.row.sprint, opened_by=None)
        drafted = set(drafts.values_list("ticket__number", flat=True))
        found += rules.starting_again(past.moves, drafted=drafted, scene=scene)
    elif past.effect.after == Sprint.State.CLOSED:
        found += rules.opening_again(past.plan, scene=scene)
    elif past.effect.before == Sprint.State.CLOSED:
        found += rules.closing_again(past.plan, past.moves, scene=scene)
    return found


def _draft(
    past: Past, moves: Sequence[RecordedMove], scene: Scene, tickets: ledger.Touched, reason: str
) -> ledger.Draft:
    sprint = past.row.sprint
    inverses = [rules.inverse(move, scene.tickets[move.ticket] if move.ticket else None) for move in reversed(moves)]
    lines = decide.with_added_in(sprint, [move for move in inverses if move is not None])
    reopened: list[Ticket] = []
    if sprint and past.effect and past.effect.after == Sprint.State.PLANNED:
        lines.insert(0, RecordedMove("sprint", None, None, ledger.sprint_fields(sprint)))  # as any start begins
    if past.effect and past.effect.after == Sprint.State.CLOSED:
        back = {move.ticket for move in lines if move.move == "add"}
        reopened = [tickets.rows[number] for number in past.plan.tickets if number not in back]
    return ledger.Draft(
        sprint=sprint,
        kind=Decision.Kind.REVERT,
        moves=lines,
        reason=reason.strip(),
        reverts=past.row,
        partial=len(moves) < len(past.moves),
        state=past.effect.before if past.effect else None,
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
