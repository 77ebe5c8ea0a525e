"""What a ticket's fields may hold: hostile text and links are refused, every error told; what passes is stored."""

from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from agileml.lib import fields
from agileml.lib.fields import Invalid
from agileml.work.fields import TICKET_FIELDS, ticket_fields

TICKET = {"type": "review", "title": "Look twice"}


def errors(**sent: Any) -> list[tuple[str, str]]:
    with pytest.raises(Invalid) as invalid:
        ticket_fields(sent, new=False)
    return [(error.pointer, error.code) for error in invalid.value.errors]


def kept(**sent: Any) -> Any:
    (value,) = ticket_fields(sent, new=False).values()
    return value


@pytest.mark.parametrize("sent", [None, [], "text", 7, [("title", "x")]])
def test_what_is_no_object_is_refused_whole(sent: Any):
    with pytest.raises(Invalid):
        ticket_fields(sent, new=True)


def test_a_new_ticket_needs_a_title_and_a_type_and_every_error_is_told_at_once():
    with pytest.raises(Invalid) as invalid:
        ticket_fields({"estimate": -1, "status": "done", "labels": ["a", 7]}, new=True)
    assert [(error.pointer, error.code) for error in invalid.value.errors] == [
        ("/status", "unknown_field"),
        ("/title", "required"),
        ("/type", "required"),
        ("/labels/1", "invalid"),
        ("/estimate", "invalid"),
    ]


@pytest.mark.parametrize("name", ["status", "sprint", "rank", "version", "outcome", "uid", "number", "deleted_at"])
def test_what_is_not_for_a_form_to_set_is_no_field(name: str):
    assert errors(**{name: 1}) == [(f"/{name}", "unknown_field")]


# --- text -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("hostile", ["a\0b", "\ud800", "half \udfff a pair", "\0"])
@pytest.mark.parametrize("name", ["title", "description", "question", "component"])
def test_what_is_not_text_on_every_back_end_is_refused(name: str, hostile: str):
    assert errors(**{name: hostile}) == [(f"/{name}", "invalid")]


@pytest.mark.parametrize("value", [None, 7, True, ["x"], {"x": 1}, b"x"])
def test_text_is_text(value: Any):
    assert errors(title=value) == [("/title", "invalid")]


def test_markup_is_kept_as_it_was_written_and_escaped_where_it_is_shown():
    hostile = "<script>alert('x')</script>{{ 7*7 }}' OR 1=1 --"
    assert kept(title=hostile) == hostile


def test_space_around_is_dropped_and_lines_end_one_way():
    assert kept(description="  one\r\ntwo \n") == "one\ntwo"


@pytest.mark.parametrize("blank", ["", "  ", "\n\t", "\u00a0"])
def test_a_title_is_not_empty(blank: str):
    assert errors(title=blank) == [("/title", "required")]


def test_text_has_its_longest_length():
    assert kept(title="x" * 200) == "x" * 200
    assert errors(title="x" * 201) == [("/title", "too_long")]
    assert kept(title="🙂" * 200) == "🙂" * 200


@given(st.text(max_size=300))
def test_every_text_is_refused_or_can_be_stored(text: str):
    try:
        words = kept(description=text)
    except Invalid:
        assert "\0" in text or any("\ud800" <= character <= "\udfff" for character in text)
    else:
        assert words.encode()[:0] == b""
        assert "\0" not in words


# --- links ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "url",
    [
        "javascript:alert(1)",
        "JavaScript:alert(1)",
        " javascript:alert(1)",
        "java\nscript:alert(1)",
        "data:text/html,<script>alert(1)</script>",
        "vbscript:x",
        "file:///etc/passwd",
        "//example.com/x",
        "/relative",
        "example.com",
        "https://",
        "https:///path",
        "http://[::1",
        "https://exa mple.com",
        "https://example.com/a\tb",
        "",
    ],
)
def test_a_link_is_a_web_address_and_nothing_that_runs(url: str):
    assert [pointer for pointer, _ in errors(links=[{"url": url}])] == ["/links/0/url"]


@pytest.mark.parametrize("url", ["https://example.com", "http://10.0.0.1:5000/#/run?a=b", "https://exämple.org/ü"])
def test_web_addresses_are_links(url: str):
    assert [(link["url"], link["title"]) for link in kept(links=[{"url": url}])] == [(url, "")]


# --- numbers, dates, people -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf"), -0.5, True, "3", 10**400, [], {}])
def test_an_estimate_is_a_finite_number_that_is_not_negative(value: Any):
    assert [pointer for pointer, _ in errors(estimate=value)] == ["/estimate"]


@pytest.mark.parametrize("value", [0, -1, 2**31, 1.0, True, "1", None])
def test_a_reference_is_a_number_that_a_column_holds(value: Any):
    assert [pointer for pointer, _ in errors(depends_on=[value])] == ["/depends_on/0"]


@pytest.mark.parametrize("value", ["", "me", 7, {"id": "me"}, {"name": "Lead"}, ["x"]])
def test_a_person_is_an_id(value: Any):
    assert [pointer for pointer, _ in errors(assignee=value)] == ["/assignee"]


def test_a_person_may_be_sent_as_she_was_read():
    uid = "0b8f4a2e-7e0e-4d5f-9a58-0a4c3f1f0c11"
    assert kept(assignee={"id": uid.upper(), "name": "Lead Person"}) == uid
    assert kept(reviewer=uid) == uid
    assert kept(assignee=None) is None


@pytest.mark.parametrize("value", ["", "2026-13-01", "27.11.2026", "2026-11-27T00:00", 20261127, None])
def test_a_date_is_a_day(value: Any):
    with pytest.raises(Invalid):
        fields.clean({"end": value}, fields={"end": fields.a_date})


# --- lists and objects ----------------------------------------------------------------------------------------------


def test_lists_have_no_doubles_and_an_end():
    assert kept(labels=["a", "b", "a"]) == ["a", "b"]
    assert errors(labels=[f"label {n}" for n in range(21)]) == [("/labels", "too_many")]
    assert errors(labels="ab") == [("/labels", "invalid")]


def test_a_checklist_is_of_texts_that_are_done_or_not():
    assert kept(checklist=[{"text": "First"}]) == [{"text": "First", "done": False}]
    assert errors(checklist=[{"text": "First", "done": "yes"}]) == [("/checklist/0/done", "invalid")]
    assert errors(checklist=[{"text": "First", "by": "me"}]) == [("/checklist/0/by", "unknown_field")]
    assert errors(checklist=[{"done": True}]) == [("/checklist/0/text", "required")]


def test_what_blocks_says_why():
    assert kept(blocked={"why": "No labels.", "since": "yesterday"})["why"] == "No labels."
    assert errors(blocked={"why": " "}) == [("/blocked/why", "required")]
    assert kept(blocked=None) is None


# --- criteria -------------------------------------------------------------------------------------------------------


def test_a_criterion_is_filled_in_from_its_metric_and_number():
    assert kept(criteria=[{"metric": "error", "op": "<=", "value": 1}]) == [
        {
            "uid": None, "role": "success", "metric": "error", "dataset": "", "split": "", "op": "<=",
            "against": "number", "value": 1.0, "margin": 0.0, "judge": "mean", "expected_gain": None,
        }
    ]  # fmt: skip


def test_what_was_read_can_be_sent_back():
    (first,) = kept(criteria=[{"metric": "error", "op": "<=", "value": 1}])
    assert kept(criteria=[first | {"state": "met", "measured": 0.5}]) == [first]


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"value": None}, ("/criteria/0/value", "required")),
        ({"op": "=="}, ("/criteria/0/op", "unknown_choice")),
        ({"op": ["<="]}, ("/criteria/0/op", "unknown_choice")),
        ({"margin": -1}, ("/criteria/0/margin", "invalid")),
        ({"metric": ""}, ("/criteria/0/metric", "required")),
        ({"value": float("nan")}, ("/criteria/0/value", "invalid")),
        ({"uid": "first"}, ("/criteria/0/uid", "invalid")),
        ({"colour": "green"}, ("/criteria/0/colour", "unknown_field")),
    ],
)
def test_a_criterion_that_could_not_be_judged_is_refused(change: dict[str, Any], error: tuple[str, str]):
    assert errors(criteria=[{"metric": "error", "op": "<=", "value": 1} | change]) == [error]


def test_against_the_baseline_no_number_is_needed():
    assert kept(criteria=[{"metric": "error", "op": "<=", "against": "baseline"}])[0]["value"] is None


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)


@given(st.dictionaries(st.sampled_from([*TICKET_FIELDS, "lost"]), ANYTHING, max_size=4))
def test_whatever_is_sent_is_stored_or_refused_field_by_field(sent: dict[str, Any]):
    try:
        stored, refused = ticket_fields(sent, new=False).keys(), set()
    except Invalid as invalid:
        stored, refused = sent.keys(), {error.pointer.split("/")[1] for error in invalid.errors}
    assert stored == sent.keys()
    assert refused <= sent.keys()


@given(st.dictionaries(st.sampled_from(list(TICKET_FIELDS)), ANYTHING, max_size=4))
@example({"labels": {"add": ["a"]}, "depends_on": {}})
def test_what_was_checked_once_passes_again_unchanged(sent: dict[str, Any]):
    try:
        once = ticket_fields(sent, new=False)
    except Invalid:
        return
    assert ticket_fields(once, new=False) == once
