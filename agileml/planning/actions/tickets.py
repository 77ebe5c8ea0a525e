"""Tickets: created into the backlog or a sprint, edited, deleted."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

from django.db.models import Exists, OuterRef, Q

from agileml.accounts.models import User
from agileml.journal.queries import refuse_stale
from agileml.journal.rules.edits import Wanted
from agileml.lib.fields import Changes, FieldError, Invalid
from agileml.metrics.actions.criteria import settle
from agileml.metrics.actions.judging import judge_tickets
from agileml.metrics.models import Candidate, Promotion, Snapshot
from agileml.planning import shapes
from agileml.planning.actions import decide, ledger, rows
from agileml.planning.actions.limits import heed_giving
from agileml.planning.actions.sprints import NeedsDecision
from agileml.planning.models import Assignment, Decision, Evidence, Move, RetroLine, Sprint
from agileml.planning.rules.moves import MoveRequest, Refusal, Refused
from agileml.projects.actions import forget_refs
from agileml.projects.doors import Hidden, ProjectWriting, writing
from agileml.projects.models import Project
from agileml.projects.rules import Need, refs_after
from agileml.work.actions import Referenced
from agileml.work.fields import LISTS, PLAN_FIELDS, TICKET_FIELDS, ticket_fields
from agileml.work.links import AT_MOST, attached
from agileml.work.models import Dependency, Ticket
from agileml.work.queries import written_on

UNCOUNTED = {"waiting_on_run", "links"}  # what jobs and pushes set must not make a person's edit stale
COUNTED = [name for name in TICKET_FIELDS if name not in UNCOUNTED]
NAMED = "A decision, a measurement or a champion names this ticket, and history is kept: skip it instead."
OF_IT = OuterRef("pk")
NAMED_IN = (
    Exists(Move.objects.filter(ticket=OF_IT))
    | Exists(Snapshot.objects.filter(ticket=OF_IT))
    | Exists(Candidate.objects.filter(Q(promotions__isnull=False) | Q(evaluations__isnull=False), ticket=OF_IT))
    | Exists(Promotion.objects.filter(deployment=OF_IT))
    | Exists(Evidence.objects.filter(finding__ticket=OF_IT))
    | Exists(RetroLine.objects.filter(ticket=OF_IT))
    | Exists(Ticket.objects.filter(split_from=OF_IT, deleted_at=None))
)


def create_ticket(
    *,
    project: Project,
    sent: Mapping[str, Any],
    actor: User,
    now: datetime,
    sprint: int | None = None,
    why: decide.Why | None = None,
    origin: str = "",
) -> Ticket:
    """Make a ticket at the end of the backlog, or of a sprint's draft, or of an active sprint.

    Into an active sprint it is a decision of one move, `forgotten` unless `why` says otherwise. Raises Invalid,
    Hidden for no such sprint, Forbidden, Refused for a closed one.
    """
    values = ticket_fields(sent, new=True)
    with writing(project, actor=actor, now=now, need=Need.WORK, origin=origin) as w:
        target = decide.sprint_row(w, sprint)
        if target is not None and target.state == Sprint.State.CLOSED:
            raise Refused([Refusal("sprint_closed", "This sprint is closed; its plan is history.")])
        if target is not None and target.state == Sprint.State.ACTIVE:
            assert w.access is not None
            w.access.require(Need.DECIDE)
            why = why or decide.Why(code="forgotten")
            made = decide.decide_in(w, target, base_version=None, why=why, moves=[MoveRequest(move="add", new=values)])
            return Ticket.objects.get(moves__decision=made)
        references = rows.references(w, [(values, "")])
        revision = w.revision
        row = rows.insert(w, [values], references, revision=revision)[0]
        if target is not None:
            Assignment.objects.create(ticket=row, sprint=target)
        if values.get("criteria"):
            judge_tickets(w, ticket_ids=[row.pk], metric_ids=None, revision=revision)
        shape = shapes.images([row.pk], key=w.project.key)[row.pk]
        w.journal.record("ticket", "created", row, resource=shape)
    return row


def edit_ticket(
    *,
    project: Project,
    number: int,
    sent: Mapping[str, Any],
    expected_version: int | None,
    actor: User,
    now: datetime,
    why: decide.Why | None = None,
    override: str = "",
    origin: str = "",
    told: list[str] | None = None,
) -> Ticket:
    """Change a ticket's fields. A field that is sent as it is already is no change.

    Edits of other fields since `expected_version` merge with it (None: whatever there is); of the same it is Stale.
    While the ticket is in an active sprint, its plan fields change only by a decision: `why` makes one of them;
    without it nothing is written. `links` are attached or renamed, never taken away: one that was pushed meanwhile
    would go with them. What is put into `labels` and `depends_on` or taken out, one by one, meets nobody's edit.
    Giving work that is under way to somebody heeds her limit: a soft one is said in a sentence added to `told`, beyond
    a hard one goes a lead with `override`, a reason. Raises Hidden, Invalid, Stale, NeedsDecision, Forbidden, Refused,
    WipLimit.
    """
    values = ticket_fields(sent, new=False)
    with writing(project, actor=actor, now=now, need=Need.WORK, origin=origin) as w:
        tickets = ledger.touched(w, [number])
        if number not in tickets.rows:
            raise Hidden(number)
        row = tickets.rows[number]
        before = tickets.before[row.pk]
        changes = {name for name in LISTS if isinstance(values.get(name), Changes)}
        values |= {name: _changed(name, values[name], before[name]) for name in changes}
        if "external_refs" in values:
            values["external_refs"] = refs_after(before["external_refs"], values["external_refs"])
        _refuse_stale(w, row, before, expected_version, values, free=changes)
        if "links" in values:
            values["links"] = attached(before["links"], *values["links"])
            if len(values["links"]) > AT_MOST:
                raise Invalid([FieldError("/links", "too_many", f"At most {AT_MOST} links with those that are there.")])
        changed = {name: value for name, value in values.items() if not _same(name, before, value)}
        if not changed:
            return row
        if "assignee" in changed:
            noted = heed_giving(w, [row], changed["assignee"], override)
            if told is not None:
                told += noted
        planned = {name: changed[name] for name in PLAN_FIELDS if name in changed}
        if before["sprint"] is not None and planned:
            changed = {name: value for name, value in changed.items() if name not in planned}
            _decide_change(w, number, before["sprint"], planned, why)
            if not changed:
                return Ticket.objects.get(pk=row.pk)
            tickets = ledger.touched(w, [number])
            row, before = tickets.rows[number], tickets.before[row.pk]
        _write(w, row, before, changed)
    return row


def delete_ticket(
    *, project: Project, number: int, expected_version: int | None, actor: User, now: datetime, origin: str = ""
) -> None:
    """Delete a ticket that no history names, leaving a tombstone; its number is never used again.

    Raises Hidden, Referenced, Stale when somebody edited it since `expected_version`.
    """
    with writing(project, actor=actor, now=now, need=Need.WORK, origin=origin) as w:
        tickets = ledger.touched(w, [number])
        if number not in tickets.rows:
            raise Hidden(number)
        row = tickets.rows[number]
        _refuse_stale(w, row, tickets.before[row.pk], expected_version, None)
        if Ticket.objects.filter(NAMED_IN, pk=row.pk).exists():
            raise Referenced(NAMED)
        waiting = list(Dependency.objects.filter(needs=row).values_list("ticket", flat=True))
        before = shapes.images(waiting, key=w.project.key)
        Dependency.objects.filter(needs=row).delete()
        Dependency.objects.filter(ticket=row).delete()
        Assignment.objects.filter(ticket=row, opened_by=None).delete()
        Ticket.objects.filter(pk__in=[row.pk, *waiting]).update(revision=w.revision, updated_at=w.now)
        Ticket.objects.filter(pk=row.pk).update(deleted_at=w.now)
        forget_refs(w, row)
        images = shapes.after_images(before, shapes.images(waiting, key=w.project.key))
        written = written_on(row)
        w.journal.record("ticket", "deleted", row, resource={"children": written} if written else None, tickets=images)


def _refuse_stale(
    w: ProjectWriting,
    row: Ticket,
    before: shapes.Shape,
    expected: int | None,
    values: Mapping[str, Any] | None,
    *,
    free: Collection[str] = (),
) -> None:
    """Raise Stale where this edit (a delete, without values) would write over what somebody else wrote since."""
    if expected in {None, row.version}:
        return
    wanted = Wanted(before, COUNTED, values, plain=_plain, free=free)
    moved = Move.objects.filter(ticket=row, move=Move.Kind.CHANGE)
    groups = moved.filter(decision__kind__in=[Decision.Kind.REPLAN, Decision.Kind.REVERT]).values("decision__group")
    decided = list(Decision.objects.filter(project=w.project, group__in=groups).values_list("uid", flat=True))
    refuse_stale(w.journal.stream.pk, row, expected, wanted, decided=decided)


def _changed(name: str, changes: Changes, had: Sequence[Any]) -> list[Any]:
    items = changes.on(had)
    if len(items) > LISTS[name]:
        raise Invalid([FieldError(f"/{name}", "too_many", f"At most {LISTS[name]} with those that are there.")])
    return items


def _plain(name: str, value: Any) -> Any:
    """A field's value in the form in which what was sent and what is shown are compared."""
    if name in {"assignee", "reviewer"}:
        return value["id"] if isinstance(value, Mapping) else value
    if name == "blocked":
        return value and value["why"]
    if name == "criteria":  # their order is that in which they were made, whatever the order that they are sent in
        stand = [{key: said for key, said in item.items() if key not in {"state", "measured"}} for item in value]
        return sorted(stand, key=lambda item: item["uid"] or "")
    return set(value) if name == "depends_on" else value


def _same(name: str, before: shapes.Shape, value: Any) -> bool:
    return bool(_plain(name, before[name]) == _plain(name, value))


def _decide_change(
    w: ProjectWriting, number: int, sprint: int, planned: dict[str, Any], why: decide.Why | None
) -> None:
    if why is None:
        raise NeedsDecision(list(planned), sprint)
    assert w.access is not None
    w.access.require(Need.DECIDE)
    change = MoveRequest(move="change", ticket=number, set=planned)
    decide.decide_in(w, decide.sprint_row(w, sprint), base_version=None, why=why, moves=[change])


def _write(w: ProjectWriting, row: Ticket, before: shapes.Shape, changed: dict[str, Any]) -> None:
    references = rows.references(w, [(changed, "")])
    if "criteria" in changed:
        changed = {**changed, "criteria": settle(row, changed["criteria"])}
    revision = w.revision
    rows.fill(row, changed, references, w)
    row.version += not changed.keys() <= UNCOUNTED
    row.revision, row.updated_at = revision, w.now
    row.save()
    rows.relate(w, row, changed, references)
    if "criteria" in changed:
        judge_tickets(w, ticket_ids=[row.pk], metric_ids=None, revision=revision)
    after = shapes.images([row.pk], key=w.project.key)[row.pk]
    w.journal.record("ticket", "updated", row, diff=shapes.diff(before, after))
