"""JSON and YAML that nobody vouches for become plain values, or are refused."""

import contextlib
import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agileml.ingest.rules.texts import Ambiguous, Unreadable, decode, parse_json, parse_yaml


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("0.1", 0.1), ("1e-05", 1e-05), ("1.5E+3", 1500.0), (".5", 0.5), ("7", 7), ("-7", -7), ("010", 10),
        (".inf", math.inf), ("-.Inf", -math.inf), ("1e400", math.inf),
        ("true", True), ("no", "no"), ("on", "on"), ("1:30", "1:30"), ("2026-01-01", "2026-01-01"), ('"0.1"', "0.1"),
        ("null", None), ("~", None), ("", None), ("0x1f", "0x1f"), ("1_000", "1_000"),
    ],
)  # fmt: skip
def test_a_yaml_scalar_is_read_by_the_rules_of_1_2(text: str, value: Any):
    found = parse_yaml(f"a: {text}\n")["a"]
    assert (found, type(found)) == (value, type(value))


def test_yaml_nests():
    assert parse_yaml("a:\n  b: 1\n  c: [1, {d: 2}]\ne: x\n") == {"a": {"b": 1, "c": [1, {"d": 2}]}, "e": "x"}


def test_a_yaml_key_is_text_whatever_it_looks_like():
    assert parse_yaml("0: 1\ntrue: 2\n1.5: 3\n") == {"0": 1, "true": 2, "1.5": 3}


@pytest.mark.parametrize(
    "text",
    [
        "a: 1\na: 2\n",
        "a: &x 1\nb: *x\n",
        "a: [1, 2\n",
        "a: 1\n--- \nb: 2\n",
        "? [1, 2]\n: 3\n",
        "a: \x00\n",
        "[" * 200_000,
        "{a: " * 2_000,
        f"a: {'9' * 5_000}\n",
    ],
)
def test_yaml_that_is_broken_or_means_two_things_is_refused(text: str):
    with pytest.raises(Unreadable):
        parse_yaml(text)


def test_json_keeps_what_a_metric_needs():
    found = parse_json('{"a": NaN, "b": Infinity, "c": -Infinity, "d": 1e400, "e": 1e-400}')
    assert math.isnan(found.pop("a"))
    assert found == {"b": math.inf, "c": -math.inf, "d": math.inf, "e": 0.0}


@pytest.mark.parametrize("text", ['{"a": 1', "", "a: 1", "[" * 100_000, '{"a": ' + "9" * 5_000 + "}"])
def test_json_that_is_broken_is_refused(text: str):
    with pytest.raises(Unreadable):
        parse_json(text)


def test_a_key_that_is_there_twice_is_named():
    with pytest.raises(Ambiguous, match="error"):
        parse_json('{"error": 0.1, "error": 0.2}')


def test_a_byte_order_mark_is_no_part_of_the_text():
    assert decode(b"\xef\xbb\xbf{}") == "{}"


@given(st.binary(max_size=200))
def test_no_bytes_do_more_than_be_refused(content: bytes):
    for parse in (parse_json, parse_yaml):
        with contextlib.suppress(Unreadable):
            parse(decode(content))
