"""Charts of what was measured: what is joined and what is not, what no scale holds, and that names stay text."""

import math
import re
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agileml.lib.charts import Chart
from agileml.lib.curve import curve
from agileml.lib.figures import exact, measured
from agileml.lib.levels import Level
from agileml.lib.series import Value, candidate_series, mean_of

HOSTILE = "<script>alert('1')</script> & \"quotes\" \u202eRTL"
NINE = datetime(2026, 11, 16, 9, tzinfo=UTC)
OLD, NEW = ("sha256:1", "test"), ("sha256:2", "test")


def value(number: float | None, *, name: str = "svm", at: int = 0, **more: object) -> Value:
    return Value(name, NINE + timedelta(hours=at), number, **more)  # type: ignore[arg-type]


def series(values: list[Value], **more: object) -> Chart:
    return candidate_series(values, title="error of each run", desc="So it is.", **more)  # type: ignore[arg-type]


def parsed(chart: Chart) -> ElementTree.Element:
    return ElementTree.fromstring(chart.svg)


def by_class(chart: Chart, name: str) -> list[ElementTree.Element]:
    return [one for one in parsed(chart).iter() if name in one.get("class", "").split()]


def texts(chart: Chart, name: str) -> list[str]:
    return ["".join(one.itertext()) for one in by_class(chart, name)]


def spots(chart: Chart, tone: str) -> list[tuple[float, float]]:
    """Where the dots of a candidate are: percent across, pixels down."""
    return [
        (float(place.get("x", "").rstrip("%")), float(place.get("y", "")))
        for place in parsed(chart).iter("svg")
        if (shape := place.find("path")) is not None and shape.get("class", "").split()[0] == tone
        and "transform" not in shape.attrib
    ]  # fmt: skip


def test_candidates_have_places_of_their_own_in_the_order_in_which_they_were_measured():
    chart = series([value(0.3, name="later", at=5), value(0.1, name="first"), value(0.2, name="first", at=1)])
    first, later = spots(chart, "c0"), spots(chart, "c1")
    assert len(first) == 2
    assert max(x for x, _ in first) < 50 < later[0][0]
    assert [one.text for one in chart.legend] == ["1 first: mean 0.15, 2 runs", "2 later: mean 0.3, 1 run"]
    assert {"1", "2"} <= set(texts(chart, "tick"))


def test_lower_values_stand_lower_and_the_mean_between_them():
    chart = series([value(0.1), value(0.3, at=1)])
    (_, low), (_, high) = spots(chart, "c0")
    assert low > high
    (mean,) = by_class(chart, "mean")
    places = [place for place in parsed(chart).iter("svg") if mean.get("d") in [path.get("d") for path in place]]
    assert float(places[0].get("y", "")) == pytest.approx((low + high) / 2, abs=0.02)


def test_nothing_joins_values_on_different_datasets():
    values = [value(0.4, name="a", data=OLD, data_words="v1"), value(0.3, name="b", at=1, data=OLD, data_words="v1")]
    values += [value(0.2, name="c", at=2, data=NEW, data_words="v2"), value(0.1, name="d", at=3, data=NEW)]
    chart = series(values, best="lower", levels=[Level("champion", 0.25, "champion", NEW), Level("target", 0.15, "t")])
    (change,) = by_class(chart, "data-change")
    line = change.find("line")
    assert line is not None
    edge = float(line.get("x1", "").rstrip("%"))
    assert edge == 50
    assert "Not comparable across the line" in (change.findtext("title") or "")
    assert "v2" in (change.findtext("title") or "")
    for step in by_class(chart, "best"):
        left, right = (float(step.get(end, "").rstrip("%")) for end in ("x1", "x2"))
        assert right < edge or left > edge
    champion, target = (by_class(chart, f"{kind}-line")[0].find("line") for kind in ("champion", "target"))
    assert champion is not None
    assert champion.get("x1") == "50%"
    assert target is not None
    assert target.get("x1") == "0%"
    assert texts(chart, "data-name") == ["dataset 1", "dataset 2"]
    assert any(one.text == "dataset 2: v2" for one in chart.legend)


def test_a_candidate_keeps_its_number_and_shape_on_another_dataset():
    chart = series([value(0.1, data=OLD), value(0.2, name="other", at=1, data=OLD), value(0.3, at=9, data=NEW)])
    assert len(spots(chart, "c0")) == 2
    assert [one.text.split(":")[0] for one in chart.legend[:3]] == [
        "1 svm on dataset 1", "2 other on dataset 1", "1 svm on dataset 2",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("state", "word", "top"), [("nan", "NaN", True), ("pos_inf", "∞", True), ("neg_inf", "−∞", False)]
)
def test_what_is_no_number_stands_at_the_edge_as_what_it_is(state: str, word: str, top: bool):
    chart = series([value(0.1), value(0.2, at=1), value(None, at=2, state=state)])
    assert len(spots(chart, "c0")) == 2
    assert texts(chart, "edge-word") == [word]
    ((_, height),) = spots(chart, "lost")
    dots = [y for _, y in spots(chart, "c0")]
    assert height < min(dots) if top else height > max(dots)
    assert not by_class(chart, "mean")
    assert "no mean" in chart.legend[0].text
    assert chart.rows[0][3:5] == (word, state)
    assert "nan" not in re.sub(r"<[^>]*>", "", chart.svg)


@pytest.mark.parametrize("number", [1e300, -1e300, 1.7976931348623157e308])
def test_a_number_that_no_scale_can_hold_is_said_at_the_edge(number: float):
    chart = series([value(0.1), value(number, at=1)], unit="%")
    assert len(spots(chart, "c0")) == 1
    assert by_class(chart, "lost")
    assert float(chart.rows[0][4]) == number


def test_one_that_is_far_from_all_others_does_not_flatten_them():
    values = [value(0.01 + seed / 1000, name="good", at=seed) for seed in range(10)]
    chart = series([*values, value(0.9, name="poor", at=99)])
    heights = [y for _, y in spots(chart, "c0")]
    assert max(heights) - min(heights) > 100
    assert chart.legend[-1].text == "beyond the scale"
    assert any("beyond the scale, the last 0.9" in (one.text or "") for one in parsed(chart).iter("title"))
    assert any("poor: mean 0.9" in one.text for one in chart.legend)


def test_what_no_longer_counts_is_faint_in_no_mean_and_says_why():
    chart = series([value(0.9, old="superseded"), value(0.1, at=1)])
    assert len(by_class(chart, "old")) == 1
    assert "mean 0.1, 1 run" in chart.legend[0].text
    assert chart.rows[1][-1] == "superseded"


def test_the_best_so_far_goes_only_the_better_way():
    values = [value(number, name=str(at), at=at) for at, number in enumerate([0.4, 0.5, 0.2, 0.3])]
    for better, steps in (("lower", 4), ("higher", 4)):
        assert len(by_class(series(values, best=better), "best")) == steps
    assert not by_class(series(values), "best")


def test_names_never_become_markup():
    one = value(0.1, name=HOSTILE, pair=HOSTILE, data=(HOSTILE, ""), data_words=HOSTILE)
    other = value(None, name=HOSTILE, at=1, state="nan", data=NEW, data_words=HOSTILE)
    level = [Level("champion", 0.2, HOSTILE)]
    drawn = [
        candidate_series([one, other], title=HOSTILE, desc=HOSTILE, levels=level, unit="<b>", best="lower"),
        curve([(0, 0.1, "ok"), (1, None, "nan")], title=HOSTILE, desc=HOSTILE, levels=level, unit="<b>"),
    ]
    for chart in drawn:
        assert "<script" not in chart.svg
        assert "style=" not in chart.svg
        assert {tag.tag for tag in parsed(chart).iter()} <= {"svg", "title", "desc", "g", "path", "line", "text"}
        assert parsed(chart).findtext("title") == HOSTILE


def test_levels_keep_their_words_apart_and_inside_the_plot():
    levels = [Level(kind, 0.1 + place / 1e6, kind) for place, kind in enumerate(["target", "baseline", "champion"])]
    chart = series([value(0.1), value(50, at=1)], levels=levels)
    heights = sorted(
        float(text.get("y", "")) for kind in ("target", "baseline", "champion")
        for text in by_class(chart, f"{kind}-line")[0].iter("text")
    )  # fmt: skip
    assert min(b - a for a, b in pairwise(heights)) >= 12.9
    assert heights[-1] < 180


def test_the_words_of_a_level_stand_where_they_cover_fewer_dots():
    newest_is_near = [value(0.9), value(0.101, name="newest", at=1), value(0.1, name="newest", at=2)]
    for values, anchor in ((newest_is_near, "start"), ([value(0.1), value(0.9, name="newest", at=1)], "end")):
        chart = series(values, levels=[Level("champion", 0.09, "champion")])
        words = next(by_class(chart, "champion-line")[0].iter("text"))
        assert words.get("text-anchor") == anchor


def test_twelve_candidates_of_five_seeds_are_all_there():
    values = [value(0.1 + c / 100 + s / 1000, name=f"c{c}", at=c * 9 + s) for c in range(12) for s in range(5)]
    chart = series(values)
    assert sum(len(spots(chart, f"c{tone}")) for tone in range(6)) == 60
    assert len(chart.legend) == 12
    assert len(chart.rows) == 60


def test_a_curve_breaks_where_a_value_is_no_number():
    steps = [(2, 0.2, "ok"), (0, 0.4, "ok"), (1, 0.3, "ok"), (3, None, "nan"), (4, 0.1, "ok")]
    chart = curve(steps, title="t", desc="d")
    line, alone = by_class(chart, "curve")
    assert line.get("d", "").count(" ") == 5  # three spots
    assert "alone" in alone.get("class", "")
    assert len(by_class(chart, "lost")) == 1
    assert texts(chart, "edge-word") == ["NaN"]
    assert [row[0] for row in chart.rows] == ["0", "1", "2", "3", "4"]


def test_without_runs_it_says_so():
    assert texts(series([]), "nothing") == ["No runs yet"]
    assert texts(curve([], title="t", desc="d"), "nothing") == ["No runs yet"]


any_double = st.floats(allow_nan=False, allow_infinity=False)


@given(st.lists(any_double, max_size=30), st.sampled_from(["", "%"]))
def test_any_doubles_make_a_chart_that_can_be_parsed_and_read_back(numbers: list[float], unit: str):
    chart = series([value(number, at=at) for at, number in enumerate(numbers)], unit=unit, best="lower")
    assert "nan" not in chart.svg
    assert "inf" not in chart.svg
    parsed(chart)
    read = [float(row[4]) for row in reversed(chart.rows)]
    assert [(one, math.copysign(1, one)) for one in read] == [(one, math.copysign(1, one)) for one in numbers]
    parsed(curve([(at, number, "ok") for at, number in enumerate(numbers)], title="t", desc="d", unit=unit))


@given(any_double)
def test_a_double_is_written_so_that_it_is_the_same_when_read(number: float):
    assert float(exact(number)) == number
    assert len(measured(number, "%")) < 24


def test_zero_has_no_sign_for_people_and_keeps_it_where_it_is_stored():
    assert measured(-0.0, "%") == "0 %"
    assert exact(-0.0) == "-0.0"
    assert measured(1e300) == "1e+300"
    assert measured(5e-324) == "4.9e−324"


def test_a_mean_is_none_without_a_value_and_none_with_one_that_is_lost_and_never_overflows():
    assert mean_of([]) is None
    assert mean_of([value(1), value(None, state="nan")]) is None
    assert mean_of([value(1), value(9, old="superseded")]) == 1
    assert mean_of([value(1.5e308), value(1.5e308)]) == pytest.approx(1.5e308)


def test_a_baseline_far_off_is_said_and_does_not_squeeze_the_values() -> None:
    values = [value(0.005 + at / 1_000, at=at) for at in range(3)]
    far, near = Level("baseline", 0.9, "baseline rule"), Level("target", 0.004, "target")
    chart = candidate_series(values, title="t", desc="d", levels=[far, near])
    assert "baseline rule 0.9, beyond the scale" in [one.text for one in chart.legend]
    assert "baseline-line" not in chart.svg
    assert "target-line" in chart.svg
    close = candidate_series(values, title="t", desc="d", levels=[Level("baseline", 0.008, "baseline rule"), near])
    assert "baseline-line" in close.svg
