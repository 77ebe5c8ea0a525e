"""The metric strip of the board: how far the epic's target is."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import accumulate

from django.db.models import F, Q, Window
from django.db.models.functions import RowNumber

from agileml.lib.charts import Chart, sparkline
from agileml.lib.figures import measured
from agileml.metrics.models import Baseline, Criterion, Metric, Snapshot
from agileml.metrics.rules import Reading, aggregate
from agileml.planning.queries.lines import Line

READ_AT_MOST = 2_000  # pairs, newest first: a project's thousands of old runs must not slow its board


@dataclass(frozen=True)
class Goal:
    """An epic's target on a metric; `epic` and `metric` are ids."""

    epic: int
    title: str
    op: str
    value: float
    metric: int
    key: str
    unit: str
    direction: str


@dataclass(frozen=True)
class Measured:
    """A candidate's mean over its pairs, as one measurement (dataset and split) has it."""

    candidate: int
    ticket: str
    number: int
    value: float
    pairs: int
    last: datetime


@dataclass(frozen=True)
class Strip:
    """What the strip shows, in ready-made texts; a text that is empty has no cell."""

    metric: str
    epic: str
    better: str
    target: str
    baseline: str = ""
    baseline_label: str = ""
    best: str = ""
    best_of: str = ""
    best_url: str = ""
    best_note: str = ""
    reached: bool = False
    trend: Chart | None = None


def strip(key: str, goal: Goal | None) -> Strip | None:
    """The strip of an epic's target, None for none; two queries. `key` is the project's."""
    if goal is None:
        return None
    baseline = Baseline.objects.filter(metric=goal.metric).order_by("-pk").first()
    means = _means(key, goal, baseline)
    base = _baseline_value(baseline, means)
    shown = Strip(
        metric=goal.key,
        epic=goal.title,
        better=str(Metric.Direction(goal.direction).label),
        target=f"{Criterion.Op(goal.op).label} {measured(goal.value, goal.unit)}",
        baseline=measured(base, goal.unit) if base is not None else "",
        baseline_label=baseline.label if baseline else "",
    )
    rivals = [one for one in means if baseline is None or one.candidate != baseline.candidate_id]
    if not rivals:
        return shown
    upwards = goal.op == Criterion.Op.AT_LEAST
    best = (max if upwards else min)(rivals, key=lambda one: one.value)
    return replace(
        shown,
        best=measured(best.value, goal.unit),
        best_of=best.ticket,
        best_url=f"/p/{key}/tickets/{best.number}/",
        best_note=f"mean of {best.pairs}" if best.pairs > 1 else "one run",
        reached=best.value >= goal.value if upwards else best.value <= goal.value,
        trend=_trend(goal, rivals, base),
    )


def first_goal(tickets: Iterable[Line]) -> Goal | None:
    """The target of the first epic, by rank, that has one and has work among these tickets."""
    aimed = [line for line in tickets if line.target_op is not None]
    if not aimed:
        return None
    first = min(aimed, key=lambda line: (line.epic_rank, line.epic or 0))
    assert first.target_op is not None
    assert first.epic_id is not None
    return Goal(
        epic=first.epic_id,
        title=first.epic_title,
        op=first.target_op,
        value=first.target_value,
        metric=first.metric_id,
        key=first.metric_key,
        unit=first.metric_unit,
        direction=first.metric_direction,
    )


def _means(key: str, goal: Goal, baseline: Baseline | None) -> list[Measured]:
    """Each candidate under the epic by its mean, oldest first; all of the one measurement that is compared."""
    mine = Q(ticket__story__epic=goal.epic)
    if baseline and baseline.candidate_id:
        mine |= Q(candidate=baseline.candidate_id)
    place = Window(
        RowNumber(),
        partition_by=[F("candidate"), F("dataset_digest"), F("split"), F("pair_key")],
        order_by=[F("observed_at").desc(), F("step").desc(), F("pk").desc()],  # the newest run, at its last step
    )
    rows = list(
        Snapshot.objects.current()
        .filter(mine, metric=goal.metric)
        .annotate(place=place)
        .filter(place=1)
        .order_by("-observed_at", "-pk")
        .values_list(
            "candidate", "ticket__number", "dataset_digest", "split", "pair_key", "value", "observed_at",
        )[:READ_AT_MOST]
    )  # fmt: skip
    if not rows:
        return []
    digest, split = (baseline.dataset_digest, baseline.split) if baseline else (rows[0][2], rows[0][3])
    groups: dict[int, list[tuple]] = defaultdict(list)
    for row in rows:
        if (row[2], row[3]) == (digest, split):
            groups[row[0]].append(row)
    found = []
    for candidate, pairs in groups.items():
        mean = aggregate([Reading(pair[4], pair[5], "") for pair in pairs], judge="mean", op=goal.op)
        if mean is not None:
            number, last = pairs[0][1], pairs[0][6]
            found.append(Measured(candidate, f"{key}-{number}", number, mean, len(pairs), last))
    return sorted(found, key=lambda one: one.last)


def _baseline_value(baseline: Baseline | None, means: list[Measured]) -> float | None:
    if baseline is None:
        return None
    if baseline.candidate_id is None:
        return baseline.constant
    return next((one.value for one in means if one.candidate == baseline.candidate_id), None)


def _trend(goal: Goal, means: list[Measured], base: float | None) -> Chart | None:
    """How the best value came about, from the baseline on: one poor idea must not flatten what the good ones gained."""
    values = ([] if base is None else [base]) + [one.value for one in means]
    if len(values) < 2:
        return None
    best = list(accumulate(values, max if goal.op == Criterion.Op.AT_LEAST else min))
    first, last = measured(best[0], goal.unit), measured(best[-1], goal.unit)
    return sparkline(
        best,
        title=f"Best {goal.key} so far",
        desc=f"From {first} to {last} over {len(means)} candidates, in the order in which they were measured.",
        target=goal.value,
    )
