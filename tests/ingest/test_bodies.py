"""What a push or a file says, value by value."""

import contextlib
import json
import math
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agileml.ingest.rules.bodies import Given, Refused, canonical_digest, read, read_push, split_name
from agileml.lib.fields import Invalid
from agileml.metrics.rules.points import NO_STEP, Point

NOW = datetime(2026, 11, 20, 9, 30, tzinfo=UTC)
FILE = Given("", "TST-1/svm-seed=3.json", NOW, "svm", "seed=3", "svm-seed=3")


def values(body: Any) -> dict[str, Any]:
    """A pushed body's points by metric: the number, or what it is instead."""
    return {point.metric: point.value if point.value_state == "ok" else point.value_state
            for point in read_push(body, now=NOW).points}  # fmt: skip


def why(body: Any) -> tuple[str, str]:
    with pytest.raises(Invalid) as refused:
        read_push(body, now=NOW)
    return refused.value.errors[0].pointer, refused.value.errors[0].code


def one(**sent: Any) -> Point | Refused:
    return read_push({"points": [{"metric": "error", "value": 0.1} | sent]}, now=NOW).items[0]


FULL = {
    "external_id": "run-17", "candidate": "svm", "url": "https://tracker.example/run/17",
    "observed_at": "2026-11-20T10:30:00+02:00", "dataset": {"name": "digits", "digest": "sha256:1"}, "split": "test",
    "git_commit": "abc123", "params": {"C": 10, "nested": {"a": [1]}},
    "discordant": {"only_this_correct": 12, "only_champion_correct": 3},
    "points": [{"metric": "error", "value": 0.1, "step": 5, "pair_key": "seed=3"}],
}  # fmt: skip


def test_everything_that_a_push_says_is_on_its_points():
    assert read_push(FULL, now=NOW).points == [
        Point(
            metric="error", value=0.1, observed_at=datetime(2026, 11, 20, 8, 30, tzinfo=UTC), source="push",
            external_id="run-17", step=5, pair_key="seed=3", candidate="svm", dataset_name="digits",
            dataset_digest="sha256:1", split="test", run_name="run-17", run_url="https://tracker.example/run/17",
            git_commit="abc123", params={"C": 10, "nested": {"a": [1]}},
            discordant={"only_this_correct": 12, "only_champion_correct": 3},
        )
    ]  # fmt: skip


def test_without_an_external_id_it_is_the_digest_of_the_body_whatever_its_order():
    body = {"points": [{"metric": "error", "value": 0.1}], "candidate": "svm"}
    turned = dict(reversed(body.items()))
    found = read_push(body, now=NOW).external_id
    assert found == read_push(turned, now=NOW).external_id == canonical_digest(body)
    assert len(found) == 64
    assert found != read_push(body | {"candidate": "knn"}, now=NOW).external_id


@pytest.mark.parametrize(
    ("sent", "state"),
    [
        (0.1, 0.1), (3, 3.0), ("NaN", "nan"), ("Infinity", "pos_inf"), ("-Infinity", "neg_inf"), (math.nan, "nan"),
        (math.inf, "pos_inf"), (10**400, "pos_inf"), (-(10**400), "neg_inf"),
    ],
)  # fmt: skip
def test_a_value_is_a_number_or_says_what_it_is_instead(sent: Any, state: Any):
    assert values({"points": [{"metric": "error", "value": sent}]}) == {"error": state}


def test_a_value_as_it_goes_out_may_come_in_again():
    assert values({"points": [{"metric": "e", "value": None, "value_state": "neg_inf"}]}) == {"e": "neg_inf"}


@pytest.mark.parametrize(
    "sent",
    [
        {"value": None}, {"value": "0.1"}, {"value": True}, {"value": [0.1]}, {"value": "nan"},
        {"metric": ""}, {"metric": None}, {"metric": 7}, {"metric": "x" * 201}, {"metric": "a\nb"},
        {"metric": "\ud800"},
        {"step": -1}, {"step": 2**63}, {"step": 1.5}, {"step": True}, {"step": "1"},
        {"pair_key": 3}, {"pair_key": "x" * 65}, {"pair_key": "\0"},
    ],
)  # fmt: skip
def test_one_point_that_cannot_be_stored_is_refused_alone(sent: dict[str, Any]):
    read_it = read_push({"points": [{"metric": "error", "value": 0.1} | sent, {"metric": "f1", "value": 1}]}, now=NOW)
    refused, kept = read_it.items
    assert isinstance(refused, Refused)
    assert refused.why
    assert isinstance(kept, Point)


def test_the_highest_step_is_the_highest_of_64_bits():
    kept = one(step=2**63 - 1)
    assert isinstance(kept, Point)
    assert kept.step == 2**63 - 1


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"external_id": 7}, "/external_id"), ({"external_id": "x" * 501}, "/external_id"),
        ({"candidate": "x" * 201}, "/candidate"), ({"candidate": "a\0"}, "/candidate"),
        ({"url": "javascript:alert(1)"}, "/url"), ({"url": "x" * 2001}, "/url"), ({"url": "http://[::1"}, "/url"),
        ({"observed_at": "2026-11-20T10:30:00"}, "/observed_at"), ({"observed_at": "yesterday"}, "/observed_at"),
        ({"observed_at": "0001-01-01T00:00:00+14:00"}, "/observed_at"), ({"observed_at": 5}, "/observed_at"),
        ({"dataset": "digits"}, "/dataset"), ({"dataset": {"digest": "x" * 129}}, "/dataset/digest"),
        ({"split": 1}, "/split"), ({"git_commit": "x" * 65}, "/git_commit"),
        ({"params": []}, "/params"), ({"params": {"a": "x" * 17_000}}, "/params"),
        ({"discordant": {"only_this_correct": 1}}, "/discordant"),
        ({"discordant": {"only_this_correct": -1, "only_champion_correct": 0}}, "/discordant"),
        ({"points": {"error": 1}}, "/points"),
    ],
)  # fmt: skip
def test_a_body_that_says_nonsense_is_refused_whole_and_where(change: dict[str, Any], pointer: str):
    assert why(FULL | change)[0] == pointer


@pytest.mark.parametrize("body", [[], "text", 7, None])
def test_a_body_is_an_object(body: Any):
    assert why(body)[0] == ""


def test_params_hold_nothing_that_a_database_would_choke_on():
    body = FULL | {"params": {"a": math.nan, "b": [math.inf, -math.inf], "c\0": "x\0\ud800\n", "d": 2**64}}
    (point,) = read_push(body, now=NOW).points
    assert point.params == {"a": "NaN", "b": ["Infinity", "-Infinity"], "c�": "x��\n", "d": "18446744073709551616"}
    assert json.dumps(point.params, allow_nan=False).isascii()


def test_limits_on_size_are_said():
    assert why({"points": [{"metric": "a", "value": 1, "step": n} for n in range(2001)]}) == ("/points", "too_many")
    assert why({"points": [{"metric": f"m{n}", "value": 1} for n in range(201)]}) == ("", "too_many")
    assert why({f"m{n}": 1 for n in range(201)}) == ("", "too_many")
    assert why({"points": [], "params": {"a": "x" * 300_000}}) == ("", "too_large")
    assert (
        len(read_push({"points": [{"metric": "a", "value": 1, "step": n} for n in range(2000)]}, now=NOW).items) == 2000
    )


def test_depth_is_limited() -> None:
    body: dict[str, Any] = {"a": 1}
    for _ in range(60):
        body = {"a": body}
    assert why(body) == ("", "too_deep")


def test_what_no_field_is_named_is_left_out_and_said():
    read_it = read_push(FULL | {"pairkey": "x", "points": [{"metric": "a", "value": 1, "sed": 3}]}, now=NOW)
    assert len(read_it.points) == 1
    assert [warning.split("”")[0] for warning in read_it.warnings] == ["“pairkey", "“sed"]


def test_a_bare_object_is_flattened_with_dots():
    assert values({"val": {"f1": 0.9, "auc": 0.8}, "loss": 0.4}) == {"val.f1": 0.9, "val.auc": 0.8, "loss": 0.4}


@pytest.mark.parametrize("form", ["flat", "dvc", "sklearn_report", "hf"])
def test_a_form_that_is_named_is_read_the_same(form: str):
    assert values({"format": form, "payload": {"val": {"f1": 0.9}}, "candidate": "svm"}) == {"val.f1": 0.9}


def test_a_form_that_nobody_knows_is_refused():
    assert why({"format": "onnx", "payload": {}})[0] == "/format"
    assert why({"format": "flat", "payload": [1]})[0] == "/payload"


def test_what_is_no_number_is_left_out_and_said():
    read_it = read_push({"a": 1, "note": "good", "ok": True, "each": [0.1, 0.2], "none": None}, now=NOW)
    assert [point.metric for point in read_it.points] == ["a"]
    assert [warning.split("”")[0][1:] for warning in read_it.warnings] == ["note", "ok", "each", "none"]


def test_many_warnings_are_counted_not_listed():
    assert len(read_push({f"n{n}": "text" for n in range(500)}, now=NOW).warnings) == 21


def test_two_values_with_one_path_are_both_refused_and_the_rest_is_kept():
    read_it = read_push({"a": {"b": 1}, "a.b": 2, "c": 3}, now=NOW)
    assert [(item.metric, type(item)) for item in read_it.items] == [("a.b", Refused), ("a.b", Refused), ("c", Point)]


def test_seed_fold_step_and_timestamp_are_no_metrics_at_the_top_only():
    body = {"error": 0.1, "seed": 3, "fold": 1, "step": 29, "timestamp": 1763631000, "val": {"step": 5}}
    assert values(body) == {"error": 0.1, "val.step": 5.0}
    assert {point.step for point in read_push(body, now=NOW).points} == {NO_STEP}


def test_a_pushed_object_takes_its_pair_from_its_seed():
    assert [point.pair_key for point in read_push({"error": 0.1, "seed": 3}, now=NOW).points] == ["seed=3"]
    assert [point.pair_key for point in read({"error": 0.1, "seed": 4}, FILE).points] == ["seed=3"]


def test_a_file_of_points_without_names_of_its_own_takes_those_of_the_file():
    (point,) = read({"points": [{"metric": "error", "value": 0.1}]}, FILE).points
    assert (point.external_id, point.candidate, point.pair_key, point.observed_at, point.run_name) == (
        "TST-1/svm-seed=3.json", "svm", "seed=3", NOW, "svm-seed=3",
    )  # fmt: skip


def test_a_file_of_points_that_names_itself_is_believed():
    (point,) = read(FULL, FILE).points
    assert (point.external_id, point.candidate, point.observed_at.hour) == ("run-17", "svm", 8)


@pytest.mark.parametrize(
    ("name", "candidate", "pair_key"),
    [
        ("svm-raw-seed=3", "svm-raw", "seed=3"),
        ("seed=3-svm", "svm", "seed=3"),
        ("svm_fold=2_raw", "svm_raw", "fold=2"),
        ("svm-seed=3-fold=2", "svm", "seed=3,fold=2"),
        ("svm-c1.5", "svm-c1.5", ""),
        ("myseed=3", "myseed=3", ""),
        ("seed=3", "run", "seed=3"),
        ("", "run", ""),
    ],
)
def test_a_name_says_candidate_and_pair(name: str, candidate: str, pair_key: str):
    assert split_name(name) == (candidate, pair_key)


def test_a_hugging_face_model_card_names_its_data():
    card = {"model-index": [{"name": "fraud", "results": [{
        "dataset": {"name": "IMDb", "split": "test", "revision": "e6281661"},
        "metrics": [{"type": "f1", "value": 0.871}, {"type": "note", "value": "x"}],
    }]}]}  # fmt: skip
    read_it = read_push({"format": "hf", "payload": card, "candidate": "fraud"}, now=NOW)
    (point,) = read_it.points
    assert (point.metric, point.value, point.dataset_name, point.dataset_digest, point.split) == (
        "f1", 0.871, "IMDb", "e6281661", "test",
    )  # fmt: skip
    assert len(read_it.warnings) == 1


ANY_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=20,
)


@given(st.fixed_dictionaries({}, optional=dict.fromkeys([*FULL, "format", "payload"], ANY_JSON)))
def test_whatever_is_sent_is_read_or_refused(body: dict[str, Any]):
    with contextlib.suppress(Invalid):
        for point in read_push(body, now=NOW).points:
            assert (point.value is None) == (point.value_state != "ok")
            json.dumps(point.params, allow_nan=False)
