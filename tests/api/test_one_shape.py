"""Of every kind there is one shape: the answer that made a thing, its list, its address, feed and webhooks agree."""

from datetime import timedelta
from typing import Any

import jsonschema_rs
import pytest
from pytest_django import Settings

from agileml.api.schema import catalogue
from agileml.journal.actions import sending
from agileml.journal.models import Delivery, Endpoint
from agileml.journal.rules.webhooks import KINDS
from tests.api import described
from tests.api.client import Api
from tests.api.routes import NOTHING, ROUTES, Route, asking, patterns, undone, view_of
from tests.api.world import World, make_world
from tests.factories import NOW
from tests.journal.receiving import PATIENT, receive

VIEWS: dict[str, Any] = {str(pattern.name): view_of(pattern) for pattern in patterns()}
MAKING = [
    route
    for route in ROUTES
    if route.method == "post" and route.status == 201 and "cursor" in VIEWS[route.name].takes.get("get", ())
]
# What the feed calls each, and its shape.
SHAPES = {
    "baseline": "Baseline", "binding": "Binding", "comment": "Comment", "correction": "Correction",
    "decision": "Decision", "demo": "Demo", "demo_item": "DemoItem", "dismissal": "Dismissal", "epic": "Epic",
    "evaluation": "Evaluation", "feedback": "Feedback", "finding": "Finding", "goal_answer": "GoalAnswer",
    "member": "Member", "metric": "Metric", "model": "Model", "opinion": "Opinion", "project": "Project",
    "promotion": "Promotion", "proposal": "Proposal", "review": "Review", "source": "Source", "sprint": "Sprint",
    "story": "Story", "ticket": "Ticket",
}  # fmt: skip
# These are not things of their own: a push is its snapshots, and a report is read at its address.
OTHERS = {"snapshots", "report"}
LINKS = {"demo-share-links", "share-links"}
BY_ID = {"me-tokens", "member-tokens", *LINKS}
UNTOLD = BY_ID | {"webhooks"}  # which are secret, and so in no feed


@pytest.fixture
def world(db: None) -> World:
    return make_world()


def feed(api: Api) -> list[dict[str, Any]]:
    changes: list[dict[str, Any]] = api.get("changes/?limit=1000")["changes"]
    return changes


def alone(api: Api, route: Route, world: World, made: dict[str, Any]) -> Any:
    """The thing at its own address, if it has one."""
    for name in ("number", "slug", "uid"):
        if name in made:
            answer = api("GET", f"{route.address(world)}{made[name]}/")
            if answer.status_code == 200:
                return answer.json()
    return made


def test_what_is_made_looks_the_same_in_its_list_alone_and_in_the_feed(world: World):
    assert len(MAKING) > 15
    for route in MAKING:
        with undone():
            api = asking(route, world)
            made = api.post(route.address(world), route.sent, status=201)
            made.pop("secret", None)  # shown this once
            if route.name in LINKS:
                made.pop("url")
            name = "id" if route.name in BY_ID else "uid"
            listed = {row[name]: row for row in api.walk(route.address(world))}
            assert listed[made[name]] == made, route.id
            if route.name in UNTOLD:
                continue
            assert alone(api, route, world, made) == made, route.id
            told = [one for one in feed(api) if one["uid"] == made["uid"] and one["resource"]]
            if told:  # what was there already, and is only set anew, comes as a diff
                assert told[-1]["resource"] == made, route.id
            else:
                assert [one for one in feed(api) if one["uid"] == made["uid"]][-1]["action"] == "updated", route.id


def test_every_kind_comes_in_the_feed_in_its_described_shape(world: World):
    api = Api(world.cast.lead)
    for route in MAKING:
        if route.name in UNTOLD:
            continue
        api("POST", route.address(world), route.sent)
    components = {"components": {"schemas": described.document()["components"]["schemas"]}}
    kinds = set()
    for change in feed(api):
        if change["action"] != "created" or change["kind"] in OTHERS:
            continue
        kinds.add(change["kind"])
        shape = {**components, "$ref": f"#/components/schemas/{SHAPES[change['kind']]}"}
        found = [error.message for error in jsonschema_rs.Draft202012Validator(shape).iter_errors(change["resource"])]
        assert not found, (change["kind"], found)
    assert {*kinds, "dismissal"} == set(SHAPES)
    assert set(SHAPES.values()) <= set(catalogue.SHAPES)


def test_of_every_kind_a_webhook_is_sent_what_the_feed_shows_and_what_was_answered(world: World, settings: Settings):
    api = Api(world.cast.lead)
    answers = [api("POST", route.address(world), route.sent) for route in MAKING if route.name not in UNTOLD]
    api.post("sprints/1/suggestions/dismiss/", {"key": f"finding:{refutes(api)}"}, status=200)
    with receive() as receiver:
        settings.ALLOWED_SOURCE_HOSTS = [f"127.0.0.1:{receiver.port}"]
        Endpoint.objects.filter(pk=world.webhook.pk).update(url=receiver.url, cursor=0, state="active")
        later = NOW + timedelta(days=1)
        while (sent := sending.send(endpoint_id=world.webhook.pk, now=later, web=PATIENT)) and sent.more:
            continue
        events = [got.event for got in receiver.got]
    assert [event["data"] for event in events] == feed(api)
    assert [event["type"] for event in events] == [f"{line['kind']}.{line['action']}" for line in feed(api)]
    assert {event["data"]["kind"] for event in events} == set(KINDS)
    assert Delivery.objects.filter(endpoint=world.webhook, cause="change").count() == len(events)
    told = {event["data"]["uid"]: event["data"] for event in events if event["type"].endswith(".created")}
    made = {answer.json()["uid"]: answer.json() for answer in answers if answer.status_code == 201}
    assert {told[uid]["kind"] for uid in made.keys() & told} > {"ticket", "sprint", "decision", "finding", "evaluation"}
    for uid in made.keys() & told:
        assert told[uid]["resource"] == made[uid], told[uid]["kind"]


def refutes(api: Api) -> Any:
    """The uid of a new finding that something is to follow from."""
    return api.post("tickets/1/findings/", {"kind": "refutes", "text": "No.", "cites": []})["uid"]


def test_the_newest_policy_is_that_of_its_model(world: World):
    api = Api(world.cast.lead)
    route = next(route for route in ROUTES if route.id == "post model-policy")
    made = api.post(route.address(world), route.sent, status=201)
    assert api.walk("models/reader/policies/")[-1] == made
    assert api.get("models/reader/")["policy"] == made
    assert feed(api)[-1]["diff"]["policy"][1] == made


def test_what_was_put_aside_is_in_the_feed_as_it_is_listed(world: World):
    api = Api(world.cast.lead)
    key = f"finding:{refutes(api)}"
    assert key != NOTHING
    left = api.post("sprints/1/suggestions/dismiss/", {"key": key}, status=200)
    assert feed(api)[-1]["resource"] == left["dismissed"][-1]
