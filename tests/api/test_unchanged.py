"""Whoever has the newest answer of a list or a board is told so, before anything is read."""

from typing import Any

import pytest
from pytest_django import DjangoAssertNumQueries

from agileml.api.views import ProjectView
from tests.api.client import Api
from tests.api.routes import ROUTES, Route, patterns, view_of
from tests.api.world import World, make_world
from tests.factories import make_ticket

VIEWS: dict[str, Any] = {str(pattern.name): view_of(pattern) for pattern in patterns()}
READING = [route for route in ROUTES if route.method == "get" and issubclass(VIEWS[route.name], ProjectView)]
KEPT = [route for route in READING if VIEWS[route.name].follows_history]
LISTS = [route for route in READING if "cursor" in VIEWS[route.name].takes.get("get", ())]
# What a list shows beside the history: how sources were looked at, what is sent to whom, when a token was used.
NEVER_KEPT = {
    "sources",
    "source-polls",
    "ticket-bindings",
    "webhooks",
    "webhook-deliveries",
    "member-tokens",
    "demo-share-links",
    "share-links",
}
AT_MOST = 3  # statements: the token, the project's door, and nothing of the list


@pytest.fixture
def world(db: None) -> World:
    return make_world()


def test_every_list_can_be_kept_but_for_those_that_show_more_than_the_history():
    assert {route.name for route in LISTS if route not in KEPT} == NEVER_KEPT
    assert {"sprint-board", "sprint-plan", "sprint-report", "changes"} <= {route.name for route in KEPT}


def test_what_has_not_changed_is_304_and_reads_nothing(
    world: World, django_assert_max_num_queries: DjangoAssertNumQueries
):
    api = Api(world.cast.member)
    tags = {}
    for route in KEPT:
        first = api("GET", route.address(world))
        assert (first.status_code, first["Cache-Control"]) == (200, "private, no-cache"), route.id
        assert first["ETag"].startswith('W/"')
        with django_assert_max_num_queries(AT_MOST):
            again = api("GET", route.address(world), if_none_match=f'"x", {first["ETag"]}')
        assert (again.status_code, again.content, again["ETag"]) == (304, b"", first["ETag"]), route.id
        assert again["Cache-Control"] == "private, no-cache"
        tags[route.name] = first["ETag"]
    make_ticket(world.cast)
    for route in KEPT:
        assert api("GET", route.address(world), if_none_match=tags[route.name]).status_code == 200, route.id


BOARD = next(route for route in ROUTES if route.name == "sprint-board")


def tag(api: Api, world: World, route: Route = BOARD, query: str = "") -> str:
    return str(api("GET", route.address(world) + query)["ETag"])


def test_another_person_role_or_query_is_another_answer(world: World):
    tickets = next(route for route in ROUTES if route.id == "get tickets")
    member, lead = Api(world.cast.member), Api(world.cast.lead)
    first = tag(member, world, tickets)
    assert tag(member, world, tickets) == first
    assert tag(lead, world, tickets) != first
    assert tag(member, world, tickets, "?limit=2") != first
    world.cast.project.memberships.filter(user=world.cast.member).update(role="stakeholder")
    assert tag(member, world, tickets) != first


def test_a_lists_validator_is_no_version(world: World):
    api = Api(world.cast.lead)
    answer = api("PATCH", "tickets/1/", {"title": "New"}, if_match=tag(api, world))
    assert (answer.status_code, answer.json()["code"]) == (400, "bad_if_match")


def test_a_single_resources_version_is_no_validator(world: World):
    api = Api(world.cast.lead)
    answer = api("GET", "tickets/1/")
    assert answer["Cache-Control"] == "no-store"
    assert api("GET", "tickets/1/", if_none_match=answer["ETag"]).status_code == 200


def test_who_may_see_nothing_learns_nothing_from_a_validator(world: World):
    known = tag(Api(world.cast.member), world)
    assert Api(world.cast.outsider)("GET", BOARD.address(world), if_none_match=known).status_code == 404
    assert Api(None)("GET", BOARD.address(world), if_none_match=known).status_code == 401
