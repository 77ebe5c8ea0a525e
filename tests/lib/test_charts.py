"""Charts: what lands where, what is left out, and that no text of a user ever becomes markup."""

import math
import re
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agileml.lib.charts import Chart, Day, Mark, Scope, scope_chart, sparkline
from agileml.lib.levels import Level
from agileml.lib.series import Value, candidate_series
from agileml.lib.svg import nice_ticks

HOSTILE = "<script>alert('1')</script> & \"quotes\""
MONDAY = date(2026, 11, 16)
DAYS = [Day(MONDAY + timedelta(days=place), working=place % 7 < 5) for place in range(14)]
NINE = datetime(2026, 11, 16, 9, tzinfo=UTC)


def parsed(chart: Chart) -> ElementTree.Element:
    return ElementTree.fromstring(chart.svg)


def by_class(chart: Chart, name: str) -> list[ElementTree.Element]:
    return [element for element in parsed(chart).iter() if name in element.get("class", "").split()]


def texts(chart: Chart, name: str) -> list[str]:
    return ["".join(element.itertext()) for element in by_class(chart, name)]


def drawn(name: str) -> Chart:
    """Each kind of chart with hostile text wherever text goes in."""
    if name == "sparkline":
        return sparkline([1, 2], title=HOSTILE, desc=HOSTILE)
    if name == "scope":
        return scope_chart(DAYS, [Scope(initial=3)], [Mark(MONDAY, 1, HOSTILE)], title=HOSTILE, desc=HOSTILE)
    run = Value(HOSTILE, NINE, 0.5)
    level = Level("target", 0.4, HOSTILE)
    return candidate_series([run], title=HOSTILE, desc=HOSTILE, levels=[level], unit="<b>")


@pytest.mark.parametrize("name", ["sparkline", "scope", "dots"])
def test_text_never_becomes_markup(name: str) -> None:
    chart = drawn(name)
    root = parsed(chart)
    assert "<script" not in chart.svg
    assert {element.tag for element in root.iter()} <= {"svg", "title", "desc", "g", "path", "rect", "line", "text"}
    assert root.findtext("title") == HOSTILE
    assert root.findtext("desc") == HOSTILE


@pytest.mark.parametrize("name", ["sparkline", "scope", "dots"])
def test_a_chart_names_itself_and_has_no_inline_style(name: str) -> None:
    chart = drawn(name)
    root = parsed(chart)
    named = {element.get("id"): element.text for element in root if element.get("id")}
    assert root.get("role") == "img"
    assert [named[uid] for uid in root.get("aria-labelledby", "").split()] == [HOSTILE, HOSTILE]
    assert "style=" not in chart.svg


def test_two_charts_of_one_title_do_not_share_an_id() -> None:
    one, other = (sparkline(values, title="Error", desc="") for values in ([1, 2], [2, 1]))
    assert parsed(one).get("aria-labelledby") != parsed(other).get("aria-labelledby")


class TestSparkline:
    def points(self, chart: Chart) -> list[list[float]]:
        path = by_class(chart, "spark-line")[0].get("d", "")
        numbers = [float(number) for number in re.findall(r"[\d.]+", path)]
        return [numbers[place : place + 2] for place in range(0, len(numbers), 2)]

    def test_the_largest_value_is_on_top_and_the_oldest_left(self) -> None:
        points = self.points(sparkline([1, 3, 2], title="t", desc="d"))
        assert points == [[2, 30], [50, 4], [98, 17]]

    def test_the_last_value_is_a_dot_where_the_line_ends(self) -> None:
        chart = sparkline([1, 3, 2], title="t", desc="d")
        assert by_class(chart, "spark-last")[0].get("d") == "M98 17h.01"

    def test_a_target_widens_the_scale_so_that_it_can_be_seen(self) -> None:
        chart = sparkline([1, 2], title="t", desc="d", target=0)
        assert by_class(chart, "spark-target")[0].get("d") == "M0 30H100"
        assert self.points(chart)[0][1] == 17

    def test_no_value_draws_no_line(self) -> None:
        chart = sparkline([], title="t", desc="d")
        assert len(parsed(chart)) == 2
        assert chart.rows == ()

    def test_one_value_is_a_dot_in_the_middle_of_the_height(self) -> None:
        chart = sparkline([7], title="t", desc="d")
        assert by_class(chart, "spark-line") == []
        assert by_class(chart, "spark-last")[0].get("d") == "M98 17h.01"

    def test_what_is_not_finite_is_left_out_of_line_and_table(self) -> None:
        chart = sparkline([1, math.nan, math.inf, 3], title="t", desc="d", target=math.nan)
        assert chart == sparkline([1, 3], title="t", desc="d")
        assert [row[1] for row in chart.rows] == ["1", "3"]


class TestScopeChart:
    def test_the_bands_stack_without_gap_or_overlap(self) -> None:
        scope = Scope(initial=4, added=1, skipped=2, deferred=1, done=2)
        chart = scope_chart(DAYS, [scope], [], title="t", desc="d")
        heights = {}
        edges = []
        for name in ("done", "initial", "added", "deferred", "skipped"):
            (rect,) = by_class(chart, f"band-{name}")
            top, height = float(rect.get("y", "")), float(rect.get("height", ""))
            heights[name] = height
            edges.append((top + height, top))
        assert [lower for lower, _ in edges[1:]] == [upper for _, upper in edges[:-1]]
        assert heights["initial"] == 2 * heights["done"] == 4 * heights["added"]

    def test_a_day_takes_its_share_of_the_width(self) -> None:
        chart = scope_chart(DAYS[:4], [Scope(done=1), Scope(done=2)], [], title="t", desc="d")
        assert [(rect.get("x"), rect.get("width")) for rect in by_class(chart, "band-done")] == [
            ("0%", "25%"),
            ("25%", "25%"),
        ]

    def test_days_without_a_change_are_one_flat_block(self) -> None:
        chart = scope_chart(DAYS, [Scope(initial=3)] * 7, [], title="t", desc="d")
        (rect,) = by_class(chart, "band-initial")
        assert (rect.get("x"), rect.get("width")) == ("0%", "50%")

    def test_days_that_are_still_to_come_stay_empty(self) -> None:
        chart = scope_chart(DAYS, [Scope(initial=3)] * 2, [], title="t", desc="d")
        assert [rect.get("width") for rect in by_class(chart, "band-initial")] == ["14.29%"]
        assert len(chart.rows) == 2

    def test_weekends_are_shaded(self) -> None:
        chart = scope_chart(DAYS, [], [], title="t", desc="d")
        assert [(rect.get("x"), rect.get("width")) for rect in by_class(chart, "rest")] == [
            ("35.71%", "14.29%"),
            ("85.71%", "14.29%"),
        ]

    def test_a_decision_stands_on_its_day_with_its_version(self) -> None:
        chart = scope_chart(DAYS[:4], [], [Mark(MONDAY + timedelta(days=2), 3, "re-plan")], title="t", desc="d")
        (mark,) = by_class(chart, "mark")
        line = mark.find("line")
        assert line is not None
        assert (line.get("x1"), mark.findtext("title"), mark.findtext("svg/text")) == ("62.5%", "v3 re-plan", "v3")

    def test_decisions_of_one_day_share_a_mark_and_neighbours_do_not_cover_each_other(self) -> None:
        marks = [Mark(MONDAY, 1), Mark(MONDAY, 2), Mark(MONDAY + timedelta(days=1), 3)]
        chart = scope_chart(DAYS, [Scope(initial=1)] * 2, marks, title="t", desc="d")
        pills = [
            (pill.findtext("text"), pill.get("y"))
            for pill in parsed(chart).iter("svg")
            if pill.find("rect") is not None
        ]
        assert ("v1\u20132", "0") in pills
        assert ("v3", "20") in pills
        assert [row[-2] for row in chart.rows] == ["v1\u20132", "v3"]
        assert (chart.headers[-1], chart.words) == ("Decided", 1)

    def test_a_decision_outside_the_days_is_drawn_at_the_nearest(self) -> None:
        marks = [Mark(MONDAY - timedelta(days=3), 1), Mark(MONDAY + timedelta(days=30), 2)]
        chart = scope_chart(DAYS[:4], [], marks, title="t", desc="d")
        assert [line.get("x1") for mark in by_class(chart, "mark") for line in mark.iter("line")] == ["12.5%", "87.5%"]

    def test_today_is_named_and_has_a_line_at_its_end(self) -> None:
        chart = scope_chart(DAYS[:4], [], [], title="t", desc="d", today=MONDAY + timedelta(days=1))
        assert [line.get("x1") for line in by_class(chart, "today")] == ["50%"]
        assert texts(chart, "now") == ["17", "today"]

    def test_the_legend_says_where_the_last_known_day_stands(self) -> None:
        scopes = [Scope(initial=3), Scope(initial=1, done=1, skipped=1)]
        legend = [entry.text for entry in scope_chart(DAYS, scopes, [], title="t", desc="d").legend]
        assert legend == ["Skipped 1", "To go, from the first plan 1", "Done 1"]

    def test_a_sprint_without_days_or_tickets_is_drawn_empty(self) -> None:
        assert scope_chart([], [], [Mark(MONDAY, 1)], title="t", desc="d").rows == ()
        assert by_class(scope_chart(DAYS, [Scope()], [], title="t", desc="d"), "band-done") == []

    def test_counts_have_whole_ticks_from_nought(self) -> None:
        ticks = texts(scope_chart(DAYS, [Scope(initial=3)], [], title="t", desc="d"), "tick")
        assert ticks[:4] == ["0", "1", "2", "3"]

    def test_a_long_sprint_labels_only_some_of_its_days(self) -> None:
        days = [Day(MONDAY + timedelta(days=place)) for place in range(60)]
        labels = [text for text in texts(scope_chart(days, [], [], title="t", desc="d"), "tick") if text.isdigit()]
        assert len(labels) < 15


class TestTicks:
    @pytest.mark.parametrize(
        ("low", "high", "ticks"),
        [(0, 1, [0, 0.25, 0.5, 0.75, 1]), (1.83, 3.6, [1.5, 2, 2.5, 3, 3.5, 4]), (-2, 2, [-2, -1, 0, 1, 2])],
    )
    def test_ticks_are_round_numbers(self, low: float, high: float, ticks: list[float]) -> None:
        assert nice_ticks(low, high) == pytest.approx(ticks)

    @given(st.floats(-1e300, 1e300), st.floats(-1e300, 1e300))
    def test_ticks_are_few_rise_and_hold_both_ends(self, one: float, other: float) -> None:
        low, high = sorted((one, other))
        ticks = nice_ticks(low, high)
        assert 2 <= len(ticks) <= 7
        assert all(earlier < later for earlier, later in pairwise(ticks))
        room = (ticks[1] - ticks[0]) * 1e-6
        assert ticks[0] - room <= low <= high <= ticks[-1] + room

    @pytest.mark.parametrize(("low", "high"), [(1.0, math.nextafter(1.0, 2)), (0.0, 5e-324), (7.0, 7.0), (0.0, 0.0)])
    def test_values_too_close_for_a_scale_get_room_around_them(self, low: float, high: float) -> None:
        ticks = nice_ticks(low, high)
        assert ticks[0] < low <= high < ticks[-1]

    @given(st.integers(1, 100_000))
    def test_whole_ticks_are_integers(self, high: int) -> None:
        ticks = nice_ticks(0, high, whole=True)
        assert all(tick == int(tick) for tick in ticks)
        assert len(ticks) <= 7
