"""A run over its steps."""

from collections.abc import Sequence
from itertools import groupby

from django.utils.html import escape

from agileml.lib.charts import PLOT_HEIGHT, Chart
from agileml.lib.figures import measured, scale_of
from agileml.lib.levels import (
    AXIS,
    CROSS,
    EDGE,
    Level,
    Scale,
    level_lines,
    nothing_yet,
    scaled,
    stored,
    ticks_of,
    word_of,
)
from agileml.lib.svg import n, picture, placed

MARKS = 200  # of lost values


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
    points = [(step, scaled(value, scale_by)) for step, value, _ in sorted(steps)]
    lines = [(level, value) for level in levels if (value := scaled(level.value, scale_by)) is not None]
    lost = [(step, word_of(value, state)) for step, value, state in sorted(steps) if scaled(value, scale_by) is None]
    drawn = [value for _, value in points if value is not None]
    top = 10.0 + (EDGE if lost else 0)
    scale = Scale(top, top + PLOT_HEIGHT, ticks_of([*drawn, *(value for _, value in lines)]), unit)
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
        parts.append(f'<text class="edge-word" x="0" y="8">{escape(words)}</text>')
    for step, anchor in dict.fromkeys([(first, "start"), ((first + last) // 2, "middle"), (last, "end")]):
        if points and (anchor == "start" or first != last):
            place = f'x="{n(x(step))}%" text-anchor="{anchor}"'
            parts.append(f'<text class="tick" {place} y="{n(scale.bottom + 16)}">{step}</text>')
    parts.append(f'<text class="tick" x="50%" text-anchor="middle" y="{n(scale.bottom + 32)}">step</text>')
    parts += level_lines(lines, {}, scale)
    if not points:
        parts.append(nothing_yet(scale))
    rows = tuple(
        (str(step), measured(value, unit, state=state), stored(value, state)) for step, value, state in sorted(steps)
    )
    svg = picture("chart", f'height="{n(scale.bottom + AXIS)}"', title, desc, parts)
    return Chart(title, svg, ("Step", "Value", "Stored as"), rows)


def _line(spots: Sequence[tuple[float, float]], bottom: float) -> str:
    """A line through spots, stretched across the plot; one spot alone is a dot."""
    path = " ".join(f"{n(x)} {n(y)}" for x, y in spots) if len(spots) > 1 else f"{n(spots[0][0])} {n(spots[0][1])}h.01"
    alone = "" if len(spots) > 1 else " alone"
    frame = f'width="100%" height="{n(bottom)}" viewBox="0 0 100 {n(bottom)}" preserveAspectRatio="none"'
    drawing = f'<path class="curve{alone}" d="M{path}" vector-effect="non-scaling-stroke"/>'
    return f'<svg {frame} overflow="visible">{drawing}</svg>'
