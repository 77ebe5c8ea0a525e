"""Champions one after the other, each a step."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.utils.html import escape

from agileml.lib.charts import PLOT_HEIGHT, Chart, Legend
from agileml.lib.figures import measured, scale_of
from agileml.lib.levels import AXIS, Level, Scale, level_lines, scaled, ticks_of
from agileml.lib.svg import n, picture, swatch

SHOWN = 12  # steps; a line of models has seldom more, and then the newest tell


@dataclass(frozen=True, slots=True)
class Step:
    """A champion: its number, its name, how it came to reign and when, and its mean (None: not measured there)."""

    number: int
    name: str
    how: str
    when: str
    value: float | None


def staircase(steps: Sequence[Step], *, title: str, desc: str, levels: Sequence[Level] = (), unit: str = "") -> Chart:
    """Steps of equal width in their order, the newest `SHOWN` of them, with their figures as a table."""
    shown = list(steps)[-SHOWN:]
    scale_by = scale_of(unit)
    heights = [scaled(step.value, scale_by) for step in shown]
    lines = [(level, value) for level in levels if (value := scaled(level.value, scale_by)) is not None]
    drawn = [value for value in heights if value is not None]
    scale = Scale(10.0, 10.0 + PLOT_HEIGHT, ticks_of([*drawn, *(value for _, value in lines)]), unit)
    width = 100 / max(len(shown), 1)
    parts = scale.grid()
    legend = []
    for place, (step, value) in enumerate(zip(shown, heights, strict=True)):
        left = place * width
        middle = f'x="{n(left + width / 2)}%" text-anchor="middle"'
        parts.append(f'<text class="tick" {middle} y="{n(scale.bottom + 16)}">{step.number}</text>')
        if value is None:
            parts.append(f'<text class="nothing" {middle} y="{n(scale.bottom - 8)}">not measured</text>')
            continue
        y = n(scale.y(value))
        newest = " now" if place == len(shown) - 1 else ""
        sample = swatch(f'<g class="reign{newest}"><line x1="0" x2="12" y1="6" y2="6"/></g>')
        legend.append(Legend(sample, f"{step.number} {step.name} {measured(step.value, unit)}"))
        told = f"{step.number}: {step.name}, {measured(step.value, unit)}, {step.how}"
        parts.append(
            f'<g class="reign{newest}"><title>{escape(told)}</title>'
            f'<line x1="{n(left)}%" x2="{n(left + width)}%" y1="{y}" y2="{y}"/></g>'
        )
        before = heights[place - 1] if place else None
        if before is not None:
            top, bottom = sorted((scale.y(before), scale.y(value)))
            parts.append(f'<line class="riser" x1="{n(left)}%" x2="{n(left)}%" y1="{n(top)}" y2="{n(bottom)}"/>')
    parts += level_lines(lines, {}, scale)
    rows = tuple(
        (str(step.number), measured(step.value, unit), step.name, step.how, step.when) for step in reversed(steps)
    )
    svg = picture("chart", f'height="{n(scale.bottom + AXIS)}"', title, desc, parts)
    return Chart(title, svg, ("Champion", "Mean", "Candidate", "How", "Since"), rows, tuple(legend), words=3)
