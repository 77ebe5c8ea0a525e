"""One lock a project: revisions rise by one in commit order, however many write at once."""

from datetime import timedelta
from itertools import pairwise
from threading import Event
from typing import Any

import pytest
from django.db import transaction

from agileml.journal.actions import writing
from agileml.journal.models import Change, Stream
from agileml.journal.queries import Resync, changes_after, head
from agileml.planning.actions import tickets
from agileml.work.models import Ticket
from tests.factories import NOW, Cast, make_cast, make_ticket
from tests.threads import at_once

WRITERS, EACH = 6, 5


@pytest.fixture
def two(transactional_db: None) -> tuple[Cast, Cast]:
    """Two projects, committed."""
    return make_cast("ONE"), make_cast("TWO")


def create(cast: Cast, title: str) -> None:
    tickets.create_ticket(
        project=cast.project, sent={"type": "review", "title": title}, actor=cast.lead, now=NOW, origin=title
    )


def test_many_writers_of_two_projects_leave_no_gap_and_no_double(two: tuple[Cast, Cast]) -> None:
    def write(writer: int) -> None:
        for turn in range(EACH):
            create(two[(writer + turn) % 2], f"{writer}-{turn}")

    raised = [error for error in at_once(*[lambda at=at: write(at) for at in range(WRITERS)]) if error]

    assert raised == []
    for cast in two:
        stream = Stream.objects.get(project=cast.project)
        revisions = list(Change.objects.filter(stream=stream).order_by("revision").values_list("revision", flat=True))
        assert revisions == list(range(1, stream.revision + 1))
        numbers = Ticket.objects.filter(project=cast.project).order_by("number").values_list("number", flat=True)
        assert list(numbers) == list(range(1, stream.tickets + 1))
    assert Ticket.objects.count() == WRITERS * EACH


def test_who_reads_while_others_write_sees_each_change_once_and_in_order(two: tuple[Cast, Cast]) -> None:
    cast, _ = two
    done = Event()
    seen: list[dict[str, Any]] = []

    def write() -> None:
        try:
            for turn in range(15):
                create(cast, f"turn {turn}")
        finally:
            done.set()

    def read() -> None:
        after, last = 0, False
        while not last:
            last = done.is_set()  # looked at before the read: what was written until then is read after it
            _, changes = changes_after(cast.project.stream_id, epoch=None, after=after, limit=3)
            while changes:
                seen.extend(changes)
                after = changes[-1]["revision"]
                _, changes = changes_after(cast.project.stream_id, epoch=None, after=after, limit=3)

    assert at_once(write, read) == [None, None]
    assert [change["revision"] for change in seen] == list(range(1, head(cast.project.stream_id).revision + 1))
    assert all(one["at"] <= other["at"] for one, other in pairwise(seen))


def test_the_time_of_changes_never_runs_backwards(cast: Cast) -> None:
    make_ticket(cast)
    tickets.create_ticket(
        project=cast.project,
        sent={"type": "review", "title": "From a clock that is slow"},
        actor=cast.lead,
        now=NOW - timedelta(hours=1),
    )
    ats = list(Change.objects.order_by("revision").values_list("at", flat=True))
    assert ats == sorted(ats)


def test_the_lock_is_taken_first_of_all(cast: Cast) -> None:
    lock = writing(cast.project.stream_id, actor=cast.lead, now=NOW)
    with transaction.atomic(), pytest.raises(RuntimeError, match="durable"), lock:
        pass


def test_what_fails_half_way_leaves_no_change_and_no_number(cast: Cast) -> None:
    before = head(cast.project.stream_id)

    def fail() -> None:
        with writing(cast.project.stream_id, actor=cast.lead, now=NOW) as w:
            w.number("tickets")
            w.record("ticket", "created", cast.project)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert head(cast.project.stream_id) == before
    assert Stream.objects.get(project=cast.project).tickets == 0


@pytest.mark.parametrize(("epoch", "beyond"), [("another", 0), (None, 1)])
def test_a_reader_of_another_history_is_told_to_begin_anew(cast: Cast, epoch: str | None, beyond: int) -> None:
    at = head(cast.project.stream_id)
    with pytest.raises(Resync) as told:
        changes_after(cast.project.stream_id, epoch=epoch, after=at.revision + beyond, limit=10)
    assert (told.value.epoch, told.value.revision) == (at.epoch, at.revision)
