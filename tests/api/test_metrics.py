"""What leads say of a metric over the API: one shape everywhere, refusals with their code, a true feed."""

from typing import Any

import pytest

from agileml.api import columns
from tests.api.client import Api
from tests.api.replica import Replica, read
from tests.api.world import BASE, ERROR, SVM, World, make_world

pytestmark = pytest.mark.django_db
HERE = f"metrics/{ERROR}/"
AGAINST = {"metric": "error", "op": "<=", "against": "baseline", "margin": 0}


@pytest.fixture
def world() -> World:
    return make_world()


def patch(api: Api, sent: Any, status: int = 200) -> Any:
    answer = api("PATCH", HERE, sent)
    assert answer.status_code == status, answer.content
    return answer.json()


def test_what_is_sent_is_changed_and_looks_the_same_in_the_list_and_the_feed(world: World):
    api = Api(world.cast.lead)
    replica = Replica(api)
    said = patch(api, {"smallest_difference": 0.001, "unit": "%"})
    assert tuple(said) == columns.METRIC
    assert (said["direction"], said["unit"], said["smallest_difference"]) == ("lower", "%", 0.001)
    assert said in api.walk("metrics/")
    assert patch(api, {"unit": "%"}) == patch(api, {}) == said
    patch(api, {"smallest_difference": None})
    replica.follow()
    assert replica.rows == read(api)
    assert len(replica.seen) == 2


@pytest.mark.parametrize(
    ("sent", "pointer"),
    [
        ({"direction": "sideways"}, "/direction"), ({"direction": None}, "/direction"), ({"unit": "x" * 17}, "/unit"),
        ({"smallest_difference": -1}, "/smallest_difference"), ({"smallest_difference": "1"}, "/smallest_difference"),
        ({"key": "loss"}, "/key"), ([], ""),
    ],
)  # fmt: skip
def test_what_cannot_be_is_refused_with_its_place(world: World, sent: Any, pointer: str):
    assert patch(Api(world.cast.lead), sent, status=422)["errors"][0]["pointer"] == pointer


def test_what_is_judged_by_stays_watched(world: World):
    refused = patch(Api(world.cast.lead), {"direction": ""}, status=409)
    assert refused["code"] == "in_use"
    assert "the policy of Reader; the open evaluation 1 of Reader" in refused["detail"]
    said = patch(Api(world.cast.lead), {"direction": "higher"})
    assert (said["direction"], said["watched"]) == ("higher", True)


def test_a_metric_that_is_not_there_is_not_found(world: World):
    answer = Api(world.cast.lead)("PATCH", f"metrics/{world.proposal.uid}/", {"unit": "%"})
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


def test_a_baseline_looks_the_same_in_its_list_in_the_feed_and_in_the_answer(world: World):
    api = Api(world.cast.lead)
    replica = Replica(api)
    api.post("tickets/", {"type": "review", "title": "Is it better?", "criteria": [AGAINST]})
    made = api.post("baselines/", {"metric": "error", "label": "Guessing", "constant": 0.9})
    assert tuple(made) == columns.BASELINE
    assert api.walk("baselines/")[-1] == made
    moved = api.post(
        "baselines/", {"metric": "error", "label": "SVM", "candidate": SVM, "dataset": "d1", "split": "test"}
    )
    assert (moved["uid"], moved["candidate"]["name"], moved["constant"]) == (BASE, "svm", None)
    assert api.post("baselines/", {"metric": "error", "label": "Guessing", "constant": 0.9}) == made
    replica.follow()
    assert replica.rows == read(api)
    assert api("DELETE", f"baselines/{BASE}/").status_code == 204
    assert api("DELETE", f"baselines/{BASE}/").status_code == 404
    replica.follow()
    assert replica.rows == read(api)
    assert [row["uid"] for row in api.walk("baselines/")] == [made["uid"]]
