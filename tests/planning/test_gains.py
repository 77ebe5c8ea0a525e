"""What work of a kind was expected to gain and gained, over many reports."""

import math
from typing import Any

from agileml.planning.rules.gains import over_all


def line(measured: float | None, *, expected: float | None = 0.1, criteria: int = 1, **more: Any) -> dict[str, Any]:
    common = {"type": "engineering", "type_name": "Engineering", "metric": "f1", "unit": "", "against": "baseline"}
    counts = {"criteria": criteria, "measured_criteria": 0 if measured is None else criteria}
    return common | counts | {"expected": expected, "measured": measured} | more


def test_a_report_counts_by_how_many_criteria_it_measured():
    (one,) = over_all([[line(0.1, criteria=3)], [line(0.5, expected=0.5)]])
    assert (one["measured"], one["expected"], one["criteria"], one["sprints"]) == (0.2, 0.2, 4, 2)


def test_what_nothing_measured_counts_only_where_nothing_at_all_was():
    (one,) = over_all([[line(0.2, expected=0.1)], [line(None, expected=0.9, criteria=5)]])
    assert (one["measured"], one["expected"], one["measured_criteria"], one["criteria"]) == (0.2, 0.1, 1, 6)
    (one,) = over_all([[line(None, expected=0.1)], [line(None, expected=0.4, criteria=2)]])
    assert one["measured"] is None
    assert math.isclose(one["expected"], 0.3)


def test_kinds_metrics_and_what_was_compared_stay_apart():
    found = over_all([[line(0.1), line(0.1, metric="auc"), line(0.1, against="champion"), line(0.1, type="review")]])
    assert [(one["type"], one["metric"], one["against"]) for one in found] == [
        ("engineering", "auc", "baseline"), ("engineering", "f1", "baseline"), ("engineering", "f1", "champion"),
        ("review", "f1", "baseline"),
    ]  # fmt: skip
    assert over_all([]) == over_all([[]]) == []


def test_numbers_at_the_end_of_the_doubles_do_not_fail():
    (one,) = over_all([[line(1.7e308)], [line(1.7e308)], [line(-1.7e308)]])
    assert math.isfinite(one["measured"])
