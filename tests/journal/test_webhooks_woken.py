"""A write wakes whoever sends, at no cost: not a statement more, and nothing where nobody is to be told."""

from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from agileml.lib.bell import ring
from agileml.projects.actions.webhooks import make_webhook, remove_webhook
from agileml.projects.doors import together
from tests.factories import NOW, Cast, make_cast, make_ticket

pytestmark = pytest.mark.django_db


@pytest.fixture
def woken(monkeypatch: pytest.MonkeyPatch) -> list[tuple[object, ...]]:
    found: list[tuple[object, ...]] = []
    monkeypatch.setattr("agileml.journal.actions.wake", lambda *what: found.append(what))
    return found


def make(cast: Cast) -> Any:
    return make_webhook(project=cast.project, sent={"url": "https://example.com/"}, actor=cast.lead, now=NOW)[0]


def test_a_write_wakes_who_sends_once_it_is_there(
    cast: Cast, woken: list[tuple[object, ...]], django_capture_on_commit_callbacks: Any
):
    row = make(cast)
    other = make_cast("OTH")
    with django_capture_on_commit_callbacks(execute=True) as callbacks:
        make_ticket(other)
    assert [call for call in callbacks if call is not ring] == []
    with django_capture_on_commit_callbacks(execute=True):
        make_ticket(cast)
    assert woken == [("webhooks.changed", cast.project.stream_id)]
    remove_webhook(project=cast.project, webhook=row.uid, actor=cast.lead, now=NOW)
    with django_capture_on_commit_callbacks(execute=True) as callbacks:
        make_ticket(cast)
    assert [call for call in callbacks if call is not ring] == []


def test_writes_that_are_one_wake_once(
    cast: Cast, woken: list[tuple[object, ...]], django_capture_on_commit_callbacks: Any
):
    make(cast)
    with django_capture_on_commit_callbacks(execute=True), together(cast.project):
        make_ticket(cast)
        make_ticket(cast)
    assert woken == [("webhooks.changed", cast.project.stream_id)]


def test_what_changes_nothing_wakes_nobody(
    cast: Cast, woken: list[tuple[object, ...]], django_capture_on_commit_callbacks: Any
):
    make(cast)
    with django_capture_on_commit_callbacks(execute=True) as callbacks:
        make(cast)
    assert [call for call in callbacks if call is not ring] == []


def test_no_write_takes_a_statement_more_than_without(cast: Cast):
    def cost() -> int:
        with CaptureQueriesContext(connection) as ran:
            make_ticket(cast)
        return len(ran)

    cost()
    before = cost()
    make(cast)
    assert cost() == before
