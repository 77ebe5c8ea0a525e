"""The metric strip of the board: how far the epic's target is."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime

from django.db.models import F, Q, Window
from django.db.models.functions import RowNumber

from agileml.lib.charts import Chart, sparkline
from agileml.lib.figures import measured
from agileml.metrics.models import Baseline, Criterion, Snapshot, Target
from agileml.metrics.rules import Reading, aggregate
from agileml.work.models import Epic, Ticket

READ_AT_MOST = 2_000  # pairs, newest first: a project's thousands of old runs must not slow its board


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


def strip(key: str, target: Target | None) -> Strip | None:
    """The strip of an epic's target, None for none; two queries.

    `key` is the project's. The target needs metric and epic loaded.
    """
    if target is None:
        return None
    metric = target.metric
    baseline = Baseline.objects.filter(metric=metric).order_by("-pk").first()
    means = _means(key, target, baseline)
    base = _baseline_value(baseline, means)
    sign = target.get_op_display()
    shown = Strip(
        metric=metric.key,
        epic=target.epic.title,
        better=metric.get_direction_display(),
        target=f"{sign} {measured(target.value, metric.unit)}",
        baseline=measured(base, metric.unit) if base is not None else "",
        baseline_label=baseline.label if baseline else "",
    )
    rivals = [one for one in means if baseline is None or one.candidate != baseline.candidate_id]
    if not rivals:
        return shown
    upwards = target.op == Criterion.Op.AT_LEAST
    best = (max if upwards else min)(rivals, key=lambda one: one.value)
    return replace(
        shown,
        best=measured(best.value, metric.unit),
        best_of=best.ticket,
        best_url=f"/p/{key}/tickets/{best.number}/",
        best_note=f"mean of {best.pairs}" if best.pairs > 1 else "one run",
        reached=best.value >= target.value if upwards else best.value <= target.value,
        trend=_trend(metric.key, metric.unit, rivals, target.value),
    )


def first_target(tickets: Iterable[Ticket]) -> Target | None:
    """The target of the first epic, by rank, that has one and has work among these tickets.

    They need story, epic, target and metric loaded, as the board loads them.
    """
    epics: dict[int, Epic] = {
        ticket.story.epic.pk: ticket.story.epic for ticket in tickets if ticket.story and ticket.story.epic
    }
    for epic in sorted(epics.values(), key=lambda epic: (epic.rank, epic.number)):
        found: Target | None = getattr(epic, "target", None)
        if found is not None:
            return found
    return None


def _means(key: str, target: Target, baseline: Baseline | None) -> list[Measured]:
    """Each candidate under the epic by its mean, oldest first; all of the one measurement that is compared."""
    mine = Q(ticket__story__epic=target.epic_id)
    if baseline and baseline.candidate_id:
        mine |= Q(candidate=baseline.candidate_id)
    place = Window(
        RowNumber(),
        partition_by=[F("candidate"), F("dataset_digest"), F("split"), F("pair_key")],
        order_by=[F("step").desc(), F("observed_at").desc(), F("pk").desc()],
    )
    rows = list(
        Snapshot.objects.current()
        .filter(mine, metric=target.metric_id)
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
        mean = aggregate([Reading(pair[4], pair[5], "") for pair in pairs], judge="mean", op=target.op)
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


def _trend(metric: str, unit: str, means: list[Measured], target: float) -> Chart | None:
    if len(means) < 2:
        return None
    first, last = measured(means[0].value, unit), measured(means[-1].value, unit)
    return sparkline(
        [one.value for one in means],
        title=f"{metric} by candidate",
        desc=f"From {first} to {last} over {len(means)} candidates, in the order in which they were measured.",
        target=target,
    )
