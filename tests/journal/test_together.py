"""Several writes that are one: one lock, one commit, one run of revisions, each undone alone if it raises."""

from contextvars import copy_context
from datetime import timedelta
from threading import Event, Thread
from typing import Any

import pytest
from django.db import connection, transaction

from agileml.journal.actions import Busy
from agileml.journal.models import Change, Stream
from agileml.lib.fields import Invalid
from agileml.planning.actions import tickets
from agileml.projects import doors
from agileml.projects.rules import Need
from agileml.work.actions import add_comment
from agileml.work.models import Ticket
from tests.factories import NOW, Cast, make_cast, make_ticket
from tests.threads import at_once


def revisions() -> list[int]:
    return list(Change.objects.order_by("revision").values_list("revision", flat=True))


def stands(cast: Cast) -> tuple[int, int]:
    stream = Stream.objects.get(project=cast.project)
    return stream.revision, stream.tickets


def fails_half_way(cast: Cast) -> None:
    """A write that takes a number, stores a row and a change, and then raises."""
    with doors.writing(cast.project, actor=cast.lead, now=NOW, need=Need.WORK) as w:
        w.journal.number("tickets")
        w.journal.record("ticket", "created", w.project)
        raise ZeroDivisionError


def unit_that_fails(cast: Cast) -> None:
    """A unit that raises after a write in it went well."""
    with doors.together(cast.project):
        make_ticket(cast, "Lost")
        raise ZeroDivisionError


def test_all_are_committed_with_the_unit_under_one_run_of_revisions(cast: Cast) -> None:
    before, _ = stands(cast)
    with doors.together(cast.project):
        make_ticket(cast, "One")
        make_ticket(cast, "Two")
    assert stands(cast) == (before + 2, 2)
    assert revisions() == list(range(1, before + 3))
    assert list(Ticket.objects.order_by("number").values_list("number", "revision")) == [
        (1, before + 1),
        (2, before + 2),
    ]


def test_nothing_of_any_stays_when_the_unit_raises(cast: Cast) -> None:
    before = stands(cast)
    with pytest.raises(ZeroDivisionError):
        unit_that_fails(cast)
    assert (stands(cast), Ticket.objects.count()) == (before, 0)
    assert make_ticket(cast, "Again").number == 1


def test_a_write_that_raises_is_undone_alone_and_its_number_and_revision_are_given_again(cast: Cast) -> None:
    before, _ = stands(cast)
    with doors.together(cast.project):
        make_ticket(cast, "One")
        with pytest.raises(ZeroDivisionError):
            fails_half_way(cast)
        with pytest.raises(Invalid):
            make_ticket(cast, "Of no story", story=99)
        assert make_ticket(cast, "Two").number == 2
    assert stands(cast) == (before + 2, 2)
    assert revisions() == list(range(1, before + 3))


def test_each_write_keeps_its_own_actor_time_and_origin_and_time_never_runs_backwards(cast: Cast) -> None:
    told: dict[str, Any] = {"project": cast.project, "ticket": 1, "text": "Yes."}
    make_ticket(cast)
    with doors.together(cast.project):
        add_comment(**told, actor=cast.member, now=NOW + timedelta(hours=1), origin="first")
        add_comment(**told, actor=cast.lead, now=NOW, origin="second")
    first, second = Change.objects.filter(kind="comment").order_by("revision")
    assert (first.actor, first.origin, second.actor, second.origin) == (cast.member, "first", cast.lead, "second")
    assert first.at == second.at == NOW + timedelta(hours=1)


def test_who_may_is_asked_of_each_write(cast: Cast) -> None:
    with doors.together(cast.project), pytest.raises(doors.Forbidden):
        tickets.create_ticket(
            project=cast.project, sent={"type": "review", "title": "Look"}, actor=cast.stakeholder, now=NOW
        )
    assert Ticket.objects.count() == 0


def test_a_unit_inside_a_unit_is_a_part_of_it(cast: Cast) -> None:
    before, _ = stands(cast)
    with doors.together(cast.project):
        make_ticket(cast, "One")
        with pytest.raises(ZeroDivisionError):
            unit_that_fails(cast)
        with doors.together(cast.project):
            make_ticket(cast, "Two")
    assert stands(cast) == (before + 2, 2)
    assert list(Ticket.objects.order_by("number").values_list("title", flat=True)) == ["One", "Two"]


def test_what_waits_for_a_commit_waits_for_the_units_and_what_was_undone_is_not_told(
    cast: Cast, django_capture_on_commit_callbacks: Any
) -> None:
    told: list[str] = []

    def write(word: str, *, fail: bool = False) -> None:
        with doors.writing(cast.project, actor=cast.lead, now=NOW, need=Need.WORK):
            transaction.on_commit(lambda: told.append(word))
            if fail:
                raise ZeroDivisionError

    with django_capture_on_commit_callbacks(execute=True), doors.together(cast.project):
        write("one")
        with pytest.raises(ZeroDivisionError):
            write("undone", fail=True)
        write("two")
        assert told == []
    assert told == ["one", "two"]


def test_a_unit_is_about_one_project(cast: Cast) -> None:
    other = make_cast("OTH")
    with doors.together(cast.project):
        with pytest.raises(RuntimeError, match="one stream"):
            make_ticket(other)
        with pytest.raises(RuntimeError, match="one stream"), doors.together(other.project):
            pass


def test_inside_a_unit_no_write_begins_inside_another_or_in_a_transaction_of_its_own(cast: Cast) -> None:
    with doors.together(cast.project):
        with pytest.raises(RuntimeError, match="directly"), transaction.atomic():
            make_ticket(cast)
        door = doors.writing(cast.project, actor=cast.lead, now=NOW, need=Need.WORK)
        with pytest.raises(RuntimeError, match="directly"), door:
            make_ticket(cast)
    assert Ticket.objects.count() == 0


def test_a_unit_begins_outside_of_every_transaction(cast: Cast) -> None:
    with transaction.atomic(), pytest.raises(RuntimeError, match="durable"), doors.together(cast.project):
        pass


def test_after_a_unit_writes_stand_alone_again(cast: Cast) -> None:
    with pytest.raises(ZeroDivisionError), doors.together(cast.project):
        raise ZeroDivisionError
    make_ticket(cast, "One")
    with pytest.raises(ZeroDivisionError):
        fails_half_way(cast)
    assert Ticket.objects.count() == 1


@pytest.fixture
def committed(transactional_db: None) -> Cast:
    return make_cast()


def test_a_thread_that_was_handed_the_units_context_does_not_write_into_it(committed: Cast) -> None:
    raised: list[Exception] = []

    def write() -> None:
        try:
            make_ticket(committed, "From elsewhere")
        except RuntimeError as error:
            raised.append(error)
        finally:
            connection.close()

    with doors.together(committed.project):
        thread = Thread(target=copy_context().run, args=(write,))
        thread.start()
        thread.join()
    assert len(raised) == 1
    assert Ticket.objects.count() == 0


def test_other_writers_wait_for_the_unit_and_leave_no_gap(committed: Cast) -> None:
    def unit() -> None:
        with doors.together(committed.project):
            for turn in range(5):
                make_ticket(committed, f"unit {turn}")

    def alone() -> None:
        for turn in range(5):
            make_ticket(committed, f"alone {turn}")

    assert at_once(unit, alone, unit, alone) == [None] * 4
    assert stands(committed)[1] == 20
    assert revisions() == list(range(1, stands(committed)[0] + 1))
    titles = list(Ticket.objects.order_by("number").values_list("title", flat=True))
    first = titles.index("unit 0")
    assert titles[first : first + 5] == [f"unit {turn}" for turn in range(5)]


def test_whoever_waits_longer_than_her_patience_is_told_that_it_is_busy_and_waits_as_usual_after(
    committed: Cast,
) -> None:
    taken, done = Event(), Event()

    def hold() -> None:
        with doors.together(committed.project):
            taken.set()
            done.wait(10)

    def hurry() -> None:
        taken.wait(10)
        with pytest.raises(Busy), doors.together(committed.project, patience=0.05):
            pass
        with connection.cursor() as cursor:
            sqlite = connection.vendor == "sqlite"
            usual = cursor.execute("PRAGMA busy_timeout" if sqlite else "SHOW lock_timeout")
            assert (usual or cursor).fetchone()[0] == (20_000 if sqlite else "0")
        done.set()
        with doors.together(committed.project, patience=10):
            make_ticket(committed)

    assert at_once(hold, hurry) == [None, None]
    assert Ticket.objects.count() == 1
