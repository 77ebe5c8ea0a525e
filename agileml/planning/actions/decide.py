"""Deciding: one atomic change of one sprint's plan, with its reason and its evidence."""

from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from agileml.accounts.models import User
from agileml.lib.fields import FieldError, Invalid
from agileml.metrics.actions.criteria import settle
from agileml.metrics.models import Evaluation, Snapshot
from agileml.planning import shapes
from agileml.planning.actions import ledger, rows
from agileml.planning.models import Decision, Move, Sprint
from agileml.planning.rules import moves as rules
from agileml.planning.rules.moves import MoveRequest, Refusal, Refused, SprintFacts, TicketFacts
from agileml.planning.rules.replay import RecordedMove
from agileml.projects.doors import Hidden, ProjectWriting, writing
from agileml.projects.models import Project
from agileml.projects.rules import Need
from agileml.work.models import Finding, Ticket

UNKNOWN_EVIDENCE = Refusal("unknown_evidence", "Some of the evidence is not of this project.", None, "/evidence")


class StalePlan(Exception):
    """The plan has moved on from the version that the decision was based on; `since` are the decisions after it."""

    def __init__(self, *, sprint: int, base: int, current: int, since: list[shapes.Shape]) -> None:
        super().__init__(f"Sprint {sprint} is at plan v{current}, not v{base}.")
        self.current = current
        self.since = since


@dataclass(frozen=True)
class Why:
    """The reason of a decision; `evidence` is [{"finding": uid}, {"snapshot": uid}, {"evaluation": uid}]."""

    code: str = ""
    text: str = ""
    evidence: Sequence[Mapping[str, str]] = ()


@dataclass(frozen=True)
class Found:
    """The findings, snapshots and evaluations that a reason rests on."""

    findings: list[Finding] = field(default_factory=list)
    snapshots: list[Snapshot] = field(default_factory=list)
    evaluations: list[Evaluation] = field(default_factory=list)
    named: int = 0

    @property
    def lost(self) -> bool:
        """Whether something was named that is not of this project."""
        return len(self.findings) + len(self.snapshots) + len(self.evaluations) < self.named


def decide(
    *,
    project: Project,
    sprint: int | None,
    base_version: int | None,
    why: Why,
    moves: Sequence[MoveRequest],
    actor: User,
    now: datetime,
    origin: str = "",
) -> Decision:
    """Re-plan: make all these moves in one decision, or none.

    `sprint` is a number, None for the backlog alone. `base_version` is the plan version that the moves were made
    for; None is for a gesture that holds on any plan (a quick add). Raises Hidden, Forbidden, StalePlan, Invalid, or
    Refused with every reason.
    """
    with writing(project, actor=actor, now=now, need=Need.DECIDE, origin=origin) as w:
        return decide_in(w, sprint_row(w, sprint), base_version=base_version, why=why, moves=moves)


def decide_in(
    w: ProjectWriting, sprint: Sprint | None, *, base_version: int | None, why: Why, moves: Sequence[MoveRequest]
) -> Decision:
    """The same inside a write that is open already, after the caller has asked who may."""
    refuse_stale(sprint, base_version)
    tickets = ledger.touched(w, [move.ticket for move in moves if move.ticket is not None])
    targets = targets_of(w.project, moves)
    found = evidence_rows(w.project, why.evidence)
    refusals = refusals_of(sprint, moves, why, tickets=tickets, targets=targets, found=found)
    if refusals:
        raise Refused(refusals)
    check_sprint_dates(sprint, moves)
    references = rows.references(w, list(wanted_fields(moves)))
    revision = w.revision  # after new metric names were recorded: from here on the decision is next
    recorded = _record_moves(w, sprint, moves, tickets, targets, references, revision)
    drafts = [
        ledger.Draft(
            sprint=sprint,
            kind=Decision.Kind.REPLAN,
            moves=recorded,
            reason_code=why.code,
            reason=why.text.strip(),
            findings=found.findings,
            snapshots=found.snapshots,
            evaluations=found.evaluations,
        )
    ]
    drafts += received(recorded, targets, why.text.strip())
    return ledger.commit(w, drafts, tickets, revision=revision)[0]


def refusals_of(
    sprint: Sprint | None,
    moves: Sequence[MoveRequest],
    why: Why,
    *,
    tickets: ledger.Touched,
    targets: Mapping[int, Sprint],
    found: Found,
) -> list[Refusal]:
    """Every reason why these moves cannot be decided for this reason, on what was read of them."""
    refusals = state_refusals(sprint)
    refusals += rules.refusals(
        moves, sprint=facts_of(sprint) if sprint else None, tickets=ticket_facts(tickets), sprints=all_facts(targets)
    )
    refusals += rules.reason_refusals(moves, reason_code=why.code, reason=why.text, evidence=len(why.evidence))
    if found.lost:
        refusals.append(UNKNOWN_EVIDENCE)
    return refusals


def sprint_row(w: ProjectWriting, number: int | None) -> Sprint | None:
    """A sprint of the project being written, read after the lock; None for None. Raises Hidden for no such sprint."""
    if number is None:
        return None
    row = Sprint.objects.filter(project=w.project, number=number).first()
    if row is None:
        raise Hidden(number)
    return row


def refuse_stale(sprint: Sprint | None, base_version: int | None) -> None:
    """Raise StalePlan unless the plan is still at `base_version`."""
    if sprint is None or base_version is None or base_version == sprint.plan_version:
        return
    since = Decision.objects.filter(sprint=sprint, version__gt=base_version).select_related(
        "actor", "sprint", "reverts"
    )
    raise StalePlan(
        sprint=sprint.number,
        base=base_version,
        current=sprint.plan_version,
        since=shapes.decisions(since.order_by("version")),
    )


def state_refusals(sprint: Sprint | None) -> list[Refusal]:
    """Only an active sprint's plan changes by decisions: a planned one is drafted freely, a closed one is history."""
    if sprint is None or sprint.state == Sprint.State.ACTIVE:
        return []
    if sprint.state == Sprint.State.PLANNED:
        return [Refusal("sprint_planned", "This sprint has not started: draft it, no decision is needed.")]
    return [Refusal("sprint_closed", "This sprint is closed; its plan is history.")]


def evidence_rows(project: Project, evidence: Sequence[Mapping[str, str]]) -> Found:
    """The findings, snapshots and evaluations named, as far as they exist in this project."""
    findings = _uids(item["finding"] for item in evidence if "finding" in item)
    snapshots = _uids(item["snapshot"] for item in evidence if "snapshot" in item)
    evaluations = _uids(item["evaluation"] for item in evidence if "evaluation" in item)
    found = Found(named=len({tuple(item.items()) for item in evidence}))
    if findings:
        rows = Finding.objects.filter(ticket__project=project, ticket__deleted_at=None, uid__in=findings)
        found.findings.extend(rows.select_related("ticket").order_by("pk"))
    if snapshots:
        values = Snapshot.objects.filter(ticket__project=project, uid__in=snapshots)
        found.snapshots.extend(values.select_related("ticket").order_by("pk"))
    if evaluations:
        compared = Evaluation.objects.filter(model__project=project, uid__in=evaluations)
        found.evaluations.extend(compared.select_related("challenger__ticket").order_by("pk"))
    return found


def _uids(named: Iterable[str]) -> list[UUID]:
    """These names, without those that could never be one of anything."""
    found = []
    for name in named:
        with suppress(ValueError):
            found.append(UUID(name))
    return found


def ticket_facts(tickets: ledger.Touched) -> dict[int, TicketFacts]:
    """What the rules need to know of these tickets."""
    return {
        shape["number"]: TicketFacts(
            number=shape["number"],
            key=shape["key"],
            status=shape["status"],
            sprint=shape["sprint"],
            planned_sprint=shape["planned_sprint"],
        )
        for shape in tickets.before.values()
    }


def facts_of(sprint: Sprint) -> SprintFacts:
    """What the rules need to know of a sprint."""
    return SprintFacts(number=sprint.number, state=sprint.state, plan_version=sprint.plan_version)


def all_facts(sprints: Mapping[int, Sprint]) -> dict[int, SprintFacts]:
    """What the rules need to know of these sprints."""
    return {number: facts_of(row) for number, row in sprints.items()}


def targets_of(project: Project, moves: Sequence[MoveRequest]) -> dict[int, Sprint]:
    """The sprints that these moves defer to, as far as they exist, by number."""
    numbers = {move.to for move in moves if move.to is not None}
    if not numbers:
        return {}
    return {row.number: row for row in Sprint.objects.filter(project=project, number__in=numbers)}


def check_sprint_dates(sprint: Sprint | None, moves: Sequence[MoveRequest]) -> None:
    """Raise Invalid when a move would end the sprint before it starts."""
    for position, move in enumerate(moves):
        if sprint and move.move == "sprint" and move.set.get("end", "9999") < sprint.start.isoformat():
            raise Invalid(
                [FieldError(f"/moves/{position}/set/end", "invalid", "A sprint cannot end before it starts.")]
            )


def wanted_fields(moves: Sequence[MoveRequest]) -> Iterable[tuple[Mapping[str, Any], str]]:
    """The fields of tickets that these moves set, each with a pointer to where they were sent."""
    for position, move in enumerate(moves):
        if move.new is not None:
            yield move.new, f"/moves/{position}/new"
        if move.move == "change":
            yield move.set, f"/moves/{position}/set"
        for at, part in enumerate(move.into):
            yield part, f"/moves/{position}/into/{at}"


def _record_moves(
    w: ProjectWriting,
    sprint: Sprint | None,
    moves: Sequence[MoveRequest],
    tickets: ledger.Touched,
    targets: Mapping[int, Sprint],
    references: rows.References,
    revision: int,
) -> list[RecordedMove]:
    """Turn what was asked into what is recorded, making the tickets that are new."""
    wanted: list[Mapping[str, Any]] = []
    parents: list[Ticket | None] = []
    for move in moves:
        if move.new is not None:
            wanted.append(move.new)
            parents.append(None)
        for part in move.into:
            assert move.ticket is not None
            wanted.append(_part(part, tickets.rows[move.ticket]))
            parents.append(tickets.rows[move.ticket])
    made = rows.insert(w, wanted, references, revision=revision, split_from=parents)
    tickets.made.update((row.number, row) for row in made)
    fresh = iter(shapes.images([row.pk for row in made], key=w.project.key).values()) if made else iter(())
    existing = iter(record_existing(w, sprint, [m for m in moves if not m.new and not m.into], tickets, targets))
    recorded: list[RecordedMove] = []
    for move in moves:
        if move.new is not None:
            recorded.append(_added(next(fresh)))
        elif move.into:
            parts = [next(fresh) for _ in move.into]
            recorded.append(RecordedMove("split", move.ticket, {}, {"into": [part["number"] for part in parts]}))
            recorded += [_added(part) for part in parts]
        else:
            recorded.append(next(existing))
    return recorded


def record_existing(
    w: ProjectWriting,
    sprint: Sprint | None,
    moves: Sequence[MoveRequest],
    tickets: ledger.Touched,
    targets: Mapping[int, Sprint],
) -> list[RecordedMove]:
    """Turn moves that make no new ticket into what is recorded, one for one."""
    restored = _before_skipping(tickets, moves)
    recorded = []
    for move in moves:
        if move.move == "sprint":
            assert sprint is not None
            was = ledger.sprint_fields(sprint)
            recorded.append(RecordedMove("sprint", None, {name: was[name] for name in move.set}, dict(move.set)))
            continue
        assert move.ticket is not None
        row, status = tickets.rows[move.ticket], restored.get(move.ticket, Ticket.Status.TODO)
        if "criteria" in move.set:
            move = replace(move, set={**move.set, "criteria": settle(row, move.set["criteria"])})
        recorded.append(_recorded(move, tickets.before[row.pk], targets, status))
    return with_added_in(sprint, recorded)


def _part(part: Mapping[str, Any], parent: Ticket) -> dict[str, Any]:
    """A part of a split belongs where its parent does, unless it says otherwise."""
    return {"story": parent.story.number if parent.story else None, "component": parent.component} | dict(part)


def _added(shape: shapes.Shape) -> RecordedMove:
    return RecordedMove("add", shape["number"], None, {**ledger.plan_fields(shape), "status": shape["status"]})


def _recorded(move: MoveRequest, shape: shapes.Shape, targets: Mapping[int, Sprint], before_skip: str) -> RecordedMove:
    number, plan, status = shape["number"], ledger.plan_fields(shape), shape["status"]
    if move.move == "add":
        return _added(shape)
    if move.move == "skip":
        after = {"skipped": True, "status": "skipped"} | ({"revisit_if": move.revisit_if} if move.revisit_if else {})
        return RecordedMove("skip", number, {"skipped": False, "status": status}, after)
    if move.move == "restore":
        return RecordedMove(
            "restore", number, {"skipped": True, "status": status}, {"skipped": False, "status": before_skip}
        )
    if move.move == "change":
        return RecordedMove("change", number, {name: plan[name] for name in move.set}, dict(move.set))
    here = {**plan, "status": status}
    if move.move == "remove":
        return RecordedMove("remove", number, here, None)
    target = targets[move.to] if move.to is not None else None
    after = {
        "to": move.to,
        "note": move.note,
        "resume_cost": move.resume_cost,
        "drafted": bool(target and target.state == Sprint.State.PLANNED and shape["planned_sprint"] is None),
    }
    return RecordedMove("defer", number, here, after)


def _before_skipping(tickets: ledger.Touched, moves: Sequence[MoveRequest]) -> dict[int, str]:
    """For each ticket to be restored the status that it had before it was skipped, as the skipping move kept it."""
    ids = [tickets.rows[move.ticket].pk for move in moves if move.move == "restore" and move.ticket]
    if not ids:
        return {}
    kept = (
        Move.objects.filter(ticket__in=ids, move=Move.Kind.SKIP).order_by("pk").values_list("ticket__number", "before")
    )
    return {number: before["status"] for number, before in kept if number is not None and before is not None}


def with_added_in(sprint: Sprint | None, recorded: list[RecordedMove]) -> list[RecordedMove]:
    """Keep, with what leaves the plan, since which version it was in it: taken back, it has been there since then."""
    leaving = [move.ticket for move in recorded if move.move in {"remove", "defer"}]
    if sprint is None or not leaving:
        return recorded
    since = added_in(sprint, leaving)
    return [
        RecordedMove(move.move, move.ticket, {**(move.before or {}), "added_in": since.get(move.ticket)}, move.after)
        if move.move in {"remove", "defer"}
        else move
        for move in recorded
    ]


def added_in(sprint: Sprint, numbers: Iterable[int | None]) -> dict[int | None, int]:
    """Since which plan version these tickets, which are in the sprint, have been there."""
    adds = Move.objects.filter(decision__sprint=sprint, move=Move.Kind.ADD, ticket__number__in=list(numbers)).order_by(
        "pk"
    )  # the last add is the one that holds
    since: dict[int | None, int] = {}
    for number, version, after in adds.values_list("ticket__number", "decision__version", "after"):
        assert version is not None
        since[number] = (after or {}).get("added_in") or version
    return since


def received(recorded: Sequence[RecordedMove], targets: Mapping[int, Sprint], reason: str) -> list[ledger.Draft]:
    """For each active sprint that tickets are deferred to, the decision by which it receives them."""
    drafts = []
    for number, target in sorted(targets.items()):
        coming = [move for move in recorded if move.move == "defer" and (move.after or {}).get("to") == number]
        if target.state != Sprint.State.ACTIVE or not coming:
            continue
        adds = [
            RecordedMove(
                "add",
                move.ticket,
                None,
                {name: value for name, value in (move.before or {}).items() if name != "added_in"},
            )
            for move in coming
        ]
        drafts.append(ledger.Draft(sprint=target, kind=Decision.Kind.RECEIVED, moves=adds, reason=reason))
    return drafts
