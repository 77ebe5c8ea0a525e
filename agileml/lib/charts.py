"""Charts as SVG text, drawn on the server: no script, no style attribute, legible at any width.

Widths are percentages and heights pixels, so a chart fills its place while its text and strokes keep their size; the
room for the axes is padding that `static/css/charts.css` gives the `svg.chart`. Colours come from the classes there.
Every chart carries a title and a description, and brings the same figures as rows for a table beside it.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, tzinfo
from itertools import groupby

from django.utils.html import escape
from django.utils.safestring import SafeString

from agileml.lib.svg import decimals, drawable, figure, grid_line, n, nice_ticks, picture, placed, swatch, with_unit

SPARK_WIDTH, SPARK_HEIGHT, SPARK_MARGIN = 100, 34, 4
PLOT_HEIGHT = 170
DOTS_TOP = 10
MARK_ROW = 20
AXIS_HEIGHT = 38
# Markers by which candidates are told apart without their colours; each fits in 9 by 9 pixels.
SHAPES = (
    "M-4 0a4 4 0 1 0 8 0a4 4 0 1 0-8 0z",
    "M-3.6-3.6h7.2v7.2h-7.2z",
    "M0-4.7l4.6 8.2h-9.2z",
    "M0-5l5 5-5 5-5-5z",
    "M0 4.7l4.6-8.2h-9.2z",
    "M-1.5-4.5h3v3h3v3h-3v3h-3v-3h-3v-3h3z",
)
# From the bottom of the stack to its top: what is certain first, what has left the plan last.
BANDS = (
    ("done", "Done"),
    ("initial", "To go, from the first plan"),
    ("added", "To go, added later"),
    ("deferred", "Deferred"),
    ("skipped", "Skipped"),
)
TIME_STEPS = [timedelta(minutes=minutes) for minutes in (1, 5, 15, 30, 60, 180, 360, 720)]
TIME_STEPS += [timedelta(days=days) for days in (1, 2, 4, 7, 14, 28, 91, 182, 365, 730, 1826, 3652, 7305, 18262)]


@dataclass(frozen=True, slots=True)
class Legend:
    """One entry of a legend: a drawn sample and the words that belong to it."""

    swatch: SafeString
    text: str


@dataclass(frozen=True, slots=True)
class Chart:
    """A drawn chart, and its figures as texts for a table: one header a column, one row a point or day.

    `words` is how many of the last columns hold words, not figures.
    """

    title: str
    svg: SafeString
    headers: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    legend: tuple[Legend, ...] = ()
    words: int = 0


@dataclass(frozen=True, slots=True)
class Day:
    """A day of a sprint in the project's calendar; `working` is false for weekends and holidays."""

    day: date
    working: bool = True


@dataclass(frozen=True, slots=True)
class Scope:
    """Where the tickets that were ever in a sprint stand at the end of one day: each counted once, so they add up."""

    initial: int = 0
    added: int = 0
    skipped: int = 0
    deferred: int = 0
    done: int = 0

    @property
    def total(self) -> int:
        """All tickets that were ever in the sprint by that day."""
        return self.initial + self.added + self.skipped + self.deferred + self.done


@dataclass(frozen=True, slots=True)
class Mark:
    """A decision: the day it was taken, the plan version it made, and in a few words what it was and why."""

    day: date
    version: int
    text: str = ""


@dataclass(frozen=True, slots=True)
class Run:
    """One measured value of a candidate; `at` is when it was observed, and aware of its time zone."""

    candidate: str
    at: datetime
    value: float


def sparkline(values: Sequence[float], *, title: str, desc: str, target: float | None = None) -> Chart:
    """A line of a metric's values in their order, oldest first, its last one a dot; `target` is a dashed line.

    Values that are not finite are left out. It has neither axes nor text: say the figures beside it.
    """
    kept = [value for value in values if drawable(value) is not None]
    goal = drawable(target)
    shown = kept if goal is None else [*kept, goal]
    low, high = (min(shown), max(shown)) if shown else (0.0, 0.0)

    def y(value: float) -> str:
        share = (value - low) / (high - low) if high > low else 0.5
        return n(SPARK_HEIGHT - SPARK_MARGIN - share * (SPARK_HEIGHT - 2 * SPARK_MARGIN))

    parts = []
    if goal is not None:
        parts.append(f'<path class="spark-target" d="M0 {y(goal)}H{SPARK_WIDTH}" vector-effect="non-scaling-stroke"/>')
    if kept:
        step = (SPARK_WIDTH - 4) / max(len(kept) - 1, 1)
        xs = [n(2 + step * index) for index in range(len(kept))] if len(kept) > 1 else [n(SPARK_WIDTH - 2)]
        spots = [f"{x} {y(value)}" for x, value in zip(xs, kept, strict=True)]
        if len(spots) > 1:
            line = " ".join(spots)
            parts.append(f'<path class="spark-line" d="M{line}" vector-effect="non-scaling-stroke"/>')
        # A stroke of no length with round ends: a dot that stays round however the picture is stretched.
        parts.append(f'<path class="spark-last" d="M{spots[-1]}h.01" vector-effect="non-scaling-stroke"/>')
    frame = f'viewBox="0 0 {SPARK_WIDTH} {SPARK_HEIGHT}" preserveAspectRatio="none"'
    rows = tuple((str(place), figure(value)) for place, value in enumerate(kept, start=1))
    return Chart(title, picture("spark", frame, title, desc, parts), ("Measurement", "Value"), rows)


def scope_chart(
    days: Sequence[Day],
    bands: Sequence[Scope],
    marks: Sequence[Mark],
    *,
    title: str,
    desc: str,
    today: date | None = None,
) -> Chart:
    """The tickets of a sprint as stacked bands over its days, with each decision marked on the day it was taken.

    `bands` belongs to `days` from the first on and ends at the last day that is known: later days stay empty. A mark
    outside the days is drawn at the nearest one (a sprint is started and closed on days that need not be its own).
    """
    known = list(zip(days, bands, strict=False))
    width = 100 / max(len(days), 1)
    ticks = [int(tick) for tick in nice_ticks(0, max([scope.total for _, scope in known], default=0) or 1, whole=True)]
    pills = _pills(days, marks)
    top = MARK_ROW * (1 + max([row for _, row, _, _ in pills], default=-1)) + 6
    bottom = top + PLOT_HEIGHT

    def y(count: float) -> float:
        return bottom - count / ticks[-1] * PLOT_HEIGHT

    parts = [grid_line(y(tick), str(tick), base=tick == 0) for tick in ticks]
    parts += _band_rects([scope for _, scope in known], width, y)
    for working, block in groupby(range(len(days)), key=lambda index: days[index].working):
        if not working:
            rest = list(block)
            across = f'x="{n(rest[0] * width)}%" width="{n(len(rest) * width)}%"'
            parts.append(f'<rect class="rest" {across} y="{top}" height="{PLOT_HEIGHT}"/>')
    parts += [_day_label(index, days, width, bottom, today) for index in range(len(days))]
    for index, day in enumerate(days):
        if day.day == today:
            edge = n((index + 1) * width)
            parts.append(f'<line class="today" x1="{edge}%" x2="{edge}%" y1="{top}" y2="{bottom}"/>')
    parts += [_pill(index, row, label, text, width, bottom) for index, row, label, text in pills]
    plans = {index: (label, text) for index, _, label, text in pills}
    headers = ("Day", *(words for _, words in BANDS), "In all", "Plan", "Decided")
    rows = tuple(
        (
            f"{day.day:%a} {day.day.day} {day.day:%b}",
            *(str(getattr(scope, name)) for name, _ in BANDS),
            str(scope.total),
            *plans.get(index, ("", "")),
        )
        for index, (day, scope) in enumerate(known)
    )
    last = known[-1][1] if known else Scope()
    legend = tuple(
        Legend(swatch(f'<rect class="band-{name}" x=".5" y=".5" width="11" height="11"/>'), f"{words} {value}")
        for name, words in reversed(BANDS)
        if (value := getattr(last, name)) or any(getattr(scope, name) for _, scope in known)
    )
    drawn = picture("chart", f'height="{bottom + AXIS_HEIGHT}"', title, desc, parts)
    return Chart(title, drawn, headers, rows, legend, words=1)


def dot_series(
    runs: Sequence[Run],
    *,
    title: str,
    desc: str,
    target: float | None = None,
    baseline: float | None = None,
    target_text: str = "target",
    unit: str = "",
    scale: float = 1,
    zone: tzinfo = UTC,
) -> Chart:
    """Each run as a dot over the time it was observed, with a tick at the mean of each candidate.

    Figures are shown multiplied by `scale` and followed by `unit` (a share as percent: 100 and "%"); times are those
    of `zone`. Runs that are not finite are left out. `target` and `baseline` are lines across, in the runs' own unit.
    """
    kept = [
        (run.candidate, run.at.astimezone(zone).replace(tzinfo=None), value * scale)
        for run in sorted(runs, key=lambda run: run.at)
        if (value := drawable(run.value)) is not None
    ]
    lines = [
        (kind, value * scale, words)
        for kind, line, words in (("baseline", baseline, "baseline"), ("target", target, target_text))
        if (value := drawable(line)) is not None
    ]
    shown = [value for _, _, value in kept] + [value for _, value, _ in lines]
    ticks = nice_ticks(min(shown), max(shown)) if shown else []
    digits = decimals(ticks[1] - ticks[0]) if ticks else 0
    bottom = DOTS_TOP + PLOT_HEIGHT
    x = _time_scale([at for _, at, _ in kept])

    def y(value: float) -> float:
        return bottom - (value - ticks[0]) / (ticks[-1] - ticks[0]) * PLOT_HEIGHT

    parts = [
        grid_line(y(tick), with_unit(figure(tick, digits), unit if len(unit) < 3 else ""), base=index == 0)
        for index, tick in enumerate(ticks)
    ]
    parts += _time_labels([at for _, at, _ in kept], bottom)
    legend = []
    for number, name in enumerate(dict.fromkeys(candidate for candidate, _, _ in kept)):
        own = [(x(at), value) for candidate, at, value in kept if candidate == name]
        mean = math.fsum(value for _, value in own) / len(own)
        tone, shape = f"c{number % len(SHAPES)}", SHAPES[number % len(SHAPES)]
        parts += [placed(across, y(value), f'<path class="{tone}" d="{shape}"/>') for across, value in own]
        if len(own) > 1:
            middle = (own[0][0] + own[-1][0]) / 2
            parts.append(placed(middle, y(mean), f'<path class="mean {tone}" d="M-12 0h24"/>'))
        count = "1 run" if len(own) == 1 else f"{len(own)} runs"
        sample = f'<path class="{tone}" transform="translate(6 6)" d="{shape}"/>'
        legend.append(Legend(swatch(sample), f"{name}: mean {with_unit(figure(mean, digits + 1), unit)}, {count}"))
    parts += _level_lines(
        [(kind, y(value), f"{words} {with_unit(figure(value), unit)}") for kind, value, words in lines],
        [(x(at), y(value)) for _, at, value in kept],
    )
    if not kept:
        parts.append(f'<text class="nothing" x="50%" y="{bottom - 12}" text-anchor="middle">No runs yet</text>')
    rows = tuple(
        (f"{at.day} {at:%b %H:%M}", candidate, with_unit(figure(value, digits + 1), unit))
        for candidate, at, value in kept
    )
    drawn = picture("chart", f'height="{bottom + AXIS_HEIGHT}"', title, desc, parts)
    return Chart(title, drawn, ("Observed", "Candidate", "Value"), rows, tuple(legend))


def _band_rects(scopes: Sequence[Scope], width: float, y: Callable[[float], float]) -> list[str]:
    """The stacked bands; days on which a band does not change are one block, so that it reads as flat."""
    parts = []
    for place, (name, _) in enumerate(BANDS):
        below = [name for name, _ in BANDS[:place]]
        extents = [
            (index, floor := sum(getattr(scope, under) for under in below), floor + getattr(scope, name))
            for index, scope in enumerate(scopes)
        ]
        for (floor, roof), block in groupby(extents, key=lambda extent: extent[1:]):
            if roof == floor:
                continue
            indexes = [index for index, _, _ in block]
            parts.append(
                f'<rect class="band-{name}" x="{n(indexes[0] * width)}%" width="{n(len(indexes) * width)}%" '
                f'y="{n(y(roof))}" height="{n(y(floor) - y(roof))}" shape-rendering="crispEdges"/>'
            )
    return parts


def _pills(days: Sequence[Day], marks: Sequence[Mark]) -> list[tuple[int, int, str, str]]:
    """One (index of the day, row, label, text) for each day with decisions; neighbours stand in different rows."""
    if not days:
        return []
    first = days[0].day
    by_day: dict[int, list[Mark]] = {}
    for mark in sorted(marks, key=lambda mark: mark.version):
        by_day.setdefault(min(max((mark.day - first).days, 0), len(days) - 1), []).append(mark)
    pills: list[tuple[int, int, str, str]] = []
    for index, taken in sorted(by_day.items()):
        row = 1 - pills[-1][1] if pills and index - pills[-1][0] <= 2 else 0
        label = f"v{taken[0].version}" + (f"\u2013{taken[-1].version}" if len(taken) > 1 else "")
        pills.append((index, row, label, "\n".join(f"v{mark.version} {mark.text}".strip() for mark in taken)))
    return pills


def _pill(index: int, row: int, label: str, text: str, width: float, bottom: float) -> str:
    x, half = (index + 0.5) * width, 5 + 3.5 * len(label)
    pill = f'<rect x="{n(-half)}" width="{n(2 * half)}" height="16" rx="8"/>'
    return (
        f'<g class="mark"><title>{escape(text)}</title>'
        f'<line x1="{n(x)}%" x2="{n(x)}%" y1="{row * MARK_ROW + 16}" y2="{n(bottom)}"/>'
        + placed(x, row * MARK_ROW, f'{pill}<text y="12" text-anchor="middle">{escape(label)}</text>')
        + "</g>"
    )


def _day_label(index: int, days: Sequence[Day], width: float, bottom: float, today: date | None) -> str:
    day = days[index].day
    every = 1 if len(days) <= 16 else 2 if len(days) <= 32 else 7
    under = f"{day:%b}" if index == 0 or day.month != days[index - 1].day.month else ""
    if day == today:
        under = "today"
    elif index % every:
        return ""
    tone = "tick now" if day == today else "tick"
    x = f'x="{n((index + 0.5) * width)}%" text-anchor="middle"'
    second = f'<text class="{tone}" {x} y="{n(bottom + 31)}">{under}</text>' if under else ""
    return f'<text class="{tone}" {x} y="{n(bottom + 16)}">{day.day}</text>{second}'


def _time_scale(times: Sequence[datetime]) -> Callable[[datetime], float]:
    """Where a time lies, in percent of the width; the first and the last keep 4 % from the edges."""
    first, last = (min(times), max(times)) if times else (None, None)

    def x(at: datetime) -> float:
        if first is None or last is None or first == last:
            return 50.0
        return 4 + 92 * ((at - first) / (last - first))

    return x


def _time_labels(times: Sequence[datetime], bottom: float) -> list[str]:
    """At most six labels below the plot, at round times of the local clock."""
    if not times:
        return []
    first, last, x = min(times), max(times), _time_scale(times)
    step = next((step for step in TIME_STEPS if (last - first) / step <= 5), TIME_STEPS[-1])
    midnight = first.replace(hour=0, minute=0, second=0, microsecond=0)
    places = range(-((midnight - first) // step), (last - midnight) // step + 1)
    ticks = [midnight + place * step for place in places] or [first]
    parts, said = [], ""
    for tick in ticks:
        if step < timedelta(days=1):
            upper, lower = f"{tick:%H:%M}", f"{tick.day} {tick:%b}"
        else:
            upper, lower = f"{tick.day} {tick:%b}", str(tick.year) if first.year != last.year else ""
        place = f'x="{n(x(tick))}%" text-anchor="middle"'
        parts.append(f'<text class="tick" {place} y="{n(bottom + 16)}">{upper}</text>')
        if lower != said:
            parts.append(f'<text class="tick" {place} y="{n(bottom + 31)}">{lower}</text>')
            said = lower
    return parts


def _level_lines(lines: Sequence[tuple[str, float, str]], dots: Sequence[tuple[float, float]]) -> list[str]:
    """Lines across the plot, given as (kind, y, words); the words keep clear of each other, and of dots if they can."""
    crowded = len(lines) == 2 and abs(lines[0][1] - lines[1][1]) < 16
    lowest = max(lines, key=lambda line: line[1])[0] if crowded else ""
    parts = []
    for kind, y, words in lines:
        baseline = y + (13 if kind == lowest else -5)
        near = [x for x, height in dots if abs(height - (baseline - 4)) < 12]
        left = sum(x < 35 for x in near) < sum(x > 65 for x in near)
        place = 'x="0" text-anchor="start"' if left else 'x="100%" text-anchor="end"'
        parts.append(
            f'<g class="{kind}-line"><line x1="0" x2="100%" y1="{n(y)}" y2="{n(y)}"/>'
            f'<text {place} y="{n(baseline)}">{escape(words)}</text></g>'
        )
    return parts
