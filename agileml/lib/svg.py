"""The pieces that charts are drawn from: scales with round numbers, texts of figures, and the SVG around a drawing.

Everything here is a pure function of its arguments. Positions across are percentages and down are pixels.
"""

import math
from collections.abc import Sequence
from zlib import crc32

from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe

HUGE, TINY = 1e300, 1e-300


def nice_ticks(low: float, high: float, *, whole: bool = False) -> list[float]:
    """Round numbers, two to seven of them, that begin at or below `low` and end at or above `high`.

    Their steps are 1, 2, 2.5 or 5 times a power of ten; with `whole` they are integers. Where both ends are (nearly)
    one value the scale opens around it.
    """
    size = max(abs(low), abs(high))
    if high - low <= size * 1e-9 or high - low < TINY:
        room = size * 0.05 if size > TINY else 1.0
        low, high = low - room, high + room
    rough = (high - low) / 4
    power = 10.0 ** math.floor(math.log10(rough))
    factors = (1, 2, 5, 10) if whole else (1, 2, 2.5, 5, 10)
    step = next((factor * power for factor in factors if factor * power >= rough * (1 - 1e-9)), 10 * power)
    if whole:
        step = max(1.0, step)
    first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
    return [place * step for place in range(first, last + 1)]


def grid_line(y: float, label: str, *, base: bool) -> str:
    """A line across with its label in the left margin; `base` is the axis itself."""
    tone = "grid base" if base else "grid"
    line = f'<line class="{tone}" x1="0" x2="100%" y1="{n(y)}" y2="{n(y)}"/>'
    return f'{line}<text class="tick" x="-8" y="{n(y + 4)}" text-anchor="end">{escape(label)}</text>'


def placed(x: float, y: float, drawing: str) -> str:
    """A drawing around its own zero, moved to a percentage across and a pixel down."""
    return f'<svg x="{n(x)}%" y="{n(y)}" overflow="visible">{drawing}</svg>'


def picture(tone: str, frame: str, title: str, desc: str, parts: Sequence[str]) -> SafeString:
    """A whole SVG of class `tone` that names and describes itself; `frame` is its size or view box as attributes."""
    drawing = "".join(parts)
    # Two charts of a page may share a title, but not a drawing as well.
    uid = f"{crc32((title + desc + drawing).encode()):08x}"
    # Safe: whoever draws escapes each text where it is put in, as this does with title and description.
    text = (
        f'<svg class="{tone}" role="img" aria-labelledby="t{uid} d{uid}" {frame}><title id="t{uid}">{escape(title)}'
        f'</title><desc id="d{uid}">{escape(desc)}</desc>{drawing}</svg>'
    )
    return mark_safe(text)  # noqa: S308


def swatch(drawing: str) -> SafeString:
    """A drawing of 12 by 12 pixels for a legend."""
    return mark_safe(f'<svg class="swatch" width="12" height="12" aria-hidden="true">{drawing}</svg>')  # noqa: S308


def drawable(value: float | None) -> float | None:
    """The value, or None where it cannot be drawn: not a number, infinite, or so large that a scale would be."""
    return value if value is not None and math.isfinite(value) and abs(value) < HUGE else None


def n(value: float) -> str:
    """A coordinate, as short as it can be."""
    return f"{value:.2f}".rstrip("0").rstrip(".")


def decimals(step: float) -> int:
    """How many places after the point a scale of this step needs; at most six."""
    return next((places for places in range(6) if abs(round(step, places) - step) < step * 1e-6), 6)


def figure(value: float, places: int | None = None) -> str:
    """A number for people: fixed places where they are given, else four digits that matter; a true minus sign."""
    spelled_out = places is not None and places <= 5 and abs(value) < 1e5
    text = f"{value:.{places}f}" if spelled_out else f"{value:.4g}"
    if text.strip("-0.") == "":
        text = text.lstrip("-")
    return text.replace("-", "\u2212")


def with_unit(text: str, unit: str) -> str:
    """A figure and its unit as one word: the narrow space between them does not break."""
    return f"{text}\u202f{unit}" if unit else text
