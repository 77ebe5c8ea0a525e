"""Two people at once, each on a connection of their own."""

from collections.abc import Callable
from threading import Barrier, Thread
from typing import Any

import pytest
from django.db import connection

from agileml.planning.models import Decision, Sprint
from agileml.projects.actions import remove_member
from tests.api.client import Api
from tests.factories import NOW, Cast, make_cast, make_sprint, make_tickets

pytestmark = pytest.mark.django_db(transaction=True)
HERE = "sprints/1/decisions/"


@pytest.fixture
def cast() -> Cast:
    """The cast, committed, with an active sprint of tickets 1 to 4."""
    cast = make_cast()
    make_tickets(cast, 4)
    make_sprint(cast, [1, 2, 3, 4], active=True)
    return cast


def skip(number: int) -> dict[str, Any]:
    moves = [{"move": "skip", "ticket": number}]
    return {"base_version": 1, "reason_code": "other", "reason": "It is refuted.", "moves": moves}


def in_threads(*calls: Callable[[], Any]) -> list[Any]:
    """Make all calls at once, each on a connection of its own, and give their results."""
    results: list[Any] = [None] * len(calls)

    def run(at: int) -> None:
        try:
            results[at] = calls[at]()
        finally:
            connection.close()

    threads = [Thread(target=run, args=(at,)) for at in range(len(calls))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


def test_of_two_who_decide_at_once_on_the_same_version_one_is_told_what_the_other_did(cast: Cast):
    people = [Api(cast.lead), Api(cast.member)]
    together = Barrier(2)

    def decide(api: Api, number: int) -> Any:
        together.wait()
        return api("POST", HERE, skip(number))

    answers = in_threads(lambda: decide(people[0], 1), lambda: decide(people[1], 2))
    answers.sort(key=lambda answer: answer.status_code)
    assert [answer.status_code for answer in answers] == [201, 409]
    won, lost = (answer.json() for answer in answers)
    assert (lost["code"], lost["since"]) == ("stale_version", [won])
    assert Decision.objects.count() == 2
    assert Sprint.objects.get().plan_version == 2


def test_many_changes_at_once_leave_no_gap_and_no_double_in_the_journal(cast: Cast):
    people = [Api(user) for user in (cast.lead, cast.member, cast.stakeholder)]

    def talk(api: Api) -> list[int]:
        return [api("POST", "tickets/1/comments/", {"text": "x"}).status_code for _ in range(8)]

    answers = in_threads(*[lambda api=api: talk(api) for api in people])
    assert {status for listed in answers for status in listed} == {201}
    changes = Api(cast.lead).get("changes/?limit=1000")["changes"]
    assert [change["revision"] for change in changes] == list(range(1, len(changes) + 1))
    assert [change["at"] for change in changes] == sorted(change["at"] for change in changes)


def is_lock(sql: str) -> bool:
    """Whether a statement takes the project's lock; on SQLite the transaction itself does."""
    return "FOR NO KEY UPDATE" in sql or sql.startswith("BEGIN")


def test_a_member_who_is_removed_while_she_decides_finds_nothing(cast: Cast):
    api = Api(cast.member)
    api("GET", "/api/v1/me/")  # notes that the token was used, so that the lock is the first thing written below
    removed: list[bool] = []

    def remove_her_first(execute: Callable[..., Any], sql: str, *rest: Any) -> Any:
        if is_lock(sql) and not removed:
            removed.append(True)
            in_threads(lambda: remove_member(project=cast.project, user=cast.member, actor=cast.lead, now=NOW))
        return execute(sql, *rest)

    with connection.execute_wrapper(remove_her_first):
        answer = api("POST", HERE, skip(1))
    assert removed
    assert answer.status_code == 404
    assert Decision.objects.count() == 1
