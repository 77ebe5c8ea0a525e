"""What was measured, drawn in the order in which it was: candidates side by side, and a run over its steps.

Pure functions. Values on different datasets or splits stand in different blocks, with a line between them: they are
not comparable, so nothing joins them and a level that belongs to one block crosses no other.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from itertools import groupby, pairwise

from django.utils.html import escape

from agileml.lib.charts import PLOT_HEIGHT, SHAPES, Chart, Legend
from agileml.lib.figures import NOT_NUMBERS, exact, measured, scale_of
from agileml.lib.svg import decimals, drawable, figure, grid_line, n, nice_ticks, picture, placed, swatch, with_unit

EDGE = 18  # room above or below the plot for what is no number
WORDS = 18  # room above the plot for which dataset a block is
AXIS = 38
SAID = 12  # entries of a legend; the table has all
MARKS = 200  # of a curve's lost values
CROSS = "M-3.5-3.5l7 7M3.5-3.5l-7 7"
HEADERS = ("Observed", "Candidate", "Pair", "Value", "Stored as", "Measured on", "Note")


@dataclass(frozen=True, slots=True)
class Value:
    """One measured value; `value` is None exactly where `state` says that it is no finite number.

    `data` tells one dataset and split from all others and `data_words` names them. `old` says in a word why it no
    longer counts ("superseded"): it is drawn faint and is in no mean.
    """

    candidate: str
    at: datetime
    value: float | None
    state: str = "ok"
    pair: str = ""
    data: tuple[str, ...] = ()
    data_words: str = ""
    old: str = ""


@dataclass(frozen=True, slots=True)
class Level:
    """A line across: `kind` is target, baseline or champion. One with `data` holds for that block alone."""

    kind: str
    value: float
    words: str
    data: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class _Slot:
    """A candidate on one dataset: its place across, its values by time, and its mean if it has one."""

    number: int
    name: str
    data: tuple[str, ...]
    values: Sequence[Value]
    mean: float | None


Block = tuple[tuple[str, ...], list[_Slot]]  # a dataset and the places of what was measured on it


@dataclass(frozen=True, slots=True)
class _Scale:
    """Heights of the plot, in pixels, and the figures of its axis."""

    top: float
    bottom: float
    ticks: Sequence[float]
    unit: str

    def y(self, value: float) -> float:
        return self.bottom - (value - self.ticks[0]) / (self.ticks[-1] - self.ticks[0]) * (self.bottom - self.top)

    def grid(self) -> list[str]:
        digits = decimals(self.ticks[1] - self.ticks[0])
        short = self.unit if len(self.unit) < 3 else ""
        return [
            grid_line(self.y(tick), with_unit(figure(tick, digits), short), base=place == 0)
            for place, tick in enumerate(self.ticks)
        ]


def mean_of(values: Sequence[Value]) -> float | None:
    """The mean of the values that count; None without one, and where one of them is no finite number."""
    counting = [one.value for one in values if not one.old]
    finite = [value for value in counting if value is not None]
    if not finite or len(finite) < len(counting):
        return None
    try:
        return math.fsum(finite) / len(finite)
    except OverflowError:
        return math.fsum(value / len(finite) for value in finite)


def candidate_series(
    values: Sequence[Value],
    *,
    title: str,
    desc: str,
    levels: Sequence[Level] = (),
    unit: str = "",
    zone: tzinfo = UTC,
    best: str = "",
) -> Chart:
    """Each candidate in a place of its own, in the order in which they were measured: its values, and their mean.

    `best` is "higher" or "lower" to draw the best mean so far as steps. What is no number stands at the edge as the
    word for it.
    """
    slots = _slots(values)
    scale_by = scale_of(unit)
    drawn = [value for one in values if (value := _drawn(one, scale_by)) is not None]
    lines = [(level, value) for level in levels if (value := drawable(level.value * scale_by)) is not None]
    blocks = [(data, list(block)) for data, block in groupby(slots, key=lambda slot: slot.data)]
    top = (
        10.0 + (WORDS if len(blocks) > 1 else 0) + (EDGE if any(_edge(one, scale_by) == "top" for one in values) else 0)
    )
    scale = _scale([*drawn, *(value for _, value in lines)], top, unit)
    foot = EDGE if any(_edge(one, scale_by) == "bottom" for one in values) else 0
    width = 100 / max(len(slots), 1)
    parts = scale.grid()
    parts += _boundaries(blocks, width, scale.bottom + foot)
    for place, slot in enumerate(slots):
        parts += _slot_parts(slot, place, width, scale, scale_by)
    if best:
        parts += _steps(blocks, width, scale, scale_by, best)
    parts += _labels(slots, width, scale.bottom + foot, zone)
    parts += _levels(lines, _extents(blocks, width), scale)
    if not values:
        parts.append(_nothing(scale))
    rows = tuple(_row(one, unit, zone) for one in sorted(values, key=lambda one: one.at, reverse=True))
    svg = picture("chart", f'height="{n(scale.bottom + foot + AXIS)}"', title, desc, parts)
    return Chart(title, svg, HEADERS, rows, _legend(slots, blocks, unit), words=2)


def curve(
    steps: Sequence[tuple[int, float | None, str]],
    *,
    title: str,
    desc: str,
    levels: Sequence[Level] = (),
    unit: str = "",
) -> Chart:
    """A run over its steps, given as (step, value, state); a value that is no number breaks the line."""
    scale_by = scale_of(unit)
    points = [(step, drawable(value * scale_by) if value is not None else None) for step, value, _ in sorted(steps)]
    lines = [(level, value) for level in levels if (value := drawable(level.value * scale_by)) is not None]
    lost = [(step, _what(value, state)) for step, value, state in sorted(steps) if _lost(value, scale_by)]
    drawn = [value for _, value in points if value is not None]
    scale = _scale([*drawn, *(value for _, value in lines)], 10.0 + (EDGE if lost else 0), unit)
    first, last = (points[0][0], points[-1][0]) if points else (0, 0)

    def x(step: int) -> float:
        return 2 + 96 * ((step - first) / (last - first)) if last > first else 50.0

    parts = scale.grid()
    for finite, stretch in groupby(points, key=lambda point: point[1] is not None):
        if finite:
            spots = [(x(step), scale.y(value)) for step, value in stretch if value is not None]
            parts.append(_line(spots, scale.bottom))
    for step, what in lost[:MARKS]:
        sign = f'<path class="lost" d="{CROSS}"><title>{escape(what)}</title></path>'
        parts.append(placed(x(step), scale.top - EDGE / 2, sign))
    if lost:
        words = ", ".join(dict.fromkeys(what for _, what in lost))
        parts.append(f'<text class="lost-word" x="0" y="8">{escape(words)}</text>')
    for step, anchor in dict.fromkeys([(first, "start"), ((first + last) // 2, "middle"), (last, "end")]):
        if points and (anchor == "start" or first != last):
            place = f'x="{n(x(step))}%" text-anchor="{anchor}"'
            parts.append(f'<text class="tick" {place} y="{n(scale.bottom + 16)}">{step}</text>')
    parts.append(f'<text class="tick" x="50%" text-anchor="middle" y="{n(scale.bottom + 32)}">step</text>')
    parts += _levels(lines, {}, scale)
    if not points:
        parts.append(_nothing(scale))
    rows = tuple(
        (str(step), measured(value, unit, state=state), _stored(value, state)) for step, value, state in sorted(steps)
    )
    svg = picture("chart", f'height="{n(scale.bottom + AXIS)}"', title, desc, parts)
    return Chart(title, svg, ("Step", "Value", "Stored as"), rows)


def _slots(values: Sequence[Value]) -> list[_Slot]:
    """The candidates' places: datasets in the order in which they were first met, candidates in theirs."""
    inside: dict[tuple[str, ...], dict[str, list[Value]]] = {}
    numbers: dict[str, int] = {}
    for one in sorted(values, key=lambda one: (one.at, one.candidate, one.pair)):
        numbers.setdefault(one.candidate, len(numbers) + 1)
        inside.setdefault(one.data, {}).setdefault(one.candidate, []).append(one)
    return [
        _Slot(numbers[name], name, data, own, mean_of(own))
        for data, block in inside.items()
        for name, own in block.items()
    ]


def _scale(shown: Sequence[float], top: float, unit: str) -> _Scale:
    ticks = nice_ticks(min(shown), max(shown)) if shown else [0.0, 1.0]
    return _Scale(top, top + PLOT_HEIGHT, ticks, unit)


def _drawn(one: Value, scale_by: float) -> float | None:
    return None if one.value is None else drawable(one.value * scale_by)


def _lost(value: float | None, scale_by: float) -> bool:
    return value is None or drawable(value * scale_by) is None


def _edge(one: Value, scale_by: float) -> str:
    """At which edge a value stands that cannot be drawn; empty for one that can."""
    if not _lost(one.value, scale_by):
        return ""
    down = one.state == "neg_inf" or (one.value is not None and one.value < 0)
    return "bottom" if down else "top"


def _what(value: float | None, state: str) -> str:
    return NOT_NUMBERS.get(state, "?") if value is None else figure(value)


def _stored(value: float | None, state: str) -> str:
    return state if value is None else exact(value)


def _slot_parts(slot: _Slot, place: int, width: float, scale: _Scale, scale_by: float) -> list[str]:
    """The dots of a candidate beside each other in its place, oldest first, and a tick at its mean."""
    middle = (place + 0.5) * width
    many = len(slot.values)
    spread = min(0.6 * width, 2.2 * (many - 1))
    tone, shape = f"c{(slot.number - 1) % len(SHAPES)}", SHAPES[(slot.number - 1) % len(SHAPES)]
    parts, lost = [], {"top": list[str](), "bottom": list[str]()}
    for index, one in enumerate(slot.values):
        value = _drawn(one, scale_by)
        if value is None:
            lost[_edge(one, scale_by)].append(_what(one.value, one.state))
            continue
        across = middle - spread / 2 + (spread * index / (many - 1) if many > 1 else 0)
        dot = f'<path class="{tone}{" old" if one.old else ""}" d="{shape}"/>'
        parts.append(placed(across, scale.y(value), dot))
    mean = drawable(slot.mean * scale_by) if slot.mean is not None else None
    if mean is not None and many > 1:
        parts.append(placed(middle, scale.y(mean), f'<path class="mean {tone}" d="M-12 0h24"/>'))
    for edge, words in lost.items():
        if words:
            said = ", ".join(
                what if words.count(what) == 1 else f"{words.count(what)} {what}" for what in dict.fromkeys(words)
            )
            y = scale.top - EDGE / 2 if edge == "top" else scale.bottom + EDGE / 2
            word = f'<text class="lost-word" x="7" y="4">{escape(said)}</text>' if width >= 7 else ""
            sign = f'<path class="lost" d="{CROSS}"><title>{escape(f"{slot.name}: {said}")}</title></path>'
            parts.append(placed(middle, y, sign + word))
    return parts


def _extents(blocks: Sequence[Block], width: float) -> dict[tuple[str, ...], tuple[float, float]]:
    """Where each block begins and ends, in percent."""
    found, at = {}, 0
    for data, slots in blocks:
        found[data] = (at * width, (at + len(slots)) * width)
        at += len(slots)
    return found


def _boundaries(blocks: Sequence[Block], width: float, bottom: float) -> list[str]:
    """A line where the dataset changes, and above each block which one it is."""
    if len(blocks) < 2:
        return []
    parts = []
    for place, (left, right) in enumerate(_extents(blocks, width).values(), start=1):
        if place > 1:
            words = blocks[place - 1][1][0].values[0].data_words
            title = f"<title>Another dataset from here: {escape(words)}. Not comparable across the line.</title>"
            parts.append(
                f'<g class="data-change">{title}<line x1="{n(left)}%" x2="{n(left)}%" y1="0" y2="{n(bottom)}"/></g>'
            )
        label = f"dataset {place}" if right - left >= 20 else f"D{place}"
        parts.append(f'<text class="data-name" x="{n(left)}%" dx="4" y="11">{label}</text>')
    return parts


def _steps(blocks: Sequence[Block], width: float, scale: _Scale, scale_by: float, better: str) -> list[str]:
    """The best mean so far, as steps; each block begins anew."""
    choose: Callable[[float, float], float] = max if better == "higher" else min
    parts, place = [], 0
    for _, slots in blocks:
        so_far: float | None = None
        spots: list[tuple[float, float]] = []
        for slot in slots:
            mean = drawable(slot.mean * scale_by) if slot.mean is not None else None
            if mean is not None:
                so_far = mean if so_far is None else choose(so_far, mean)
            if so_far is not None:
                spots.append(((place + 0.5) * width, scale.y(so_far)))
            place += 1
        for (left, was), (right, now) in pairwise(spots):
            parts.append(_segment(left, right, was, was))
            if was != now:
                parts.append(_segment(right, right, was, now))
    return parts


def _segment(left: float, right: float, above: float, below: float) -> str:
    return f'<line class="best" x1="{n(left)}%" x2="{n(right)}%" y1="{n(above)}" y2="{n(below)}"/>'


def _line(spots: Sequence[tuple[float, float]], bottom: float) -> str:
    """A line through spots, stretched across the plot; one spot alone is a dot."""
    path = " ".join(f"{n(x)} {n(y)}" for x, y in spots) if len(spots) > 1 else f"{n(spots[0][0])} {n(spots[0][1])}h.01"
    alone = "" if len(spots) > 1 else " alone"
    frame = f'width="100%" height="{n(bottom)}" viewBox="0 0 100 {n(bottom)}" preserveAspectRatio="none"'
    drawing = f'<path class="curve{alone}" d="M{path}" vector-effect="non-scaling-stroke"/>'
    return f'<svg {frame} overflow="visible">{drawing}</svg>'


def _labels(slots: Sequence[_Slot], width: float, bottom: float, zone: tzinfo) -> list[str]:
    """Below each place the number of its candidate, and the day where there is room and it is another one."""
    parts, said, after = [], "", -100.0
    several = len({slot.number for slot in slots}) > 1
    every = math.ceil(len(slots) / 20)
    for place, slot in enumerate(slots):
        x = (place + 0.5) * width
        middle = f'x="{n(x)}%" text-anchor="middle"'
        if several and place % every == 0:
            parts.append(
                f'<text class="tick" x="{n(x)}%" text-anchor="middle" y="{n(bottom + 16)}">{slot.number}</text>'
            )
        at = slot.values[0].at.astimezone(zone)
        day = f"{at.day} {at:%b}"
        if day != said and x - after >= 14:
            parts.append(f'<text class="tick" {middle} y="{n(bottom + 31)}">{day}</text>')
            said, after = day, x
    return parts


def _levels(
    lines: Sequence[tuple[Level, float]], extents: dict[tuple[str, ...], tuple[float, float]], scale: _Scale
) -> list[str]:
    """Lines across the blocks that they hold for; their words keep clear of each other."""
    parts, above = [], -100.0
    for level, value in sorted(lines, key=lambda line: -line[1]):
        if level.data is not None and extents and level.data not in extents:
            continue
        left, right = (0.0, 100.0) if level.data is None else extents.get(level.data, (0.0, 100.0))
        y = scale.y(value)
        baseline = max(y - 5, above + 13)
        above = baseline
        words = f"{level.words} {measured(level.value, scale.unit)}"
        parts.append(
            f'<g class="{level.kind}-line"><line x1="{n(left)}%" x2="{n(right)}%" y1="{n(y)}" y2="{n(y)}"/>'
            f'<text x="{n(right)}%" text-anchor="end" y="{n(baseline)}">{escape(words)}</text></g>'
        )
    return parts


def _legend(slots: Sequence[_Slot], blocks: Sequence[Block], unit: str) -> tuple[Legend, ...]:
    """Number, shape, name and mean of each candidate; of several datasets what each is."""
    places = {data: place for place, (data, _) in enumerate(blocks, start=1)}
    entries = []
    for slot in slots[-SAID:]:
        tone, shape = f"c{(slot.number - 1) % len(SHAPES)}", SHAPES[(slot.number - 1) % len(SHAPES)]
        counting = [one for one in slot.values if not one.old]
        many = "1 run" if len(counting) == 1 else f"{len(counting)} runs"
        mean = f"mean {measured(slot.mean, unit)}" if slot.mean is not None else "no mean, a run is no number"
        mean = mean if counting else "nothing that counts"
        where = f" on dataset {places[slot.data]}" if len(blocks) > 1 else ""
        sample = swatch(f'<path class="{tone}" transform="translate(6 6)" d="{shape}"/>')
        entries.append(Legend(sample, f"{slot.number} {slot.name}{where}: {mean}, {many}"))
    if len(slots) > SAID:
        entries.insert(0, Legend(swatch(""), f"{len(slots) - SAID} earlier ones are in the table"))
    if len(blocks) > 1:
        for place, (_, inside) in enumerate(blocks[:SAID], start=1):
            sample = swatch('<path class="data-key" d="M6 0v12"/>')
            entries.append(Legend(sample, f"dataset {place}: {inside[0].values[0].data_words}"))
    return tuple(entries)


def _row(one: Value, unit: str, zone: tzinfo) -> tuple[str, ...]:
    at = one.at.astimezone(zone)
    value = measured(one.value, unit, state=one.state)
    note = one.old or ("" if one.value is not None else "in no mean")
    return (f"{at:%Y-%m-%d %H:%M}", one.candidate, one.pair, value, _stored(one.value, one.state), one.data_words, note)


def _nothing(scale: _Scale) -> str:
    return f'<text class="nothing" x="50%" y="{n(scale.bottom - 12)}" text-anchor="middle">No runs yet</text>'
