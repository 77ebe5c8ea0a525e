"""Who may do what through the API: every route, every kind of asker."""

from collections.abc import Mapping
from typing import Any

import pytest

from agileml.projects.actions import create_project
from agileml.projects.models import Project
from agileml.projects.rules import capabilities
from tests import askers
from tests.api.client import Api
from tests.api.routes import ROUTES, Route, every_route, undone
from tests.api.world import World
from tests.factories import NOW

pytestmark = pytest.mark.django_db
world, _django_db_helper = askers.world, askers._django_db_helper


@pytest.fixture(scope="module")
def everybody(world: World) -> dict[str, Api]:
    """Who asks, each with what she asks by."""
    found = {}
    for who, headers in askers.tokens(world).items():
        found[who] = Api(None)
        found[who].headers = headers
    for role, client in askers.browsers(world).items():
        found[f"{role}, browser"] = Api(None)
        found[f"{role}, browser"].client = client
    return found


def test_every_route_has_its_row():
    assert {(route.name, route.method) for route in ROUTES} == every_route()


def make_other(world: World) -> Project:
    return create_project(key="NEW", name="Another", lead=world.cast.lead, now=NOW)


def expected(route: Route, who: str) -> int:
    if route.is_open:
        return route.status
    role, _, by = who.partition(", ")
    if who in askers.NOBODY:
        return 401
    if route.is_session and by != "browser":
        return 403
    if by == "read token":
        return route.status if route.method == "get" else 403
    if by == "metrics token":
        return route.status if route.is_push else 403
    if route.need is None:
        return 404 if route.is_own and role != "lead" else route.status
    if role == "outsider" or by == "token of another project":
        return 404
    role = "member" if role == "service" else role
    if route.need not in capabilities(role, replanners="team"):
        return 403
    return 409 if route.is_own and role != "lead" else route.status


@pytest.mark.parametrize("route", ROUTES, ids=lambda route: route.id)
def test_who_may(route: Route, world: World, everybody: Mapping[str, Any]):
    got = {}
    for who, api in everybody.items():
        with undone():
            answer = api(route.method.upper(), route.address(world), route.sent, **route.headers)
        got[who] = answer.status_code
    assert got == {who: expected(route, who) for who in got}


def test_a_token_held_to_a_project_lists_that_project_alone(world: World):
    other = make_other(world)
    api = Api(world.cast.lead, project=other)
    assert [project["key"] for project in api.get("/api/v1/projects/")["results"]] == ["NEW"]
    assert api.get("/api/v1/me/")["projects"] == [{"key": "NEW", "role": "lead"}]


def test_what_is_hidden_looks_like_what_does_not_exist(world: World):
    api = Api(world.cast.outsider)
    hidden, missing = api("GET", "tickets/1/"), api("GET", "/api/v1/projects/NOPE/tickets/1/")
    assert (hidden.status_code, hidden.json()) == (missing.status_code, missing.json())


def test_where_leads_decide_a_member_may_not(world: World):
    world.cast.project.replanners = "leads"
    world.cast.project.save()
    decide = next(route for route in ROUTES if route.id == "post sprint-decisions")
    member, lead = Api(world.cast.member), Api(world.cast.lead)
    assert member("POST", decide.address(world), decide.sent).status_code == 403
    assert member("POST", decide.address(world) + "?dry_run=true", decide.sent).status_code == 403
    assert lead("POST", decide.address(world), decide.sent).status_code == 201


def test_where_leads_decide_a_member_proposes_and_answers_nothing(world: World):
    world.cast.project.replanners = "leads"
    world.cast.project.save()
    routes = {route.id: route for route in ROUTES if "proposal" in route.name}
    member = Api(world.cast.member)
    for dry in ("", "?dry_run=true"):
        decide = routes["post proposal-decide"]
        assert member("POST", decide.address(world) + dry, decide.sent).status_code == 403
    decline, offer = routes["post proposal-decline"], routes["post proposals"]
    assert member("POST", decline.address(world), decline.sent).status_code == 403
    assert member("POST", offer.address(world) + "?dry_run=true", offer.sent).status_code == 200
    assert member("POST", offer.address(world), offer.sent).status_code == 201
