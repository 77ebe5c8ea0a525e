"""Charts as they are kept in an edition: the figures that they are drawn from, as plain JSON, and drawn again."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from agileml.lib.charts import Chart
from agileml.lib.differences import Bounds, differences
from agileml.lib.levels import Level
from agileml.lib.series import Series, Value
from agileml.lib.staircase import Step, staircase
from agileml.lib.times import rfc3339

Frozen = dict[str, Any]


def frozen_series(series: Series, *, zone: str) -> Frozen:
    """What was measured, candidate by candidate; `zone` is the name of the one that its times are told in."""
    return {
        "kind": "series",
        "title": series.title,
        "desc": series.desc,
        "unit": series.unit,
        "best": series.best,
        "zone": zone,
        "values": [_value(one) for one in series.values],
        "levels": _levels(series.levels),
    }


def frozen_differences(
    pairs: Sequence[tuple[str, float]], bounds: Bounds, *, margin: float, title: str, desc: str, unit: str
) -> Frozen:
    """How much better in each pair."""
    return {
        "kind": "differences",
        "title": title,
        "desc": desc,
        "unit": unit,
        "pairs": [list(pair) for pair in pairs],
        "bounds": [bounds.mean, bounds.lower, bounds.upper],
        "margin": margin,
    }


def frozen_staircase(
    steps: Sequence[Step], *, title: str, desc: str, unit: str, levels: Sequence[Level] = ()
) -> Frozen:
    """Champions one after the other."""
    return {
        "kind": "staircase",
        "title": title,
        "desc": desc,
        "unit": unit,
        "steps": [[step.number, step.name, step.how, step.when, step.value] for step in steps],
        "levels": _levels(levels),
    }


def thaw(kept: Mapping[str, Any]) -> Chart:
    """The chart that was frozen, drawn again to the same picture."""
    return THAWED[kept["kind"]](kept)


def _series(kept: Mapping[str, Any]) -> Chart:
    values = [
        Value(**{**one, "at": datetime.fromisoformat(one["at"]), "data": tuple(one.get("data", ()))})
        for one in kept["values"]
    ]
    series = Series(values, kept["title"], kept["desc"], _lines(kept["levels"]), kept["unit"], kept["best"])
    return series.drawn(ZoneInfo(kept["zone"]))


def _differences(kept: Mapping[str, Any]) -> Chart:
    return differences(
        [(pair, value) for pair, value in kept["pairs"]],
        Bounds(*kept["bounds"]),
        margin=kept["margin"],
        title=kept["title"],
        desc=kept["desc"],
        unit=kept["unit"],
    )


def _staircase(kept: Mapping[str, Any]) -> Chart:
    steps = [Step(*step) for step in kept["steps"]]
    levels = _lines(kept["levels"])
    return staircase(steps, title=kept["title"], desc=kept["desc"], levels=levels, unit=kept["unit"])


THAWED: dict[str, Callable[[Mapping[str, Any]], Chart]] = {
    "series": _series,
    "differences": _differences,
    "staircase": _staircase,
}


def _value(one: Value) -> Frozen:
    """A value, without what is as it is unless said."""
    said: Frozen = {"candidate": one.candidate, "at": rfc3339(one.at), "value": one.value}
    rest = {
        "state": one.state,
        "pair": one.pair,
        "data": list(one.data),
        "data_words": one.data_words,
        "old": one.old,
        "remark": one.remark,
    }
    return said | {name: value for name, value in rest.items() if value and (name, value) != ("state", "ok")}


def _levels(levels: Sequence[Level]) -> list[Frozen]:
    return [
        {"kind": one.kind, "value": one.value, "words": one.words, "data": None if one.data is None else list(one.data)}
        for one in levels
    ]


def _lines(kept: Sequence[Mapping[str, Any]]) -> list[Level]:
    return [Level(**{**one, "data": None if one["data"] is None else tuple(one["data"])}) for one in kept]
