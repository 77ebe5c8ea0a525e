"""What was measured, for the charts of a ticket, a story and an epic."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, tzinfo
from typing import Any

from django.db.models import F, Max, QuerySet, Window
from django.db.models.functions import Rank, RowNumber

from agileml.lib.charts import Chart
from agileml.lib.curve import curve
from agileml.lib.figures import exact, measured
from agileml.lib.levels import Level
from agileml.lib.series import Series, Value
from agileml.metrics.models import NO_STEP, Criterion, Metric, Snapshot
from agileml.metrics.queries.champions import champion_for
from agileml.metrics.queries.readings import baseline_for
from agileml.metrics.rules.received import as_received
from agileml.planning.queries.late import late_for, stays_of
from agileml.planning.queries.strip import Goal
from agileml.work.models import Ticket

RUNS_AT_MOST = 500  # of a ticket: each is a row of the table too
PAIRS_AT_MOST = 2_000  # of a story or epic
STEPS_AT_MOST = 2_000
PARAMS_AT_MOST = 20
RUN = (
    "as_name", "observed_at", "value", "value_state", "as_pair", "dataset_name", "dataset_digest", "as_split",
    "candidate__name", "pair_key", "split", "ticket__number",
)  # fmt: skip


@dataclass(frozen=True)
class Run:
    """A row of the table of runs, in ready-made texts; `uid` is the snapshot's, `curve` says whether it has steps.

    `received` has what was received where a person has corrected it since, `late` the sprint after whose close it
    arrived; `faint` is what no longer counts.
    """

    uid: str
    at: datetime
    candidate: str
    pair: str
    value: str
    exact: str
    data: str
    note: str
    name: str
    url: str
    commit: str
    params: Sequence[tuple[str, str]]
    more_params: int
    curve: bool
    received: str
    late: str
    faint: bool


@dataclass(frozen=True)
class Runs:
    """The runs of one metric, drawn. `metrics` are the keys of all that were measured here.

    `cut` says so where older ones are left out. `shown` is the run whose curve is drawn instead, if one is; `series`
    is what the chart of all is drawn from.
    """

    metric: str
    chart: Chart
    metrics: Sequence[str]
    newest: datetime
    series: Series
    rows: Sequence[Run] = ()
    cut: str = ""
    shown: Run | None = None

    @property
    def rows_beside(self) -> bool:
        """Whether `rows` are the chart's figures."""
        return self.shown is None


def runs(ticket: Ticket, criteria: Sequence[Criterion], *, metric: str, zone: tzinfo, run: str = "") -> Runs | None:
    """The runs of a metric (empty: that of the first criterion, else the newest watched one), each at its last step.

    `run` is the uid of a snapshot whose run is drawn over its steps instead. None when nothing was measured. Ten
    queries at most.
    """
    preferred = [metric, *(row.metric.key for row in criteria)]
    found = _metric_of(ticket.project_id, Snapshot.objects.current().filter(ticket=ticket), preferred)
    if found is None:
        return None
    of, keys, newest = found
    last = Window(Rank(), partition_by=[*_RUN, F("candidate"), F("dataset_digest")], order_by=F("step").desc())
    rows = list(
        Snapshot.objects.corrected()
        .filter(ticket=ticket, metric=of)
        .annotate(last=last, newer=F("superseded_by"))
        .filter(last=1)
        .order_by("-observed_at", "-pk")
        .values("uid", "step", "newer", "run_name", "run_url", "git_commit", "params", "revision", *RUN)[
            : RUNS_AT_MOST + 1
        ]
    )
    cut = f"The newest {RUNS_AT_MOST} runs; older ones are left out." if len(rows) > RUNS_AT_MOST else ""
    rows = rows[:RUNS_AT_MOST]
    stays = stays_of(ticket)
    rows = [row | {"late": late_for(stays, row["revision"])} for row in rows]
    values = _values(rows)
    table = [_run(row, value, of) for row, value in zip(rows, values, strict=True)]
    levels = _levels(of, rows)
    levels += [
        Level("stop" if row.role == Criterion.Role.KILL else "target", row.target, f"{_role(row)} {_op(row.op)}")
        for row in criteria
        if row.metric_id == of.pk and row.target is not None and row.against == Criterion.Against.NUMBER
    ]
    series = Series(values, f"{of.key} of each run", _told(values, of, levels), levels, of.unit)
    shown = next((row for row in table if row.uid == run and row.curve), None)
    if shown is not None:
        chart, cut = _curve(ticket, of, shown, levels)
    else:
        chart = series.drawn(zone)
    return Runs(of.key, chart, keys, newest, series, table, cut, shown)


def measured_under(project_id: int, *, metric: str, aim: Goal | None, zone: tzinfo, **where: Any) -> Runs | None:
    """The candidates of the tickets `where` says (`ticket__story=…`), with the best so far as steps.

    Of a pair that was run again the newest run counts. `metric` is the key that is asked for, else it is that of
    `aim`, the epic's target. None when nothing was measured. Nine queries at most.
    """
    preferred = [metric, *([aim.key] if aim else [])]
    mine = Snapshot.objects.current().filter(ticket__deleted_at=None, **where)
    found = _metric_of(project_id, mine, preferred)
    if found is None:
        return None
    of, keys, newest = found
    place = Window(
        RowNumber(), partition_by=_PAIR, order_by=[F("observed_at").desc(), F("step").desc(), F("pk").desc()]
    )
    rows = list(
        mine.corrected()
        .filter(metric=of)
        .annotate(place=place)
        .filter(place=1)
        .order_by("-observed_at", "-pk")
        .values(*RUN, "ticket__project__key")[: PAIRS_AT_MOST + 1]
    )
    cut = f"The newest {PAIRS_AT_MOST:,} pairs; older ones are left out." if len(rows) > PAIRS_AT_MOST else ""
    rows = rows[:PAIRS_AT_MOST]
    values = [
        replace(_value(row), candidate=f"{row['ticket__project__key']}-{row['ticket__number']} {_name(row)}".strip())
        for row in rows
    ]
    levels = _levels(of, rows)
    if aim is not None and aim.metric == of.pk:
        levels.append(Level("target", aim.value, f"target {_op(aim.op)}"))
    told = _told(values, of, levels)
    series = Series(values, f"{of.key} of each candidate", told, levels, of.unit, of.direction)
    return Runs(of.key, series.drawn(zone), keys, newest, series, cut=cut)


_RUN = [F("source"), F("external_id"), F("pair_key"), F("split")]  # as it was received
_PAIR = [F("as_candidate"), F("dataset_digest"), F("as_split"), F("as_pair")]


def _metric_of(
    project_id: int, rows: QuerySet[Snapshot], preferred: Sequence[str]
) -> tuple[Metric, list[str], datetime] | None:
    """The metric to draw, the keys of all that were measured, and when the last was; at most two queries."""
    found = list(
        rows.order_by()
        .values_list("metric__key", "metric__direction")
        .annotate(last=Max("observed_at"))
        .order_by("-last", "metric__key")
    )
    if not found:
        return None
    keys = [key for key, _, _ in found]
    asked = [*preferred, *(key for key, watched, _ in found if watched)]
    key = next((name for name in asked if name in keys), keys[0])
    return Metric.objects.get(project=project_id, key=key), keys, max(last for *_, last in found)


def _levels(of: Metric, rows: Sequence[dict[str, Any]]) -> list[Level]:
    """Baseline and champion on the dataset and split that was measured last."""
    if not rows:
        return []
    digest, split = rows[0]["dataset_digest"], rows[0]["as_split"]
    found = []
    if baseline := baseline_for(of.pk, dataset_digest=digest, split=split):
        found.append(Level("baseline", baseline[0], f"baseline {baseline[1]}", (digest, split)))
    if champion := champion_for(of.pk, digest=digest, split=split):
        found.append(Level("champion", champion[1], f"champion {champion[0].candidate.name}", (digest, split)))
    return found


def _values(rows: Sequence[dict[str, Any]]) -> list[Value]:
    """Rows, newest first, as values: of a pair that was run again only the newest run counts."""
    values, seen = [], set()
    for row in rows:
        pair = (row["as_name"], row["dataset_digest"], row["as_split"], row["as_pair"])
        old = "superseded" if row["newer"] else "run again since" if pair in seen else ""
        if not old:
            seen.add(pair)
        values.append(replace(_value(row), old=old))
    return values


def _value(row: dict[str, Any]) -> Value:
    name = row["dataset_name"]
    digest = _short(row["dataset_digest"])
    late = row.get("late", "")
    data = f"{name} ({digest})" if name and digest else name or digest or "no dataset named"
    return Value(
        candidate=_name(row),
        at=row["observed_at"],
        value=row["value"],
        state=row["value_state"],
        pair=row["as_pair"],
        data=(row["dataset_digest"], row["as_split"]),
        data_words=f"{data}, {row['as_split']}" if row["as_split"] else data,
        remark="; ".join(filter(None, (as_received(row), late and f"arrived after the close of {late}"))),
    )


def _name(row: dict[str, Any]) -> str:
    return row["as_name"] or "runs"


def _short(digest: str) -> str:
    return f"{digest[:18]}…" if len(digest) > 20 else digest


def _run(row: dict[str, Any], value: Value, of: Metric) -> Run:
    params = [(str(name)[:60], str(said)[:80]) for name, said in sorted(row["params"].items())]
    url = row["run_url"]
    return Run(
        uid=str(row["uid"]),
        at=value.at,
        candidate=value.candidate,
        pair=value.pair,
        value=measured(value.value, of.unit, state=value.state),
        exact=value.state if value.value is None else exact(value.value),
        data=value.data_words,
        note=value.note,
        name=row["run_name"] or "run",
        url=url if url.startswith(("https://", "http://")) else "",
        commit=row["git_commit"],
        params=params[:PARAMS_AT_MOST],
        more_params=max(len(params) - PARAMS_AT_MOST, 0),
        curve=row["step"] != NO_STEP,
        received=as_received(row),
        late=row["late"],
        faint=bool(value.old) or value.value is None,
    )


def _curve(ticket: Ticket, of: Metric, shown: Run, levels: Sequence[Level]) -> tuple[Chart, str]:
    """A run over its steps, and what is left out; two queries."""
    same = ("source", "external_id", "candidate", "dataset_digest", "split", "pair_key")
    run = Snapshot.objects.corrected().filter(uid=shown.uid).values(*same, "as_split").get()
    split = run.pop("as_split")
    rows = Snapshot.objects.current().filter(ticket=ticket, metric=of, step__gt=NO_STEP, **run)
    steps = list(rows.order_by("-step").values_list("step", "value", "value_state")[: STEPS_AT_MOST + 1])
    cut = f"The last {STEPS_AT_MOST:,} steps; earlier ones are left out." if len(steps) > STEPS_AT_MOST else ""
    steps = steps[:STEPS_AT_MOST]
    name = f"{shown.candidate} {shown.pair}".strip()
    here = [level for level in levels if level.data in (None, (run["dataset_digest"], split))]
    desc = f"{len(steps)} steps, the last of them {shown.value}."
    title = f"{of.key} of {name} over its steps"
    return curve(steps, title=title, desc=desc, levels=here, unit=of.unit), cut


def _told(values: Sequence[Value], of: Metric, levels: Sequence[Level]) -> str:
    """The chart in words."""
    finite = [one.value for one in values if one.value is not None and not one.old]
    datasets: dict[tuple[str, ...], int] = defaultdict(int)
    for one in values:
        datasets[one.data] += 1
    if not finite:
        return "No run that counts has a finite value."
    span = f"{len(finite)} runs between {measured(min(finite), of.unit)} and {measured(max(finite), of.unit)}"
    lost = sum(one.value is None for one in values)
    parts = [span, *([f"{lost} that are no number"] if lost else [])]
    parts += [f"on {len(datasets)} datasets or splits, not comparable"] if len(datasets) > 1 else []
    parts += [f"{level.words} {measured(level.value, of.unit)}" for level in levels]
    return "; ".join(parts) + "."


def _role(row: Criterion) -> str:
    return "stop" if row.role == Criterion.Role.KILL else "target"


def _op(op: str) -> str:
    return str(Criterion.Op(op).label)
