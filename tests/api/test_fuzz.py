"""Whatever a client sends, the answer is never that the server failed."""

import copy
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from tests.api.client import Api
from tests.api.routes import ROUTES, Route, asking, patterns, undone, view_of
from tests.api.world import World, make_world

WRITING = [route for route in ROUTES if route.method in {"post", "put", "patch"}]
READING = [route for route in ROUTES if route.method == "get"]

numbers = st.integers(-(2**63), 2**63 - 1) | st.sampled_from([0, -1, 1, 2, 7, 2**31, 2**31 - 1])
words = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=12) | st.sampled_from(
    ["", "1", "null", "todo", "skipped", "2026-02-30", "x" * 5000, "00000000-0000-0000-0000-000000000000"]
)
leaves = st.none() | st.booleans() | numbers | st.floats(allow_nan=False, allow_infinity=False) | words
anything = st.recursive(
    leaves, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(words, inner, max_size=3), max_leaves=6
)


@pytest.fixture
def world(db: None) -> World:
    return make_world()


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Every place in a body where something else could stand."""
    yield path
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for name, item in items:
        yield from places(item, (*path, name))


def with_at(value: Any, path: tuple[Any, ...], put: Any) -> Any:
    """The body with something else in one place."""
    if not path:
        return put
    value = copy.deepcopy(value)
    inside = value
    for name in path[:-1]:
        inside = inside[name]
    inside[path[-1]] = put
    return value


@pytest.mark.parametrize("route", WRITING, ids=lambda route: route.id)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(data=st.data())
def test_no_body_makes_the_server_fail(route: Route, world: World, data: st.DataObject):
    api = asking(route, world)
    path = data.draw(st.sampled_from(list(places(route.sent))))
    sent = with_at(route.sent, path, data.draw(anything))
    with undone():
        answer = api(route.method.upper(), route.address(world), sent, **route.headers)
    assert answer.status_code < 500, (sent, answer.content)


def nested(depth: int) -> Any:
    """Lists in lists."""
    value: Any = "deep"
    for _ in range(depth):
        value = [value]
    return value


HOSTILE = [
    nested(33), nested(400), {"a": nested(30)}, 10**30, -(10**400), 2**63, 1e308, 5e-324, -0.0,
    "\0", "a\0b", "\ud800", "\udfff\ud800", "\u202eevil\u202c", "مرحبا", "e" + "\u0301" * 500, "\ufeff", "\x1b[2J",
    "<script>alert(1)</script>", "'; DROP TABLE work_ticket; --", "x" * 1_000_000, "\U0001f600" * 60_000,
    {"\0": 1}, {"\ud800": 1}, {"__proto__": {}}, {"x" * 100_000: 1}, ["x"] * 5_000,
    {str(at): at for at in range(3_000)},
]  # fmt: skip


@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
    max_examples=3 * settings.default.max_examples,
)
@given(data=st.data())
def test_nothing_hostile_makes_the_server_fail_or_is_kept_from_its_readers(world: World, data: st.DataObject):
    api = Api(world.cast.lead)
    route = data.draw(st.sampled_from(WRITING))
    place = data.draw(st.sampled_from(list(places(route.sent))))
    sent = with_at(route.sent, place, data.draw(st.sampled_from(HOSTILE)))
    with undone():
        answer = api(route.method.upper(), route.address(world), sent, **route.headers)
        assert answer.status_code < 500, (route.id, place, answer.content[:300])
        if answer.status_code < 300:
            api.get("changes/?limit=1000")
            api.get("tickets/")


@pytest.mark.parametrize("raw", [b"[" * 200_000, b'{"a":' * 100_000, b'"\xff"', b"1" * 500_000, b"\xef\xbb\xbf{}", b""])
def test_no_bytes_make_the_server_fail(world: World, raw: bytes):
    for route in WRITING[::9]:
        api = asking(route, world)
        answer = api.client.generic(
            route.method.upper(), route.address(world), raw, content_type="application/json",
            headers=api.headers | {"If-Match": '"1"'},
        )  # fmt: skip
        assert answer.status_code in ((400, 413, 422) if raw else range(500)), (route.id, answer.content[:300])


MOVES = ["add", "remove", "skip", "restore", "defer", "change", "split", "sprint"]
FIELDS = ["ticket", "new", "set", "into", "to", "to_base_version", "note", "resume_cost", "revisit_if"]
values: st.SearchStrategy[Any] = (
    st.sampled_from([1, 2, 4, 5, 99, None, [], {}, {"title": "A", "type": "review"}, {"story": 1, "estimate": 2}])
    | st.sampled_from([[{"title": "A", "type": "review"}], {"goal": "Less", "end": "2026-11-30"}, {"criteria": []}])
    | anything
)
moves = st.builds(
    lambda move, rest: {"move": move, **rest},
    st.sampled_from(MOVES),
    st.dictionaries(st.sampled_from(FIELDS), values, max_size=3),
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow], max_examples=60)
@given(listed=st.lists(moves, max_size=3))
@example(listed=[{"move": "change", "ticket": 1, "set": {"criteria": [{"metric": "m", "op": ">=", "value": 1}]}}])
def test_no_move_makes_the_server_fail_and_a_dry_run_foretells_the_decision(listed: list[Any], world: World):
    api = Api(world.cast.lead)
    sent = {"base_version": 2, "reason_code": "other", "reason": "Because.", "moves": listed}
    foretold = api("POST", "sprints/1/decisions/?dry_run=true", sent)
    with undone():
        answer = api("POST", "sprints/1/decisions/", sent)
    assert answer.status_code < 500, (sent, answer.content)
    if foretold.status_code == 200:
        refusals = foretold.json()["refusals"]
        assert answer.status_code == (409 if refusals else 201)
        if refusals:
            assert [line["code"] for line in answer.json()["errors"]] == [line["code"] for line in refusals]
    else:
        assert (foretold.status_code, foretold.json()) == (answer.status_code, answer.json())


VIEWS: dict[str, Any] = {str(pattern.name): view_of(pattern) for pattern in patterns()}


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow], max_examples=60)
@given(route=st.sampled_from(READING), data=st.data())
def test_no_query_makes_the_server_fail(route: Route, world: World, data: st.DataObject):
    api = asking(route, world)
    takes = VIEWS[route.name].takes.get("get", ())
    query = data.draw(
        st.dictionaries(
            st.sampled_from([*takes, "limit"]), words | numbers.map(str) | st.just("\0"), min_size=1, max_size=3
        )
    )
    answer = api.client.get(route.address(world).partition("?")[0], query, headers=api.headers)
    assert answer.status_code < 500, query
    assert answer.status_code != 200 or set(query) <= set(takes)
