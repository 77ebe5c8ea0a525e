"""The sync feed: every change once, in order, enough to keep a replica without reading anything again."""

import copy
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from agileml.api import changes
from agileml.journal import queries
from agileml.journal.models import Change
from agileml.planning.actions.tickets import create_ticket
from agileml.planning.models import Sprint
from agileml.projects.actions import add_member, remove_member
from agileml.projects.doors import writing
from agileml.projects.models import Token
from agileml.projects.rules import Need
from agileml.work.models import Ticket
from tests.api.client import Api
from tests.api.replica import Replica, read
from tests.factories import NOW, Cast, make_sprint, make_user, measure

PROPOSALS = "sprints/1/proposals/"


def live(cast: Cast, api: Api) -> None:
    """A bit of everything that can happen in a project."""
    lead = Api(cast.lead)
    api.post("epics/", {"title": "99 of 100"})
    api.post("stories/", {"title": "Why", "epic": 1})
    api.patch("tickets/5/", {"story": 1, "labels": ["a"], "blocked": {"why": "No data"}}, version=1)
    criteria = [{"metric": "error", "op": "<=", "value": 0.02}]
    version = api.get("tickets/1/")["version"]
    api.patch("tickets/1/", {"criteria": criteria, "decision": {"reason_code": "correction"}}, version=version)
    push: dict[str, Any] = {
        "external_id": "run",
        "points": [{"metric": "error", "value": 0.03}, {"metric": "loss", "value": "NaN"}],
    }
    snapshot = api.post("tickets/1/snapshots/", push, status=200)["points"][0]["snapshot"]
    finding = api.post("tickets/1/findings/", {"kind": "refutes", "text": "No.", "cites": [{"snapshot": snapshot}]})
    api.post("tickets/1/opinions/", {"opinion": "stop", "text": "Enough."})
    api.post("tickets/1/comments/", {"text": "Agreed."})
    api.post("tickets/2/status/", {"to": "in_progress"}, status=200)
    api.post("tickets/4/rank/", {"before": 1}, status=200)
    make_sprint(cast, [5])
    make_sprint(cast, active=True)
    version = api.get("sprints/1/")["plan_version"]
    moves = [
        {"move": "skip", "ticket": 1},
        {"move": "defer", "ticket": 2, "to": 2, "note": "Half way"},
        {"move": "defer", "ticket": 4, "to": 3, "to_base_version": 1},
        {"move": "add", "new": {"type": "review", "title": "Instead", "depends_on": [1], "criteria": criteria}},
        {"move": "split", "ticket": 3, "into": [{"type": "review", "title": "A part"}]},
        {"move": "sprint", "set": {"goal": "Less"}},
    ]
    decided = api.post(
        "sprints/1/decisions/",
        {
            "base_version": version,
            "reason_code": "finding_invalidates",
            "reason": "No.",
            "evidence": [{"finding": finding["uid"]}],
            "moves": moves,
        },
    )
    api.post("tickets/6/status/", {"to": "in_review"}, status=200)
    made = api.post("tickets/", {"type": "review", "title": "Mistake"})
    api.post(f"tickets/{made['number']}/comments/", {"text": "Is it?"})
    api.post(f"tickets/{made['number']}/findings/", {"kind": "confirms", "text": "It is."})
    api.post("tickets/", {"type": "review", "title": "Waits", "depends_on": [made["number"]]})
    assert api("DELETE", f"tickets/{made['number']}/", if_match='"1"').status_code == 204
    push["points"][0]["value"] = 0.01
    api.post("tickets/1/snapshots/", push, status=200)
    api.post("tickets/6/status/", {"to": "todo"}, status=200)
    api.post(f"decisions/{decided['uid']}/revert/")
    offer = {"reason_code": "priority", "moves": [{"move": "sprint", "set": {"goal": "Least"}}]}
    offer["base_version"] = api.get("sprints/1/")["plan_version"]
    taken, refused, withdrawn, _ = (f"sprints/1/proposals/{api.post(PROPOSALS, offer)['uid']}/" for _ in range(4))
    lead.post(f"{taken}decide/")
    lead.post(f"{refused}decline/", {"answer": "No."}, status=200)
    api.post(f"{withdrawn}withdraw/", status=200)
    api("PUT", "sprints/2/draft/", {"tickets": [5, 6]})
    user = make_user()
    add_member(project=cast.project, user=user, role="member", actor=cast.lead, now=NOW)
    remove_member(project=cast.project, user=user, actor=cast.lead, now=NOW)
    lead.post("sprints/1/close/", {"destinations": {str(number): {"to": "backlog"} for number in (1, 2, 3, 4)}})
    lead.post("sprints/2/start/")


@pytest.fixture
def api(cast: Cast, sprint: Sprint) -> Api:
    return Api(cast.member)


def test_a_replica_that_follows_the_changes_is_what_the_lists_show(cast: Cast, api: Api):
    replica = Replica(api)
    live(cast, api)
    replica.follow()
    assert replica.rows == read(api)


def test_a_replica_from_nothing_is_what_the_lists_show(cast: Cast, api: Api):
    replica = Replica(api)
    replica.rows, replica.after = {kind: {} for kind in replica.rows}, 0
    live(cast, api)
    replica.follow()
    assert replica.rows == read(api)


def test_a_list_that_was_read_while_things_happened_is_brought_up_to_date(cast: Cast, api: Api):
    replica = Replica(api)
    live(cast, api)
    replica.rows = read(api)  # newer than the revision that the replica starts from
    replica.follow()
    assert replica.rows == read(api)


def test_a_change_applied_twice_does_no_harm(cast: Cast, api: Api):
    replica = Replica(api)
    after = replica.after
    live(cast, api)
    replica.follow()
    before = copy.deepcopy(replica.rows)
    replica.after = after
    replica.follow(limit=500)
    assert replica.rows == before


@pytest.mark.parametrize("limit", [1, 7, 1000])
def test_every_change_comes_once_in_order_whatever_the_pages(cast: Cast, api: Api, limit: int):
    live(cast, api)
    replica = Replica(api)
    replica.after = 0
    replica.follow(limit=limit)
    assert replica.seen == list(range(1, Change.objects.count() + 1))


def test_a_long_page_is_whole(cast: Cast, api: Api, monkeypatch: pytest.MonkeyPatch):
    live(cast, api)
    monkeypatch.setattr(queries, "AT_ONCE", 5)
    for limit in (4, 5, 6, 10, 1000):
        page = api.get(f"changes/?after=3&limit={limit}")
        wanted = min(limit, Change.objects.count() - 3)
        assert [change["revision"] for change in page["changes"]] == list(range(4, 4 + wanted))


def test_a_page_says_where_it_ends(cast: Cast, api: Api):
    head = Change.objects.count()
    page = api.get("changes/?limit=2")
    assert (len(page["changes"]), page["next_after"], page["has_more"]) == (2, 2, True)
    cast.project.stream.refresh_from_db()
    assert page["epoch"] == cast.project.stream.epoch
    last = api.get(f"changes/?after={head}")
    assert (last["changes"], last["next_after"], last["has_more"]) == ([], head, False)


def test_a_page_ends_at_a_megabyte_and_holds_one_change_at_least(api: Api, monkeypatch: pytest.MonkeyPatch):
    api.post("tickets/", {"type": "review", "title": "Long", "description": "x" * 50_000})
    api.post("tickets/", {"type": "review", "title": "Long", "description": "x" * 50_000})
    head = Change.objects.count()
    monkeypatch.setattr(changes, "LARGEST_PAGE", 40_000)
    page = api.get(f"changes/?after={head - 2}")
    assert ([change["revision"] for change in page["changes"]], page["has_more"]) == ([head - 1], True)
    rest = api.get(f"changes/?after={page['next_after']}")
    assert ([change["revision"] for change in rest["changes"]], rest["has_more"]) == ([head], False)


@pytest.fixture
def mixed(cast: Cast, api: Api) -> Api:
    """The member's token, after which somebody else, a source and, under a name that looks alike, another wrote."""
    api.post("tickets/1/comments/", {"text": "Mine"})
    uid = str(Token.objects.latest("pk").uid)
    for origin in ("", f"{uid}:a-key", f"{uid}0", uid.upper(), "mlflow"):
        with writing(cast.project, actor=cast.lead, now=NOW, need=Need.WORK, origin=origin) as w:
            w.journal.record("ticket", "updated", Ticket.objects.get(number=1))
    return api


def test_ones_own_changes_are_left_out_with_whatever_key_they_were_made(mixed: Api):
    uid, head = str(Token.objects.latest("pk").uid), Change.objects.count()
    for name in ("me", uid):
        page = mixed.get(f"changes/?after={head - 6}&exclude_origin={name}")
        assert [change["origin"] for change in page["changes"]] == ["", f"{uid}0", uid.upper(), "mlflow"]
        assert (page["next_after"], page["has_more"]) == (head, False)
    keyed = mixed.get(f"changes/?after={head - 6}&exclude_origin={uid}:a-key")["changes"]
    assert [change["origin"] for change in keyed] == [uid, "", f"{uid}0", uid.upper(), "mlflow"]
    assert len(mixed.get(f"changes/?after={head - 6}&exclude_origin=ml")["changes"]) == 6


@pytest.mark.parametrize("limit", [1, 2, 3, 1000])
def test_leaving_some_out_skips_and_repeats_nothing(mixed: Api, limit: int):
    head = Change.objects.count()
    seen, after, more = [], head - 6, True
    while more:
        page = mixed.get(f"changes/?after={after}&exclude_origin=me&limit={limit}")
        seen += [change["revision"] for change in page["changes"]]
        after, more = page["next_after"], page["has_more"]
    assert seen == [head - 4, head - 2, head - 1, head]
    assert after == head


def test_a_page_passes_over_so_many_and_says_how_far_it_came(mixed: Api, monkeypatch: pytest.MonkeyPatch):
    head = Change.objects.count()
    monkeypatch.setattr(changes, "FARTHEST", 1)
    page = mixed.get(f"changes/?after={head - 6}&exclude_origin=me")
    assert (page["changes"], page["next_after"], page["has_more"]) == ([], head - 5, True)


def test_a_session_has_no_origin_to_leave_out(cast: Cast, sprint: Sprint, client: Client):
    client.force_login(cast.member)
    answer = client.get("/api/v1/projects/TST/changes/?exclude_origin=me")
    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (400, "?exclude_origin")


@pytest.mark.parametrize("query", ["?limit=3", "?limit=1000", "?limit=1000&exclude_origin=me", "?after=3"])
def test_a_page_of_whatever_length_is_one_statement_beside_the_door(cast: Cast, api: Api, query: str):
    live(cast, api)
    with CaptureQueriesContext(connection) as queries:
        api.get(f"changes/{query}")
    assert len(queries) == 3  # the token, the membership with its project, the changes


def test_what_has_not_changed_is_304(cast: Cast, api: Api):
    first = api("GET", "changes/?after=3")
    again = api("GET", "changes/?after=3", if_none_match=first["ETag"])
    assert (again.status_code, again.content) == (304, b"")
    assert again["X-Project-Revision"] == first["X-Project-Revision"]
    assert api("GET", "changes/?after=4", if_none_match=first["ETag"]).status_code == 200
    api.post("tickets/1/comments/", {"text": "News"})
    assert api("GET", "changes/?after=3", if_none_match=first["ETag"]).status_code == 200


def test_the_time_of_changes_never_runs_backwards(cast: Cast, api: Api):
    for hours in (5, -5, 0):
        make_ticket_at(cast, NOW + timedelta(hours=hours))
    times = [change["at"] for change in api.get("changes/?limit=1000")["changes"]]
    assert times == sorted(times)


def make_ticket_at(cast: Cast, now: datetime) -> None:
    create_ticket(project=cast.project, sent={"type": "review", "title": "At a time"}, actor=cast.lead, now=now)


def test_another_epoch_or_a_revision_beyond_the_head_is_410_and_names_both(cast: Cast, api: Api):
    head = Change.objects.count()
    for query in (f"after={head + 1}", "epoch=another&after=0"):
        answer = api("GET", f"changes/?{query}")
        problem = answer.json()
        assert (answer.status_code, problem["code"], problem["revision"]) == (410, "resync", head)
        cast.project.stream.refresh_from_db()
        assert problem["epoch"] == cast.project.stream.epoch


@pytest.mark.parametrize("query", ["after=-1", "after=x", "limit=0", "limit=1001", "epoch=%00", "since=3"])
def test_a_question_that_cannot_be_understood_is_400(api: Api, query: str):
    assert api("GET", f"changes/?{query}").status_code == 400


def test_a_decision_is_one_change_with_its_moves_and_the_after_image_of_each_ticket(cast: Cast, api: Api):
    head = Change.objects.count()
    moves = [{"move": "skip", "ticket": 1}, {"move": "add", "new": {"type": "review", "title": "Instead"}}]
    sent = {"base_version": 1, "reason_code": "other", "reason": "No.", "moves": moves}
    decision = api.post("sprints/1/decisions/", sent)
    found = [change for change in api.get(f"changes/?after={head}")["changes"] if change["kind"] == "decision"]
    assert len(found) == 1
    assert found[0]["resource"] == decision
    images = {image["number"]: image for image in found[0]["tickets"]}
    assert images[1]["diff"] == {"status": ["todo", "skipped"]}
    assert images[6]["resource"] == api.get("tickets/6/")


def test_a_snapshot_that_changes_a_light_carries_the_ticket(cast: Cast, api: Api):
    criteria = [{"metric": "error", "op": "<=", "value": 0.02}]
    api.patch("tickets/5/", {"criteria": criteria}, version=1)
    head, replica = Change.objects.count(), Replica(api)
    measure(cast, Ticket.objects.get(number=5), [0.03])
    change = api.get(f"changes/?after={head}")["changes"][0]
    assert (change["kind"], change["number"], change["actor"]) == ("snapshots", 5, None)
    assert [image["number"] for image in change["tickets"]] == [5]
    assert change["tickets"][0]["diff"]["criteria"][1][0]["state"] == "not_met"
    api.post(
        "tickets/5/snapshots/", {"external_id": "later", "points": [{"metric": "error", "value": 0.01}]}, status=200
    )
    replica.follow()
    assert replica.rows == read(api), "to the last field, the time of the change among them"
