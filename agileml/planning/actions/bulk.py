"""Many tickets edited at once: all of them or none, under one lock, in as many queries as it takes for two."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from django.db.models import F

from agileml.accounts.models import User
from agileml.journal.actions import AT_ONCE
from agileml.lib import fields
from agileml.lib.fields import FieldError, Invalid
from agileml.planning import shapes
from agileml.planning.actions import ledger, rows
from agileml.planning.actions.limits import heed_giving
from agileml.planning.actions.sprints import NeedsDecision
from agileml.planning.rules.moves import Refusal, Refused
from agileml.projects.doors import writing
from agileml.projects.models import Project
from agileml.projects.rules import Need
from agileml.work.fields import MOST_LABELS, PLAN_FIELDS, TICKET_FIELDS
from agileml.work.models import Ticket

MOST = AT_ONCE
SAME_FOR_ALL = ("type", "story", "component", "assignee", "estimate")
_labels = fields.many(fields.text(40, least=1), most=MOST_LABELS)
BULK_FIELDS: dict[str, fields.Check] = {name: TICKET_FIELDS[name] for name in SAME_FOR_ALL} | {
    "labels": fields.record({"add": _labels, "remove": _labels}, defaults={"add": [], "remove": []})
}


def edit_many(
    *,
    project: Project,
    numbers: Sequence[int],
    sent: Mapping[str, Any],
    actor: User,
    now: datetime,
    override: str = "",
    origin: str = "",
    told: list[str] | None = None,
) -> list[Ticket]:
    """Set the same fields on many tickets, and answer those that it changed, each with a change of its own.

    `sent` holds any of type, story, component, assignee and estimate, and `labels` as {"add": […], "remove": […]}.
    A ticket that is so already is left alone. `override` and `told` are as when one ticket is given to somebody. All
    or nothing: raises Hidden, Forbidden, Invalid for the fields, WipLimit, or Refused with every ticket that is none,
    whose active sprint's plan would change, or that would get too many labels.
    """
    values = fields.clean(sent, fields=BULK_FIELDS)
    wanted = sorted(set(numbers))
    if len(wanted) > MOST:
        raise Invalid([FieldError("/tickets", "too_many", f"At most {MOST} tickets at once.")])
    with writing(project, actor=actor, now=now, need=Need.WORK, origin=origin) as w:
        references = rows.references(w, [(values, "")])
        tickets = ledger.touched(w, wanted)
        changes = {number: _changes(tickets.before[row.pk], values) for number, row in tickets.rows.items()}
        refusals = [refusal for number in wanted for refusal in _refusals(number, tickets, changes, key=w.project.key)]
        if refusals:
            raise Refused(refusals)
        changed = [row for number, row in tickets.rows.items() if changes[number]]
        if "assignee" in values:
            given = [row for row in changed if "assignee" in changes[row.number]]
            noted = heed_giving(w, given, values["assignee"], override)
            if told is not None:
                told += noted
        for at, row in enumerate(changed):
            rows.fill(row, changes[row.number], references, w)
            row.version, row.revision, row.updated_at = row.version + 1, w.revision + at, w.now
        _store(changed, {name for row in changed for name in changes[row.number]})
        after = shapes.images([row.pk for row in changed], key=w.project.key)
        for row in changed:
            w.journal.record("ticket", "updated", row, diff=shapes.diff(tickets.before[row.pk], after[row.pk]))
    return changed


def _changes(before: shapes.Shape, values: Mapping[str, Any]) -> dict[str, Any]:
    """What of the values is news to a ticket with this shape."""
    had = {**before, "assignee": (before["assignee"] or {}).get("id")}
    wanted = {name: values[name] for name in SAME_FOR_ALL if name in values}
    if "labels" in values:
        kept = [label for label in before["labels"] if label not in values["labels"]["remove"]]
        wanted["labels"] = kept + [label for label in values["labels"]["add"] if label not in kept]
    return {name: value for name, value in wanted.items() if had[name] != value}


def _refusals(
    number: int, tickets: ledger.Touched, changes: Mapping[int, Mapping[str, Any]], *, key: str
) -> Iterator[Refusal]:
    if number not in tickets.rows:
        yield Refusal("unknown_ticket", f"There is no ticket {number} in this project.", number)
        return
    sprint = tickets.before[tickets.rows[number].pk]["sprint"]
    planned = [name for name in PLAN_FIELDS if name in changes[number]]
    if sprint is not None and planned:
        yield Refusal("needs_decision", f"{key}-{number}: {NeedsDecision(planned, sprint)}", number)
    if len(changes[number].get("labels", ())) > MOST_LABELS:
        yield Refusal("too_many", f"{key}-{number} would have more than {MOST_LABELS} labels.", number)


def _store(changed: Sequence[Ticket], names: set[str]) -> None:
    """What is the same for all in one statement; only labels and revisions differ from row to row."""
    if not changed:
        return
    one = changed[0]  # each holds every value now, whichever of them was news to it
    same = {name: getattr(one, name) for name in SAME_FOR_ALL if name in names}
    rows_changed = Ticket.objects.filter(pk__in=[row.pk for row in changed])
    rows_changed.update(version=F("version") + 1, updated_at=one.updated_at, **same)
    Ticket.objects.bulk_update(changed, ["revision", *(["labels"] if "labels" in names else [])], batch_size=AT_ONCE)
