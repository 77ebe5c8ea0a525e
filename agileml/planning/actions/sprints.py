"""Sprints: drafting one, starting it, closing it."""

from collections.abc import Collection, Mapping, Sequence
from datetime import date, datetime
from typing import Any

from agileml.accounts.models import User
from agileml.journal.queries import refuse_stale
from agileml.journal.rules.edits import Wanted
from agileml.lib import fields
from agileml.lib.fields import FieldError, Invalid
from agileml.planning import shapes
from agileml.planning.actions import decide, ledger
from agileml.planning.actions.reports import freeze
from agileml.planning.actions.retro import keep_retro
from agileml.planning.models import Assignment, Decision, Sprint
from agileml.planning.queries.dates import next_dates
from agileml.planning.rules import moves as rules
from agileml.planning.rules.moves import MoveRequest, Refusal, Refused
from agileml.planning.rules.replay import RecordedMove
from agileml.planning.rules.retro import Said
from agileml.planning.rules.starting import Destination, close_refusals, start_refusals
from agileml.projects.actions import keep_refs
from agileml.projects.doors import ProjectWriting, writing
from agileml.projects.models import Project
from agileml.projects.rules import Need, refs_after
from agileml.work.fields import external_refs
from agileml.work.models import Ticket


class NeedsDecision(Exception):
    """These fields are the plan of an active sprint: they change only by a decision."""

    def __init__(self, names: Sequence[str], sprint: int) -> None:
        told = f"{', '.join(names).capitalize()} {'is' if len(names) == 1 else 'are'} part of the plan"
        super().__init__(f"{told} of sprint {sprint}: changing it is a decision.")
        self.names = list(names)
        self.sprint = sprint


SPRINT_FIELDS: dict[str, fields.Check] = {
    "name": fields.text(120, least=1),
    "goal": fields.text(2_000),
    "increment": fields.text(2_000),
    "start": fields.a_date,
    "end": fields.a_date,
    "external_refs": external_refs,
}


def create_sprint(*, project: Project, sent: dict[str, Any], actor: User, now: datetime, origin: str = "") -> Sprint:
    """Make a planned sprint; `sent` may hold start, end, name, goal and increment. Raises Invalid.

    Without dates it follows the latest sprint, for as long as the project's sprints are.
    """
    values = fields.clean(sent, fields=SPRINT_FIELDS)
    with writing(project, actor=actor, now=now, need=Need.WORK, origin=origin) as w:
        if not {"start", "end"} <= values.keys():
            start, end = next_dates(w.project, now=w.now, start=values.get("start"))
            values = {"start": start, "end": end} | values
        _check_dates(values["start"], values["end"])
        number = w.journal.number("sprints")
        row = Sprint(project=w.project, number=number, created_at=w.now, revision=w.revision)
        refs = values.pop("external_refs", ())
        for name, value in ({"name": f"Sprint {number}"} | values).items():
            setattr(row, name, value)
        row.save(force_insert=True)
        keep_refs(w, row, refs, new=True)
        w.journal.record("sprint", "created", row, resource=shapes.sprint(row))
    return row


def edit_sprint(
    *,
    project: Project,
    number: int,
    sent: dict[str, Any],
    expected_version: int | None,
    actor: User,
    now: datetime,
    why: decide.Why | None = None,
    origin: str = "",
) -> Sprint:
    """Change a sprint's fields: freely while it is planned, by a decision while it is active.

    `why` makes a one-move decision of what belongs to the plan. Edits of other fields since `expected_version` merge
    with it (None: whatever there is). Raises Hidden, Invalid, Stale when somebody wrote something else in the same
    fields since, NeedsDecision, or Refused: the start of an active sprint is history, and so is all of a closed one
    but its name.
    """
    values = fields.clean(sent, fields=SPRINT_FIELDS)
    with writing(project, actor=actor, now=now, need=Need.WORK, origin=origin) as w:
        row = _row(w, number)
        if "external_refs" in values:
            values["external_refs"] = refs_after(row.external_refs, values["external_refs"])
        told = {name: value.isoformat() if isinstance(value, date) else value for name, value in values.items()}
        refuse_stale(w.journal.stream.pk, row, expected_version, Wanted(shapes.sprint(row), SPRINT_FIELDS, told))
        changed = {name: value for name, value in values.items() if getattr(row, name) != value}
        _check_dates(changed.get("start", row.start), changed.get("end", row.end))
        if row.state == Sprint.State.ACTIVE:
            if "start" in changed:
                raise Refused([Refusal("start_is_history", "The sprint has started; only its end can change.")])
            planned = {name: changed.pop(name) for name in rules.SPRINT_PLAN_FIELDS if name in changed}
            if planned:
                if why is None:
                    raise NeedsDecision(list(planned), number)
                assert w.access is not None
                w.access.require(Need.DECIDE)
                move = MoveRequest(move="sprint", set={name: told[name] for name in planned})
                decide.decide_in(w, row, base_version=None, why=why, moves=[move])
        elif row.state == Sprint.State.CLOSED and changed.keys() - {"name", "external_refs"}:
            raise Refused([Refusal("sprint_closed", "This sprint is closed; its plan is history.")])
        if changed:
            _set(w, row, changed)
    return row


def draft(
    *, project: Project, number: int, tickets: Sequence[int], actor: User, now: datetime, origin: str = ""
) -> Sprint:
    """Make these tickets, and no others, the draft of a planned sprint. No reason is asked.

    Raises Hidden, or Refused with every ticket that cannot be in it.
    """
    with writing(project, actor=actor, now=now, need=Need.WORK, origin=origin) as w:
        row = _row(w, number)
        had = set(Assignment.objects.filter(sprint=row, opened_by=None).values_list("ticket__number", flat=True))
        _redraft(w, row, add=set(tickets) - had, drop=had - set(tickets))
    return row


def draft_some(
    *,
    project: Project,
    number: int,
    add: Sequence[int] = (),
    drop: Sequence[int] = (),
    actor: User,
    now: datetime,
    origin: str = "",
) -> Sprint:
    """Put some tickets into a planned sprint's draft and take others out, leaving the rest as it is."""
    with writing(project, actor=actor, now=now, need=Need.WORK, origin=origin) as w:
        row = _row(w, number)
        had = set(Assignment.objects.filter(sprint=row, opened_by=None).values_list("ticket__number", flat=True))
        _redraft(w, row, add=set(add) - had, drop=set(drop) & had)
    return row


def start_sprint(
    *,
    project: Project,
    number: int,
    actor: User,
    now: datetime,
    seen: Collection[int] | None = None,
    origin: str = "",
) -> Decision:
    """Start a planned sprint: its draft becomes plan v1.

    `seen` are the numbers of the tickets that whoever starts it saw in the draft: what came in or went since is not
    frozen unseen. Raises Hidden, Forbidden, or Refused with every reason.
    """
    with writing(project, actor=actor, now=now, need=Need.LEAD, origin=origin) as w:
        row = _row(w, number)
        drafted = set(Assignment.objects.filter(sprint=row, opened_by=None).values_list("ticket__number", flat=True))
        if seen is not None and set(seen) != drafted and row.state == Sprint.State.PLANNED:
            raise Refused([Refusal("draft_changed", "The draft has changed since you looked: this is how it is now.")])
        tickets = ledger.touched(w, sorted(drafted))
        refusals = start_refusals(decide.facts_of(row), decide.ticket_facts(tickets).values())
        if refusals:
            raise Refused(refusals)
        lines = [RecordedMove("sprint", None, None, ledger.sprint_fields(row))]
        lines += [
            RecordedMove("add", shape["number"], None, {**ledger.plan_fields(shape), "status": shape["status"]})
            for shape in tickets.before.values()
        ]
        started = ledger.Draft(sprint=row, kind=Decision.Kind.START, moves=lines, state=Sprint.State.ACTIVE)
        return ledger.commit(w, [started], tickets, revision=w.revision)[0]


def close_sprint(
    *,
    project: Project,
    number: int,
    destinations: Mapping[int, Destination],
    actor: User,
    now: datetime,
    reason: str = "",
    retro: Sequence[Said] = (),
    origin: str = "",
) -> Decision:
    """Close an active sprint, sending each ticket left to its destination (by ticket number).

    `retro` is what the team says of it: each *try* becomes a ticket. The sprint's report is frozen with it. Raises
    Hidden, Forbidden, Invalid for a try that is to go into a sprint that is not planned, or Refused with every ticket
    that has no destination and every destination that cannot be.
    """
    with writing(project, actor=actor, now=now, need=Need.LEAD, origin=origin) as w:
        row = _row(w, number)
        inside = Assignment.objects.filter(sprint=row, opened_by__isnull=False, ended_by=None)
        tickets = ledger.touched(w, list(inside.values_list("ticket__number", flat=True)))
        facts = decide.ticket_facts(tickets)
        moves = [destination.move(ticket) for ticket, destination in sorted(destinations.items()) if ticket in facts]
        targets = decide.targets_of(w.project, moves)
        refusals = close_refusals(decide.facts_of(row), facts.values(), destinations) + rules.text_refusals(reason)
        if moves and not refusals:
            refusals = rules.refusals(
                moves, sprint=decide.facts_of(row), tickets=facts, sprints=decide.all_facts(targets)
            )
        if refusals:
            raise Refused(refusals)
        recorded = decide.record_existing(w, row, moves, tickets, targets)
        drafts = [
            ledger.Draft(
                sprint=row, kind=Decision.Kind.CLOSE, moves=recorded, reason=reason.strip(), state=Sprint.State.CLOSED
            )
        ]
        drafts += decide.received(recorded, targets, reason.strip())
        decision = ledger.commit(w, drafts, tickets, revision=w.revision)[0]
        freeze(w, row, decision, keep_retro(w, decision, retro))
        return decision


def _row(w: ProjectWriting, number: int) -> Sprint:
    row = decide.sprint_row(w, number)
    assert row is not None
    return row


def _check_dates(start: date, end: date) -> None:
    if end < start:
        raise Invalid([FieldError("/end", "invalid", "A sprint cannot end before it starts.")])


def _set(w: ProjectWriting, row: Sprint, changed: dict[str, Any]) -> None:
    was = shapes.sprint(row)
    if "external_refs" in changed:
        keep_refs(w, row, changed.pop("external_refs"))
    for name, value in changed.items():
        setattr(row, name, value)
    row.version += 1
    row.revision = w.revision
    row.save()
    w.journal.record("sprint", "updated", row, diff=shapes.diff(was, shapes.sprint(row)))


def _redraft(w: ProjectWriting, row: Sprint, *, add: set[int], drop: set[int]) -> None:
    if row.state != Sprint.State.PLANNED:
        raise Refused([Refusal("not_planned", f"Sprint {row.number} is {row.state}: its plan changes by decisions.")])
    if not add and not drop:
        return
    tickets = ledger.touched(w, sorted(add | drop))
    facts = decide.ticket_facts(tickets)
    refusals = [
        Refusal("unknown_ticket", f"There is no ticket {number} in this project.", number)
        for number in sorted(add - facts.keys())
    ]
    for number in sorted(add & facts.keys()):
        ticket = facts[number]
        if ticket.planned_sprint is not None:
            refusals.append(
                Refusal("already_drafted", f"{ticket.key} is drafted in sprint {ticket.planned_sprint}.", number)
            )
        if ticket.status == Ticket.Status.DONE:
            refusals.append(Refusal("done", f"{ticket.key} is done: re-open it first.", number))
    if refusals:
        raise Refused(refusals)
    Assignment.objects.filter(sprint=row, opened_by=None, ticket__number__in=drop).delete()
    Assignment.objects.bulk_create(Assignment(ticket=tickets.rows[number], sprint=row) for number in sorted(add))
    Ticket.objects.filter(pk__in=tickets.before).update(revision=w.revision, updated_at=w.now)
    Sprint.objects.filter(pk=row.pk).update(revision=w.revision)
    after = shapes.images(list(tickets.before), key=w.project.key)
    w.journal.record("sprint", "updated", row, diff={}, tickets=shapes.after_images(tickets.before, after))
