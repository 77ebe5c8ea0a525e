"""Charts as SVG text, drawn on the server: no script, no style attribute, legible at any width.

Widths are percentages and heights pixels, so a chart fills its place while its text and strokes keep their size; the
room for the axes is padding that `static/css/charts.css` gives the `svg.chart`. Colours come from the classes there.
Every chart carries a title and a description, and brings the same figures as rows for a table beside it.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import groupby

from django.utils.html import escape
from django.utils.safestring import SafeString

from agileml.lib.svg import drawable, figure, grid_line, n, nice_ticks, picture, placed, swatch

SPARK_WIDTH, SPARK_HEIGHT, SPARK_MARGIN = 100, 34, 4
PLOT_HEIGHT = 170
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
