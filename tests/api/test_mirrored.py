"""Keeping tickets in step with another system: one by its name there, and many at once."""

from collections.abc import Callable
from threading import Barrier
from typing import Any

import pytest
from django.db import OperationalError, connection
from django.test.utils import CaptureQueriesContext

from agileml.journal.models import Change
from agileml.planning.models import Decision, Sprint
from agileml.projects.models import ExternalRef
from agileml.work.models import Ticket
from tests.api.client import Api, codes
from tests.api.replica import Replica, read
from tests.factories import Cast, make_cast, make_sprint, make_ticket, make_tickets
from tests.threads import at_once

HERE = "tickets/by-external/?system=jira&id=OCR-1"
REF = {"system": "jira", "id": "OCR-1", "url": ""}
TICKET = {"type": "review", "title": "Look at it"}


@pytest.fixture
def api(cast: Cast) -> Api:
    return Api(cast.member)


def put(api: Api, sent: Any = TICKET, path: str = HERE, **headers: str) -> Any:
    return api("PUT", path, sent, **headers)


def batch(api: Api, *listed: Any, atomic: bool = False, status: int = 200) -> Any:
    return api.post("tickets/batch/", {"atomic": atomic, "tickets": list(listed)}, status=status)


def test_a_name_that_is_new_makes_a_ticket_and_one_that_is_known_edits_the_version_that_was_seen(api: Api):
    replica = Replica(api)
    made = put(api)
    assert (made.status_code, made["ETag"], made.json()["external_refs"], made.json()["held"]) == (
        201,
        '"1"',
        [REF],
        [],
    )
    assert api("GET", made["Location"]).json() | {"held": []} == made.json()
    edited = put(api, TICKET | {"title": "Look again"}, if_match='"1"')
    assert (edited.status_code, edited["ETag"], edited.json()["title"]) == (200, '"2"', "Look again")
    assert "Location" not in edited
    replica.follow()
    assert replica.rows == read(api)
    assert Ticket.objects.count() == 1


def test_nothing_is_overwritten_that_was_not_seen(api: Api):
    assert put(api, if_match='"1"').json()["code"] == "stale"
    assert put(api, if_none_match="*").status_code == 201
    unseen = put(api, TICKET | {"title": "Mine"})
    assert (unseen.status_code, unseen.json()["code"]) == (428, "if_match_required")
    there = put(api, if_none_match="*")
    assert (there.status_code, there.json()["code"], there.json()["current"]["number"]) == (412, "exists", 1)
    api.patch("tickets/1/", {"title": "Theirs"}, version=1)
    stale = put(api, TICKET | {"title": "Mine"}, if_match='"1"')
    assert (stale.status_code, stale.json()["current"]["title"]) == (412, "Theirs")
    assert put(api, if_match="x").status_code == 400


def test_what_is_deleted_is_made_anew(api: Api):
    put(api)
    api("DELETE", "tickets/1/", if_match='"1"')
    assert put(api, if_match='"1"').status_code == 412
    assert put(api).json()["number"] == 2


@pytest.mark.parametrize(
    "query", ["", "?system=jira", "?id=1", "?system=&id=1", f"?system={'x' * 65}&id=1", f"?system=j&id={'x' * 256}",
              "?system=j&id=%00", "?system=j&id=1&id=2", "?system=j&id=1&key=2"],
)  # fmt: skip
def test_a_ticket_is_named_by_a_system_and_an_id(api: Api, query: str):
    assert put(api, path=f"tickets/by-external/{query}").status_code == 400


def test_the_name_stays_with_the_ticket_whatever_other_names_are_sent(api: Api):
    other = {"system": "hub", "id": "7", "url": ""}
    full = REF | {"url": "https://jira.example.com/OCR-1"}
    assert put(api, TICKET | {"external_refs": [other]}).json()["external_refs"] == [other, REF]
    assert put(api, {"external_refs": [full]}, if_match='"1"').json()["external_refs"] == [full]
    assert put(api, {"external_refs": []}, if_match='"2"').json()["external_refs"] == [REF]
    assert put(api, {"title": "New"}, if_match='"3"').json()["external_refs"] == [REF]
    assert put(api, {"external_refs": "x"}, if_match='"4"').status_code == 422


def test_what_is_plan_of_an_active_sprint_is_held_and_the_rest_is_taken_over(cast: Cast, api: Api):
    put(api)
    make_sprint(cast, [1], active=True)
    make_sprint(cast)
    sent = {"title": "New", "type": "engineering", "estimate": 3, "labels": ["a"], "sprint": 2}
    edited = put(api, sent, if_match='"1"').json()
    assert edited["held"] == ["type", "estimate", "sprint"]
    assert (edited["title"], edited["labels"], edited["type"], edited["estimate"]) == ("New", ["a"], "review", None)
    assert Decision.objects.count() == 1
    same = put(api, {"type": "review", "sprint": 1}, if_match=f'"{edited["version"]}"').json()
    assert (same["held"], same["version"]) == ([], edited["version"])
    why = {"estimate": 3, "decision": {"reason_code": "correction"}}
    decided = put(api, why, if_match=f'"{same["version"]}"').json()
    assert (decided["held"], decided["estimate"]) == ([], 3.0)
    assert put(api, {"sprint": None}, if_match=f'"{decided["version"]}"').json()["held"] == ["sprint"]


def test_a_new_ticket_may_name_the_sprint_that_it_goes_into(cast: Cast, api: Api, sprint: Sprint):
    assert put(api, TICKET | {"sprint": 1}).json()["sprint"] == 1
    assert put(api, TICKET | {"sprint": 9}, "tickets/by-external/?system=jira&id=2").status_code == 422


def test_a_batch_makes_and_edits_in_order_and_answers_for_each(cast: Cast, api: Api):
    make_tickets(cast, 2)
    replica = Replica(api)
    answer = batch(
        api,
        TICKET,
        TICKET | {"external": {"system": "jira", "id": "OCR-1"}},
        {"number": 1, "version": 1, "title": "Another"},
        {"external": {"system": "jira", "id": "OCR-1"}, "version": 1, "title": "Again"},
        {"number": 2, "version": 7, "title": "Lost"},
        {"number": 2, "title": "Unseen"},
        {"number": 9, "version": 1},
        {"external": {"system": "jira", "id": "OCR-9"}, "version": 1},
        {"number": 1, "external": {"system": "jira", "id": "OCR-1"}, "version": 2},
        {"title": "Of no type", "label": "x"},
        "x",
    )
    results = answer["results"]
    assert [result["status"] for result in results] == [201, 201, 200, 200, 412, 428, 404, 404, 422, 422, 422]
    assert [result["body"]["key"] for result in results[:4]] == ["TST-3", "TST-4", "TST-1", "TST-4"]
    assert results[3]["body"] == api.get("tickets/4/") | {"held": []}
    assert results[4]["problem"]["current"]["title"] == "Try 2"
    assert [error["pointer"] for error in results[9]["problem"]["errors"]] == ["/label", "/type"]
    replica.follow()
    assert replica.rows == read(api)
    assert api.get("changes/?limit=1000")["next_after"] == Change.objects.count()


def test_an_atomic_batch_is_done_whole_or_not_at_all(cast: Cast, api: Api):
    make_tickets(cast, 2)
    head = Change.objects.count()
    listed = [TICKET, {"number": 1, "version": 1, "title": "Another"}, {"number": 2, "version": 7, "title": "Lost"},
              {"type": "review", "story": 9, "title": ""}]  # fmt: skip
    problem = batch(api, *listed, atomic=True, status=409)
    assert problem["code"] == "batch_refused"
    assert [result["status"] for result in problem["results"]] == [424, 424, 412, 422]
    assert [error["pointer"] for error in problem["errors"]] == ["/tickets/2/title", "/tickets/3/title"]
    assert codes(problem) == ["stale", "required"]
    assert (Change.objects.count(), Ticket.objects.count()) == (head, 2)
    done = api.post("tickets/batch/", {"tickets": listed[:2]}, status=200)
    assert [result["status"] for result in done["results"]] == [201, 200]
    assert done["results"][0]["body"]["number"] == 3


def test_a_batch_holds_what_is_plan(cast: Cast, api: Api, sprint: Sprint):
    edit = {"number": 1, "version": 1, "title": "New", "estimate": 3}
    why = {"decision": {"reason_code": "correction"}}
    held, decided = batch(api, edit, edit | {"number": 2} | why, atomic=True)["results"]
    assert (held["body"]["held"], held["body"]["title"], held["body"]["estimate"]) == (["estimate"], "New", None)
    assert (decided["body"]["held"], decided["body"]["estimate"]) == ([], 3.0)


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        ({"tickets": [TICKET] * 201}, 422),
        ({"tickets": {}}, 422),
        ({"tickets": None}, 422),
        ({}, 422),
        ({"tickets": [], "atomic": "yes"}, 422),
        ({"tickets": [], "all": True}, 422),
        ({"tickets": [TICKET | {"description": "x" * 45_000}] * 25}, 413),
        ({"tickets": []}, 200),
    ],
)
def test_a_batch_is_of_two_hundred_tickets_and_a_megabyte_at_most(api: Api, sent: Any, status: int):
    assert api("POST", "tickets/batch/", sent).status_code == status
    assert Ticket.objects.count() == 0


def test_a_batch_costs_the_same_for_each_ticket(cast: Cast, api: Api):
    def statements(listed: list[Any]) -> int:
        with CaptureQueriesContext(connection) as queries:
            batch(api, *listed)
        return len(queries)

    def made(many: int, at: int) -> list[Any]:
        return [TICKET | {"external": {"system": "jira", "id": f"{at}-{n}"}} for n in range(many)]

    def edited(numbers: range) -> list[Any]:
        return [{"number": number, "version": 1, "title": f"New {number}"} for number in numbers]

    statements(made(1, 0))
    five, ten, fifteen = (statements(made(many, many)) for many in (5, 10, 15))
    assert (fifteen - ten, ten - five) == (ten - five, 5 * EACH_MADE)
    five, ten = statements(edited(range(1, 6))), statements(edited(range(6, 16)))
    assert ten - five == 5 * EACH_EDITED


EACH_MADE, EACH_EDITED = 15, 16  # statements; a savepoint's two and the finding of the ticket among them


def test_a_batch_under_a_key_is_done_once(api: Api):
    sent = {"tickets": [TICKET, {"title": "x"}], "atomic": False}
    first = api("POST", "tickets/batch/", sent, idempotency_key="nightly")
    again = api("POST", "tickets/batch/", sent, idempotency_key="nightly")
    assert (again["Idempotency-Replayed"], again.content) == ("true", first.content)
    assert Ticket.objects.count() == 1
    refused = {"tickets": [TICKET, {"title": "x"}]}
    for _ in range(2):
        answer = api("POST", "tickets/batch/", refused, idempotency_key="atomic")
        assert (answer.status_code, "Idempotency-Replayed" in answer) == (409, False)
    assert Ticket.objects.count() == 1


@pytest.fixture
def committed(transactional_db: None) -> Cast:
    cast = make_cast()
    make_ticket(cast)
    return cast


def test_two_at_once_make_one_ticket(committed: Cast):
    apis = [Api(committed.member) for _ in range(4)]
    ready = Barrier(4)

    def send(api: Api) -> Any:
        ready.wait()
        return put(api)

    answers = at_once(*[lambda api=api: send(api) for api in apis])
    assert sorted(answer.status_code for answer in answers) == [201, 428, 428, 428]
    assert (Ticket.objects.count(), ExternalRef.objects.count()) == (2, 1)


def test_batches_at_once_do_not_mix(committed: Cast):
    apis = [Api(committed.member), Api(committed.lead)]
    listed = [TICKET | {"title": f"{at}"} for at in range(6)]
    answers = at_once(*[lambda api=api: batch(api, *listed, atomic=True) for api in apis])
    numbers = sorted(tuple(result["body"]["number"] for result in answer["results"]) for answer in answers)
    assert numbers == [tuple(range(2, 8)), tuple(range(8, 14))]


def test_a_batch_that_breaks_off_half_way_leaves_nothing(committed: Cast):
    api = Api(committed.member)
    seen: list[str] = []

    def broken(execute: Callable[..., Any], sql: str, *rest: Any) -> Any:
        if sql.startswith('INSERT INTO "work_ticket"'):
            seen.append(sql)
            if len(seen) == 3:
                raise OperationalError("The server went away.")
        return execute(sql, *rest)

    head = Change.objects.count()
    with connection.execute_wrapper(broken):
        assert api("POST", "tickets/batch/", {"atomic": False, "tickets": [TICKET] * 4}).status_code == 503
    assert (Ticket.objects.count(), Change.objects.count()) == (1, head)
    assert batch(api, TICKET)["results"][0]["body"]["number"] == 2
