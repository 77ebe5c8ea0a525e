"""The one place that writes decisions: whatever changes a plan ends up here, as recorded moves."""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from agileml.journal.actions import AT_ONCE
from agileml.metrics.actions.judging import judge_tickets
from agileml.metrics.models import Evaluation, Snapshot
from agileml.planning import shapes
from agileml.planning.actions.rows import fill, references, relate
from agileml.planning.models import Assignment, Decision, Evidence, Move, Sprint
from agileml.planning.rules.moves import counts_as_replan
from agileml.planning.rules.replay import RecordedMove
from agileml.projects.doors import ProjectWriting
from agileml.projects.models import Project
from agileml.work.models import Finding, Ticket


@dataclass
class Draft:
    """A decision about to be written. `state` is the sprint's new state, if it changes.

    `reopened` are tickets that come back into the sprint without a move, since they never left its plan.
    """

    sprint: Sprint | None
    kind: str
    moves: Sequence[RecordedMove]
    reason_code: str = ""
    reason: str = ""
    findings: Sequence[Finding] = ()
    snapshots: Sequence[Snapshot] = ()
    evaluations: Sequence[Evaluation] = ()
    reverts: Decision | None = None
    partial: bool = False
    state: str | None = None
    reopened: Sequence[Ticket] = ()


@dataclass
class Touched:
    """The tickets that some decisions are about, by number, and their shapes before anything was written."""

    rows: dict[int, Ticket]
    before: dict[int, shapes.Shape]
    made: dict[int, Ticket] = field(default_factory=dict)

    def __getitem__(self, number: int) -> Ticket:
        return self.made.get(number) or self.rows[number]


def touched(w: ProjectWriting, numbers: Sequence[int]) -> Touched:
    """Read tickets and their shapes under the lock; numbers that do not exist are left out."""
    return read(w.project, numbers)


def read(project: Project, numbers: Sequence[int], *, with_refs: bool = True) -> Touched:
    """The same without a lock, to look at what a decision would do; then nobody needs their names elsewhere."""
    rows = list(shapes.loaded().filter(project=project, deleted_at=None, number__in=set(numbers)).order_by("number"))
    before = shapes.tickets(rows, key=project.key, with_refs=with_refs)
    return Touched(
        rows={row.number: row for row in rows},
        before={row.pk: shape for row, shape in zip(rows, before, strict=True)},
    )


def commit(w: ProjectWriting, drafts: Sequence[Draft], tickets: Touched, *, revision: int) -> list[Decision]:
    """Write decisions as one group and record them; `revision` is that of the first one's change.

    All assignments are ended before any is opened, because a ticket may go from one active sprint to another.
    """
    group, first = uuid.uuid4(), revision
    decisions = []
    for draft in drafts:
        decisions.append(_insert(w, draft, group, revision))
        revision += 1 + bool(draft.sprint) + bool(draft.reverts)  # the changes that `_record` will record of it
    pairs = list(zip(drafts, decisions, strict=True))
    _insert_lines(pairs, tickets)
    for draft, decision in pairs:
        _end(draft, decision, tickets)
    for draft, decision in pairs:
        _open(draft, decision, tickets)
    _drafts_elsewhere(w, drafts, tickets)
    _change_tickets(w, drafts, tickets, first)
    after = shapes.images(list(tickets.before) + [row.pk for row in tickets.made.values()], key=w.project.key)
    images = shapes.after_images(tickets.before, after)
    # Not only what the moves name: a sprint that closes lets go of what stays in its plan, too.
    changed = [line["number"] for line in images if "diff" in line]
    Ticket.objects.filter(project=w.project, number__in=changed).update(revision=first, updated_at=w.now)
    for at, (draft, decision) in enumerate(pairs):
        _record(w, draft, decision, images if at == 0 else [])
    return decisions


def _insert(w: ProjectWriting, draft: Draft, group: uuid.UUID, revision: int) -> Decision:
    assert w.actor is not None
    return Decision.objects.create(
        project=w.project,
        sprint=draft.sprint,
        version=draft.sprint.plan_version + 1 if draft.sprint else None,
        group=group,
        kind=draft.kind,
        reason_code=draft.reason_code,
        reason=draft.reason,
        actor=w.actor,
        at=w.now,
        reverts=draft.reverts,
        partial=draft.partial,
        revision=revision,
    )


def _insert_lines(pairs: Sequence[tuple[Draft, Decision]], tickets: Touched) -> None:
    """Write the moves and the evidence of all decisions of the group."""
    Move.objects.bulk_create(
        [
            Move(
                decision=decision,
                position=position,
                move=move.move,
                ticket=tickets[move.ticket] if move.ticket is not None else None,
                before=move.before,
                after=move.after,
            )
            for draft, decision in pairs
            for position, move in enumerate(draft.moves)
        ],
        batch_size=AT_ONCE,
    )
    evidence = [item for draft, decision in pairs for item in _evidence(draft, decision)]
    if evidence:
        Evidence.objects.bulk_create(evidence)


def _evidence(draft: Draft, decision: Decision) -> list[Evidence]:
    found = [Evidence(decision=decision, finding=finding) for finding in draft.findings]
    found += [Evidence(decision=decision, snapshot=snapshot) for snapshot in draft.snapshots]
    return found + [Evidence(decision=decision, evaluation=evaluation) for evaluation in draft.evaluations]


def _end(draft: Draft, decision: Decision, tickets: Touched) -> None:
    if draft.sprint is None:
        return
    open_here = Assignment.objects.filter(sprint=draft.sprint, opened_by__isnull=False, ended_by=None)
    if draft.state in {Sprint.State.CLOSED, Sprint.State.PLANNED}:
        leaving = list(open_here.values_list("ticket", flat=True)) if draft.state == Sprint.State.PLANNED else []
        open_here.update(ended_by=decision)
        drafted = set(Assignment.objects.filter(ticket__in=leaving, opened_by=None).values_list("ticket", flat=True))
        Assignment.objects.bulk_create(
            Assignment(ticket_id=pk, sprint=draft.sprint) for pk in leaving if pk not in drafted
        )
        return
    gone = [tickets[move.ticket].pk for move in draft.moves if move.ticket and move.move in {"remove", "defer"}]
    if gone:
        open_here.filter(ticket__in=gone).update(ended_by=decision)


def _open(draft: Draft, decision: Decision, tickets: Touched) -> None:
    if draft.sprint is None:
        return
    coming = [tickets[move.ticket].pk for move in draft.moves if move.ticket and move.move == "add"]
    coming += [ticket.pk for ticket in draft.reopened]
    if not coming:
        return
    waiting: set[int] = set()
    if draft.sprint.state == Sprint.State.PLANNED:  # its drafts become the plan
        own = Assignment.objects.filter(sprint=draft.sprint, opened_by=None, ticket__in=coming)
        waiting = set(own.values_list("ticket", flat=True))
        own.update(opened_by=decision)
    Assignment.objects.bulk_create(
        [Assignment(ticket_id=pk, sprint=draft.sprint, opened_by=decision) for pk in coming if pk not in waiting],
        batch_size=AT_ONCE,
    )


def _drafts_elsewhere(w: ProjectWriting, drafts: Sequence[Draft], tickets: Touched) -> None:
    """A defer to a planned sprint makes a draft there; undoing it removes that draft, if it is still there."""
    moves = [move for draft in drafts for move in draft.moves if move.move in {"defer", "add"}]
    told = [
        (move, (move.after or {}) if move.move == "defer" else (move.after or {}).get("undoes") or {}) for move in moves
    ]
    drafted = [(move, after["to"]) for move, after in told if after.get("drafted")]
    if not drafted:
        return
    numbers = {to for _, to in drafted}
    for sprint in Sprint.objects.filter(project=w.project, number__in=numbers):
        here = [move for move, to in drafted if to == sprint.number]
        made = [tickets[move.ticket].pk for move in here if move.ticket and move.move == "defer"]
        gone = [tickets[move.ticket].pk for move in here if move.ticket and move.move == "add"]
        if made:
            Assignment.objects.bulk_create(Assignment(ticket_id=pk, sprint=sprint) for pk in made)
        if gone:
            Assignment.objects.filter(ticket__in=gone, opened_by=None, sprint=sprint).delete()


def _change_tickets(w: ProjectWriting, drafts: Sequence[Draft], tickets: Touched, revision: int) -> None:
    """Set what the moves say on the tickets themselves, and judge the criteria that they bring."""
    moves = [move for draft in drafts for move in draft.moves]
    changes = {move.ticket: move.after or {} for move in moves if move.ticket is not None and move.move == "change"}
    found = references(w, [(values, "") for values in changes.values()])
    written: list[Ticket] = []
    judged: list[int] = []
    for move in moves:
        if move.ticket is None:
            continue
        row, after = tickets[move.ticket], move.after or {}
        if move.move in {"skip", "restore"}:
            row.status = str(after["status"])
            written.append(row)
        elif move.move == "change":
            fill(row, after, found, w)
            row.version += 1
            written.append(row)
            if "criteria" in after:
                relate(w, row, {"criteria": after["criteria"]}, found)
                judged.append(row.pk)
        elif move.ticket in tickets.made and after.get("criteria"):
            judged.append(row.pk)
    if written:
        columns = ["status", "type", "story", "estimate", "version"] if changes else ["status"]
        Ticket.objects.bulk_update(written, columns, batch_size=AT_ONCE)
    if judged:
        judge_tickets(w, ticket_ids=judged, metric_ids=None, revision=revision)


def _record(w: ProjectWriting, draft: Draft, decision: Decision, images: list[shapes.Shape]) -> None:
    moves = [{"move": m.move, "ticket": m.ticket, "before": m.before, "after": m.after} for m in draft.moves]
    evidence = [shapes.evidence_shape(item) for item in _evidence(draft, decision)]
    shape = shapes.decision(decision, moves=moves, evidence=evidence)
    parent = ("sprint", draft.sprint.uid) if draft.sprint else ("project", w.project.uid)
    w.journal.record("decision", "created", decision, parent=parent, resource=shape, tickets=images)
    if draft.sprint:
        _record_sprint(w, draft, decision)
    if draft.reverts:
        reverted = draft.reverts
        was = reverted.reverts_of_it.exclude(pk=decision.pk).order_by("-pk").first()
        Decision.objects.filter(pk=reverted.pk).update(revision=w.revision)
        w.journal.record(
            "decision", "updated", reverted, parent=parent,
            diff={"reverted_by": [str(was.uid) if was else None, str(decision.uid)]},
        )  # fmt: skip


def _record_sprint(w: ProjectWriting, draft: Draft, decision: Decision) -> None:
    sprint = draft.sprint
    assert sprint is not None
    assert decision.version is not None
    was = shapes.sprint(sprint, with_refs=False)
    sprint.plan_version = decision.version
    sprint.replans += counts_as_replan(draft.kind, draft.reason_code)
    if draft.state:
        sprint.state = draft.state
        if draft.state == Sprint.State.ACTIVE and sprint.started_at is None:
            sprint.started_at = w.now
        if draft.state == Sprint.State.PLANNED:
            sprint.started_at = None
        sprint.closed_at = w.now if draft.state == Sprint.State.CLOSED else None
    for move in draft.moves:
        if move.move == "sprint" and move.before is not None:
            set_sprint_fields(sprint, move.after or {})
            sprint.version += 1
    sprint.revision = w.revision
    sprint.save()
    diff = shapes.diff(was, shapes.sprint(sprint, with_refs=False))
    w.journal.record("sprint", "updated", sprint, diff=diff)


def set_sprint_fields(sprint: Sprint, values: Mapping[str, Any]) -> None:
    """Set a sprint's own fields from their recorded form, where dates are text."""
    for name, value in values.items():
        setattr(sprint, name, date.fromisoformat(value) if name in {"start", "end"} else value)


def sprint_fields(sprint: Sprint) -> dict[str, Any]:
    """A sprint's own plan fields in their recorded form."""
    return {
        "goal": sprint.goal,
        "increment": sprint.increment,
        "start": sprint.start.isoformat(),
        "end": sprint.end.isoformat(),
    }


def plan_fields(shape: shapes.Shape) -> dict[str, Any]:
    """The plan fields of a ticket, from its shape: criteria without what was measured of them."""
    return {
        "type": shape["type"],
        "story": shape["story"],
        "estimate": shape["estimate"],
        "criteria": [
            {name: value for name, value in item.items() if name not in {"state", "measured"}}
            for item in shape["criteria"]
        ],
        "skipped": shape["status"] == Ticket.Status.SKIPPED,
    }
