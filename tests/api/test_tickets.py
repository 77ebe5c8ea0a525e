"""Tickets through the API: made, read, edited, moved, ranked, deleted."""

from typing import Any
from urllib.parse import quote

import pytest

from agileml.planning.models import Decision, Sprint
from agileml.work.models import Ticket
from tests.api.client import Api, codes
from tests.api.replica import Replica, read
from tests.factories import Cast, make_sprint, make_ticket, measure


def test_a_ticket_is_made_read_and_found_where_its_location_says(cast: Cast):
    api = Api(cast.member)
    sent = {"type": "review", "title": "Look at it", "labels": ["a"], "assignee": {"id": str(cast.lead.uid)}}
    answer = api("POST", "tickets/", sent)
    made = answer.json()
    assert (answer.status_code, answer["ETag"], made["key"], made["status"]) == (201, '"1"', "TST-1", "todo")
    assert made["assignee"] == {"id": str(cast.lead.uid), "name": "Lead Person"}
    read = api("GET", answer["Location"])
    assert (read.json(), read["ETag"]) == (made, '"1"')


def test_a_ticket_made_in_a_planned_sprint_is_its_draft_and_in_an_active_one_a_decision(cast: Cast, sprint: Sprint):
    api = Api(cast.member)
    make_sprint(cast)
    drafted = api.post("tickets/", {"type": "review", "title": "Later", "sprint": 2})
    assert (drafted["sprint"], drafted["planned_sprint"]) == (None, 2)
    added = api.post("tickets/", {"type": "review", "title": "Now", "sprint": 1})
    assert added["sprint"] == 1
    decision = api.get("sprints/1/decisions/")["results"][-1]
    assert (decision["version"], decision["reason_code"]) == (2, "forgotten")
    problem = api.post("tickets/", {"type": "review", "title": "Nowhere", "sprint": 9}, status=422)
    assert problem["errors"][0]["pointer"] == "/sprint"


def test_references_that_lead_nowhere_are_all_named(cast: Cast):
    sent = {"type": "review", "title": "Look", "story": 9, "assignee": str(cast.outsider.uid), "depends_on": [7]}
    problem = Api(cast.member).post("tickets/", sent, status=422)
    assert [error["pointer"] for error in problem["errors"]] == ["/story", "/assignee", "/depends_on/0"]


def test_an_edit_needs_the_version_that_it_was_made_for(cast: Cast, tickets: list[Ticket]):
    api = Api(cast.member)
    assert api("PATCH", "tickets/1/", {"title": "New"}).status_code == 428
    for tag in ("1", "*", 'W/"1"', '"x"', '""', '"1", "2"', '"²"'):
        assert api("PATCH", "tickets/1/", {"title": "New"}, if_match=tag).status_code == 400
    edited = api("PATCH", "tickets/1/", {"title": "New"}, if_match='"1"')
    assert (edited.status_code, edited["ETag"], edited.json()["title"]) == (200, '"2"', "New")
    problem = api.patch("tickets/1/", {"title": "Newer"}, version=1, status=412)
    assert (problem["code"], problem["current"]) == ("stale", api.get("tickets/1/"))


def test_progress_and_snapshots_do_not_make_an_edit_stale(cast: Cast, tickets: list[Ticket]):
    api = Api(cast.member)
    api.post("tickets/1/status/", {"to": "in_progress"}, status=200)
    measure(cast, tickets[0], [0.1])
    assert api.patch("tickets/1/", {"title": "New"}, version=1)["version"] == 2


def test_what_is_plan_of_an_active_sprint_needs_a_decision_and_nothing_is_written(cast: Cast, sprint: Sprint):
    api = Api(cast.member)
    before = api.get("tickets/1/")
    sent = {"title": "New", "estimate": 3, "type": "review"}
    problem = api.patch("tickets/1/", sent, version=1, status=409)
    assert (problem["code"], problem["fields"]) == ("needs_decision", ["type", "estimate"])
    assert api.get("tickets/1/") == before


def test_with_a_decision_in_the_body_the_edit_is_one(cast: Cast, sprint: Sprint):
    api = Api(cast.member)
    sent = {"title": "New", "estimate": 3, "decision": {"reason_code": "correction", "reason": "Typo"}}
    edited = api.patch("tickets/1/", sent, version=1)
    assert (edited["title"], edited["estimate"]) == ("New", 3.0)
    decision = api.get("sprints/1/decisions/")["results"][-1]
    assert (decision["version"], decision["reason_code"], decision["moves"][0]["after"]) == (
        2,
        "correction",
        {"estimate": 3.0},
    )
    assert api.patch("tickets/1/", {"estimate": 4, "decision": {}}, version=edited["version"], status=409)["code"] == (
        "reason_code_required"
    )
    wrong = {"estimate": 4, "decision": {"reason_code": 1, "evidence": [{"finding": "x"}, {}], "why": ""}}
    problem = api.patch("tickets/1/", wrong, version=edited["version"], status=422)
    assert {error["pointer"] for error in problem["errors"]} == {
        "/decision/reason_code",
        "/decision/evidence/0/finding",
        "/decision/why",
    }


def test_evidence_is_one_finding_or_one_snapshot(cast: Cast, sprint: Sprint):
    evidence: list[Any] = [{}, {"finding": str(cast.lead.uid), "snapshot": str(cast.lead.uid)}]
    sent = {"estimate": 4, "decision": {"reason_code": "correction", "evidence": evidence}}
    problem = Api(cast.member).patch("tickets/1/", sent, version=1, status=422)
    assert [error["pointer"] for error in problem["errors"]] == ["/decision/evidence/0", "/decision/evidence/1"]


def test_a_backlog_tickets_fields_are_all_free(cast: Cast, tickets: list[Ticket]):
    edited = Api(cast.member).patch("tickets/5/", {"estimate": 3, "type": "review"}, version=1)
    assert (edited["estimate"], edited["type"]) == (3.0, "review")


def test_a_ticket_that_no_history_names_is_deleted_and_leaves_a_tombstone(cast: Cast, sprint: Sprint):
    api = Api(cast.member)
    make_ticket(cast, "Waits", depends_on=[5])
    assert api("DELETE", "tickets/5/").status_code == 428
    assert api("DELETE", "tickets/5/", if_match='"7"').status_code == 412
    answer = api("DELETE", "tickets/5/", if_match='"1"')
    assert (answer.status_code, answer.content) == (204, b"")
    assert api("GET", "tickets/5/").status_code == 404
    change = api.get("changes/?limit=1000")["changes"][-1]
    assert (change["action"], change["number"]) == ("deleted", 5)
    assert change["tickets"] == [{"number": 6, "version": 1, "diff": {"depends_on": [[5], []]}}]
    refused = api("DELETE", "tickets/1/", if_match='"1"')
    assert (refused.status_code, refused.json()["code"]) == (409, "referenced")


def test_a_card_that_somebody_moved_meanwhile_is_409_and_says_where_it_is(cast: Cast, tickets: list[Ticket]):
    api = Api(cast.member)
    moved = api.post("tickets/1/status/", {"from": "todo", "to": "in_progress"}, status=200)
    assert moved["status"] == "in_progress"
    problem = api.post("tickets/1/status/", {"from": "todo", "to": "in_review"}, status=409)
    assert (problem["code"], problem["current"]) == ("moved", {"status": "in_progress"})


def test_what_is_not_done_yet_lists_everything_that_lacks(cast: Cast):
    api = Api(cast.member)
    make_ticket(cast, "Why do sevens fail?", type="result_analysis")
    problem = api.post("tickets/1/status/", {"to": "done"}, status=409)
    assert (problem["code"], codes(problem)) == ("done_rule", ["outcome", "citation"])
    override = {"to": "done", "outcome": "learned", "override": "The reader was switched off."}
    assert api.post("tickets/1/status/", override, status=403)["code"] == "forbidden"
    done = Api(cast.lead).post("tickets/1/status/", override, status=200)
    assert (done["status"], done["outcome"]) == ("done", "learned")


@pytest.mark.parametrize("to", ["skipped"])
def test_skipping_is_a_decision(cast: Cast, sprint: Sprint, to: str):
    problem = Api(cast.member).post("tickets/1/status/", {"to": to}, status=409)
    assert (problem["code"], problem["fields"]) == ("needs_decision", ["status"])


def test_a_ticket_is_ranked_before_or_after_another(cast: Cast, tickets: list[Ticket]):
    api = Api(cast.member)

    def order() -> list[int]:
        rows = api.get("tickets/")["results"]
        return [row["number"] for row in sorted(rows, key=lambda row: (row["rank"], row["number"]))]

    api.post("tickets/5/rank/", {"before": 2}, status=200)
    assert order() == [1, 5, 2, 3, 4]
    api.post("tickets/1/rank/", {"after": 4}, status=200)
    assert order() == [5, 2, 3, 4, 1]
    for sent, pointer in [
        ({}, ""),
        ({"before": 1, "after": 2}, ""),
        ({"before": 9}, "/before"),
        ({"after": 1}, "/after"),
    ]:
        assert api.post("tickets/1/rank/", sent, status=422)["errors"][0]["pointer"] == pointer


def test_a_refused_edit_leaves_no_decision(cast: Cast, sprint: Sprint):
    sent = {"depends_on": [1], "estimate": 3, "decision": {"reason_code": "correction"}}
    assert Api(cast.member)("PATCH", "tickets/1/", sent, if_match='"1"').status_code == 422
    assert Decision.objects.count() == 1


def test_a_build_links_the_tickets_that_its_text_names_and_nobodys_edit_goes_stale(cast: Cast, tickets: list[Ticket]):
    api = Api(cast.member)
    sent = {"text": "Fix TST-1, TST-2, TST-99: deskew", "url": "https://example.com/pull/1"}
    pushed = api.post("links/", sent, status=200)
    assert pushed == {
        "url": "https://example.com/pull/1", "title": "", "kind": "pr",
        "linked": ["TST-1", "TST-2"], "unchanged": [], "unknown": ["TST-99"], "full": [],
    }  # fmt: skip
    assert api.post("links/", sent, status=200)["unchanged"] == ["TST-1", "TST-2"]
    assert api.patch("tickets/1/", {"title": "New"}, version=1)["links"] == [
        {"url": "https://example.com/pull/1", "title": "", "kind": "pr"}
    ]
    problem = api.post("links/", {"text": "TST-1", "url": "javascript:alert(1)", "to": 3}, status=422)
    assert [error["pointer"] for error in problem["errors"]] == ["/to"]
    problem = api.post("links/", {"text": "TST-1", "url": "javascript:alert(1)"}, status=422)
    assert [error["pointer"] for error in problem["errors"]] == ["/url"]


@pytest.mark.parametrize("scope", ["read", "metrics"])
def test_only_a_token_that_may_write_links(cast: Cast, tickets: list[Ticket], scope: str):
    api = Api(cast.member, scope=scope)
    assert api.post("links/", {"text": "TST-1", "url": "https://example.com"}, status=403)["code"] == "scope"
    assert api.post("tickets/1/links/", {"url": "https://example.com"}, status=403)["code"] == "scope"


def test_a_link_is_attached_named_and_taken_away(cast: Cast, tickets: list[Ticket]):
    api = Api(cast.member)
    url = "https://arxiv.org/abs/1?a=b&c=d"
    api.post("tickets/1/links/", {"url": url}, status=200)
    named = api.post("tickets/1/links/", {"url": url, "title": "Adam"}, status=200)
    assert (named["links"], named["version"]) == ([{"url": url, "title": "Adam", "kind": "paper"}], 1)
    assert api("DELETE", f"tickets/1/links/?url={quote(url, safe='')}").status_code == 204
    assert api.get("tickets/1/")["links"] == []
    assert api("DELETE", "tickets/99/links/?url=x").status_code == 404


@pytest.mark.parametrize(
    ("kind", "along"),
    [
        ("literature_review", {"finding": {"kind": "refutes", "text": "Nobody does."}}),
        ("review", {"opinion": {"opinion": "accept"}}),
        ("deployment", {"link": {"url": "https://example.com/model"}}),
    ],
)
def test_what_the_type_needs_comes_along_with_done_and_is_kept_only_with_it(
    cast: Cast, kind: str, along: dict[str, Any]
):
    make_ticket(cast, type=kind)
    api = Api(cast.member)
    before = api.get("")["revision"]
    assert codes(api.post("tickets/1/status/", {"to": "done"} | along, status=409)) == ["outcome"]
    assert api.get("")["revision"] == before
    assert api.post("tickets/1/status/", {"to": "done", "outcome": "learned"} | along, status=200)["status"] == "done"


@pytest.mark.parametrize(
    ("along", "pointer"),
    [
        ({"finding": {"kind": "refutes", "text": ""}}, "/finding/text"),
        ({"finding": [1]}, "/finding"),
        ({"opinion": {"opinion": "maybe"}}, "/opinion/opinion"),
        ({"link": {"url": "data:text/html,x"}}, "/link/url"),
    ],
)
def test_what_comes_along_with_done_is_checked_where_it_stands(cast: Cast, along: dict[str, Any], pointer: str):
    make_ticket(cast)
    problem = Api(cast.member).post("tickets/1/status/", {"to": "done", "outcome": "learned"} | along, status=422)
    assert [error["pointer"] for error in problem["errors"]] == [pointer]


def test_links_and_what_comes_along_with_done_reach_a_replica_by_the_feed_alone(cast: Cast):
    make_ticket(cast, links=[{"url": "https://example.com/a"}])
    make_ticket(cast, type="deployment")
    api = Api(cast.member)
    replica = Replica(api)
    api.post("links/", {"text": "TST-1 TST-2", "url": "https://example.com/pull/1"}, status=200)
    api("DELETE", "tickets/1/links/?url=https%3A%2F%2Fexample.com%2Fa")
    along = {"finding": {"kind": "surprise", "text": "So."}, "link": {"url": "https://example.com/b", "kind": "run"}}
    api.post("tickets/2/status/", {"to": "done", "outcome": "shipped"} | along, status=200)
    replica.follow()
    assert replica.rows == read(api)
    assert [len(row["links"]) for row in replica.rows["ticket"].values()] == [1, 2]
