"""Differences of pairs as dots, with their mean, its bounds, nothing and what matters."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.utils.html import escape

from agileml.lib.charts import Chart
from agileml.lib.figures import exact, gap, scale_of
from agileml.lib.levels import scaled, ticks_of
from agileml.lib.svg import decimals, figure, n, picture, with_unit

ROW = 9  # pixels between rows of dots
MOST_ROWS = 12
ABOVE = 30  # room for the words of nothing and what matters
BAND = 26  # room for the mean and its bounds


@dataclass(frozen=True, slots=True)
class Bounds:
    """A mean with what it may lie between; a bound is None where there is none."""

    mean: float
    lower: float | None = None
    upper: float | None = None


def differences(
    pairs: Sequence[tuple[str, float]], bounds: Bounds, *, margin: float, title: str, desc: str, unit: str = ""
) -> Chart:
    """How much better in each pair, to the right of nothing or to its left; the table has every pair."""
    scale_by = scale_of(unit)
    values = [value for _, value in pairs] + [bounds.mean, margin, 0.0]
    values += [value for value in (bounds.lower, bounds.upper) if value is not None]
    ticks = ticks_of([found for value in values if (found := scaled(value, scale_by)) is not None])
    low, high = ticks[0], ticks[-1]

    def x(value: float) -> float:
        found = scaled(value, scale_by) or 0.0
        return 2 + 96 * (found - low) / (high - low)

    rows = min(max(len(pairs), 1), MOST_ROWS)
    bottom = ABOVE + rows * ROW + BAND
    parts = []
    digits = decimals(ticks[1] - ticks[0])
    for tick in ticks:
        place = f'x="{n(2 + 96 * (tick - low) / (high - low))}%" text-anchor="middle"'
        label = with_unit(figure(tick, digits), unit if unit != "%" and len(unit) < 3 else "")
        parts.append(f'<text class="tick" {place} y="{n(bottom + 16)}">{escape(label)}</text>')
    parts.append(f'<line class="grid base" x1="0" x2="100%" y1="{bottom}" y2="{bottom}"/>')
    parts.append(_upright("nothing-line", x(0), bottom, "no difference", 10))
    if margin:
        parts.append(_upright("margin-line", x(margin), bottom, f"what matters {gap(margin, unit)}", 24))
    for row, (pair, value) in enumerate(pairs):
        told = escape(f"{pair or 'the test set'}: {gap(value, unit)}")
        spot = f'cx="{n(x(value))}%" cy="{n(ABOVE + ROW / 2 + row % rows * ROW)}"'
        parts.append(f'<circle class="pair" {spot} r="3.5"><title>{told}</title></circle>')
    y = n(bottom - BAND / 2)
    if bounds.lower is not None and bounds.upper is not None:
        span = f'x1="{n(x(bounds.lower))}%" x2="{n(x(bounds.upper))}%"'
        parts.append(f'<line class="bounds" {span} y1="{y}" y2="{y}"/>')
    parts.append(f'<circle class="mean-dot" cx="{n(x(bounds.mean))}%" cy="{y}" r="5"/>')
    table = tuple((pair or "the test set", gap(value, unit), exact(value)) for pair, value in pairs)
    svg = picture("chart", f'height="{n(bottom + 26)}"', title, desc, parts)
    return Chart(title, svg, ("Pair", "Better by", "Stored as"), table)


def _upright(tone: str, x: float, bottom: float, words: str, y: float) -> str:
    anchor = "start" if x < 15 else "end" if x > 85 else "middle"
    line = f'<line x1="{n(x)}%" x2="{n(x)}%" y1="{n(y + 4)}" y2="{n(bottom)}"/>'
    return f'<g class="{tone}">{line}<text x="{n(x)}%" y="{n(y)}" text-anchor="{anchor}">{escape(words)}</text></g>'
