"""What was measured, as comparisons read it: the readings of a candidate, and the baseline that fits them."""

from collections.abc import Collection
from typing import Any

from django.db.models import Exists, Max, OuterRef, Q, QuerySet

from agileml.metrics.models import Baseline, Criterion, Promotion, Snapshot
from agileml.metrics.rules.judging import Reading, aggregate


def candidate_readings(criterion: Criterion) -> tuple[Snapshot | None, list[Reading]]:
    """The newest measured row that a criterion looks at, and the readings of that row's candidate, newest first.

    Newest is by when it was measured, never by when it arrived.
    """
    rows = Snapshot.objects.current().corrected().filter(ticket=criterion.ticket_id, metric=criterion.metric_id)
    if criterion.dataset:
        rows = rows.filter(dataset_digest=criterion.dataset)
    if criterion.split:
        rows = rows.filter(as_split=criterion.split)
    newest = rows.order_by("-observed_at", "-pk").first()
    if newest is None:
        return None, []
    rows = rows.filter(as_candidate=newest.as_candidate, dataset_digest=newest.dataset_digest, as_split=newest.as_split)
    return newest, pair_readings(rows)


def pair_readings(rows: Any) -> list[Reading]:
    """One reading a pair, newest first, from corrected snapshots of one candidate, metric and measurement.

    A pair that was run again is read from its newest run, and a run with a curve at its highest step: the last step
    of an older and longer run says nothing about the newer one.
    """
    newest: dict[str, tuple] = {}
    runs = rows.order_by().values("as_pair", "pair_key", "split", "source", "external_id")
    for run in runs.annotate(at=Max("observed_at"), row=Max("pk"), last=Max("step")):
        name = (run["as_pair"], run["pair_key"], run["split"], run["source"], run["external_id"], run["last"])
        newest[run["as_pair"]] = max(newest.get(run["as_pair"], ()), (run["at"], run["row"], name))
    order = {name: place for place, (_, _, name) in enumerate(sorted(newest.values(), reverse=True))}
    found = rows.filter(external_id__in={name[4] for name in order}, step__in={name[5] for name in order})
    values = found.values_list("as_pair", "pair_key", "split", "source", "external_id", "step", "value", "uid")
    read = sorted((order[row[:6]], row) for row in values if row[:6] in order)
    return [Reading(row[0], row[6], str(row[7])) for _, row in read]


def tickets_measured_against(candidate_ids: Collection[int], metric_ids: Collection[int]) -> QuerySet:
    """The tickets with a criterion, on one of these metrics, against a baseline or champion that one of these is."""
    baseline = Q(against=Criterion.Against.BASELINE, metric__baselines__candidate__in=candidate_ids)
    crowned = Q(against=Criterion.Against.CHAMPION) & Exists(
        Promotion.objects.filter(candidate__in=candidate_ids, model__project=OuterRef("metric__project"))
    )
    criteria = Criterion.objects.alive().filter(baseline | crowned, metric__in=metric_ids)
    return criteria.values("ticket")


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


def candidate_mean(candidate: int, baseline: Baseline) -> float | None:
    """A measured baseline's number: its candidate's mean over its pairs, on the baseline's dataset and split."""
    measured = Snapshot.objects.current().of_candidates([candidate])
    rows = measured.filter(metric=baseline.metric_id, dataset_digest=baseline.dataset_digest, as_split=baseline.split)
    return aggregate(pair_readings(rows), judge="mean", op=">=")
