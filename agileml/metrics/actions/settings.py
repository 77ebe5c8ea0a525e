"""Metrics and baselines as people set them."""

import math
from datetime import datetime
from typing import Any
from uuid import UUID

from agileml.accounts.models import User
from agileml.lib import fields
from agileml.lib.fields import FieldError, Invalid
from agileml.metrics import shapes
from agileml.metrics.actions.evaluations import candidate_row
from agileml.metrics.actions.judging import judge_tickets
from agileml.metrics.actions.names import metrics_by_key
from agileml.metrics.models import Baseline, Candidate, Criterion, Metric, Snapshot, Target
from agileml.metrics.queries.listed import users_of
from agileml.metrics.rules.refusing import CannotBe
from agileml.projects.doors import Hidden, ProjectWriting, writing
from agileml.projects.models import Project
from agileml.projects.rules import Need
from agileml.work.models import Epic

METRIC_FIELDS: dict[str, fields.Check] = {
    "direction": fields.one_of(*Metric.Direction.values),
    "unit": fields.text(16),
    "smallest_difference": fields.maybe(fields.positive),
}
BASELINE_FIELDS: dict[str, fields.Check] = {
    "metric": fields.text(200, least=1),
    "label": fields.text(120, least=1),
    "candidate": fields.maybe(fields.uid),
    "constant": fields.maybe(fields.number),
    "dataset": fields.text(128),
    "split": fields.text(64),
}


def watch_metric(
    *,
    project: Project,
    key: str,
    direction: str,
    actor: User,
    now: datetime,
    unit: str = "",
    smallest_difference: float | None = None,
) -> Metric:
    """Give a metric its direction, which makes it watched; one that nothing measured yet is made.

    `smallest_difference` is the least change, in the metric's own unit, that would matter to anyone.
    Raises ValueError for a direction that is neither "higher" nor "lower".
    """
    if direction not in {"higher", "lower"}:
        raise ValueError("A watched metric is better when it is higher or when it is lower.")
    with writing(project, actor=actor, now=now, need=Need.LEAD) as w:
        row = Metric.objects.filter(project=w.project, key=key).first()
        was = shapes.metric(row) if row else None
        row = row or Metric(project=w.project, key=key, created_at=w.now)
        row.direction, row.unit, row.smallest_difference, row.revision = (
            direction,
            unit,
            smallest_difference,
            w.revision,
        )
        row.save()
        shape = shapes.metric(row)
        if was is None:
            w.journal.record("metric", "created", row, resource=shape)
        else:
            w.journal.record(
                "metric", "updated", row, diff={k: [was[k], shape[k]] for k in shape if was[k] != shape[k]}
            )
    return row


def edit_metric(
    *, project: Project, metric: str, sent: dict[str, Any], actor: User, now: datetime, origin: str = ""
) -> Metric:
    """Change what is said of a metric (its uid): direction, unit, smallest_difference; what is not sent stays.

    The empty direction stops watching it. Values of the unit "%" are fractions, and so is the smallest difference.
    What changes nothing leaves no trace. Raises Invalid with all that is wrong, Hidden for a metric that is not the
    project's, CannotBe for one that is to be unwatched while criteria, policies or open evaluations rest on it.
    """
    values = fields.clean(sent, fields=METRIC_FIELDS)
    with writing(project, actor=actor, now=now, need=Need.LEAD, origin=origin) as w:
        row = Metric.objects.filter(project=w.project, uid=metric).first()
        if row is None:
            raise Hidden(metric)
        was = shapes.metric(row)
        for name, value in values.items():
            setattr(row, name, value)
        if not (changed := shapes.diff(was, shapes.metric(row))):
            return row
        if was["watched"] and not row.watched and (users := users_of(row)):
            raise CannotBe("in_use", f"This metric stays watched, for something rests on it: {'; '.join(users)}.")
        row.revision = w.revision
        row.save()
        w.journal.record("metric", "updated", row, diff=changed)
    return row


def set_baseline(
    *,
    project: Project,
    metric: str,
    label: str,
    actor: User,
    now: datetime,
    dataset_digest: str = "",
    split: str = "",
    candidate: Candidate | None = None,
    constant: float | None = None,
    origin: str = "",
) -> Baseline:
    """Say what a metric is worth without the work, by a measured candidate or by a constant, and judge anew.

    There is one for each dataset and split: another takes its place, and the same again leaves no trace. Raises Hidden
    for a metric or candidate that is not the project's, ValueError unless exactly one of `candidate` and `constant` is
    given, and a constant is a finite number.
    """
    if (candidate is None) == (constant is None):
        raise ValueError("A baseline is a measured candidate or a constant, one of them.")
    if constant is not None and not math.isfinite(constant):
        raise ValueError("A baseline must be a finite number.")
    with writing(project, actor=actor, now=now, need=Need.LEAD, origin=origin) as w:
        of = Metric.objects.filter(project=w.project, key=metric).first()
        if of is None or (candidate is not None and candidate.ticket.project_id != w.project.pk):
            raise Hidden(metric)
        return _set_baseline(w, Baseline(
            project=w.project, metric=of, dataset_digest=dataset_digest, split=split, candidate=candidate,
            constant=constant, label=label,
        ))  # fmt: skip


def set_baseline_as_sent(
    *, project: Project, sent: dict[str, Any], actor: User, now: datetime, origin: str = ""
) -> Baseline:
    """The same from what a client sent: metric (its key), label, a candidate's uid or a constant, dataset and split.

    Raises Invalid with all that is wrong, also for a candidate that was not measured there.
    """
    values = fields.clean(sent, fields=BASELINE_FIELDS, required=("metric", "label"))
    uid, constant = values.get("candidate"), values.get("constant")
    if (uid is None) == (constant is None):
        raise Invalid([FieldError("/candidate", "invalid", "Name a measured candidate or a constant, one of them.")])
    with writing(project, actor=actor, now=now, need=Need.LEAD, origin=origin) as w:
        of = Metric.objects.filter(project=w.project, key=values["metric"]).first()
        if of is None:
            raise Invalid([FieldError("/metric", "unknown", "There is no such metric.")])
        row = Baseline(
            project=w.project, metric=of, dataset_digest=values.get("dataset", ""), split=values.get("split", ""),
            candidate=candidate_row(w, uid, "/candidate") if uid else None, constant=constant, label=values["label"],
        )  # fmt: skip
        if row.candidate is not None and not _is_measured(row):
            raise Invalid([FieldError("/candidate", "invalid", "This candidate was not measured there.")])
        return _set_baseline(w, row)


def remove_baseline(*, project: Project, baseline: UUID, actor: User, now: datetime, origin: str = "") -> None:
    """Take a baseline (its uid) away, and judge anew what was judged against it: by one that holds besides, or not.

    Champions that began from it stay. Raises Hidden for one that is not the project's, or is gone already.
    """
    with writing(project, actor=actor, now=now, need=Need.LEAD, origin=origin) as w:
        row = Baseline.objects.select_related("metric").filter(project=w.project, uid=baseline).first()
        if row is None:
            raise Hidden(baseline)
        Baseline.objects.filter(pk=row.pk).delete()
        w.journal.record("baseline", "deleted", row, tickets=_judge_against_baselines(w, row.metric))


def _set_baseline(w: ProjectWriting, row: Baseline) -> Baseline:
    """Put an unsaved row in the place of the one for its metric, dataset and split, if there is one."""
    there = Baseline.objects.select_related("metric", "candidate__ticket").filter(
        project=w.project, metric=row.metric, dataset_digest=row.dataset_digest, split=row.split
    )
    if (had := there.first()) is not None:
        row.pk, row.uid, row.revision = had.pk, had.uid, had.revision
        if not (changed := shapes.diff(shapes.baseline(had), shapes.baseline(row))):
            return had
    row.revision = w.revision
    row.save(force_insert=had is None, force_update=had is not None)
    touched = _judge_against_baselines(w, row.metric)
    if had is None:
        w.journal.record("baseline", "created", row, resource=shapes.baseline(row), tickets=touched)
    else:
        w.journal.record("baseline", "updated", row, diff=changed, tickets=touched)
    return row


def _judge_against_baselines(w: ProjectWriting, metric: Metric) -> list[dict[str, Any]]:
    criteria = Criterion.objects.alive().filter(metric=metric, against=Criterion.Against.BASELINE)
    tickets = list(criteria.values_list("ticket", flat=True).distinct())
    return judge_tickets(w, ticket_ids=tickets, metric_ids=[metric.pk], revision=w.revision)


def _is_measured(row: Baseline) -> bool:
    """Whether its candidate has a value of the metric where the baseline holds."""
    assert row.candidate is not None
    rows = Snapshot.objects.current().of_candidates([row.candidate.pk]).filter(metric=row.metric)
    if row.dataset_digest:
        rows = rows.filter(dataset_digest=row.dataset_digest)
    if row.split:
        rows = rows.filter(as_split=row.split)
    return bool(rows.exists())


def set_target(
    *, project: Project, epic: int, metric: str, op: str, value: float, actor: User, now: datetime, origin: str = ""
) -> Target:
    """Say where an epic (its number) wants a metric to be; raises Hidden for no such epic, ValueError for a bad op."""
    with writing(project, actor=actor, now=now, need=Need.WORK, origin=origin) as w:
        of = Epic.objects.filter(project=w.project, number=epic, deleted_at=None).first()
        if of is None:
            raise Hidden(epic)
        row = Target.objects.filter(epic=of).first() or Target(epic=of)
        was = {"metric": row.metric.key, "op": row.op, "value": row.value} if row.pk else None
        row.metric, row.op, row.value = metrics_by_key(w, {metric})[metric], Criterion.Op(op), value
        row.save()
        Epic.objects.filter(pk=of.pk).update(revision=w.revision, updated_at=w.now)
        w.journal.record("epic", "updated", of, diff={"target": [was, {"metric": metric, "op": op, "value": value}]})
    return row
