"""Measured values as people read them."""

import pytest

from agileml.lib.figures import gap, measured


@pytest.mark.parametrize(
    ("value", "unit", "state", "text"),
    [
        (0.0074074, "%", "ok", "0.741 %"),
        (0.38315, "%", "ok", "38.3 %"),
        (0.05, "%", "ok", "5 %"),
        (0.0, "", "ok", "0"),
        (-0.25, "", "ok", "−0.25"),
        (1234.5, "ms", "ok", "1234 ms"),
        (1e-9, "", "ok", "1.0e−09"),
        (None, "%", "nan", "NaN"),
        (None, "", "pos_inf", "∞"),
        (None, "", "neg_inf", "−∞"),
        (None, "", "ok", "–"),
        (float("inf"), "", "ok", "–"),
    ],
)
def test_three_significant_figures_with_the_unit(value: float | None, unit: str, state: str, text: str) -> None:
    assert measured(value, unit, state=state) == text


@pytest.mark.parametrize(("value", "text"), [(0.003, "+0.3 points"), (-0.01, "−1 point"), (0.0, "±0")])
def test_a_difference_of_percentages_is_points_and_has_its_sign(value: float, text: str) -> None:
    assert gap(value, "%") == text


def test_a_difference_of_anything_else_is_in_its_unit() -> None:
    assert gap(-0.3, "s") == "−0.3 s"
