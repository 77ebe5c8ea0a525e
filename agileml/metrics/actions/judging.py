"""Criteria are judged in the transaction that brings what they compare."""

from collections.abc import Collection
from typing import Any

from django.db.models import Max

from agileml.metrics import shapes
from agileml.metrics.models import Baseline, Candidate, Criterion, Judgement, Snapshot, SnapshotQuerySet
from agileml.metrics.rules import Judged, Reading, aggregate, judge
from agileml.projects.doors import ProjectWriting
from agileml.work.models import Ticket


def judge_tickets(
    w: ProjectWriting, *, ticket_ids: Collection[int], metric_ids: Collection[int] | None, revision: int
) -> list[dict[str, Any]]:
    """Judge the criteria of these tickets (on these metrics; None is all) inside an open write.

    Tickets whose lights changed get `revision`, that of the change that will carry what is returned: for each its
    number, version and the diff of its criteria.
    """
    criteria = list(
        Criterion.objects.alive().filter(ticket__in=ticket_ids).select_related("metric", "ticket").order_by("pk")
    )
    judged = [row for row in criteria if metric_ids is None or row.metric_id in metric_ids]
    before = {row.pk: shapes.criterion(row) for row in criteria}
    moved = [row for row in judged if _judge(w, row, revision)]
    if moved:
        Criterion.objects.bulk_update(moved, ["state", "value", "judged_at"])
    changed = {row.ticket_id for row in moved if shapes.criterion(row) != before[row.pk]}
    if changed:
        Ticket.objects.filter(pk__in=changed).update(revision=revision)
    return [_image(ticket_id, criteria, before) for ticket_id in sorted(changed)]


def _image(ticket_id: int, criteria: list[Criterion], before: dict[int, dict[str, Any]]) -> dict[str, Any]:
    rows = [row for row in criteria if row.ticket_id == ticket_id]
    ticket = rows[0].ticket
    was, now = [before[row.pk] for row in rows], [shapes.criterion(row) for row in rows]
    return {"number": ticket.number, "version": ticket.version, "diff": {"criteria": [was, now]}}


def _judge(w: ProjectWriting, criterion: Criterion, revision: int) -> bool:
    """Judge one criterion; when the answer or its grounds are new, write the judgement and say True."""
    newest, readings = candidate_readings(criterion)
    baseline = _baseline(criterion, newest)
    answer = judge(
        readings,
        op=criterion.op,
        against=criterion.against,
        target=criterion.target,
        margin=criterion.margin,
        baseline=baseline[0] if baseline else None,
        how=criterion.judge,
    )
    compared = _grounds(criterion, newest, readings, answer, baseline)
    last = criterion.judgements.order_by("-pk").first()
    if last is None and newest is None:
        return False  # nothing to judge yet, and pending is what it says already
    if last is not None and (last.state, last.value, last.compared) == (answer.state, answer.value, compared):
        return False
    Judgement.objects.create(
        criterion=criterion,
        state=answer.state,
        value=answer.value,
        against_value=answer.bound,
        candidate_id=newest.candidate_id if newest else None,
        compared=compared,
        at=w.now,
        revision=revision,
    )
    criterion.state, criterion.value, criterion.judged_at = answer.state, answer.value, w.now
    return True


def candidate_readings(criterion: Criterion) -> tuple[Snapshot | None, list[Reading]]:
    """The newest measured row that a criterion looks at, and the readings of that row's candidate, newest first.

    Newest is by when it was measured, never by when it arrived.
    """
    rows = Snapshot.objects.current().filter(ticket=criterion.ticket_id, metric=criterion.metric_id)
    if criterion.dataset:
        rows = rows.filter(dataset_digest=criterion.dataset)
    if criterion.split:
        rows = rows.filter(split=criterion.split)
    newest = rows.order_by("-observed_at", "-pk").first()
    if newest is None:
        return None, []
    rows = rows.filter(candidate=newest.candidate_id, dataset_digest=newest.dataset_digest, split=newest.split)
    return newest, pair_readings(rows)


def pair_readings(rows: SnapshotQuerySet) -> list[Reading]:
    """One reading a pair, newest first, from snapshots of one candidate, metric and measurement.

    A pair that was run again is read from its newest run, and a run with a curve at its highest step: the last step
    of an older and longer run says nothing about the newer one.
    """
    newest: dict[str, tuple] = {}
    runs = rows.order_by().values("pair_key", "source", "external_id")
    for run in runs.annotate(at=Max("observed_at"), row=Max("pk"), last=Max("step")):
        name = (run["pair_key"], run["source"], run["external_id"], run["last"])
        newest[run["pair_key"]] = max(newest.get(run["pair_key"], ()), (run["at"], run["row"], name))
    order = {name: place for place, (_, _, name) in enumerate(sorted(newest.values(), reverse=True))}
    found = rows.filter(external_id__in={name[2] for name in order}, step__in={name[3] for name in order})
    values = found.values_list("pair_key", "source", "external_id", "step", "value", "uid")
    read = sorted((order[row[:4]], row) for row in values if row[:4] in order)
    return [Reading(row[0], row[4], str(row[5])) for _, row in read]


def tickets_measured_against(candidate_ids: Collection[int], metric_ids: Collection[int]) -> set[int]:
    """The tickets with a criterion against a baseline that one of these candidates is, on one of these metrics."""
    criteria = Criterion.objects.alive().filter(
        against=Criterion.Against.BASELINE, metric__in=metric_ids, metric__baselines__candidate__in=candidate_ids
    )
    return set(criteria.values_list("ticket", flat=True))


def _baseline(criterion: Criterion, newest: Snapshot | None) -> tuple[float, str] | None:
    if criterion.against != Criterion.Against.BASELINE or newest is None:
        return None
    return baseline_for(criterion.metric_id, dataset_digest=newest.dataset_digest, split=newest.split)


def baseline_for(metric_id: int, *, dataset_digest: str, split: str) -> tuple[float, str] | None:
    """The number and label of the baseline for what was measured on this dataset and split; None without one.

    A baseline that names no dataset or no split holds for any, unless another names the one at hand.
    """
    rows = Baseline.objects.filter(metric=metric_id, dataset_digest__in={dataset_digest, ""}, split__in={split, ""})
    row = max(rows, key=lambda row: (bool(row.dataset_digest), bool(row.split)), default=None)
    if row is None:
        return None
    row.dataset_digest, row.split = dataset_digest, split
    value = row.constant if row.candidate_id is None else candidate_mean(row.candidate_id, row)
    return None if value is None else (value, row.label)


def candidate_mean(candidate: Candidate | int, baseline: Baseline) -> float | None:
    """A measured baseline's number: its candidate's mean over its pairs, on the baseline's dataset and split."""
    rows = Snapshot.objects.current().filter(
        candidate=candidate,
        metric=baseline.metric_id,
        dataset_digest=baseline.dataset_digest,
        split=baseline.split,
    )
    return aggregate(pair_readings(rows), judge="mean", op=">=")


def _grounds(
    criterion: Criterion,
    newest: Snapshot | None,
    readings: list[Reading],
    answer: Judged,
    baseline: tuple[float, str] | None,
) -> dict[str, Any]:
    return {
        "definition": shapes.definition(criterion),
        "dataset": newest.dataset_digest if newest else "",
        "split": newest.split if newest else "",
        "pairs": [
            {"pair_key": reading.pair_key, "snapshot": reading.snapshot, "value": reading.value} for reading in readings
        ],
        "bound": answer.bound,
        "baseline": baseline[1] if baseline else None,
    }
