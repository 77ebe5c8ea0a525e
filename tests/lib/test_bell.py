"""The bell tells all web processes that there is news, and can neither fail nor hold up the write that rings it."""

import socket
from collections.abc import Iterator

import pytest
from django.conf import settings
from django.db import transaction

from agileml.journal.actions import writing
from agileml.journal.models import Stream
from agileml.lib import bell as module
from agileml.lib.bell import Bell
from agileml.lib.wake import SILENT_SECONDS
from tests.factories import NOW, Cast, make_cast, make_ticket


class Clock:
    """Seconds that pass when the test says so."""

    now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def nobody() -> Iterator[socket.socket]:
    """Something that takes connections where Redis should be, and never says a word."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        listening.setblocking(False)
        yield listening


def url(listening: socket.socket) -> str:
    return f"redis://127.0.0.1:{listening.getsockname()[1]}/0"


def connections(listening: socket.socket) -> int:
    """How many have knocked since this was last asked."""
    many = 0
    while True:
        try:
            listening.accept()[0].close()
        except BlockingIOError:
            return many
        many += 1


def test_one_that_hangs_is_tried_once_and_then_left_alone_for_a_while(nobody: socket.socket):
    clock = Clock()
    bell = Bell(url(nobody), clock)
    assert [bell.ring() for _ in range(100)] == [False] * 100
    assert connections(nobody) == 1
    clock.now += SILENT_SECONDS
    assert not bell.ring()
    assert connections(nobody) == 1


def test_one_that_is_dead_fails_nothing():
    assert not Bell("redis://127.0.0.1:1/0", Clock()).ring()


def test_a_write_whose_bell_is_broken_stands(transactional_db: None, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(module, "bell", lambda: Bell("redis://127.0.0.1:1/0"))
    make_cast()
    assert Stream.objects.get().revision > 0


class Counting:
    """A bell that counts."""

    rung = 0

    def ring(self) -> bool:
        assert not transaction.get_connection().in_atomic_block, "whoever hears it now finds nothing"
        self.rung += 1
        return True


@pytest.mark.django_db(transaction=True)
def test_it_rings_once_a_write_when_that_is_committed_and_not_for_nothing(monkeypatch: pytest.MonkeyPatch):
    cast, bell = make_cast(), Counting()
    monkeypatch.setattr(module, "bell", lambda: bell)
    make_ticket(cast)
    assert bell.rung == 1
    with writing(cast.project.stream_id, actor=cast.lead, now=NOW):
        pass
    with pytest.raises(ZeroDivisionError):
        fail_in_a_write(cast)
    assert bell.rung == 1


def fail_in_a_write(cast: Cast) -> None:
    with writing(cast.project.stream_id, actor=cast.lead, now=NOW) as w:
        w.record("ticket", "updated", cast.project)
        raise ZeroDivisionError


if settings.REDIS_URL:

    @pytest.mark.django_db
    def test_who_listens_hears_it():
        bell = Bell(settings.REDIS_URL)
        hearing = bell.listen()
        assert bell.ring()
        assert any(hearing.get_message(timeout=1) for _ in range(20))
        hearing.close()

else:

    def test_without_redis_there_is_no_bell():
        assert module.bell() is None
