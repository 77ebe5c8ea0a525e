"""Corrections and judgements over the API: a true feed, and a history that says what was compared."""

from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from agileml.api import columns
from agileml.planning.models import Sprint
from tests.api.client import Api
from tests.api.replica import Replica, read
from tests.factories import Cast

HERE = "tickets/1/judgements/"
RUN = {"source": "push", "external_id": "run", "run_pair": "seed=1"}


@pytest.fixture
def api(cast: Cast, sprint: Sprint) -> Api:
    api = Api(cast.member)
    criteria = [{"metric": "error", "op": "<=", "value": 0.2}]
    decision = {"reason_code": "correction"}
    api.patch("tickets/1/", {"criteria": criteria, "decision": decision}, version=1)
    return api


def push(api: Api, *values: float) -> None:
    points = [{"metric": "error", "value": value, "pair_key": f"seed={seed}"} for seed, value in enumerate(values)]
    sent = {"external_id": "run", "candidate": "first", "points": points}
    api.post("tickets/1/snapshots/", sent, status=200)


def say(api: Api, **said: Any) -> dict[str, Any]:
    return api.post("tickets/1/corrections/", RUN | {"reason": "The folder had the wrong name."} | said)


def test_a_replica_follows_corrections_that_are_put_replaced_and_taken_back(cast: Cast, api: Api):
    replica, lead = Replica(api), Api(cast.lead)
    push(api, 0.1, 0.5)
    steps = [
        (api, {"candidate": "another"}), (lead, {"candidate": "third", "pair_key": "seed=7", "split": "test"}),
        (api, {"pair_key": ""}), (lead, {"reason": "It was right."}), (api, {"candidate": "another"}),
    ]  # fmt: skip
    for who, said in steps:
        said_of = say(who, **said)
        replica.follow()
        assert api.walk("tickets/1/corrections/") == [*replica.rows["correction"].values()] == [said_of]
    push(api, 0.1, 0.4)
    replica.follow()
    assert replica.rows == read(api)


def test_each_judgement_says_what_it_came_to_and_what_it_compared(api: Api):
    criterion = api.get("tickets/1/")["criteria"][0]["uid"]
    push(api, 0.1, 0.5)
    say(api, candidate="another", pair_key="seed=7")
    first, second = api.walk(HERE)
    assert tuple(first) == tuple(second) == columns.JUDGEMENT
    assert (first["ticket"], first["criterion"], first["candidate"]) == (1, criterion, "first")
    assert (first["state"], first["value"], first["bound"]) == ("not_met", 0.3, 0.2)
    assert (second["state"], second["value"], second["candidate"]) == ("not_met", 0.5, "another")
    assert first["compared"]["definition"]["op"] == "<="
    (pair,) = second["compared"]["pairs"]
    snapshots = {row["uid"]: row["value"] for row in api.walk("tickets/1/snapshots/")}
    assert (pair["pair_key"], pair["value"]) == ("seed=7", 0.5)
    assert snapshots[pair["snapshot"]] == 0.5


def test_judgements_are_paged_and_those_of_one_criterion_can_be_asked_for(api: Api):
    push(api, 0.1)
    push(api, 0.3)
    push(api, 0.2)
    rows = api.walk(HERE)
    assert [row["value"] for row in rows] == [0.1, 0.3, 0.2]
    assert api.walk(f"{HERE}?limit=1") == rows
    assert api.walk(f"{HERE}?criterion={rows[0]['criterion']}") == rows
    assert api.walk(f"{HERE}?criterion={rows[0]['uid']}") == []
    assert api("GET", f"{HERE}?criterion=x").status_code == 400
    assert api.walk("tickets/2/judgements/") == []


def test_the_judgements_of_a_criterion_that_is_gone_stay(api: Api):
    push(api, 0.1)
    version = api.get("tickets/1/")["version"]
    sent = {"criteria": [], "decision": {"reason_code": "correction"}}
    api.patch("tickets/1/", sent, version=version)
    assert [row["compared"]["definition"]["metric"] for row in api.walk(HERE)] == ["error"]


def test_many_judgements_and_corrections_are_read_in_as_many_queries_as_few(api: Api):
    def counts() -> list[int]:
        found = []
        for path in (HERE, "tickets/1/corrections/", "candidates/?ticket=1&metric=error"):
            with CaptureQueriesContext(connection) as captured:
                api.get(path)
            found.append(len(captured))
        return found

    push(api, 0.1, 0.2, 0.3, 0.4)
    say(api, candidate="another")
    few = counts()
    for seed in (0, 2, 3):
        say(api, run_pair=f"seed={seed}", candidate=f"another {seed}")
    assert counts() == few
    assert len(api.walk(HERE)) > 2
