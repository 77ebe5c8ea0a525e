"""Sprints through the API: planned, drafted, started, shown, closed."""

from typing import Any

import pytest

from agileml.planning.models import Sprint
from agileml.work.models import Ticket
from tests.api.client import Api, codes
from tests.factories import Cast, make_sprint, replan


def test_a_sprint_is_planned_drafted_and_started(cast: Cast, tickets: list[Ticket]):
    api = Api(cast.lead)
    answer = api("POST", "sprints/", {"start": "2026-11-16", "end": "2026-11-27", "goal": "Know what works"})
    made = answer.json()
    assert (answer.status_code, made["name"], made["state"], made["plan_version"]) == (201, "Sprint 1", "planned", 0)
    assert api("GET", answer["Location"]).json() == made
    drafted = api("PUT", "sprints/1/draft/", {"tickets": [1, 3, 3]}).json()
    assert drafted["tickets"] == [1, 3]
    assert api("PUT", "sprints/1/draft/", {"tickets": [1, 2]}).json()["tickets"] == [1, 2]
    assert [line["number"] for line in api.get("sprints/1/board/")["columns"]["todo"]] == [1, 2]
    decision = api.post("sprints/1/start/")
    assert (decision["kind"], decision["version"], len(decision["moves"])) == ("start", 1, 3)
    assert api.get("sprints/1/")["state"] == "active"
    assert api.post("sprints/1/start/", status=409)["code"] == "not_planned"


def test_a_draft_refuses_with_every_ticket_that_cannot_be_in_it(cast: Cast, tickets: list[Ticket]):
    api = Api(cast.member)
    make_sprint(cast, [1])
    make_sprint(cast)
    api.post("tickets/2/status/", {"to": "done", "outcome": "learned"}, status=200)
    problem = api("PUT", "sprints/2/draft/", {"tickets": [1, 2, 99]}).json()
    assert (problem["status"], codes(problem)) == (409, ["unknown_ticket", "already_drafted", "done"])
    assert api("PUT", "sprints/2/draft/", {}).status_code == 422


def test_a_planned_sprints_fields_are_free_and_an_active_ones_plan_needs_a_decision(cast: Cast, sprint: Sprint):
    api = Api(cast.member)
    make_sprint(cast)
    assert api.patch("sprints/2/", {"goal": "Later", "start": "2026-11-17"}, version=1)["goal"] == "Later"
    assert api("PATCH", "sprints/2/", {"goal": "Later"}).status_code == 428
    assert api.patch("sprints/2/", {"goal": "Never"}, version=1, status=412)["current"]["goal"] == "Later"
    problem = api.patch("sprints/1/", {"goal": "Less", "name": "The one"}, version=1, status=409)
    assert (problem["code"], problem["fields"]) == ("needs_decision", ["goal"])
    decision = {"reason_code": "capacity"}
    edited = api.patch("sprints/1/", {"goal": "Less", "name": "The one", "decision": decision}, version=1)
    assert (edited["goal"], edited["name"], edited["plan_version"]) == ("Less", "The one", 2)
    assert api.patch("sprints/1/", {"start": "2026-11-17"}, version=edited["version"], status=409)["code"] == (
        "start_is_history"
    )


def test_a_board_has_every_ticket_of_the_plan_in_its_column_by_rank(cast: Cast, sprint: Sprint):
    api = Api(cast.member)
    api.post("tickets/2/status/", {"to": "in_progress"}, status=200)
    api.post("tickets/4/rank/", {"before": 1}, status=200)
    board = api.get("sprints/1/board/")
    assert {status: [line["number"] for line in column] for status, column in board["columns"].items()} == {
        "todo": [4, 1, 3],
        "in_progress": [2],
        "in_review": [],
        "done": [],
        "skipped": [],
    }
    assert board["sprint"] == api.get("sprints/1/")
    assert board["columns"]["in_progress"] == [api.get("tickets/2/")]


def test_a_close_names_a_destination_for_each_ticket_left(cast: Cast, sprint: Sprint):
    api = Api(cast.lead)
    make_sprint(cast)
    api.post("tickets/1/status/", {"to": "done", "outcome": "learned"}, status=200)
    problem = api.post("sprints/1/close/", {"destinations": {"1": {"to": "backlog"}}}, status=409)
    assert codes(problem) == ["destination_missing"] * 3 + ["not_left"]
    decision = api.post(
        "sprints/1/close/",
        {
            "destinations": {
                "2": {"to": "backlog", "note": "Half way", "resume_cost": "high"},
                "3": {"to": "sprint", "sprint": 2},
                "4": {"to": "skip", "revisit_if": "we get more data"},
            },
            "reason": "Time is up.",
        },
    )
    assert (decision["kind"], decision["reason"]) == ("close", "Time is up.")
    assert api.get("tickets/3/")["planned_sprint"] == 2
    assert api.get("tickets/4/")["status"] == "skipped"
    assert [line["number"] for line in api.get("sprints/1/board/")["columns"]["done"]] == [1]


@pytest.mark.parametrize(
    ("destinations", "pointer"),
    [
        ([], "/destinations"),
        ({"x": {"to": "backlog"}}, "/destinations/x"),
        ({"99999999999": {"to": "backlog"}}, "/destinations/99999999999"),
        ({"1": "backlog"}, "/destinations/1"),
        ({"1": {"to": "nowhere"}}, "/destinations/1/to"),
        ({"1": {"to": "sprint"}}, "/destinations/1/sprint"),
        ({"1": {"to": "backlog", "sprint": 2}}, "/destinations/1/sprint"),
    ],
)
def test_a_destination_that_cannot_be_read_is_named(cast: Cast, sprint: Sprint, destinations: object, pointer: str):
    problem = Api(cast.lead).post("sprints/1/close/", {"destinations": destinations}, status=422)
    assert problem["errors"][0]["pointer"] == pointer


def test_closing_into_another_active_sprint_names_its_version_and_that_sprint_receives(cast: Cast, sprint: Sprint):
    api = Api(cast.lead)
    make_sprint(cast, active=True)
    there = {"to": "sprint", "sprint": 2}
    sent = {"destinations": {str(number): {"to": "backlog"} for number in (2, 3, 4)} | {"1": there}}
    assert codes(api.post("sprints/1/close/", sent, status=409)) == ["stale_target"]
    sent["destinations"]["1"] = {**there, "to_base_version": 1}
    closed = api.post("sprints/1/close/", sent)
    received = api.get("sprints/2/decisions/")["results"][-1]
    assert (received["kind"], received["group"]) == ("received", closed["group"])


def test_a_plan_is_shown_at_any_version_and_any_two_are_compared(cast: Cast, sprint: Sprint):
    api = Api(cast.member)
    moves = [
        {"move": "skip", "ticket": 1},
        {"move": "remove", "ticket": 2},
        {"move": "add", "ticket": 5},
        {"move": "change", "ticket": 3, "set": {"estimate": 2}},
    ]
    api.post("sprints/1/decisions/", {"base_version": 1, "reason_code": "other", "reason": "So.", "moves": moves})
    plan = api.get("sprints/1/plan/")
    assert plan["version"] == 2
    assert plan["sprint"]["goal"] == "Know what works"
    assert {line["number"]: (line["key"], line["skipped"], line["added_in"]) for line in plan["tickets"]} == {
        1: ("TST-1", True, 1),
        3: ("TST-3", False, 1),
        4: ("TST-4", False, 1),
        5: ("TST-5", False, 2),
    }
    assert plan["now"]["1"] == {"title": "Try 1", "status": "skipped"}
    assert [line["number"] for line in api.get("sprints/1/plan/?version=1")["tickets"]] == [1, 2, 3, 4]
    diff = {"added": [5], "removed": [2], "skipped": [1], "restored": [], "changed": {"3": {"estimate": [None, 2.0]}}}
    more: dict[str, Any] = {"deferred": [], "split": {}, "passed": [], "sprint": {}}
    told = api.get("sprints/1/plan/diff/?from=1&to=2")
    moves = told.pop("moves")
    assert told == {"from": 1, "to": 2, **diff, **more}
    assert moves.keys() == {"1", "2", "3", "5"}
    assert moves["1"] == [{"version": 2, "move": "skip", "reason_code": "other", "reason": "So."}]
    assert api.get("sprints/1/plan/diff/?from=2&to=1")["added"] == [2]
    assert api.get("sprints/1/plan/?version=0")["tickets"] == []


def test_a_comparison_says_what_was_decided_on_each_ticket_and_why(cast: Cast, sprint: Sprint):
    part = {"title": "Half", "type": "engineering"}
    replan(cast, sprint, {"move": "defer", "ticket": 2, "note": "half way", "resume_cost": "high"}, reason="Too much.")
    replan(cast, sprint, {"move": "skip", "ticket": 1, "revisit_if": "it rains"}, reason="No gain.")
    replan(cast, sprint, {"move": "split", "ticket": 3, "into": [part, part]}, code="capacity", reason="")
    replan(cast, sprint, {"move": "add", "ticket": 5}, code="forgotten", reason="")
    replan(cast, sprint, {"move": "remove", "ticket": 5}, code="correction", reason="")
    told = Api(cast.member).get("sprints/1/plan/diff/?from=1&to=6")
    assert (told["removed"], told["deferred"], told["split"]) == ([2], [2], {"3": [6, 7]})
    assert (told["added"], told["passed"]) == ([6, 7], [5])
    why = {"reason_code": "other", "reason": "Too much."}
    deferred = {"version": 2, "move": "defer", "to": None, "note": "half way", "resume_cost": "high"}
    assert told["moves"]["2"] == [deferred | why]
    assert told["moves"]["1"][0]["revisit_if"] == "it rains"
    assert told["moves"]["3"][0]["into"] == [6, 7]
    assert [one["move"] for one in told["moves"]["5"]] == ["add", "remove"]
    back = Api(cast.member).get("sprints/1/plan/diff/?from=6&to=1")
    assert (back["added"], back["removed"], back["deferred"], back["restored"]) == ([2], [6, 7], [], [1])


@pytest.mark.parametrize("path", ["plan/?version=3", "plan/diff/?from=1&to=9", "plan/diff/?from=9&to=1"])
def test_a_version_that_there_is_not_is_404(cast: Cast, sprint: Sprint, path: str):
    assert Api(cast.member)("GET", f"sprints/1/{path}").status_code == 404


@pytest.mark.parametrize(
    "path", ["plan/?version=x", "plan/?version=-1", "plan/diff/", "plan/diff/?from=1", "plan/diff/?from=1&to=٣"]
)
def test_a_comparison_names_both_versions(cast: Cast, sprint: Sprint, path: str):
    assert Api(cast.member)("GET", f"sprints/1/{path}").status_code == 400


def test_a_close_with_its_retro_brings_the_report_that_was_not_there_before(cast: Cast, sprint: Sprint):
    api = Api(cast.lead)
    assert api("GET", "sprints/1/report/").status_code == 404
    homes = {str(number): {"to": "backlog"} for number in (1, 2, 3, 4)}
    sent = {"destinations": homes, "retro": [{"kind": "keep", "text": "x" * 2_001}, {"kind": "try", "text": ""}]}
    refused = api("POST", "sprints/1/close/", sent)
    assert refused.status_code == 422
    assert [error["pointer"] for error in refused.json()["errors"]] == ["/retro/0/text", "/retro/1/text"]
    sent["retro"] = [{"kind": "try", "text": "Pair on it"}]
    assert api("POST", "sprints/1/close/", sent).status_code == 201
    report = api.get("sprints/1/report/")
    assert report["retro"] == [{"kind": "try", "text": "Pair on it", "ticket": {"number": 6, "key": "TST-6"}}]
    assert [line["end"] for line in report["tickets"]] == ["carried"] * 4
    assert api("POST", "sprints/1/decisions/2/revert/", {}).status_code == 201
    assert api("GET", "sprints/1/report/").status_code == 404
    assert api.get("tickets/6/")["status"] == "todo"
