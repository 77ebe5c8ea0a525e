"""One thread a process watches for news, whatever the database and the broker are, and whether they are there."""

import queue
import threading
from collections.abc import Iterator

import pytest
from django.conf import settings
from django.db import connection

from agileml.journal import watching
from agileml.journal.models import Stream
from agileml.journal.queries import Head
from agileml.journal.watching import Waits, Watcher, whenever_there_may_be_news
from agileml.lib.bell import Bell
from tests.factories import Cast, make_cast, make_ticket

SECONDS = 60

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def cast(transactional_db: None) -> Cast:
    return make_cast()


@pytest.fixture(autouse=True)
def fewer_seconds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watching, "DEAF_SECONDS", 0.05)
    monkeypatch.setattr(watching, "HEARING_SECONDS", 0.1)


@pytest.fixture(autouse=True)
def no_thread_is_left() -> Iterator[None]:
    yield
    for thread in watchers():
        thread.join(SECONDS)
    assert watchers() == []


def watchers() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name == "watcher"]


def now(cast: Cast) -> Head:
    stream = Stream.objects.get(pk=cast.project.stream_id)
    return Head(epoch=stream.epoch, revision=stream.revision)


def comes_to(told: "queue.Queue[Head]", head: Head) -> bool:
    """Whether that head is told of in the end."""
    while told.get(timeout=SECONDS) != head:
        pass
    return True


# The ways of waiting that this back end has, with a Redis that is there and one that is not.
WAYS: dict[str, Waits] = {
    "as installed": whenever_there_may_be_news,
    "each second": watching._each_second,
    "a dead bell": lambda enough: watching._when_it_rings(enough, Bell("redis://127.0.0.1:1/0")),
}
if settings.REDIS_URL:
    WAYS["a bell"] = lambda enough: watching._when_it_rings(enough, Bell(settings.REDIS_URL))
if connection.vendor == "sqlite":
    WAYS["no file"] = lambda enough: watching._when_the_file_changes(enough, "/nowhere/at/all")


@pytest.mark.parametrize("way", WAYS)
def test_who_follows_is_told_of_each_new_head(way: str, cast: Cast):
    told: queue.Queue[Head] = queue.Queue()
    forget = Watcher(WAYS[way]).follow(cast.project.stream_id, told.put)
    for _ in range(3):
        make_ticket(cast)
        assert comes_to(told, now(cast))
    forget()


def test_many_follow_many_projects_by_one_thread_and_each_hears_of_her_own(cast: Cast):
    other, watcher = make_cast("OTH"), Watcher(whenever_there_may_be_news)
    told: list[queue.Queue[Head]] = [queue.Queue() for _ in range(20)]
    forget = [watcher.follow((cast, other)[at % 2].project.stream_id, one.put) for at, one in enumerate(told)]
    assert len(watchers()) == 1
    for one in (cast, other):
        make_ticket(one)
    heads = now(cast), now(other)
    assert all(comes_to(one, heads[at % 2]) for at, one in enumerate(told))
    for end in forget:
        end()


def test_the_thread_ends_with_the_last_follower_and_another_begins_with_the_next(cast: Cast):
    watcher = Watcher(whenever_there_may_be_news)
    told: queue.Queue[Head] = queue.Queue()
    for _ in range(3):
        forget = watcher.follow(cast.project.stream_id, told.put)
        assert comes_to(told, now(cast))
        forget()
        for thread in watchers():
            thread.join(SECONDS)


def test_another_history_is_news(cast: Cast):
    told: queue.Queue[Head] = queue.Queue()
    forget = Watcher(whenever_there_may_be_news).follow(cast.project.stream_id, told.put)
    Stream.objects.filter(pk=cast.project.stream_id).update(epoch="another")
    assert comes_to(told, now(cast))
    forget()
