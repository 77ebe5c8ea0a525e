"""What was measured, drawn in the order in which it was: candidates side by side.

Pure functions. Values on different datasets or splits stand in different blocks, with a line between them: they are
not comparable, so nothing joins them and a level that belongs to one block crosses no other.
"""

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from itertools import groupby, pairwise

from django.utils.html import escape

from agileml.lib.charts import PLOT_HEIGHT, SHAPES, Chart, Legend
from agileml.lib.figures import measured, scale_of
from agileml.lib.levels import (
    AXIS,
    CROSS,
    EDGE,
    Level,
    Scale,
    level_lines,
    near_levels,
    nothing_yet,
    scaled,
    stored,
    ticks_of,
    word_of,
)
from agileml.lib.svg import n, picture, placed, swatch

WORDS = 18  # room above the plot for which dataset a block is
SAID = 12  # entries of a legend; the table has all
UP, DOWN = "M-4 3l4-7 4 7z", "M-4-3l4 7 4-7z"
FEW = 8  # values, among which none is far from all others
HEADERS = ("Observed", "Candidate", "Pair", "Value", "Stored as", "Measured on", "Note")


@dataclass(frozen=True, slots=True)
class Value:
    """One measured value; `value` is None exactly where `state` says that it is no finite number.

    `data` tells one dataset and split from all others and `data_words` names them. `old` says in a word why it no
    longer counts ("superseded"): it is drawn faint and is in no mean. `remark` is one more thing for the table to say.
    """

    candidate: str
    at: datetime
    value: float | None
    state: str = "ok"
    pair: str = ""
    data: tuple[str, ...] = ()
    data_words: str = ""
    old: str = ""
    remark: str = ""

    @property
    def note(self) -> str:
        """What the table says of it beside its number."""
        return "; ".join(filter(None, (self.old or ("in no mean" if self.value is None else ""), self.remark)))


@dataclass(frozen=True, slots=True)
class _Slot:
    """A candidate on one dataset: its place across, its values by time, and its mean if it has one."""

    number: int
    name: str
    data: tuple[str, ...]
    values: Sequence[Value]
    mean: float | None


@dataclass(frozen=True, slots=True)
class Series:
    """All that a chart of candidates is drawn from but the zone of its times: kept, it can be drawn again."""

    values: Sequence[Value]
    title: str
    desc: str
    levels: Sequence[Level] = ()
    unit: str = ""
    best: str = ""

    def drawn(self, zone: tzinfo) -> Chart:
        """The chart, with its times in a zone."""
        return candidate_series(
            self.values,
            title=self.title,
            desc=self.desc,
            levels=self.levels,
            unit=self.unit,
            zone=zone,
            best=self.best,
        )


Block = tuple[tuple[str, ...], list[_Slot]]  # a dataset and the places of what was measured on it


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
    drawn = [value for one in values if (value := scaled(one.value, scale_by)) is not None]
    lines = [(level, value) for level in levels if (value := scaled(level.value, scale_by)) is not None]
    blocks = [(data, list(block)) for data, block in groupby(slots, key=lambda slot: slot.data)]
    near = _near(drawn)
    lines, far = near_levels(lines, near)
    ticks = ticks_of([*near, *(value for _, value in lines)])
    edges = {_edge(one, ticks, scale_by) for one in values}
    top = 10.0 + (WORDS if len(blocks) > 1 else 0) + (EDGE if "top" in edges else 0)
    scale = Scale(top, top + PLOT_HEIGHT, ticks, unit)
    foot = EDGE if "bottom" in edges else 0
    width = 100 / max(len(slots), 1)
    parts = scale.grid()
    parts += _boundaries(blocks, width, scale.bottom + foot)
    for place, slot in enumerate(slots):
        parts += _slot_parts(slot, place, width, scale, scale_by)
    if best:
        parts += _steps(blocks, width, scale, scale_by, best)
    parts += _labels(slots, width, scale.bottom + foot, zone)
    dots = [spot for place, slot in enumerate(slots) for _, spot in _dots(slot, place, width, scale, scale_by)]
    parts += level_lines(lines, _extents(blocks, width), scale, dots)
    if not values:
        parts.append(nothing_yet(scale))
    rows = tuple(_row(one, unit, zone) for one in sorted(values, key=lambda one: one.at, reverse=True))
    svg = picture("chart", f'height="{n(scale.bottom + foot + AXIS)}"', title, desc, parts)
    legend = _legend(slots, blocks, unit)
    legend += tuple(
        Legend(swatch(f'<path class="beyond" transform="translate(6 6)" d="{UP if above else DOWN}"/>'),
               f"{level.words} {measured(level.value, unit)}, beyond the scale")
        for level, above in far
    )  # fmt: skip
    if any(_edge(one, ticks, scale_by) and scaled(one.value, scale_by) is not None for one in values):
        legend += (Legend(swatch(f'<path class="beyond" transform="translate(6 6)" d="{UP}"/>'), "beyond the scale"),)
    return Chart(title, svg, HEADERS, rows, legend, words=2)


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


def _near(values: Sequence[float]) -> list[float]:
    """The values without those so far from the others that nothing could be told apart on a scale with them."""
    ordered = sorted(values)
    if len(ordered) < FEW:
        return ordered
    low, high = ordered[len(ordered) // 4], ordered[-1 - len(ordered) // 4]
    near = [value for value in ordered if low - 1.5 * (high - low) <= value <= high + 1.5 * (high - low)]
    return near if ordered[-1] - ordered[0] > 3 * (near[-1] - near[0]) > 0 else ordered


def _edge(one: Value, ticks: Sequence[float], scale_by: float) -> str:
    """At which edge a value stands that has no place on the scale; empty for one that has."""
    value = scaled(one.value, scale_by)
    if value is None:
        return "bottom" if one.state == "neg_inf" or (one.value is not None and one.value < 0) else "top"
    return "bottom" if value < ticks[0] else "top" if value > ticks[-1] else ""


def _dots(
    slot: _Slot, place: int, width: float, scale: Scale, scale_by: float
) -> Iterator[tuple[Value, tuple[float, float]]]:
    """The values of a candidate that have a place on the scale, oldest first, each with its spot: percent, pixels."""
    many = len(slot.values)
    spread = min(0.6 * width, 2.2 * (many - 1))
    for index, one in enumerate(slot.values):
        value = scaled(one.value, scale_by)
        if value is not None and not _edge(one, scale.ticks, scale_by):
            aside = spread * index / (many - 1) if many > 1 else 0
            yield one, ((place + 0.5) * width - spread / 2 + aside, scale.y(value))


def _slot_parts(slot: _Slot, place: int, width: float, scale: Scale, scale_by: float) -> list[str]:
    """The dots of a candidate beside each other in its place, oldest first, and a tick at its mean."""
    middle = (place + 0.5) * width
    tone, shape = f"c{(slot.number - 1) % len(SHAPES)}", SHAPES[(slot.number - 1) % len(SHAPES)]
    parts = [
        placed(*spot, f'<path class="{tone}{" old" if one.old else ""}" d="{shape}"/>')
        for one, spot in _dots(slot, place, width, scale, scale_by)
    ]
    mean = scaled(slot.mean, scale_by)
    if mean is not None and len(slot.values) > 1 and scale.holds(mean):
        parts.append(placed(middle, scale.y(mean), f'<path class="mean {tone}" d="M-12 0h24"/>'))
    for edge, height in (("top", scale.top - EDGE / 2), ("bottom", scale.bottom + EDGE / 2)):
        there = [one for one in slot.values if _edge(one, scale.ticks, scale_by) == edge]
        far = [one.value for one in there if one.value is not None and scaled(one.value, scale_by) is not None]
        lost = [word_of(one.value, one.state) for one in there if scaled(one.value, scale_by) is None]
        signs = []
        if far:
            farthest = measured(max(far) if edge == "top" else min(far), scale.unit)
            signs.append(
                (tone, UP if edge == "top" else DOWN, f"{len(far)} beyond the scale, the last {farthest}", farthest)
            )
        if lost:
            said = ", ".join(_many(lost.count(what), what) for what in dict.fromkeys(lost))
            signs.append(("lost", CROSS, said, said))
        for place_of, (look, path, told, word) in enumerate(signs):
            title = f"<title>{escape(f'{slot.name}: {told}')}</title>"
            text = (
                f'<text class="edge-word" x="7" y="4">{escape(word)}</text>' if width >= 8 and len(signs) == 1 else ""
            )
            moved = f'transform="translate({12 * place_of} 0)" ' if place_of else ""
            sign = f'<path class="{look}" {moved}d="{path}">{title}</path>'
            parts.append(placed(middle, height, sign + text))
    return parts


def _many(count: int, what: str) -> str:
    return what if count == 1 else f"{count} {what}"


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


def _steps(blocks: Sequence[Block], width: float, scale: Scale, scale_by: float, better: str) -> list[str]:
    """The best mean so far, as steps; each block begins anew."""
    choose: Callable[[float, float], float] = max if better == "higher" else min
    parts, place = [], 0
    for _, slots in blocks:
        so_far: float | None = None
        spots: list[tuple[float, float]] = []
        for slot in slots:
            mean = scaled(slot.mean, scale_by)
            if mean is not None:
                so_far = mean if so_far is None else choose(so_far, mean)
            if so_far is not None and scale.holds(so_far):
                spots.append(((place + 0.5) * width, scale.y(so_far)))
            place += 1
        for (left, was), (right, now) in pairwise(spots):
            parts.append(_segment(left, right, was, was))
            if was != now:
                parts.append(_segment(right, right, was, now))
    return parts


def _segment(left: float, right: float, above: float, below: float) -> str:
    return f'<line class="best" x1="{n(left)}%" x2="{n(right)}%" y1="{n(above)}" y2="{n(below)}"/>'


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
        if day != said and x - after >= 18:
            parts.append(f'<text class="tick" {middle} y="{n(bottom + 31)}">{day}</text>')
            said, after = day, x
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
    exact = stored(one.value, one.state)
    return (f"{at:%Y-%m-%d %H:%M}", one.candidate, one.pair, value, exact, one.data_words, one.note)
