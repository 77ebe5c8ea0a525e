"""A person says to which candidate, pair or split a run belongs."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db.models import Q

from agileml.accounts.models import User
from agileml.journal.rules.edits import Stale
from agileml.lib import fields
from agileml.lib.fields import FieldError, Invalid
from agileml.metrics import shapes
from agileml.metrics.actions.judging import judge_tickets
from agileml.metrics.actions.snapshots import candidates_named
from agileml.metrics.models import Snapshot, SnapshotCorrection
from agileml.metrics.queries.readings import tickets_measured_against
from agileml.projects.doors import ProjectWriting, writing
from agileml.projects.models import Project
from agileml.projects.rules import Need
from agileml.work.actions import ticket_row
from agileml.work.models import Ticket

IDENTITY = ("source", "external_id", "run_pair", "run_split")
SAID = ("candidate", "pair_key", "split")
CORRECTION_FIELDS: dict[str, fields.Check] = {
    "source": fields.text(40, least=1),
    "external_id": fields.text(500, least=1),
    "run_pair": fields.text(64),
    "run_split": fields.text(64),
    "candidate": fields.maybe(fields.text(200)),
    "pair_key": fields.maybe(fields.text(64)),
    "split": fields.maybe(fields.text(64)),
    "reason": fields.text(2_000, least=1),
}


def correct(
    *,
    project: Project,
    ticket: int,
    sent: Mapping[str, Any],
    actor: User,
    now: datetime,
    expected: int | None = None,
    origin: str = "",
) -> SnapshotCorrection:
    """Lay a candidate (its name), pair or split over a run's values as they were received, and judge anew.

    `sent` holds the run (source, external_id, and the pair and split that were received: run_pair, run_split), what is
    said of it, and the reason. None, or what is not sent, leaves that part as it was received. What was said of the
    same run before is replaced; saying the same again leaves no trace. `expected` is the revision of what is replaced,
    0 for nothing, as whoever says it has seen it (None: whatever it is). Raises Hidden for no such ticket,
    Forbidden, Stale when something else was said since, Invalid for a run that brought nothing to this ticket or when
    nothing is said of it.
    """
    values = fields.clean(sent, fields=CORRECTION_FIELDS, required=("source", "external_id", "reason"))
    with writing(project, actor=actor, now=now, need=Need.WORK, origin=origin) as w:
        on = ticket_row(w, ticket)
        run = {name: values.get(name, "") for name in IDENTITY}
        received = _received(on, run)
        row = SnapshotCorrection.objects.select_related("candidate", "actor").filter(ticket=on, **run).first()
        was = shapes.correction(row, ticket=on.number) if row else None
        if expected is not None and expected != (row.revision if row else 0):
            raise Stale(was or {})
        if row is None and all(values.get(name) is None for name in SAID):
            raise Invalid([FieldError("", "required", "Say to which candidate, pair or split the run belongs.")])
        row = row or SnapshotCorrection(ticket=on, **run)
        candidates = {candidate for candidate, _ in received} | {row.candidate_id}
        name = values.get("candidate")
        row.candidate = None if name is None else candidates_named(w, on, {name})[name]
        row.pair_key, row.split, row.reason = values.get("pair_key"), values.get("split"), values["reason"]
        if was is not None and not shapes.diff(was, shapes.correction(row, ticket=on.number)):
            return row
        assert w.actor is not None
        row.actor, row.at, row.revision = w.actor, w.now, w.revision
        row.save()
        candidates.add(row.candidate_id)
        metrics = {metric for _, metric in received}
        known = {pk for pk in candidates if pk is not None}
        touched = judge_tickets(
            w,
            which=Q(ticket=on) | Q(ticket__in=tickets_measured_against(known, metrics)),
            metric_ids=metrics,
            revision=w.revision,
        )
        _tell(w, on, row, was, touched)
    return row


def _received(on: Ticket, run: Mapping[str, str]) -> set[tuple[int, int]]:
    """The candidates and metrics (their ids) that the run brought to the ticket. Raises Invalid for none."""
    rows = Snapshot.objects.filter(
        ticket=on,
        source=run["source"],
        external_id=run["external_id"],
        pair_key=run["run_pair"],
        split=run["run_split"],
    )
    found = set(rows.order_by().values_list("candidate", "metric"))
    if not found:
        unknown = "This run brought nothing to this ticket under that pair and split."
        raise Invalid([FieldError("/external_id", "unknown", unknown)])
    return found


def _tell(
    w: ProjectWriting,
    on: Ticket,
    row: SnapshotCorrection,
    was: dict[str, Any] | None,
    touched: list[dict[str, Any]],
) -> None:
    shape = shapes.correction(row, ticket=on.number)
    parent = ("ticket", on.uid)
    if was is None:
        w.journal.record("correction", "created", row, parent=parent, resource=shape, tickets=touched)
    else:
        w.journal.record("correction", "updated", row, parent=parent, diff=shapes.diff(was, shape), tickets=touched)
