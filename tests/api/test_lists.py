"""Lists are paged by key, filtered as documented, and vouched for by revision and epoch."""

from typing import Any

import pytest
from pytest_django import DjangoAssertNumQueries

from agileml.planning.actions.tickets import delete_ticket
from agileml.planning.models import Sprint
from agileml.work.models import Ticket
from tests.api.client import Api
from tests.factories import NOW, Cast, make_sprint, make_ticket, make_tickets, measure, replan


def numbers(rows: list[dict[str, Any]]) -> list[int]:
    return [row["number"] for row in rows]


def test_pages_follow_each_other_in_number_order(cast: Cast):
    make_tickets(cast, 7)
    api = Api(cast.member)
    page = api.get("tickets/?limit=3&status=todo")
    assert numbers(page["results"]) == [1, 2, 3]
    assert page["next"].startswith("http://testserver/api/v1/projects/TST/tickets/?")
    assert "status=todo" in page["next"]
    assert numbers(api.walk("tickets/?limit=3")) == [1, 2, 3, 4, 5, 6, 7]
    assert api.get("tickets/?limit=7")["next"] is None


def test_nothing_that_was_there_throughout_is_skipped_or_repeated_while_rows_come_and_go(cast: Cast):
    make_tickets(cast, 9)
    api = Api(cast.member)
    first = api.get("tickets/?limit=4")
    for number in (1, 4, 5):
        delete_ticket(project=cast.project, number=number, expected_version=None, actor=cast.lead, now=NOW)
    make_ticket(cast, "Late")
    rest = api.walk(first["next"])
    assert numbers(first["results"]) + numbers(rest) == [1, 2, 3, 4, 6, 7, 8, 9, 10]


@pytest.mark.parametrize("limit", ["0", "501", "-1", "x", "1.5", "", "٣"])
def test_a_limit_is_a_number_from_1_to_500(cast: Cast, limit: str):
    answer = Api(cast.member)("GET", f"tickets/?limit={limit}")
    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (400, "?limit")


@pytest.mark.parametrize("cursor", ["", "x", "!!", "LTE=", "OTk5OTk5OTk5OTk5OTk5OTk5OTk5OTk5", "%00", "4pGg"])
def test_a_cursor_that_is_not_ours_is_400(cast: Cast, cursor: str):
    assert Api(cast.member)("GET", f"tickets/?cursor={cursor}").status_code == 400


def test_fields_picks_columns(cast: Cast):
    make_ticket(cast)
    api = Api(cast.member)
    assert api.get("tickets/?fields=key,status")["results"] == [{"key": "TST-1", "status": "todo"}]
    assert api("GET", "tickets/?fields=key,secret").status_code == 400


def test_lists_carry_the_revision_and_epoch_that_were_true_before_their_rows(cast: Cast, tickets: list[Ticket]):
    answer = Api(cast.member)("GET", "tickets/")
    cast.project.stream.refresh_from_db()
    assert answer["X-Project-Revision"] == str(cast.project.stream.revision)
    assert answer["X-Project-Epoch"] == cast.project.stream.epoch


@pytest.fixture
def various(cast: Cast) -> None:
    api = Api(cast.member)
    api.post("epics/", {"title": "99 of 100"})
    api.post("stories/", {"title": "Why", "epic": 1})
    api.post("stories/", {"title": "How"})
    make_ticket(cast, "One", type="review", story=1, labels=["data", "ärger"], component="features")
    make_ticket(cast, "Two", assignee=str(cast.member.uid), labels=["Data", 'a"b'], story=2)
    make_ticket(cast, "Three", labels=["database"])
    make_sprint(cast, [1], active=True)
    make_sprint(cast, [2])
    replan(cast, Sprint.objects.get(number=1), {"move": "skip", "ticket": 1})


FILTERS = {
    "status=skipped": [1],
    "status=todo,skipped": [1, 2, 3],
    "type=review": [1],
    "type=review,engineering": [1, 2, 3],
    "assignee=none": [1, 3],
    "story=1": [1],
    "epic=1": [1],
    "epic=2": [],
    "sprint=1": [1],
    "sprint=2": [2],
    "label=data": [1],
    "label=Data": [2],
    "label=%C3%A4rger": [1],
    "label=a%22b": [2],
    "label=dat": [],
    "component=features": [1],
    "updated_since=2026-11-20T09:30:00Z": [1, 2, 3],
    "updated_since=2126-11-20T10:30:01%2B01:00": [],
    "status=todo&label=database&story=1": [],
}


@pytest.mark.usefixtures("various")
@pytest.mark.parametrize("query", FILTERS)
def test_tickets_are_filtered_by(cast: Cast, query: str):
    assert numbers(Api(cast.member).get(f"tickets/?{query}")["results"]) == FILTERS[query]


@pytest.mark.usefixtures("various")
def test_tickets_are_filtered_by_assignee(cast: Cast):
    api = Api(cast.member)
    assert numbers(api.get(f"tickets/?assignee={cast.member.uid}")["results"]) == [2]
    assert numbers(api.get(f"tickets/?assignee={cast.lead.uid}")["results"]) == []


def test_tickets_that_are_parked_are_those_deferred_into_no_sprint(cast: Cast, sprint: Sprint):
    replan(cast, sprint, *({"move": "defer", "ticket": number, "to": None} for number in (1, 2)))
    make_sprint(cast, [2])
    api = Api(cast.member)
    assert numbers(api.get("tickets/?parked=true")["results"]) == [1]
    assert numbers(api.get("tickets/?parked=true&status=done")["results"]) == []
    assert numbers(api.get("tickets/?parked=false")["results"]) == numbers(api.get("tickets/")["results"])


@pytest.mark.parametrize(
    "query",
    [
        "status=open", "type=poem", "assignee=me", "story=x", "epic=-1", "sprint=", "updated_since=yesterday",
        "updated_since=2026-11-20T09:30:00", "label=%00", "component=" + "x" * 300, "parked=maybe",
    ],
)  # fmt: skip
def test_a_filter_that_cannot_be_understood_is_400(cast: Cast, query: str):
    assert Api(cast.member)("GET", f"tickets/?{query}").status_code == 400


def test_sprints_are_filtered_by_state_stories_by_epic_snapshots_by_metric(cast: Cast, sprint: Sprint):
    api = Api(cast.member)
    make_sprint(cast)
    assert numbers(api.get("sprints/?state=active")["results"]) == [1]
    api.post("epics/", {"title": "99 of 100"})
    api.post("stories/", {"title": "Why", "epic": 1})
    api.post("stories/", {"title": "How"})
    assert numbers(api.get("stories/?epic=1")["results"]) == [1]
    ticket = Ticket.objects.get(number=1)
    measure(cast, ticket, [0.1, 0.2])
    measure(cast, ticket, [3.0], metric="seconds")
    assert [row["value"] for row in api.get("tickets/1/snapshots/?metric=seconds")["results"]] == [3.0]


LISTS = [
    "members/", "epics/", "stories/", "tickets/", "sprints/", "sprints/1/decisions/", "decisions/", "metrics/",
    "baselines/", "sprints/1/proposals/",
    "tickets/1/findings/", "tickets/1/opinions/", "tickets/1/comments/", "tickets/1/snapshots/", "sprints/1/board/",
    "sprints/1/plan/", "changes/",
]  # fmt: skip
AT_MOST = 10


def fill(cast: Cast, api: Api, times: int) -> None:
    for _ in range(times):
        epic = api.post("epics/", {"title": "99 of 100"})["number"]
        story = api.post("stories/", {"title": "Why", "epic": epic})["number"]
        criteria = [{"metric": "error", "op": "<=", "value": 0.1}]
        more = {"story": story, "criteria": criteria, "depends_on": [1], "assignee": str(cast.member.uid)}
        number = api.post("tickets/", {"type": "review", "title": "Look", "sprint": 1} | more)["number"]
        ticket = Ticket.objects.get(number=number)
        measure(cast, ticket, [0.3])
        for at in (1, number):
            measure(cast, Ticket.objects.get(number=at), [0.3], external_id=f"run {number}")
            snapshot = api.get(f"tickets/{at}/snapshots/")["results"][-1]["uid"]
            finding = {"kind": "refutes", "text": "No.", "cites": [{"snapshot": snapshot}]}
            evidence = [{"finding": api.post(f"tickets/{at}/findings/", finding)["uid"]}]
            api.post(f"tickets/{at}/opinions/", {"opinion": "accept"})
            api.post(f"tickets/{at}/comments/", {"text": "Well done."})
        version = api.get("sprints/1/")["plan_version"]
        sent = {"base_version": version, "reason_code": "finding_invalidates", "evidence": evidence, "reason": "No."}
        api.post("sprints/1/decisions/", sent | {"moves": [{"move": "skip", "ticket": number}]})
        offer = {"base_version": version + 1, "moves": [{"move": "restore", "ticket": number}]}
        made = api.post("sprints/1/proposals/", sent | offer)
        api.post(f"sprints/1/proposals/{made['uid']}/decline/", {"answer": "No."}, status=200)


def test_lists_ask_as_often_for_many_rows_as_for_few(
    cast: Cast, sprint: Sprint, django_assert_max_num_queries: DjangoAssertNumQueries
):
    api = Api(cast.member)
    fill(cast, api, 1)
    few: dict[str, int] = {}
    many: dict[str, int] = {}
    for counts in (few, many):
        for path in LISTS:
            with django_assert_max_num_queries(AT_MOST) as counted:
                api.get(path)
            counts[path] = len(counted)
        fill(cast, api, 3)
    assert many == few
