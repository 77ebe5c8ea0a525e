"""A look takes what is new once, whoever looks and however often, and costs nothing when there is nothing."""

import threading
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection, connections
from django.test.utils import CaptureQueriesContext
from pytest_django import Settings

from agileml.ingest.actions import pause, poll, resume
from agileml.ingest.actions.claims import MOST_FAILURES, Looked
from agileml.ingest.connectors import registry
from agileml.ingest.connectors.base import (
    Advice,
    Look,
    Since,
    SourceAuthError,
    SourceBadData,
    SourceError,
    SourceGone,
    SourceTransient,
)
from agileml.ingest.models import Poll, Source
from agileml.ingest.queries import due_sources
from agileml.journal.models import Change, Stream
from agileml.metrics.models import Snapshot
from agileml.work.models import Ticket
from tests.factories import NOW, make_ticket
from tests.ingest.watched import Watched

pytestmark = pytest.mark.django_db


class Scripted:
    """A connector that does at each look what the test says."""

    kind = "scripted"
    label = "Scripted"
    every_seconds = 10
    config_schema: dict[str, Any] = {"type": "object"}

    def __init__(self, act: Callable[[], Look]) -> None:
        self.act = act

    def check(self, config: Any) -> Advice:
        return Advice(good=True, message="")

    def parse_ref(self, config: Any, text: str) -> str | None:
        return None

    def url(self, config: Any, ref: str) -> str:
        return ""

    def fetch(self, config: Any, ref: str, since: Since) -> Look:
        return self.act()


def script(watched: Watched, monkeypatch: pytest.MonkeyPatch, act: Callable[[], Look]) -> None:
    kinds = {"scripted": registry.Kind("scripted", Scripted(act))}
    monkeypatch.setattr("agileml.ingest.actions.polling.kinds", lambda: kinds)
    Source.objects.filter(pk=watched.source.pk).update(kind="scripted", every_seconds=10)


def fails(watched: Watched, monkeypatch: pytest.MonkeyPatch, error: SourceError) -> None:
    def act() -> Look:
        raise error

    script(watched, monkeypatch, act)


def revision(watched: Watched) -> int:
    return Stream.objects.get(pk=watched.cast.project.stream_id).revision


def test_the_same_file_looked_at_a_hundred_times_is_one_snapshot(watched: Watched):
    watched.drop("TST-1/svm.json", {"error": 0.1})
    for _ in range(50):
        watched.look()
        watched.forget()
        watched.look()
    assert Snapshot.objects.count() == 1
    assert Change.objects.filter(kind="snapshots").count() == 1


@pytest.mark.django_db(transaction=True)
def test_two_workers_at_once_take_it_once(watched: Watched):
    for number in range(20):
        watched.drop(f"TST-1/run-{number}.json", {"error": number})
    together = threading.Barrier(2)
    got: list[Looked | None] = []

    def look() -> None:
        together.wait()
        got.append(poll(source_id=watched.source.pk, now=NOW))
        connections.close_all()

    threads = [threading.Thread(target=look) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(looked.counts["created"] for looked in got if looked) == 20
    assert Snapshot.objects.count() == 20


def test_a_worker_whose_claim_ran_out_while_it_read_writes_nothing(
    watched: Watched, monkeypatch: pytest.MonkeyPatch, settings: Settings
):
    watched.drop("TST-1/svm.json", {"error": 0.1})
    later = NOW + timedelta(seconds=settings.LEASE_SECONDS + 1)
    real = registry.kinds()["metric_file"].connector
    assert real is not None
    others: list[Looked | None] = []

    def slowly() -> Look:
        look = real.fetch(watched.source.config, "TST", Since())
        if not others:
            others.append(None)
            others.append(poll(source_id=watched.source.pk, now=later))
        return look

    script(watched, monkeypatch, slowly)
    assert poll(source_id=watched.source.pk, now=NOW) is None
    assert others[1] is not None
    assert others[1].counts["created"] == 1
    assert Snapshot.objects.count() == 1
    assert Poll.objects.get().at == later


def test_a_source_is_left_alone_while_a_worker_looks_and_found_again_when_the_claim_is_over(
    watched: Watched, settings: Settings
):
    Source.objects.update(leased_until=NOW + timedelta(seconds=5))
    assert due_sources(now=NOW) == []
    assert poll(source_id=watched.source.pk, now=NOW) is None
    later = NOW + timedelta(seconds=5)
    assert due_sources(now=later) == [watched.source.pk]
    assert poll(source_id=watched.source.pk, now=later) is not None
    assert Source.objects.get().leased_until is None


def test_a_source_that_is_not_due_is_left_alone(watched: Watched):
    Source.objects.update(due_at=NOW + timedelta(seconds=1))
    assert due_sources(now=NOW) == []
    assert poll(source_id=watched.source.pk, now=NOW) is None
    assert poll(source_id=0, now=NOW) is None


def test_a_look_that_finds_nothing_takes_no_lock_and_leaves_one_row(watched: Watched):
    watched.drop("TST-1/svm.json", {"error": 0.1})
    watched.look()
    before = revision(watched)
    with CaptureQueriesContext(connection) as ran:
        for _ in range(20):
            watched.look()
    assert not [query["sql"] for query in ran if "journal_stream" in query["sql"]]
    assert revision(watched) == before
    quiet = Poll.objects.latest("pk")
    assert (Poll.objects.count(), quiet.times, quiet.seen) == (2, 20, 1)


def test_a_look_that_finds_only_what_is_known_takes_no_lock(watched: Watched):
    watched.drop("TST-1/svm.json", {"error": 0.1})
    watched.look()
    watched.forget()
    with CaptureQueriesContext(connection) as ran:
        looked = watched.look()
    assert looked.counts["unchanged"] == 1
    assert not [query["sql"] for query in ran if "journal_stream" in query["sql"]]


def test_a_look_is_on_record(watched: Watched):
    watched.drop("TST-1/svm.json", {"error": 0.1, "note": "x"})
    watched.look()
    row = Poll.objects.get()
    assert (row.seen, row.created, row.refused, row.times, row.first_at) == (1, 1, 0, 1, NOW)
    assert [problem["code"] for problem in row.problems] == ["left_out"]


def test_a_file_for_a_ticket_that_is_not_there_is_refused_and_taken_as_soon_as_it_is(watched: Watched):
    watched.drop("TST-6/svm.json", {"error": 0.1})
    looked = watched.look()
    assert [(problem["where"], problem["code"]) for problem in looked.problems] == [
        ("TST-6/svm.json", "unknown_ticket")
    ]
    assert looked.counts["refused"] == 1
    for _ in range(3):
        assert watched.problems() == {}
    make_ticket(watched.cast)
    assert watched.look().counts["created"] == 1
    assert watched.values(6) == {"error": 0.1}
    assert Source.objects.get().waiting == []


def test_a_file_for_a_deleted_ticket_is_refused(watched: Watched):
    Ticket.objects.filter(number=1).update(deleted_at=NOW)
    watched.drop("TST-1/svm.json", {"error": 0.1})
    assert watched.problems() == {"TST-1/svm.json": "unknown_ticket"}
    assert not Snapshot.objects.exists()


def test_what_waits_does_not_grow_without_end(watched: Watched):
    for number in range(620):
        watched.drop(f"TST-99/run-{number}.json", {"error": 0.1})
    while watched.look().more:
        pass
    assert len(Source.objects.get().waiting) == 500


def test_a_source_is_due_again_at_a_sweep(watched: Watched, settings: Settings):
    settings.SWEEP_SECONDS = 2
    Source.objects.update(every_seconds=2)
    assert poll(source_id=watched.source.pk, now=NOW) is not None
    assert due_sources(now=NOW + timedelta(seconds=0.5)) == []
    assert due_sources(now=NOW + timedelta(seconds=1.9)) == [watched.source.pk]


def test_when_there_is_more_the_source_stays_due(watched: Watched):
    for number in range(150):
        watched.drop(f"TST-1/run-{number}.json", {"error": 0.1})
    looked = poll(source_id=watched.source.pk, now=NOW)
    assert looked is not None
    assert looked.more
    assert due_sources(now=NOW) == [watched.source.pk]


def test_we_may_not_read_there_pauses_at_once_and_says_so_in_the_feed(
    watched: Watched, monkeypatch: pytest.MonkeyPatch
):
    fails(watched, monkeypatch, SourceAuthError("Wrong password: set a new one."))
    watched.look()
    source = Source.objects.get()
    assert (source.state, source.trouble, source.leased_until) == ("paused", "Wrong password: set a new one.", None)
    change = Change.objects.latest("revision")
    assert (change.kind, change.action, change.diff["state"]) == ("source", "updated", ["active", "paused"])
    assert change.revision == source.revision
    assert due_sources(now=NOW + timedelta(days=1)) == []


@pytest.mark.parametrize("error", [SourceGone("Not there."), SourceBadData("Not understood.")])
def test_failing_again_and_again_pauses(watched: Watched, monkeypatch: pytest.MonkeyPatch, error: SourceError):
    fails(watched, monkeypatch, error)
    for _ in range(MOST_FAILURES):
        assert Source.objects.get().state == "active"
        watched.look()
    assert (Source.objects.get().state, Source.objects.get().trouble) == ("paused", str(error))
    assert Poll.objects.get().times == MOST_FAILURES


def test_what_may_work_later_is_tried_ever_more_seldom_and_never_given_up(
    watched: Watched, monkeypatch: pytest.MonkeyPatch
):
    fails(watched, monkeypatch, SourceTransient("Busy."))
    pauses = []
    for _ in range(8):
        watched.look()
        source = Source.objects.get()
        pauses.append((source.due_at - source.polls.latest("at").at).total_seconds())
    least = [20, 40, 80, 160, 300, 300, 300, 300]
    # Spread out by up to a quarter, so that what failed together does not come back together.
    assert all(pause <= waited <= pause * 1.25 for pause, waited in zip(least, pauses, strict=True))
    assert len(set(pauses)) == len(pauses)
    assert (source.state, source.trouble) == ("active", "Busy.")


def test_a_look_that_works_forgets_the_failures(watched: Watched, monkeypatch: pytest.MonkeyPatch):
    fails(watched, monkeypatch, SourceGone("Not there."))
    watched.look()
    script(watched, monkeypatch, lambda: Look((), (), {}, 0))
    watched.look()
    assert (Source.objects.get().failures, Source.objects.get().trouble) == (0, "")


def test_a_source_that_kills_its_worker_every_time_is_paused(watched: Watched, monkeypatch: pytest.MonkeyPatch):
    def dies() -> Look:
        raise SystemExit

    script(watched, monkeypatch, dies)
    for _ in range(MOST_FAILURES):
        with pytest.raises(SystemExit):
            watched.look()
        Source.objects.update(leased_until=NOW - timedelta(seconds=1))
    now = watched.tick()
    Source.objects.update(due_at=now)
    assert poll(source_id=watched.source.pk, now=now) is None
    source = Source.objects.get()
    assert source.state == "paused"
    assert "did not end" in source.trouble


def test_a_kind_that_is_not_installed_waits_for_it(watched: Watched):
    Source.objects.update(kind="missing")
    assert "missing" in watched.look().problems[0]["message"]
    assert Source.objects.get().state == "active"


def test_paused_by_a_person_while_a_worker_reads_it_stays_paused(watched: Watched, monkeypatch: pytest.MonkeyPatch):
    def paused_meanwhile() -> Look:
        pause(project=watched.cast.project, source=watched.source.uid, actor=watched.cast.lead, now=NOW)
        raise SourceAuthError("No.")

    script(watched, monkeypatch, paused_meanwhile)
    watched.look()
    assert Source.objects.get().state == "paused"
    assert Change.objects.filter(kind="source", action="updated").count() == 1


def test_resumed_while_a_worker_reads_it_is_looked_at_anew(watched: Watched, monkeypatch: pytest.MonkeyPatch):
    def resumed_meanwhile() -> Look:
        pause(project=watched.cast.project, source=watched.source.uid, actor=watched.cast.lead, now=NOW)
        resume(project=watched.cast.project, source=watched.source.uid, actor=watched.cast.lead, now=NOW)
        return Look((), (), {"read": "everything"}, 1)

    script(watched, monkeypatch, resumed_meanwhile)
    assert poll(source_id=watched.source.pk, now=NOW) is None
    assert Source.objects.get().cursor == {}
    assert due_sources(now=NOW) == [watched.source.pk]
