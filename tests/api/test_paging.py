"""Walking a list while rows come, go and move: what was there throughout is seen once, and nothing is seen twice."""

import json
from collections.abc import Iterator, Sequence
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.api.client import Api
from tests.api.routes import ROUTES, Route, asking, patterns, undone, view_of
from tests.api.world import World, make_world

VIEWS: dict[str, Any] = {str(pattern.name): view_of(pattern) for pattern in patterns()}
LISTS = [route for route in ROUTES if "cursor" in VIEWS[route.name].takes.get(route.method, ())]
# Without what would take away the thing that a list hangs on: `shuffle` deletes beside it.
WRITING = [route for route in ROUTES if route.method not in {"get", "delete"}]
AT_ONCE = len(WRITING) // 4  # so that a few of them come in while one list is walked, and all of them over all lists
BY_NAME = {route.id: route for route in ROUTES}
# What comes, goes and moves most often, each with what makes it another one each time.
MOVING = [
    ("post tickets", {"type": "review", "title": "Another"}),
    ("post epics", {"title": "Another"}),
    ("post stories", {"title": "Another"}),
    ("post sprints", {}),
    ("post ticket-comments", {"text": "Another"}),
    ("post ticket-findings", {"kind": "surprise", "text": "Another"}),
]


@pytest.fixture
def world(db: None) -> World:
    return make_world()


def name_of(row: dict[str, Any]) -> str:
    """By what one knows a row again; versions of a policy and looks at a source have no uid."""
    return str(row.get("uid") or row.get("id") or json.dumps(row, sort_keys=True))


def pages(api: Api, address: str, limit: int) -> Iterator[list[str]]:
    """The rows of a list, page after page."""
    following = f"{address}{'&' if '?' in address else '?'}limit={limit}"
    while following:
        page = api.get(following)
        yield [name_of(row) for row in page["results"]]
        following = page["next"]


def whole(api: Api, address: str) -> list[str]:
    return [name for page in pages(api, address, 500) for name in page]


def write(api: Api, world: World, route: Route, sent: Any) -> None:
    """Make a call that works, or does not any more: either will do."""
    answer = api(route.method.upper(), route.address(world), sent, **route.headers)
    assert answer.status_code < 500


def shuffle(api: Api, number: int, turn: int) -> None:
    """Delete and re-rank something of each kind that can be."""
    for kind in ("tickets", "epics", "stories"):
        api("POST", f"{kind}/{1 + number % 3}/rank/", {"after": 1 + (number + 1) % 3})
        if turn % 2:
            version = api("GET", f"{kind}/{number}/")
            if version.status_code == 200:
                api("DELETE", f"{kind}/{number}/", if_match=version["ETag"])


def walked(api: Api, world: World, route: Route, limit: int, between: Sequence[Any]) -> None:
    """Walk a list with something done after each page, and hold what was seen against what was there throughout."""
    address = route.address(world)
    before, seen = whole(api, address), list[str]()
    todo = iter(between)
    for page in pages(api, address, limit):
        seen += page
        for act in (next(todo, None),):
            if act is not None:
                act()
    after = whole(api, address)
    assert len(seen) == len(set(seen)), "A row was seen twice."
    missed = set(before) & set(after) - set(seen)
    assert not missed, f"{len(missed)} rows were skipped."
    places = [after.index(name) for name in seen if name in after]
    assert places == sorted(places), "The rows were not in their order."


def test_every_list_is_walked_safely_while_everything_is_written(world: World):
    assert len(LISTS) > 20
    for turn, route in enumerate(LISTS):
        with undone():
            api = asking(route, world)
            making = BY_NAME.get(f"post {route.name}")
            for _ in range(3 if making else 0):
                assert making is not None
                write(api, world, making, making.sent)

            def something(api: Api = api, turn: int = turn) -> None:
                for other in WRITING[turn % AT_ONCE :: AT_ONCE]:
                    write(api, world, other, other.sent)

            def moved(api: Api = api) -> None:
                shuffle(api, 2, 1)

            walked(api, world, route, 1, [moved, something])


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(data=st.data())
def test_lists_that_change_while_they_are_walked_neither_skip_nor_repeat(world: World, data: st.DataObject):
    name, sent = data.draw(st.sampled_from(MOVING))
    making = BY_NAME[name]
    route = BY_NAME[name.replace("post", "get")]
    with undone():
        api = Api(world.cast.lead)
        for _ in range(data.draw(st.integers(0, 5))):
            write(api, world, making, sent)
        acts: list[Any] = []
        for _ in range(data.draw(st.integers(1, 4))):
            turn, number = data.draw(st.integers(0, 2)), data.draw(st.integers(1, 9))
            acts.append(
                (lambda: write(api, world, making, sent))
                if turn == 2
                else (lambda number=number, turn=turn: shuffle(api, number, turn))
            )
        walked(api, world, route, data.draw(st.integers(1, 3)), acts)


def test_a_parameter_that_is_not_known_is_400_on_every_address_and_does_nothing(world: World):
    revision = Api(world.cast.lead)("GET", "tickets/")["X-Project-Revision"]
    for route in ROUTES:
        api = asking(route, world)
        address = route.address(world)
        answer = api(
            route.method.upper(), f"{address}{'&' if '?' in address else '?'}unknown=1", route.sent, **route.headers
        )
        told = answer.json()
        assert (answer.status_code, told["code"]) == (400, "unknown_parameter"), route.id
        assert told["errors"] == [
            {"pointer": "?unknown", "code": "unknown_parameter", "message": "There is no such parameter."}
        ]
    assert Api(world.cast.lead)("GET", "tickets/")["X-Project-Revision"] == revision
