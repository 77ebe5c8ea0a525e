"""Edits by several clients: of different fields they merge, of the same one the second is told who was first."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from agileml.journal.models import Change
from agileml.planning.actions import tickets
from agileml.planning.models import Decision, Sprint
from agileml.work.models import Ticket
from tests.api.client import Api, codes
from tests.factories import NOW, Cast, make_sprint, make_ticket, measure

CORRECTION = {"reason_code": "correction"}


@pytest.fixture
def lead(cast: Cast) -> Api:
    return Api(cast.lead)


@pytest.fixture
def member(cast: Cast) -> Api:
    return Api(cast.member)


THINGS: dict[str, tuple[str, dict[str, Any], tuple[str, Any, Any], tuple[str, Any]]] = {
    # the address, what makes it, a field with what one and the other write there, and another field
    "ticket": ("tickets/1/", {"type": "review", "title": "T"}, ("title", "One", "Other"), ("question", "Why?")),
    "story": ("stories/1/", {"title": "T"}, ("title", "One", "Other"), ("description", "So")),
    "epic": ("epics/1/", {"title": "T"}, ("title", "One", "Other"), ("components", ["data"])),
    "sprint": ("sprints/1/", {}, ("end", "2026-12-24", "2026-12-23"), ("goal", "Know")),
    "project": ("", {}, ("sprint_days", 7, 10), ("wip_hard", True)),
}


@pytest.mark.parametrize("kind", THINGS)
def test_edits_of_different_fields_both_hold_and_of_the_same_the_second_is_told_all(lead: Api, kind: str, cast: Cast):
    path, makes, (field, one, other), (elsewhere, more) = THINGS[kind]
    if path:
        lead.post(path.split("/")[0] + "/", makes)
    at = lead.get(path)["version"]
    lead.patch(path, {field: one}, version=at)
    merged = lead.patch(path, {elsewhere: more}, version=at)
    assert (merged[field], merged[elsewhere], merged["version"]) == (one, more, at + 2)
    problem = lead.patch(path, {field: other}, version=at, status=412)
    change = Change.objects.get(version=at + 1, action="updated")
    assert (problem["code"], codes(problem), problem["errors"][0]["pointer"]) == ("stale", ["stale"], f"/{field}")
    assert problem["current"] == lead.get(path)
    assert problem["conflicting_fields"] == [
        {
            "field": field,
            "who": {"id": str(cast.lead.uid), "name": "Lead Person"},
            "at": f"{change.at:%Y-%m-%dT%H:%M:%S.%f}Z",
            "yours": other,
            "theirs": one,
        }
    ]
    assert lead.patch(path, {field: one}, version=at)["version"] == at + 2  # what is there already is no conflict
    assert lead.patch(path, {field: other}, version=at + 2)[field] == other


@pytest.mark.parametrize("kind", ["ticket", "story", "epic"])
def test_what_was_edited_since_it_was_looked_at_is_not_deleted_unless_it_is_again_as_it_was(lead: Api, kind: str):
    path, makes, (field, one, _), _ = THINGS[kind]
    was = lead.post(path.split("/")[0] + "/", makes)[field]
    lead.patch(path, {field: one}, version=1)
    refused = lead("DELETE", path, if_match='"1"')
    assert refused.status_code == 412
    assert [(told["field"], told["yours"], told["theirs"]) for told in refused.json()["conflicting_fields"]] == [
        (field, None, one)
    ]
    lead.patch(path, {field: was}, version=2)
    assert lead("DELETE", path, if_match='"1"').status_code == 204


@pytest.mark.parametrize("version", [0, 2, 10**18])
@pytest.mark.parametrize("kind", THINGS)
def test_a_version_that_never_was_is_stale_whatever_is_sent(lead: Api, kind: str, version: int):
    path, makes, (field, one, _), _ = THINGS[kind]
    if path:
        lead.post(path.split("/")[0] + "/", makes)
    problem = lead.patch(path, {field: one}, version=version, status=412)
    assert [(told["field"], told["who"], told["at"]) for told in problem["conflicting_fields"]] == [(field, None, None)]
    assert lead.patch(path, {}, version=version, status=412)["conflicting_fields"] == []
    if kind in {"ticket", "story", "epic"}:
        assert lead("DELETE", path, if_match=f'"{version}"').status_code == 412


def test_every_conflict_of_an_edit_is_named_with_the_newest_writer_and_the_rest_is_kept_back_with_it(
    cast: Cast, lead: Api, member: Api
):
    make_ticket(cast)
    lead.patch("tickets/1/", {"title": "A", "question": "A?"}, version=1)
    member.patch("tickets/1/", {"title": "B"}, version=2)
    problem = lead.patch("tickets/1/", {"title": "C", "question": "C?", "labels": ["x"]}, version=1, status=412)
    told = {one["field"]: (one["who"]["name"], one["theirs"]) for one in problem["conflicting_fields"]}
    assert told == {"title": ("Member Person", "B"), "question": ("Lead Person", "A?")}
    assert lead.get("tickets/1/")["labels"] == []


def test_a_field_that_is_again_as_it_was_is_no_conflict(cast: Cast, lead: Api):
    make_ticket(cast, question="Why?")
    lead.patch("tickets/1/", {"question": "How?"}, version=1)
    lead.patch("tickets/1/", {"question": "Why?"}, version=2)
    assert lead.patch("tickets/1/", {"question": "When?"}, version=1)["question"] == "When?"


def test_people_blocks_and_criteria_are_compared_by_what_they_mean(cast: Cast, lead: Api, member: Api):
    make_ticket(cast, criteria=[{"metric": "error", "op": "<=", "value": 0.2}])
    seen = lead.get("tickets/1/")
    person = {"id": str(cast.member.uid), "name": "as she was called once"}
    stricter = [seen["criteria"][0] | {"value": 0.1}]
    lead.patch("tickets/1/", {"assignee": person["id"], "blocked": {"why": "No data"}, "criteria": stricter}, version=1)
    measure(cast, Ticket.objects.get(), [0.05])
    same = {"assignee": person, "blocked": {"why": "No data", "since": None}, "criteria": stricter}
    assert member.patch("tickets/1/", same, version=1)["version"] == 2
    other = {"assignee": None, "blocked": None, "criteria": seen["criteria"]}
    problem = member.patch("tickets/1/", other, version=1, status=412)
    assert [told["field"] for told in problem["conflicting_fields"]] == ["assignee", "blocked", "criteria"]


def test_nothing_that_jobs_pushes_cards_and_ranks_do_makes_an_edit_conflict(cast: Cast, sprint: Sprint, lead: Api):
    api = Api(cast.member)
    lead.patch("tickets/1/", {"title": "Meanwhile"}, version=1)
    measure(cast, Ticket.objects.get(number=3), [0.1])
    api.patch("tickets/1/", {"waiting_on_run": True}, version=2)
    api.post("tickets/1/links/", {"url": "https://example.com/a"}, status=200)
    api.post("tickets/1/status/", {"to": "in_progress"}, status=200)
    api.post("tickets/1/rank/", {"after": 4}, status=200)
    measure(cast, Ticket.objects.get(number=1), [0.1])
    sent = {"waiting_on_run": False, "links": [{"url": "https://example.com/b"}], "question": "Why?"}
    edited = lead.patch("tickets/1/", sent, version=1)
    assert (edited["title"], edited["waiting_on_run"], len(edited["links"])) == ("Meanwhile", False, 2)


# ── The plan ──


def test_a_decision_meanwhile_is_a_conflict_of_the_fields_that_it_changed_alone(
    cast: Cast, sprint: Sprint, lead: Api, member: Api
):
    lead.patch("tickets/1/", {"estimate": 3, "decision": CORRECTION}, version=1)
    assert member.patch("tickets/1/", {"title": "Mine"}, version=1)["version"] == 3
    problem = member.patch("tickets/1/", {"estimate": 5, "decision": CORRECTION}, version=1, status=412)
    (told,) = problem["conflicting_fields"]
    assert (told["field"], told["who"]["name"], told["yours"], told["theirs"]) == ("estimate", "Lead Person", 5.0, 3.0)
    assert Decision.objects.count() == 2


def test_taking_a_decision_back_is_an_edit_like_any_other(cast: Cast, sprint: Sprint, lead: Api, member: Api):
    lead.patch("tickets/1/", {"estimate": 3, "decision": CORRECTION}, version=1)
    lead.post("sprints/1/decisions/2/revert/", {})
    assert lead.get("tickets/1/")["version"] == 3
    problem = member.patch("tickets/1/", {"estimate": 5, "decision": CORRECTION}, version=2, status=412)
    assert problem["conflicting_fields"][0]["theirs"] is None
    assert member.patch("tickets/1/", {"estimate": 5, "decision": CORRECTION}, version=1)["estimate"] == 5.0


def test_a_ticket_that_a_decision_made_merges_from_its_first_version_on(cast: Cast, sprint: Sprint, lead: Api):
    added = lead.post("tickets/", {"type": "review", "title": "New", "sprint": 1})
    moves = [{"move": "split", "ticket": 1, "into": [{"type": "review", "title": "Half"}]}]
    lead.post("sprints/1/decisions/", {"base_version": 2, "reason_code": "correction", "moves": moves})
    for number in (added["number"], added["number"] + 1):
        lead.patch(f"tickets/{number}/", {"title": "Meanwhile"}, version=1)
        assert lead.patch(f"tickets/{number}/", {"question": "Why?"}, version=1)["title"] == "Meanwhile"


def test_an_older_version_that_merges_still_needs_its_decision_and_a_conflict_comes_first(
    cast: Cast, sprint: Sprint, lead: Api, member: Api
):
    lead.patch("tickets/1/", {"title": "Theirs"}, version=1)
    problem = member.patch("tickets/1/", {"type": "review", "estimate": 2, "question": "Why?"}, version=1, status=409)
    assert (problem["code"], problem["fields"]) == ("needs_decision", ["type", "estimate"])
    assert member.get("tickets/1/")["question"] == ""
    edited = member.patch("tickets/1/", {"type": "review", "decision": CORRECTION}, version=1)
    assert (edited["title"], edited["type"]) == ("Theirs", "review")
    member.patch("tickets/1/", {"title": "Mine", "estimate": 2}, version=1, status=412)


def test_what_is_plan_of_a_running_sprint_needs_a_decision_whatever_version_it_merges_from(
    cast: Cast, sprint: Sprint, lead: Api, member: Api
):
    lead.patch("sprints/1/", {"name": "Renamed"}, version=1)
    sent = {"goal": "Know", "increment": "Two readers", "end": "2026-12-24"}
    problem = member.patch("sprints/1/", sent, version=1, status=409)
    assert (problem["code"], problem["fields"]) == ("needs_decision", ["goal", "increment", "end"])
    edited = member.patch("sprints/1/", sent | {"decision": CORRECTION}, version=1)
    assert (edited["name"], edited["goal"], edited["end"], edited["plan_version"]) == (
        "Renamed", "Know", "2026-12-24", 2,
    )  # fmt: skip
    (move,) = member.get("sprints/1/decisions/")["results"][-1]["moves"]
    assert move["after"] == sent
    problem = member.patch("sprints/1/", {"goal": "Other", "decision": CORRECTION}, version=1, status=412)
    assert [told["field"] for told in problem["conflicting_fields"]] == ["goal"]
    assert lead.patch("sprints/1/", {"start": "2026-11-01"}, version=edited["version"], status=409)["code"] == (
        "start_is_history"
    )


# ── Old versions ──


def test_an_edit_a_thousand_versions_old_costs_two_queries_more_than_a_new_one(cast: Cast, lead: Api):
    make_ticket(cast)
    row = Ticket.objects.get()
    old = Change.objects.get(kind="ticket")
    for version in range(2, 1002):  # as a thousand edits of the question leave them
        old.pk, old.action, old.version, old.revision = None, "updated", version, old.revision + 1
        old.diff, old.resource = {"question": [f"{version - 1}?" if version > 2 else "", f"{version}?"]}, None
        old.save(force_insert=True)
    Ticket.objects.update(version=1001, question="1001?")
    cast.project.stream.__class__.objects.update(revision=old.revision)

    def edited(version: int, **sent: Any) -> int:
        with CaptureQueriesContext(connection) as captured:
            tickets.edit_ticket(
                project=cast.project, number=row.number, sent=sent, expected_version=version, actor=cast.lead,
                now=NOW + timedelta(1),
            )  # fmt: skip
        return len(captured)

    newest = edited(1001, title="Of the newest")
    assert edited(1, description="Of the oldest") == newest + 2
    problem = lead.patch("tickets/1/", {"question": "Mine?"}, version=1, status=412)
    assert problem["conflicting_fields"][0]["theirs"] == "1001?"


@pytest.mark.parametrize("version", [5, 6])
def test_where_the_journal_does_not_know_the_version_nothing_merges(cast: Cast, lead: Api, version: int):
    make_ticket(cast)
    Ticket.objects.update(version=7)  # as an import leaves it: its history began elsewhere
    Change.objects.filter(kind="ticket").update(version=7)
    lead.post("tickets/1/status/", {"to": "in_progress"}, status=200)
    lead.patch("tickets/1/", {"title": "Here"}, version=7)
    problem = lead.patch("tickets/1/", {"question": "Why?"}, version=version, status=412)
    assert [told["field"] for told in problem["conflicting_fields"]] == ["question"]
    assert lead.patch("tickets/1/", {"question": "Why?"}, version=7)["title"] == "Here"


def test_what_was_made_along_with_something_else_merges_from_its_first_version_on(cast: Cast, lead: Api):
    lead.post("epics/", {"title": "Read faster", "template": "skeleton"})
    for path in ("tickets/1/", "stories/1/", "epics/1/"):
        lead.patch(path, {"title": "Meanwhile"}, version=1)
        edited = lead.patch(path, {"goal" if path == "epics/1/" else "description": "Mine"}, version=1)
        assert (edited["title"], edited["version"]) == ("Meanwhile", 3)
    for label in ("a", "b"):
        labels = lead.patch("tickets/2/", {"labels": {"add": [label]}}, version=1)["labels"]
    assert labels == ["a", "b"]


def test_a_drafted_sprint_is_edited_on_any_older_version_that_merges(cast: Cast, lead: Api):
    make_sprint(cast)
    lead.patch("sprints/1/", {"goal": "Theirs"}, version=1)
    assert lead.patch("sprints/1/", {"increment": "Mine", "name": "One"}, version=1)["goal"] == "Theirs"


# ── Lists that several people put things into ──


def test_labels_and_needs_are_put_in_and_taken_out_one_by_one_and_never_conflict(
    cast: Cast, tickets: list[Ticket], lead: Api, member: Api
):
    lead.patch("tickets/1/", {"labels": ["a", "b"], "depends_on": [2, 3]}, version=1)
    sent = {"labels": {"add": ["c", "a"], "remove": ["b", "z"]}, "depends_on": {"add": [4], "remove": [2, 99]}}
    edited = member.patch("tickets/1/", sent, version=1)
    assert (edited["labels"], edited["depends_on"], edited["version"]) == (["a", "c"], [3, 4], 3)
    assert member.patch("tickets/1/", sent, version=1)["version"] == 3
    assert member.patch("tickets/1/", {"labels": {}}, version=1)["version"] == 3
    problem = member.patch("tickets/1/", {"labels": ["a"], "depends_on": {"remove": [3]}}, version=1, status=412)
    assert [told["field"] for told in problem["conflicting_fields"]] == ["labels"]


@pytest.mark.parametrize(
    ("sent", "pointer"),
    [
        ({"labels": {"add": "a"}}, "/labels/add"),
        ({"labels": {"add": [1]}}, "/labels/add/0"),
        ({"labels": {"put": ["a"]}}, "/labels/put"),
        ({"labels": {"add": ["a"], "remove": ["b", "a"]}}, "/labels/remove/1"),
        ({"labels": {"add": [str(one) for one in range(21)]}}, "/labels/add"),
        ({"labels": {"add": [str(one) for one in range(20)]}}, "/labels"),
        ({"depends_on": {"add": [1]}}, "/depends_on"),
        ({"depends_on": {"add": [77]}}, "/depends_on/0"),
        ({"depends_on": {"add": [2**40]}}, "/depends_on/add/0"),
        ({"checklist": {"add": []}}, "/checklist"),
    ],
)
def test_what_cannot_be_put_into_a_list_is_refused(cast: Cast, lead: Api, sent: dict[str, Any], pointer: str):
    make_ticket(cast, labels=["first"])
    problem = lead.patch("tickets/1/", sent, version=1, status=422)
    assert [error["pointer"] for error in problem["errors"]] == [pointer]


def test_a_new_ticket_takes_whole_lists_alone(cast: Cast, lead: Api):
    sent = {"type": "review", "title": "New", "labels": {"add": ["a"]}}
    assert lead.post("tickets/", sent, status=422)["errors"][0]["pointer"] == "/labels"
