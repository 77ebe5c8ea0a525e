"""The metric strip of the board: how far the epic's target is."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import accumulate
from typing import NamedTuple

from django.db.models import F, Q, Window
from django.db.models.functions import RowNumber

from agileml.lib.charts import Chart, sparkline
from agileml.lib.figures import measured
from agileml.metrics.models import Baseline, Criterion, Metric, Snapshot
from agileml.metrics.rules.judging import Reading, aggregate
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


class Row(NamedTuple):
    """The newest value of one pair of a candidate."""

    candidate: int
    ticket: int
    digest: str
    split: str
    pair_key: str
    value: float
    observed_at: datetime
    metric: int
    epic: int | None


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
    way: float | None = None  # how much of the way from the baseline to the target is gone, 0 to 1
    trend: Chart | None = None


def strip(key: str, goal: Goal | None) -> Strip | None:
    """The strip of an epic's target, None for none; two queries. `key` is the project's."""
    return None if goal is None else strips(key, [goal])[goal.epic]


def strips(key: str, goals: Sequence[Goal]) -> dict[int, Strip]:
    """The strips of these epics' targets, by the epics' ids; two queries, however many there are."""
    if not goals:
        return {}
    found = Baseline.objects.filter(metric__in={goal.metric for goal in goals}).order_by("pk")
    baselines = {row.metric_id: row for row in found}  # the newest of each metric
    rows = _rows(goals, baselines)
    return {goal.epic: _strip(key, goal, baselines.get(goal.metric), rows) for goal in goals}


def _strip(key: str, goal: Goal, baseline: Baseline | None, rows: Sequence[Row]) -> Strip:
    means = _means(key, goal, baseline, rows)
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
        way=_way(base, best.value, goal.value),
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


def _rows(goals: Sequence[Goal], baselines: Mapping[int, Baseline]) -> list[Row]:
    """What was measured under the epics, and of the baselines wherever they are, newest first."""
    mine = Q(pk__in=[])
    for goal in goals:
        one = Q(ticket__story__epic=goal.epic)
        baseline = baselines.get(goal.metric)
        if baseline and baseline.candidate_id:
            one |= Q(candidate=baseline.candidate_id)
        mine |= one & Q(metric=goal.metric)
    place = Window(
        RowNumber(),
        partition_by=[F("metric"), F("candidate"), F("dataset_digest"), F("split"), F("pair_key")],
        order_by=[F("observed_at").desc(), F("step").desc(), F("pk").desc()],  # the newest run, at its last step
    )
    rows = Snapshot.objects.current().filter(mine).annotate(place=place).filter(place=1).order_by("-observed_at", "-pk")
    found = rows.values_list(
        "candidate", "ticket__number", "dataset_digest", "split", "pair_key", "value", "observed_at", "metric",
        "ticket__story__epic",
    )  # fmt: skip
    return [Row._make(row) for row in found[: READ_AT_MOST * len(goals)]]


def _means(key: str, goal: Goal, baseline: Baseline | None, rows: Sequence[Row]) -> list[Measured]:
    """Each candidate under the epic by its mean, oldest first; all of the one measurement that is compared."""
    against = baseline.candidate_id if baseline else None
    rows = [row for row in rows if row.metric == goal.metric and (row.epic == goal.epic or row.candidate == against)]
    if not rows:
        return []
    digest, split = (baseline.dataset_digest, baseline.split) if baseline else (rows[0].digest, rows[0].split)
    groups: dict[int, list[Row]] = defaultdict(list)
    for row in rows:
        if (row.digest, row.split) == (digest, split):
            groups[row.candidate].append(row)
    found = []
    for candidate, pairs in groups.items():
        readings = [Reading(pair.pair_key, pair.value, "") for pair in pairs]
        mean = aggregate(readings, judge="mean", op=goal.op)
        if mean is not None:
            number, last = pairs[0].ticket, pairs[0].observed_at
            found.append(Measured(candidate, f"{key}-{number}", number, mean, len(pairs), last))
    return sorted(found, key=lambda one: one.last)


def _way(base: float | None, best: float, target: float) -> float | None:
    """How much of the way from the baseline to the target is gone, 0 to 1; None where there is no such way."""
    if base is None or base == target:
        return None
    return min(max((best - base) / (target - base), 0.0), 1.0)


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
