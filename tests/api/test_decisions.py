"""Deciding through the API: re-plan, look first, take back, and everything that is refused."""

from datetime import UTC, date, datetime
from typing import Any

import pytest

from agileml.journal.models import Change
from agileml.planning.models import Decision, Sprint
from agileml.projects.actions import create_project
from agileml.work.models import Ticket
from tests.api.client import Api
from tests.factories import NOW, Cast, make_sprint, measure
from tests.web.browsing import set_clock

HERE = "sprints/1/decisions/"


def body(*moves: dict[str, Any], base: int | None = 1, **more: Any) -> dict[str, Any]:
    return {"base_version": base, "reason_code": "other", "reason": "It is refuted.", "moves": list(moves)} | more


def skip(number: int) -> dict[str, Any]:
    return {"move": "skip", "ticket": number}


@pytest.fixture
def api(cast: Cast, sprint: Sprint) -> Api:
    """The member, in a project whose sprint 1 is active at v1 with tickets 1 to 4."""
    return Api(cast.member)


def test_a_replan_does_all_its_moves_in_one_version(api: Api):
    decision = api.post(
        HERE,
        body(
            skip(1),
            {"move": "defer", "ticket": 2, "to": None, "note": "Half way", "resume_cost": "high"},
            {"move": "remove", "ticket": 3},
            {"move": "add", "ticket": 5},
            {"move": "add", "new": {"type": "review", "title": "Look at it"}},
            {"move": "split", "ticket": 4, "into": [{"type": "review", "title": "A part"}]},
            {"move": "sprint", "set": {"goal": "Less"}},
        ),
    )
    assert (decision["version"], decision["kind"], decision["reason_code"]) == (2, "replan", "other")
    assert [move["move"] for move in decision["moves"]] == [
        "skip", "defer", "remove", "add", "add", "split", "add", "sprint",
    ]  # fmt: skip
    assert decision["actor"]["name"] == "Member Person"
    plan = api.get("sprints/1/plan/")
    assert [line["number"] for line in plan["tickets"]] == [1, 4, 5, 6, 7]
    assert api.get(HERE)["results"][-1] == decision
    assert api.get("sprints/1/")["replans"] == 1


def test_the_general_address_decides_for_a_sprint_or_for_the_backlog_alone(api: Api):
    assert api.post("decisions/", body(skip(1), sprint=1))["version"] == 2
    backlog = api.post("decisions/", body(skip(5), sprint=None, base=None))
    assert (backlog["sprint"], backlog["version"]) == (None, None)
    assert api.get("tickets/5/")["status"] == "skipped"
    assert [row["sprint"] for row in api.get("decisions/")["results"]] == [1, 1, None]
    assert [row["version"] for row in api.get("decisions/?sprint=1")["results"]] == [1, 2]
    assert api.post("decisions/", body(skip(2)), status=422)["errors"][0]["pointer"] == "/sprint"
    assert api.post("decisions/", body(skip(2), sprint=9), status=422)["errors"][0]["pointer"] == "/sprint"
    assert api.post(HERE, body(skip(2), sprint=2), status=422)["errors"][0]["pointer"] == "/sprint"
    assert api("POST", "sprints/9/decisions/", body(skip(2))).status_code == 404


def test_a_decision_in_a_sprint_names_the_version_that_it_was_made_for(api: Api):
    assert api.post(HERE, body(skip(1), base=None), status=422)["errors"][0]["pointer"] == "/base_version"
    first = api.post(HERE, body(skip(1)))
    problem = api.post(HERE, body(skip(2)), status=409)
    assert (problem["code"], problem["current"], problem["since"]) == ("stale_version", 2, [first])


REFUSED = {
    "a ticket that is done": ([skip(3)], "done"),
    "a ticket that is skipped already": ([skip(4)], "already_skipped"),
    "a ticket twice in one decision": ([skip(1), {"move": "remove", "ticket": 1}], "twice"),
    "a ticket of another project's number": ([skip(77)], "unknown_ticket"),
    "a ticket that is in the backlog": ([skip(5)], "not_in_sprint"),
    "an add of what is in it": ([{"move": "add", "ticket": 1}], "already_in_sprint"),
    "a restore of what is not skipped": ([{"move": "restore", "ticket": 1}], "not_skipped"),
    "a defer to no sprint": ([{"move": "defer", "ticket": 1, "to": 9}], "unknown_sprint"),
    "no move at all": ([], "no_moves"),
}


@pytest.mark.parametrize("what", REFUSED)
def test_refused_is(api: Api, what: str):
    api.post("tickets/3/status/", {"to": "done", "outcome": "learned"}, status=200)
    api.post(HERE, body(skip(4)))
    before = Change.objects.count()
    moves, code = REFUSED[what]
    problem = api.post(HERE, body(*moves, base=2), status=409)
    assert problem["code"] == code
    assert Change.objects.count() == before


def test_a_ticket_of_another_project_is_unknown_and_untouched(cast: Cast, api: Api):
    other = create_project(key="OTH", name="Another", lead=cast.member, now=NOW)
    there = Api(cast.member, "OTH")
    for number in range(1, 8):
        there.post("tickets/", {"type": "review", "title": f"Theirs {number}"})
    problem = api.post(HERE, body(skip(7)), status=409)
    assert problem["code"] == "unknown_ticket"
    assert Ticket.objects.get(project=other, number=7).status == "todo"


def test_a_skip_or_a_defer_without_a_reason_is_refused_and_so_is_a_finding_without_evidence(api: Api):
    for move in (skip(1), {"move": "defer", "ticket": 1}):
        assert api.post(HERE, body(move, reason="  ", reason_code="capacity"), status=409)["code"] == "reason_required"
    assert api.post(HERE, body(skip(1), reason_code=""), status=409)["code"] == "reason_code_required"
    assert api.post(HERE, body(skip(1), reason_code="finding_opens"), status=409)["code"] == "evidence_required"
    lost = [{"finding": "00000000-0000-0000-0000-000000000000"}]
    assert api.post(HERE, body(skip(1), evidence=lost), status=409)["code"] == "unknown_evidence"
    quiet = {"base_version": 1, "reason_code": "capacity", "moves": [{"move": "remove", "ticket": 1}]}
    assert api.post(HERE, quiet)["reason"] == ""


def test_a_decision_rests_on_findings_and_snapshots(cast: Cast, api: Api):
    measure(cast, Ticket.objects.get(number=1), [0.03])
    snapshot = api.get("tickets/1/snapshots/")["results"][0]["uid"]
    finding = api.post("tickets/1/findings/", {"kind": "refutes", "text": "No."})["uid"]
    evidence = [{"finding": finding}, {"snapshot": snapshot}]
    decision = api.post(HERE, body(skip(2), reason_code="finding_invalidates", evidence=evidence))
    assert decision["evidence"] == [{"finding": finding, "ticket": 1}, {"snapshot": snapshot, "ticket": 1}]


@pytest.mark.parametrize(
    ("moves", "pointer"),
    [
        ("skip", "/moves"),
        ([{"move": "forget", "ticket": 1}], "/moves/0/move"),
        ([{"move": "skip"}], "/moves/0/ticket"),
        ([skip(1), {"move": "add"}], "/moves/1"),
        ([{"move": "change", "ticket": 1, "set": {"title": "x"}}], "/moves/0/set/title"),
        ([{"move": "split", "ticket": 1, "into": [{"type": "review"}]}], "/moves/0/into/0/title"),
        ([{"move": "add", "new": {"type": "review", "title": "A", "story": 9}}], "/moves/0/new/story"),
        ([{"move": "sprint", "set": {"end": "2026-01-01"}}], "/moves/0/set/end"),
    ],
)
def test_a_move_that_cannot_be_read_is_named_by_its_pointer(api: Api, moves: Any, pointer: str):
    sent = body() | {"moves": moves}
    assert api.post(HERE, sent, status=422)["errors"][0]["pointer"] == pointer
    assert api.post(f"{HERE}?dry_run=true", sent, status=422)["errors"][0]["pointer"] == pointer


def test_a_dry_run_tells_what_would_be_and_writes_nothing(cast: Cast, api: Api):
    api.post("tickets/", {"type": "review", "title": "Needs the first", "depends_on": [1], "sprint": 1})
    before = Change.objects.count(), Decision.objects.count()
    seen = api.post(
        f"{HERE}?dry_run=true",
        body(skip(1), skip(5), {"move": "add", "new": {"type": "review", "title": "Instead"}}, base=2),
        status=200,
    )
    assert seen == {
        "would": {
            "from": 2,
            "to": 3,
            "added": [],
            "removed": [],
            "skipped": [1],
            "restored": [],
            "changed": {},
            "sprint": {},
            "new": [{"type": "review", "title": "Instead"}],
        },
        "consequences": [
            {
                "code": "dependant",
                "level": "warning",
                "ticket": 6,
                "message": "TST-6 needs TST-1, which would be skipped.",
            }
        ],
        "refusals": [
            {
                "pointer": "/moves/1",
                "code": "not_in_sprint",
                "ticket": 5,
                "message": "TST-5 is in the backlog, not in sprint 1.",
            }
        ],
    }
    assert (Change.objects.count(), Decision.objects.count()) == before
    assert api("POST", f"{HERE}?dry_run=yes", body(skip(1), base=2)).status_code == 400
    assert api.post(f"{HERE}?dry_run=true", body(skip(1)), status=409)["code"] == "stale_version"
    assert api.post(f"{HERE}?dry_run=false", body(skip(1), base=2))["version"] == 3


def test_taking_back_leaves_the_plan_as_it_was_and_both_on_record(api: Api):
    before = api.get("sprints/1/plan/")
    decision = api.post(HERE, body(skip(1), {"move": "add", "new": {"type": "review", "title": "Instead"}}))
    revert = api.post(f"{HERE}2/revert/", {"reason": "It was wrong."})
    assert (revert["kind"], revert["version"], revert["reverts"]) == ("revert", 3, decision["uid"])
    after = api.get("sprints/1/plan/")
    assert (after["tickets"], after["sprint"]) == (before["tickets"], before["sprint"])
    assert api.get("tickets/6/")["sprint"] is None
    assert api.get(HERE)["results"][1]["reverted_by"] == revert["uid"]
    assert api.post(f"{HERE}2/revert/", status=409)["code"] == "already_taken_back"
    again = api.post(f"decisions/{revert['uid']}/revert/")
    assert again["reverts"] == revert["uid"]
    assert [line["number"] for line in api.get("sprints/1/plan/")["tickets"]] == [1, 2, 3, 4, 6]


def test_what_was_overtaken_is_refused_with_the_list_or_taken_back_in_part(api: Api):
    api.post(HERE, body(skip(1), skip(2)))
    api.post(HERE, body({"move": "restore", "ticket": 1}, base=2))
    problem = api.post(f"{HERE}2/revert/", status=409)
    assert (problem["code"], problem["partial_possible"]) == ("overtaken", True)
    assert [(error["ticket"], error["versions"]) for error in problem["errors"]] == [(1, [3])]
    assert problem["errors"][0]["message"].startswith("TST-1")
    part = api.post(f"{HERE}2/revert/", {"partial": True})
    assert (part["partial"], [move["ticket"] for move in part["moves"]]) == (True, [2])


def test_only_a_lead_takes_a_start_or_a_close_back(cast: Cast, api: Api):
    assert api.post(f"{HERE}1/revert/", status=403)["code"] == "forbidden"
    lead = Api(cast.lead)
    lead.post("sprints/1/close/", {"destinations": {str(number): {"to": "backlog"} for number in (1, 2, 3, 4)}})
    assert api.post(f"{HERE}2/revert/", status=403)["need"] == "lead"
    lead.post(f"{HERE}2/revert/")
    assert lead.get("sprints/1/")["state"] == "active"
    assert lead.post(HERE, body(skip(1), base=1), status=409)["current"] == 3


@pytest.mark.parametrize("path", [f"{HERE}9/revert/", "decisions/00000000-0000-0000-0000-000000000000/revert/"])
def test_a_decision_that_there_is_not_is_404(api: Api, path: str):
    assert api("POST", path, {}).status_code == 404


def test_a_decision_of_another_project_cannot_be_taken_back_from_here(cast: Cast, api: Api):
    uid = api.post(HERE, body(skip(1)))["uid"]
    create_project(key="OTH", name="Another", lead=cast.member, now=NOW)
    assert Api(cast.member, "OTH")("POST", f"decisions/{uid}/revert/", {}).status_code == 404


def test_a_planned_or_closed_sprint_is_not_replanned(cast: Cast, api: Api):
    make_sprint(cast, start=date(2026, 11, 30))
    planned = Api(cast.lead).post("sprints/2/decisions/", body({"move": "add", "ticket": 5}, base=0), status=409)
    assert planned["code"] == "sprint_planned"
    Api(cast.lead).post("sprints/1/close/", {"destinations": {str(n): {"to": "backlog"} for n in (1, 2, 3, 4)}})
    closed = api.post(HERE, body({"move": "add", "ticket": 5}, base=2), status=409)
    assert closed["code"] == "sprint_closed"


def test_a_dry_run_tells_of_the_time_that_is_left_by_the_projects_clock(
    cast: Cast, sprint: Sprint, monkeypatch: pytest.MonkeyPatch
):
    cast.project.estimate_mode, cast.project.time_zone = "timebox", "Pacific/Kiritimati"
    cast.project.save()
    add = {"move": "add", "new": {"type": "review", "title": "Long", "estimate": 40}}
    set_clock(monkeypatch, datetime(2026, 11, 26, 9, tzinfo=UTC))  # Thursday; on that island eleven in the evening
    asked = body(add, reason_code="priority")
    seen = Api(cast.member).post(f"{HERE}?dry_run=true", asked, status=200)
    (told,) = [item["message"] for item in seen["consequences"] if item["code"] == "time_boxes"]
    assert told.endswith("working days left: 2.")
    set_clock(monkeypatch, datetime(2026, 11, 26, 10, tzinfo=UTC))
    seen = Api(cast.member).post(f"{HERE}?dry_run=true", asked, status=200)
    (told,) = [item["message"] for item in seen["consequences"] if item["code"] == "time_boxes"]
    assert told.endswith("working days left: 1.")
