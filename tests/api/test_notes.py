"""Findings, opinions, comments and metrics on a ticket, through the API."""

import json

from agileml.work.models import Ticket
from tests.api.client import Api
from tests.factories import Cast, measure


def test_a_finding_cites_the_snapshots_that_it_rests_on(cast: Cast, tickets: list[Ticket]):
    api = Api(cast.member)
    measure(cast, tickets[0], [0.03, 0.04])
    cites = [{"snapshot": row["uid"]} for row in reversed(api.get("tickets/1/snapshots/")["results"])]
    made = api.post("tickets/1/findings/", {"kind": "refutes", "text": "Wider does not help.", "cites": cites})
    assert (made["cites"], made["ticket"], made["author"]["name"]) == (cites, 1, "Member Person")
    assert api.get("tickets/1/findings/")["results"] == [made]
    lost = {"kind": "refutes", "text": "No.", "cites": [{"snapshot": str(cast.lead.uid)}, {"snapshot": 1}]}
    assert api.post("tickets/1/findings/", lost, status=422)["errors"][0]["pointer"] == "/cites/1/snapshot"


def test_opinions_and_comments_are_listed_as_they_were_made(cast: Cast, tickets: list[Ticket]):
    api = Api(cast.stakeholder)
    comments = [api.post("tickets/1/comments/", {"text": text}) for text in ("One", "Two")]
    assert api.get("tickets/1/comments/")["results"] == comments
    opinion = Api(cast.member).post("tickets/1/opinions/", {"opinion": "rework", "text": "Not yet."})
    assert api.get("tickets/1/opinions/")["results"] == [opinion]
    assert api.get("tickets/2/comments/")["results"] == []
    assert api("GET", "tickets/99/comments/").status_code == 404


def test_a_push_attaches_and_a_second_delivery_changes_nothing(cast: Cast, tickets: list[Ticket]):
    api = Api(cast.member, scope="metrics")
    sent = {"external_id": "run-1", "points": [{"metric": "error", "value": 0.03, "pair_key": "seed=1"}]}
    first = api.post("/api/v1/tickets/TST-1/snapshots/", sent, status=200)
    assert (first["created"], first["points"][0]["result"]) == (1, "created")
    again = api.post("tickets/1/snapshots/", sent, status=200)
    assert (again["created"], again["unchanged"]) == (0, 1)
    rows = Api(cast.member).get("tickets/1/snapshots/")["results"]
    assert [row["uid"] for row in rows] == [first["points"][0]["snapshot"]]
    assert [row["key"] for row in Api(cast.member).get("metrics/")["results"]] == ["error"]


def test_a_file_of_metrics_is_pushed_as_curl_sends_it(cast: Cast, tickets: list[Ticket]):
    api = Api(cast.member, scope="metrics")
    answer = api.client.generic(
        "POST",
        "/api/v1/tickets/TST-1/snapshots/",
        json.dumps({"error": 0.03, "test": {"f1": 0.9}}).encode(),
        "application/x-www-form-urlencoded",
        headers=api.headers,
    )
    assert (answer.status_code, answer.json()["created"]) == (200, 2)


def test_what_is_not_finite_is_kept_and_answered_as_null(cast: Cast, tickets: list[Ticket]):
    api = Api(cast.member)
    api.post("tickets/1/snapshots/", {"points": [{"metric": "loss", "value": "NaN"}]}, status=200)
    row = api.get("tickets/1/snapshots/")["results"][0]
    assert (row["value"], row["value_state"]) == (None, "nan")


def test_a_push_that_cannot_be_read_says_why(cast: Cast, tickets: list[Ticket]):
    api = Api(cast.member)
    assert api.post("tickets/1/snapshots/", [1], status=422)["code"] == "invalid"
    assert api("POST", "tickets/99/snapshots/", {"error": 1}).status_code == 404
