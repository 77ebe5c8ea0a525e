"""A measurement is one snapshot, however often and by however many it is delivered."""

import threading
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection, connections
from django.test.utils import CaptureQueriesContext

from agileml.journal.models import Change, Stream
from agileml.metrics.actions.snapshots import Arrival, all_known, attach
from agileml.metrics.models import Candidate, Metric, Snapshot
from agileml.metrics.rules.points import NO_STEP, Point, state_of
from agileml.projects.doors import writing_as_job
from agileml.work.models import Ticket
from tests.factories import NOW, Cast, make_cast, make_ticket

pytestmark = pytest.mark.django_db


CONTROL = ("BEGIN", "COMMIT", "SAVEPOINT", "RELEASE")


def point(value: float, metric: str = "error", **more: Any) -> Point:
    known: dict[str, Any] = {"observed_at": NOW, "source": "push", "external_id": "run", "candidate": "first"}
    number, state = state_of(value)
    return Point(metric=metric, value=number, value_state=state, **(known | more))


def arrive(cast: Cast, ticket: Ticket, points: Sequence[Point]) -> list[Arrival]:
    with writing_as_job(cast.project, now=NOW, origin="push") as w:
        return attach(w, ticket=ticket, points=points)


def results(arrivals: list[Arrival]) -> list[str]:
    return [arrival.result for arrival in arrivals]


def test_the_same_value_a_hundred_times_is_one_row(cast: Cast, tickets: list[Ticket]):
    first = arrive(cast, tickets[0], [point(0.1)])
    again = [arrive(cast, tickets[0], [point(0.1)]) for _ in range(99)]
    assert results(first) == ["created"]
    assert {arrival.result for (arrival,) in again} == {"unchanged"}
    assert {arrival.snapshot for (arrival,) in again} == {first[0].snapshot}
    assert Snapshot.objects.count() == 1


def test_what_is_no_news_leaves_no_trace_in_the_journal(cast: Cast, tickets: list[Ticket]):
    arrive(cast, tickets[0], [point(0.1)])
    revision = Stream.objects.get(pk=cast.project.stream_id).revision
    arrive(cast, tickets[0], [point(0.1, candidate="named otherwise")])
    assert Stream.objects.get(pk=cast.project.stream_id).revision == revision
    assert list(Candidate.objects.values_list("name", flat=True)) == ["first"]


def test_a_b_a_is_three_rows_of_which_the_last_counts(cast: Cast, tickets: list[Ticket]):
    a, b, a_again = (arrive(cast, tickets[0], [point(value)])[0] for value in (0.1, 0.2, 0.1))
    assert [a.result, b.result, a_again.result] == ["created", "superseded", "superseded"]
    rows = Snapshot.objects.order_by("nth")
    assert [(row.nth, row.value, row.supersedes) for row in rows] == [
        (0, 0.1, None), (1, 0.2, a.snapshot), (2, 0.1, b.snapshot),
    ]  # fmt: skip
    assert list(Snapshot.objects.current()) == [a_again.snapshot]


def test_nan_is_no_news_after_nan_and_is_news_after_a_number(cast: Cast, tickets: list[Ticket]):
    nan = float("nan")
    found = [results(arrive(cast, tickets[0], [point(value)])) for value in (nan, nan, 0.1, nan, float("inf"))]
    assert found == [["created"], ["unchanged"], ["superseded"], ["superseded"], ["superseded"]]


@pytest.mark.parametrize(
    "other",
    [
        {"source": "another"}, {"external_id": "another"}, {"metric": "loss"}, {"dataset_digest": "another"},
        {"split": "test"}, {"pair_key": "seed=1"}, {"step": 0},
    ],
)  # fmt: skip
def test_each_part_of_the_identity_makes_another_measurement(cast: Cast, tickets: list[Ticket], other: dict[str, Any]):
    arrive(cast, tickets[0], [point(0.1)])
    assert results(arrive(cast, tickets[0], [point(0.1, **other)])) == ["created"]


def test_the_same_run_on_another_ticket_is_another_measurement(cast: Cast, tickets: list[Ticket]):
    arrive(cast, tickets[0], [point(0.1)])
    assert results(arrive(cast, tickets[1], [point(0.1)])) == ["created"]


def test_one_batch_that_says_two_things_of_one_measurement_is_refused_the_second(cast: Cast, tickets: list[Ticket]):
    arrivals = arrive(cast, tickets[0], [point(0.1), point(0.1), point(0.2), point(0.3, step=1)])
    assert results(arrivals) == ["created", "unchanged", "refused", "created"]
    assert arrivals[2].why
    assert Snapshot.objects.count() == 2


@pytest.mark.django_db(transaction=True)
def test_two_at_once_leave_one_row(cast: Cast, tickets: list[Ticket]):
    many = [point(value / 100, step=value) for value in range(50)]
    together = threading.Barrier(2)
    got: list[list[str]] = []

    def deliver() -> None:
        together.wait()
        got.append(results(arrive(cast, tickets[0], many)))
        connections.close_all()

    threads = [threading.Thread(target=deliver) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(got) == [["created"] * 50, ["unchanged"] * 50]
    assert Snapshot.objects.count() == 50


def test_what_is_known_can_be_told_without_the_lock(cast: Cast, tickets: list[Ticket]):
    assert not all_known(tickets[0], [point(0.1)])
    arrive(cast, tickets[0], [point(0.1)])
    assert all_known(tickets[0], [])
    assert all_known(tickets[0], [point(0.1)])
    assert not all_known(tickets[0], [point(0.1), point(0.2, step=3)])
    assert not all_known(tickets[0], [point(0.2)])
    arrive(cast, tickets[0], [point(0.2)])
    assert not all_known(tickets[0], [point(0.1)])


def test_a_name_that_nobody_knows_is_stored_unwatched(cast: Cast, tickets: list[Ticket]):
    arrive(cast, tickets[0], [point(0.1, metric="new")])
    metric = Metric.objects.get()
    assert (metric.key, metric.watched) == ("new", False)


def test_a_run_is_one_change_for_each_started_hundred(cast: Cast, tickets: list[Ticket]):
    points = [point(0.1, step=step) for step in range(120)] + [point(0.1, external_id="other")]
    arrive(cast, tickets[0], points)
    changes = Change.objects.filter(kind="snapshots").order_by("revision")
    assert [len(change.resource["snapshots"]) for change in changes if change.resource] == [100, 20, 1]
    by_revision = {change.revision: change.resource for change in changes}
    for row in Snapshot.objects.all():
        resource = by_revision[row.revision]
        assert resource is not None
        assert str(row.uid) in {shape["uid"] for shape in resource["snapshots"]}


def test_the_number_of_queries_does_not_grow_with_the_points():
    def queries(many: int) -> int:
        cast = make_cast(f"Q{many}")
        ticket = make_ticket(cast, criteria=[{"metric": "error", "op": "<=", "value": 0.5}])
        with CaptureQueriesContext(connection) as ran:
            arrive(cast, ticket, [point(0.1, step=step) for step in range(many)])
        statements = [query["sql"] for query in ran if query["sql"].split()[0] not in CONTROL]
        stores = [sql for sql in statements if sql.startswith('INSERT INTO "metrics_snapshot"')]
        assert len(stores) == 1
        return len(statements) - len(stores)

    few, many = queries(100), queries(1000)
    assert few == many
    assert many + 1 <= 20
    assert Snapshot.objects.exclude(step=NO_STEP).count() == 1100


def test_a_candidate_measured_later_is_the_same_candidate(cast: Cast, tickets: list[Ticket]):
    arrive(cast, tickets[0], [point(0.1, pair_key="seed=0")])
    arrive(cast, tickets[0], [point(0.2, pair_key="seed=1", observed_at=NOW + timedelta(hours=1))])
    assert Candidate.objects.count() == 1
