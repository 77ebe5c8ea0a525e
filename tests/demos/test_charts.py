"""Charts are kept as figures and drawn again to the same picture: pure."""

import json
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from agileml.demos.rules.charts import frozen_differences, frozen_series, frozen_staircase, thaw
from agileml.demos.rules.freezing import as_of, body
from agileml.lib.differences import Bounds, differences
from agileml.lib.levels import Level
from agileml.lib.series import Series, Value
from agileml.lib.staircase import Step, staircase

AT = datetime(2026, 11, 20, 9, 30, 1, 5, tzinfo=UTC)
HOSTILE = "<script>alert(1)</script>\u202e"


def again(kept: dict[str, Any]) -> Any:
    return thaw(json.loads(json.dumps(kept)))


def test_a_series_is_drawn_again_with_its_times_in_the_projects_zone():
    values = [
        Value("b", AT, 0.02, pair="seed=1", data=("d", "test"), data_words="d, test", remark="late"),
        Value("a", AT, None, state="nan"),
        Value(HOSTILE, AT, 1e23, old="superseded", data=("e", "")),
    ]
    levels = [Level("baseline", 0.03, "baseline", ("d", "test")), Level("target", 0.01, "≤")]
    series = Series(values, "title", "desc", levels, "%", "lower")
    zone = "Pacific/Auckland"
    assert again(frozen_series(series, zone=zone)) == series.drawn(ZoneInfo(zone))
    assert HOSTILE not in series.drawn(ZoneInfo(zone)).svg


def test_differences_and_champions_are_drawn_again():
    pairs, bounds = [("seed=1", 0.1), ("", -0.2)], Bounds(0.05, None, 0.3)
    told: dict[str, Any] = {"margin": 0.02, "title": "t", "desc": "d", "unit": "%"}
    assert again(frozen_differences(pairs, bounds, **told)) == differences(pairs, bounds, **told)
    steps = [Step(1, "rule", "first", "1 Nov 2026", 0.1), Step(2, HOSTILE, "by", "2 Nov 2026", None)]
    kept = frozen_staircase(steps, title="t", desc="d", unit="%", levels=[Level("target", 0.01, "target")])
    assert again(kept) == staircase(steps, title="t", desc="d", unit="%", levels=[Level("target", 0.01, "target")])


def test_a_body_has_its_sections_in_their_order_and_says_of_when_its_numbers_are():
    items: Any = [("not_done", {"uid": "1"}), ("learned", {"uid": "2"}), ("not_done", {"uid": "3"})]
    made = body({"title": "T"}, items, at=AT, zone="Europe/Berlin")
    assert [(one["code"], [item["uid"] for item in one["items"]]) for one in made["sections"]] == [
        ("learned", ["2"]), ("not_done", ["1", "3"]),
    ]  # fmt: skip
    assert (made["title"], made["as_of"]) == ("T", "2026-11-20T09:30:01.000005Z")
    assert made["as_of_words"] == as_of(AT, "Europe/Berlin") == "Numbers as of 20 November 2026, 10:30"
