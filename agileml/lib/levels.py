"""What charts of measured values stand on: a scale, levels across it, and words for what is no number."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from django.utils.html import escape

from agileml.lib.figures import NOT_NUMBERS, exact, measured
from agileml.lib.svg import decimals, drawable, figure, grid_line, n, nice_ticks, with_unit

EDGE = 18  # room above or below the plot for what has no place on it
AXIS = 38  # room below for the axis
FAR = 4  # spans of what is compared; a baseline further off would squeeze that to a line
LINE = 13  # a line of words
CROSS = "M-3.5-3.5l7 7M3.5-3.5l-7 7"


@dataclass(frozen=True, slots=True)
class Level:
    """A line across: `kind` is target, baseline or champion. One with `data` holds for that block alone."""

    kind: str
    value: float
    words: str
    data: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class Scale:
    """Heights of the plot, in pixels, and the figures of its axis."""

    top: float
    bottom: float
    ticks: Sequence[float]
    unit: str

    def y(self, value: float) -> float:
        return self.bottom - (value - self.ticks[0]) / (self.ticks[-1] - self.ticks[0]) * (self.bottom - self.top)

    def holds(self, value: float) -> bool:
        return self.ticks[0] <= value <= self.ticks[-1]

    def grid(self) -> list[str]:
        digits = decimals(self.ticks[1] - self.ticks[0])
        short = self.unit if len(self.unit) < 3 else ""
        return [
            grid_line(self.y(tick), with_unit(figure(tick, digits), short), base=place == 0)
            for place, tick in enumerate(self.ticks)
        ]


def ticks_of(shown: Sequence[float]) -> list[float]:
    return nice_ticks(min(shown), max(shown)) if shown else [0.0, 1.0]


def scaled(value: float | None, scale_by: float) -> float | None:
    return None if value is None else drawable(value * scale_by)


def word_of(value: float | None, state: str) -> str:
    return NOT_NUMBERS.get(state, "?") if value is None else figure(value)


def stored(value: float | None, state: str) -> str:
    return state if value is None else exact(value)


def near_levels(
    lines: Sequence[tuple[Level, float]], near: Sequence[float]
) -> tuple[list[tuple[Level, float]], list[tuple[Level, bool]]]:
    """The lines that can be drawn with the values, and those so far off that nothing of the values would be seen.

    Of the far ones it is said whether they lie above. Only baselines may be far: where one started is no aim.
    """
    kept = [value for level, value in lines if level.kind != "baseline"] + list(near)
    if not near:
        return list(lines), []
    low, high = min(kept), max(kept)
    room = FAR * max(high - low, 0.05 * max(abs(low), abs(high)))
    far = [(level, value > high) for level, value in lines if not low - room <= value <= high + room]
    names = {id(level) for level, _ in far}
    return [(level, value) for level, value in lines if id(level) not in names], far


def level_lines(
    lines: Sequence[tuple[Level, float]],
    extents: Mapping[tuple[str, ...], tuple[float, float]],
    scale: Scale,
    dots: Sequence[tuple[float, float]] = (),
) -> list[str]:
    """Lines across the blocks that they hold for; their words keep clear of each other.

    They stand at the right end, or at the left one where they would cover fewer of the `dots` (each x in percent, y).
    """
    shown = [
        (level, value)
        for level, value in sorted(lines, key=lambda line: -line[1])
        if level.data is None or not extents or level.data in extents
    ]
    heights = [scale.y(value) - 5 for _, value in shown]
    for place in range(1, len(heights)):
        heights[place] = max(heights[place], heights[place - 1] + LINE)
    for place in range(len(heights) - 1, -1, -1):
        below = heights[place + 1] - LINE if place + 1 < len(heights) else scale.bottom - 4
        heights[place] = min(heights[place], below)
    parts = []
    for (level, value), height in zip(shown, heights, strict=True):
        left, right = (0.0, 100.0) if level.data is None else extents.get(level.data, (0.0, 100.0))
        y, words = n(scale.y(value)), f"{level.words} {measured(level.value, scale.unit)}"
        behind = [x for x, spot in dots if height - LINE < spot < height + LINE / 2]
        middle = (left + right) / 2
        on_left, on_right = sum(left <= x < middle for x in behind), sum(middle <= x <= right for x in behind)
        x, anchor = (left, "start") if on_left < on_right else (right, "end")
        parts.append(
            f'<g class="{level.kind}-line"><line x1="{n(left)}%" x2="{n(right)}%" y1="{y}" y2="{y}"/>'
            f'<text x="{n(x)}%" text-anchor="{anchor}" y="{n(height)}">{escape(words)}</text></g>'
        )
    return parts


def nothing_yet(scale: Scale) -> str:
    return f'<text class="nothing" x="50%" y="{n(scale.bottom - 12)}" text-anchor="middle">No runs yet</text>'
