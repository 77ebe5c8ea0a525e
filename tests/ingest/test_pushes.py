"""A push lands on its ticket, answers for every value, and may be sent again."""

from datetime import timedelta
from typing import Any

import pytest

from agileml.ingest.actions import receive_push
from agileml.ingest.actions.pushes import Received
from agileml.journal.models import Change, Stream
from agileml.lib.fields import Invalid
from agileml.metrics.models import Criterion, Snapshot
from agileml.projects.doors import Forbidden, Hidden
from agileml.work.models import Ticket
from tests.factories import NOW, Cast, make_ticket

pytestmark = pytest.mark.django_db


def push(cast: Cast, body: Any, *, ticket: int = 1, **more: Any) -> Received:
    known: dict[str, Any] = {"actor": cast.member, "now": NOW}
    return receive_push(project=cast.project, ticket=ticket, body=body, **(known | more))


def test_every_value_has_its_answer_in_the_order_of_the_body(cast: Cast, tickets: list[Ticket]):
    points = [
        {"metric": "error", "value": 0.1, "pair_key": "seed=0"}, {"metric": "f1", "value": "good"},
        {"metric": "error", "value": 0.2, "pair_key": "seed=0"}, {"metric": "loss", "value": 3, "step": 7},
    ]  # fmt: skip
    received = push(cast, {"external_id": "run", "points": points})
    assert [(answer.metric, answer.step, answer.pair_key, answer.result) for answer in received.answers] == [
        ("error", -1, "seed=0", "created"), ("f1", -1, "", "refused"),
        ("error", -1, "seed=0", "refused"), ("loss", 7, "", "created"),
    ]  # fmt: skip
    assert received.external_id == "run"
    assert all(bool(answer.why) == (answer.result == "refused") for answer in received.answers)
    assert received.answers[0].snapshot == Snapshot.objects.get(metric__key="error")


def test_sent_twice_it_is_one(cast: Cast, tickets: list[Ticket]):
    body = {"points": [{"metric": "error", "value": 0.1}]}
    assert push(cast, body).count("created") == 1
    revision = Stream.objects.get(pk=cast.project.stream_id).revision
    assert push(cast, body, now=NOW + timedelta(days=1)).count("unchanged") == 1
    assert Stream.objects.get(pk=cast.project.stream_id).revision == revision
    assert Snapshot.objects.count() == 1


def test_the_same_run_with_another_value_supersedes(cast: Cast, tickets: list[Ticket]):
    for value, result in ((0.1, "created"), (0.2, "superseded"), (0.1, "superseded")):
        body = {"external_id": "run", "points": [{"metric": "error", "value": value}]}
        assert push(cast, body).count(result) == 1
    assert Snapshot.objects.count() == 3


def test_the_light_turns_in_the_same_change(cast: Cast):
    ticket = make_ticket(cast, criteria=[{"metric": "error", "op": "<=", "value": 0.2}])
    push(cast, {"error": 0.1}, ticket=ticket.number, origin="token:1")
    assert Criterion.objects.get().state == "met"
    change = Change.objects.latest("revision")
    assert (change.kind, change.origin, change.actor) == ("snapshots", "token:1", cast.member)
    assert change.tickets is not None
    assert change.tickets[0]["number"] == ticket.number


def test_seeds_pushed_one_by_one_are_one_candidate(cast: Cast):
    ticket = make_ticket(cast, criteria=[{"metric": "error", "op": "<=", "value": 0.2}])
    for seed, error in enumerate((0.1, 0.2, 0.3)):
        push(cast, {"error": error, "seed": seed}, ticket=ticket.number)
    assert Criterion.objects.get().value == pytest.approx(0.2)


def test_a_value_from_the_future_is_refused(cast: Cast, tickets: list[Ticket]):
    at = (NOW + timedelta(days=2)).isoformat()
    received = push(cast, {"observed_at": at, "points": [{"metric": "error", "value": 0.1}]})
    assert received.count("refused") == 1
    assert "future" in received.answers[0].why


def test_a_body_that_cannot_be_read_is_refused_before_anything_is_locked(cast: Cast, tickets: list[Ticket]):
    with pytest.raises(Invalid):
        push(cast, {"points": "none"})


def test_a_ticket_that_is_not_there_is_hidden(cast: Cast, tickets: list[Ticket]):
    Ticket.objects.filter(number=2).update(deleted_at=NOW)
    for number in (2, 99):
        with pytest.raises(Hidden):
            push(cast, {"error": 0.1}, ticket=number)
    assert not Snapshot.objects.exists()


def test_stakeholders_may_not_push_and_outsiders_see_nothing(cast: Cast, tickets: list[Ticket]):
    with pytest.raises(Forbidden):
        push(cast, {"error": 0.1}, actor=cast.stakeholder)
    with pytest.raises(Hidden):
        push(cast, {"error": 0.1}, actor=cast.outsider)


def test_2000_points_of_200_metrics_are_taken_at_once(cast: Cast, tickets: list[Ticket]):
    points = [{"metric": f"m{n % 200}", "value": n, "step": n} for n in range(2000)]
    assert push(cast, {"points": points}).count("created") == 2000
