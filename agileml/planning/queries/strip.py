"""The metric strip of the board: how far the epic's target is."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from itertools import accumulate
from typing import NamedTuple

from django.db.models import F, OuterRef, Q, Subquery, Window
from django.db.models.functions import RowNumber

from agileml.lib.charts import Chart, sparkline
from agileml.lib.figures import gap, measured
from agileml.metrics.models import Criterion, Metric, Policy, Promotion, Snapshot
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


class Against(NamedTuple):
    """What a metric's candidates are compared with: the newest baseline, and the champion; None for none."""

    metric: int
    baseline: int | None  # the candidate that it is
    constant: float | None
    label: str | None
    digest: str | None
    split: str | None
    champion: int | None
    name: str
    ticket: int | None


AGAINST = (
    "pk", "baselines__candidate", "baselines__constant", "baselines__label", "baselines__dataset_digest",
    "baselines__split", "champion", "name", "ticket",
)  # fmt: skip


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
    epic: int | None
    value: float
    pairs: int
    last: datetime


@dataclass(frozen=True)
class Gain:
    """A candidate's mean with its metric, and how far that is from the champion or else the baseline."""

    metric: str
    value: str
    gap: str


@dataclass(frozen=True)
class Strip:
    """What the strip shows, in ready-made texts; a text that is empty has no cell."""

    metric: str
    epic: str
    better: str
    target: str
    baseline: str = ""
    baseline_label: str = ""
    champion: str = ""
    champion_label: str = ""
    champion_url: str = ""
    best: str = ""
    best_of: str = ""
    best_url: str = ""
    best_note: str = ""
    best_gap: str = ""  # to the champion
    reached: bool = False
    way: float | None = None  # how much of the way from the baseline to the target is gone, 0 to 1
    trend: Chart | None = None
    gains: Mapping[int, Gain] = field(default_factory=dict)  # by ticket number, of the candidate measured last

    @property
    def percent(self) -> int | None:
        """How much of the way is gone, in percent; all of it only once the target is reached."""
        return None if self.way is None else int(round(self.way * 100, 6))


def strip(key: str, goal: Goal | None, *, tickets: Collection[int] = ()) -> Strip | None:
    """The strip of an epic's target, None for none; two queries. `key` is the project's.

    `tickets` are the ids of those whose newest candidates are compared too, wherever they are.
    """
    return None if goal is None else strips(key, [goal], tickets=tickets)[goal.epic]


def strips(key: str, goals: Sequence[Goal], *, tickets: Collection[int] = ()) -> dict[int, Strip]:
    """The strips of these epics' targets, by the epics' ids; two queries, however many there are."""
    return strips_across([(key, goal) for goal in goals], tickets=tickets)


def strips_across(keyed: Sequence[tuple[str, Goal]], *, tickets: Collection[int] = ()) -> dict[int, Strip]:
    """The same for epics of several projects, each with the key of its own."""
    goals = [goal for _, goal in keyed]
    if not goals:
        return {}
    against = _against(goals)
    rows = _rows(goals, against, tickets)
    return {goal.epic: _strip(key, goal, against[goal.metric], rows) for key, goal in keyed}


def _against(goals: Sequence[Goal]) -> dict[int, Against]:
    """Of each metric the newest baseline, and who was crowned last of the models that are judged by it; one query."""
    newest = Policy.objects.filter(model=OuterRef("model")).order_by("-version")
    crowned = (
        Promotion.objects.annotate(judged_by=Subquery(newest.values("metric")[:1]))
        .filter(judged_by=OuterRef("pk"))
        .order_by("-at", "-pk")
    )
    metrics = Metric.objects.filter(pk__in={goal.metric for goal in goals})
    rows = metrics.annotate(
        champion=Subquery(crowned.values("candidate")[:1]),
        name=Subquery(crowned.values("candidate__name")[:1]),
        ticket=Subquery(crowned.values("candidate__ticket__number")[:1]),
    ).order_by("baselines__pk")
    return {row[0]: Against._make(row) for row in rows.values_list(*AGAINST)}


def _strip(key: str, goal: Goal, against: Against, rows: Sequence[Row]) -> Strip:
    rows = [row for row in rows if row.metric == goal.metric]
    everywhere = _means(key, rows, _measurement(goal, against, rows))
    own = [one for one in everywhere if one.epic == goal.epic]
    values = {one.candidate: one.value for one in everywhere}
    base = against.constant if against.baseline is None else values.get(against.baseline)
    champion = values.get(against.champion) if against.champion else None
    shown = Strip(
        metric=goal.key,
        epic=goal.title,
        better=str(Metric.Direction(goal.direction).label),
        target=f"{Criterion.Op(goal.op).label} {measured(goal.value, goal.unit)}",
        baseline=measured(base, goal.unit) if base is not None else "",
        baseline_label=(against.label or "") if base is not None or against.label else "",
        gains=_gains(goal, rows, everywhere, against, champion, base),
    )
    if against.champion:
        shown = replace(
            shown,
            champion=measured(champion, goal.unit) if champion is not None else "–",
            champion_label=against.name if champion is not None else f"{against.name}, not measured on this data",
            champion_url=f"/p/{key}/tickets/{against.ticket}/",
        )
    rivals = [one for one in own if one.candidate != against.baseline]
    if not rivals:
        return shown
    upwards = goal.op == Criterion.Op.AT_LEAST
    best = (max if upwards else min)(rivals, key=lambda one: one.value)
    same = best.candidate == against.champion
    return replace(
        shown,
        best=measured(best.value, goal.unit),
        best_of=best.ticket,
        best_url=f"/p/{key}/tickets/{best.number}/",
        best_note=f"mean of {best.pairs}" if best.pairs > 1 else "one run",
        best_gap="the champion" if same else _to("champion", best.value, champion, goal.unit),
        reached=best.value >= goal.value if upwards else best.value <= goal.value,
        way=_way(base, best.value, goal.value),
        trend=_trend(goal, rivals, base),
    )


def _to(whom: str, value: float, against: float | None, unit: str) -> str:
    """ "−0.3 % to the champion"; empty without one."""
    return "" if against is None else f"{gap(value - against, unit)} to the {whom}"


def _gains(
    goal: Goal, rows: Sequence[Row], means: Sequence[Measured], against: Against, champion: float | None,
    base: float | None,
) -> dict[int, Gain]:  # fmt: skip
    """By ticket number, what the candidate that was measured last gains; none where that has no mean to compare."""
    last: dict[int, int] = {}
    for row in rows:
        last.setdefault(row.ticket, row.candidate)
    found = {}
    for one in means:
        if one.candidate != last[one.number]:
            continue
        if one.candidate == against.champion:
            gap = "the champion"
        elif against.champion:
            gap = _to("champion", one.value, champion, goal.unit)
        else:
            gap = "" if one.candidate == against.baseline else _to("baseline", one.value, base, goal.unit)
        if gap:
            found[one.number] = Gain(goal.key, measured(one.value, goal.unit), gap)
    return found


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


def _rows(goals: Sequence[Goal], against: Mapping[int, Against], tickets: Collection[int]) -> list[Row]:
    """What was measured under the epics, and of baselines and champions wherever they are, newest first."""
    mine = Q(pk__in=[])
    for goal in goals:
        one = Q(ticket__story__epic=goal.epic) | Q(ticket__in=tickets)
        known = [pk for pk in (against[goal.metric].baseline, against[goal.metric].champion) if pk]
        mine |= (one | Q(as_candidate__in=known)) & Q(metric=goal.metric)
    place = Window(
        RowNumber(),
        partition_by=[F("metric"), F("as_candidate"), F("dataset_digest"), F("as_split"), F("as_pair")],
        order_by=[F("observed_at").desc(), F("step").desc(), F("pk").desc()],  # the newest run, at its last step
    )
    read = Snapshot.objects.current().corrected().filter(mine)
    rows = read.annotate(place=place).filter(place=1).order_by("-observed_at", "-pk")
    found = rows.values_list(
        "as_candidate", "ticket__number", "dataset_digest", "as_split", "as_pair", "value", "observed_at", "metric",
        "ticket__story__epic",
    )  # fmt: skip
    return [Row._make(row) for row in found[: READ_AT_MOST * len(goals)]]


def _measurement(goal: Goal, against: Against, rows: Sequence[Row]) -> tuple[str, str]:
    """The dataset and split that is compared: what the baseline names, else that of the epic's newest run."""
    newest = next((row for row in rows if row.epic == goal.epic), rows[0] if rows else None)
    digest, split = (newest.digest, newest.split) if newest else ("", "")
    return against.digest or digest, against.split or split


def _means(key: str, rows: Sequence[Row], measurement: tuple[str, str]) -> list[Measured]:
    """Each candidate by its mean, oldest first; all of the one measurement that is compared."""
    groups: dict[int, list[Row]] = defaultdict(list)
    for row in rows:
        if (row.digest, row.split) == measurement:
            groups[row.candidate].append(row)
    found = []
    for candidate, pairs in groups.items():
        readings = [Reading(pair.pair_key, pair.value, "") for pair in pairs]
        mean = aggregate(readings, judge="mean", op=Criterion.Op.AT_LEAST)
        if mean is not None:
            number, last, epic = pairs[0].ticket, pairs[0].observed_at, pairs[0].epic
            found.append(Measured(candidate, f"{key}-{number}", number, epic, mean, len(pairs), last))
    return sorted(found, key=lambda one: one.last)


def _way(base: float | None, best: float, target: float) -> float | None:
    """How much of the way from the baseline to the target is gone, 0 to 1; None where there is no such way."""
    if base is None or base == target:
        return None
    return min(max((best - base) / (target - base), 0.0), 1.0)


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
