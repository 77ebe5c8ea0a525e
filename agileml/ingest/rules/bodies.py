"""From plain values to points: the push body and the forms that other tools write."""

import hashlib
import json
import math
from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from agileml.ingest.rules import fields
from agileml.lib.fields import Invalid
from agileml.metrics.rules.points import NO_STEP, Point, state_of

MOST_METRICS = 200
MOST_POINTS = 2_000
MOST_PUSHED_BYTES = 256 * 1024
MOST_WARNINGS = 20
DEEPEST = 50

FORMATS = ("flat", "dvc", "sklearn_report", "hf")
NEVER_METRICS = (
    "seed",
    "fold",
    "step",
    "timestamp",
)  # at the top of a plain file; below, they are names like any other
NON_FINITE = {"NaN": math.nan, "Infinity": math.inf, "-Infinity": -math.inf}
STATES = {"nan": math.nan, "pos_inf": math.inf, "neg_inf": -math.inf}
HEADER = {
    "external_id", "candidate", "url", "observed_at", "dataset", "split", "git_commit", "params", "discordant",
}  # fmt: skip
OF_A_POINT = {"metric", "value", "value_state", "step", "pair_key"}


@dataclass(frozen=True)
class Given:
    """What the way in says of a body, where the body does not say it itself."""

    source: str
    external_id: str
    observed_at: datetime
    candidate: str
    pair_key: str = ""
    run_name: str = ""


@dataclass(frozen=True)
class Refused:
    """One value that cannot become a snapshot, and why."""

    metric: str
    why: str
    step: int = NO_STEP
    pair_key: str = ""


@dataclass(frozen=True)
class Body:
    """What a body holds, in its order, and what was left out of it."""

    external_id: str
    items: tuple[Point | Refused, ...]
    warnings: tuple[str, ...]

    @property
    def points(self) -> list[Point]:
        return [item for item in self.items if isinstance(item, Point)]

    @property
    def refused(self) -> list[Refused]:
        return [item for item in self.items if isinstance(item, Refused)]


def canonical_digest(body: Any) -> str:
    """SHA-256 of a body that does not depend on the order of its keys or on white space."""
    return hashlib.sha256(json.dumps(body, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def read_push(body: Any, *, now: datetime) -> Body:
    """Read a pushed body: with `points`, with `format` and `payload`, or a bare object of metrics.

    Without an external id the body's own digest is its name, so that a second delivery is the same measurement.
    Raises Invalid for a body that cannot be read at all; a single value that cannot is among the items.
    """
    if not isinstance(body, dict):
        raise fields.invalid("", "This must be an object.")
    _check_depth(body)
    text = json.dumps(body, separators=(",", ":"), ensure_ascii=False)
    if len(text.encode(errors="surrogatepass")) > MOST_PUSHED_BYTES:
        raise fields.invalid("", f"At most {MOST_PUSHED_BYTES // 1024} kB at once.", "too_large")
    named = body.get("external_id") if _has_header(body) else None
    name = named if isinstance(named, str) else ""
    candidate, pair_key = split_name(name)
    given = Given(
        source="push",
        external_id=canonical_digest(body),
        observed_at=now,
        candidate=candidate,
        pair_key=pair_key or _pair_of(body),
        run_name=name,
    )
    return read(body, given)


def read(content: Any, given: Given) -> Body:
    """Read a body or a file's content. Raises Invalid when it cannot be read at all."""
    if not isinstance(content, dict):
        raise fields.invalid("", "This must be an object that maps names to values.", "not_an_object")
    _check_depth(content)
    warnings: list[str] = []
    model = _header(content, given, warnings) if _has_header(content) else _model(given)
    if "points" in content:
        items = list(_pushed(content["points"], model, warnings))
    elif _is_formatted(content):
        items = list(_formatted(content, model, warnings))
    else:
        items = list(_flat(content, model, warnings, top=True))
    items = _within_limits(items)
    if len(warnings) > MOST_WARNINGS:
        warnings[MOST_WARNINGS:] = [f"And {len(warnings) - MOST_WARNINGS} more were left out."]
    return Body(model.external_id, tuple(items), tuple(warnings))


def split_name(name: str) -> tuple[str, str]:
    """A run's name as candidate and pair: `svm-raw-seed=3` is the pair `seed=3` of `svm-raw`."""
    pairs: list[str] = []
    rest: list[str] = []
    for word in _words(name):
        (pairs if word.strip("-_. ").startswith(("seed=", "fold=")) else rest).append(word)
    candidate = "".join(rest).strip("-_. ")
    return candidate[:200] or "run", ",".join(pair.strip("-_. ") for pair in pairs)[:64]


def _words(name: str) -> Iterator[str]:
    """The parts of a name, each with the sign before it, so that joining them gives the name back."""
    word = ""
    for character in name:
        if character in "-_. " and word.strip("-_. "):
            yield word
            word = ""
        word += character
    yield word


def _check_depth(content: Any) -> None:
    """Everything below goes down into a body without asking how deep it is."""
    level = [content]
    for _ in range(DEEPEST):
        level = [inner for outer in level for inner in _inner(outer)]
        if not level:
            return
    raise fields.invalid("", "This is nested too deeply.", "too_deep")


def _inner(value: Any) -> Collection[Any]:
    return value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()


def _has_header(content: Mapping[str, Any]) -> bool:
    return "points" in content or _is_formatted(content)


def _is_formatted(content: Mapping[str, Any]) -> bool:
    return isinstance(content.get("format"), str) and "payload" in content


def _pair_of(body: Mapping[str, Any]) -> str:
    """A pushed object of metrics has no file name to say its pair, so there its seed or fold does."""
    flat = body.get("payload") if _is_formatted(body) else body
    if "points" in body or not isinstance(flat, dict):
        return ""
    for key in ("seed", "fold"):
        value = flat.get(key)
        if isinstance(value, int) and not isinstance(value, bool) and abs(value) <= fields.HIGHEST_STEP:
            return f"{key}={value}"
    return ""


def _model(given: Given) -> Point:
    """A point that all of a body's points are made from."""
    return Point(
        metric="",
        value=None,
        value_state="nan",
        observed_at=given.observed_at,
        source=given.source,
        external_id=fields.text(given.external_id, "/external_id", 500),
        candidate=fields.text(given.candidate, "/candidate", 200),
        pair_key=fields.text(given.pair_key, "/pair_key", 64),
        run_name=fields.text(given.run_name, "/run_name", 500)[:200],
    )


def _header(content: Mapping[str, Any], given: Given, warnings: list[str]) -> Point:
    unknown = sorted(content.keys() - HEADER - {"points", "format", "payload"})
    warnings += [f"“{fields.shown(key)}” is no field of a push and was left out." for key in unknown]
    found = {key: value for key, value in content.items() if key in HEADER and value is not None}
    dataset = found.get("dataset", {})
    if not isinstance(dataset, dict):
        raise fields.invalid("/dataset", "This must be an object with name and digest.")
    return replace(
        _model(replace(given, external_id=found.get("external_id") or given.external_id,
                       candidate=found.get("candidate") or given.candidate)),
        observed_at=fields.time(found["observed_at"]) if "observed_at" in found else given.observed_at,
        dataset_name=fields.text(dataset.get("name") or "", "/dataset/name", 200),
        dataset_digest=fields.text(dataset.get("digest") or "", "/dataset/digest", 128),
        split=fields.text(found.get("split", ""), "/split", 64),
        run_url=fields.url(found.get("url", "")),
        git_commit=fields.text(found.get("git_commit", ""), "/git_commit", 64),
        params=fields.params(found.get("params", {})),
        discordant=fields.discordant(found.get("discordant")),
    )  # fmt: skip


def _pushed(points: Any, model: Point, warnings: list[str]) -> Iterator[Point | Refused]:
    if not isinstance(points, list):
        raise fields.invalid("/points", "This must be a list.")
    if len(points) > MOST_POINTS:
        raise fields.invalid("/points", f"At most {MOST_POINTS:,} points at once.", "too_many")
    unknown: set[str] = set()
    for sent in points:
        if not isinstance(sent, dict):
            yield Refused("", "A point must be an object with metric and value.")
            continue
        unknown |= sent.keys() - OF_A_POINT
        yield _point(sent, model)
    warnings += [f"“{fields.shown(key)}” is no field of a point and was left out." for key in sorted(unknown)]


def _point(sent: Mapping[str, Any], model: Point) -> Point | Refused:
    metric, step, pair_key = sent.get("metric"), sent.get("step"), sent.get("pair_key")
    shown = Refused(fields.shown(metric) if isinstance(metric, str) else "", "")
    if step is not None and (
        isinstance(step, bool) or not isinstance(step, int) or not 0 <= step <= fields.HIGHEST_STEP
    ):
        return replace(shown, why="A step is a whole number from 0 to 2⁶³ − 1.")
    shown = replace(shown, step=NO_STEP if step is None else step)
    try:
        pair = model.pair_key if pair_key is None else fields.text(pair_key, "/pair_key", 64)
        shown = replace(shown, pair_key=pair)
        name = _metric(metric)
        value, state = state_of(_value(sent))
    except _Unfit as unfit:
        return replace(shown, why=str(unfit))
    except Invalid as invalid:
        return replace(shown, why=f"pair_key: {invalid.errors[0].message}")
    return replace(model, metric=name, value=value, value_state=state, step=shown.step, pair_key=pair)


def _formatted(content: Mapping[str, Any], model: Point, warnings: list[str]) -> Iterator[Point | Refused]:
    form, payload = content["format"], content["payload"]
    if form not in FORMATS:
        raise fields.invalid("/format", f"One of {', '.join(FORMATS)}.", "unknown_choice")
    if not isinstance(payload, dict):
        raise fields.invalid("/payload", "This must be an object that maps names to values.")
    if form == "hf" and "model-index" in payload:
        yield from _model_index(payload["model-index"], model, warnings)
    else:
        yield from _flat(payload, model, warnings, top=True)


def _flat(content: Mapping[str, Any], model: Point, warnings: list[str], *, top: bool) -> Iterator[Point | Refused]:
    """Every number of a nested object, named by its path; what is no number is left out with a warning."""
    paths = [(path, value) for path, value in _paths(content) if not (top and path in NEVER_METRICS)]
    often = Counter(path for path, _ in paths)
    for path, value in paths:
        if often[path] > 1:
            yield Refused(fields.shown(path), "Two values here have this same path, written with dots and nested.")
            continue
        if not _is_number(value):
            warnings.append(f"“{fields.shown(path)}” is {_what(value)} and was left out.")
            continue
        yield _point({"metric": path, "value": value}, model)


def _paths(content: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    stack: list[tuple[str, Any]] = [(str(key), value) for key, value in reversed(list(content.items()))]
    while stack:
        path, value = stack.pop()
        if isinstance(value, dict):
            stack += [(f"{path}.{key}", inner) for key, inner in reversed(value.items())]
        else:
            yield path, value


def _model_index(index: Any, model: Point, warnings: list[str]) -> Iterator[Point | Refused]:
    """The results of a Hugging Face model card: each names its own data set."""
    for result in _objects(index, "results"):
        dataset = result.get("dataset")
        dataset = dataset if isinstance(dataset, dict) else {}
        measured = replace(
            model,
            dataset_name=fields.text(dataset.get("name") or model.dataset_name, "/dataset/name", 200),
            dataset_digest=fields.text(dataset.get("revision") or model.dataset_digest, "/dataset/revision", 128),
            split=fields.text(dataset.get("split") or model.split, "/dataset/split", 64),
        )
        for metric in _objects([result], "metrics"):
            if _is_number(metric.get("value")):
                yield _point({"metric": metric.get("type"), "value": metric["value"]}, measured)
            else:
                warnings.append(f"“{fields.shown(str(metric.get('type')))}” is no number and was left out.")


def _objects(holders: Any, key: str) -> Iterator[dict[str, Any]]:
    for holder in holders if isinstance(holders, list) else []:
        inner = holder.get(key) if isinstance(holder, dict) else None
        yield from (item for item in (inner if isinstance(inner, list) else []) if isinstance(item, dict))


def _within_limits(items: list[Point | Refused]) -> list[Point | Refused]:
    if len(items) > MOST_POINTS:
        raise fields.invalid(
            "", f"{len(items):,} values are here; at most {MOST_POINTS:,} are taken at once.", "too_many"
        )
    names = len({item.metric for item in items})
    if names > MOST_METRICS:
        raise fields.invalid("", f"{names} metrics; at most {MOST_METRICS} are taken at once.", "too_many")
    return items


class _Unfit(Exception):
    """A value or a name that no snapshot can hold."""


def _metric(name: Any) -> str:
    if not isinstance(name, str) or not name.strip():
        raise _Unfit("A point needs the name of its metric.")
    if len(name) > 200 or not fields.is_plain(name):
        raise _Unfit("A metric's name has at most 200 characters, and no control characters.")
    return name.strip()


def _is_number(value: Any) -> bool:
    if isinstance(value, str):
        return value in NON_FINITE
    return isinstance(value, int | float) and not isinstance(value, bool)


def _value(sent: Mapping[str, Any]) -> float:
    value = sent.get("value")
    if value is None and isinstance(sent.get("value_state"), str) and sent["value_state"] in STATES:
        return STATES[sent["value_state"]]
    if not _is_number(value):
        raise _Unfit("A value is a number, or one of “NaN”, “Infinity” and “-Infinity”.")
    if isinstance(value, str):
        return NON_FINITE[value]
    assert isinstance(value, int | float)
    try:
        return float(value)
    except OverflowError:  # a whole number beyond any double, which a float literal of that size would be too
        return math.inf if value > 0 else -math.inf


def _what(value: Any) -> str:
    if value is None:
        return "empty"
    return {bool: "true or false", str: "text", list: "a list"}.get(type(value), "no number")
