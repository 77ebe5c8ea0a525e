"""Measured values as people read them. A metric with the unit "%" holds fractions and is shown times 100."""

import math
import re

NOT_NUMBERS = {"nan": "NaN", "pos_inf": "∞", "neg_inf": "−∞"}
MINUS = "\N{MINUS SIGN}"
_BEFORE_PERCENT = re.compile(r"(?<=\d) (?=%)")
SPELLED_OUT = 1e9  # beyond, digits can no longer be counted at a glance


def scale_of(unit: str) -> float:
    """What values of this unit are multiplied with before they are shown."""
    return 100.0 if unit == "%" else 1.0


def measured(value: float | None, unit: str = "", *, state: str = "ok", places: int | None = None) -> str:
    """`0.0074` with unit "%" as "0.74 %"; a value that is not a finite number as what it is; none as "–".

    Three significant figures unless `places` says how many decimals.
    """
    if value is None or not math.isfinite(value):
        return NOT_NUMBERS.get(state, "–")
    shown = value * scale_of(unit)
    if not math.isfinite(shown):
        return measured(value)  # a fraction that has no double as percent
    if places is None:
        places = 0 if shown == 0 else min(max(2 - math.floor(math.log10(abs(shown))), 0), 6)
    text = f"{shown:.{places}f}" if abs(shown) < SPELLED_OUT else f"{shown:.3g}"
    if shown == 0:
        text = text.lstrip("-")
    if shown and not text.strip("-0."):
        text = f"{shown:.1e}"  # far smaller than its metric's values usually are, and yet not nothing
    elif "." in text and "e" not in text:
        text = text.rstrip("0").rstrip(".")
    text = text.replace("-", MINUS)
    return f"{text} {unit}" if unit else text


def tied(text: str) -> str:
    """A text that people wrote, in which no line ends between a figure and its per cent."""
    return _BEFORE_PERCENT.sub("\N{NO-BREAK SPACE}", text)


def exact(value: float) -> str:
    """A double as it is stored, so that reading it again gives the same one: "0.1", "-0.0", "5e-324"."""
    return repr(value)


def amount(value: float, unit: str = "") -> str:
    """How far apart two values are; two percentages differ by points, which are no per cent of either: "0.2 points"."""
    if unit != "%":
        return measured(value, unit)
    points = measured(value, unit).removesuffix(" %")
    return f"{points} point{'' if points == '1' else 's'}"


def gap(value: float, unit: str = "") -> str:
    """A difference with its sign: "+0.2 points", "−0.3 s", "±0"."""
    if value == 0:
        return "±0"
    return f"{'+' if value > 0 else MINUS}{amount(abs(value), unit)}"
