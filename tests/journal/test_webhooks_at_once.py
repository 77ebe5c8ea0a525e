"""Workers that die, or meet, at an endpoint lose nothing and change no order."""

import threading
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import connections

from agileml.journal.actions import sending
from agileml.journal.models import Delivery, Stream
from agileml.journal.queries import due_endpoints, head
from agileml.projects.actions.webhooks import edit_webhook, remove_webhook, rotate_secret
from tests.factories import NOW, Cast, make_cast, make_ticket, make_tickets
from tests.journal.receiving import Hook, Receiver, hook

AHEAD = NOW + timedelta(hours=1)
LATER = AHEAD + timedelta(minutes=5)


class Killed(BaseException):
    """What kill -9 is to a test."""


def revisions(receiver: Receiver) -> list[int]:
    return [got.event["data"]["revision"] for got in receiver.got]


@pytest.mark.django_db
def test_one_killed_between_sending_and_writing_down_is_followed_by_the_same_event_under_the_same_id(
    cast: Cast, hooked: Hook, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
):
    make_tickets(cast, 2)

    def die(*_: object) -> None:
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(sending, "_write_down", die)
        with pytest.raises(Killed):
            hooked.send(AHEAD)
    assert not Delivery.objects.exists()
    assert due_endpoints(now=AHEAD) == []  # its claim still stands
    assert hooked.send(AHEAD) is None
    assert due_endpoints(now=LATER) == [hooked.pk]
    hooked.send(LATER)
    head = Stream.objects.get(pk=cast.project.stream_id).revision
    assert revisions(receiver) == [head - 1, head - 1, head]
    assert receiver.ids[0] == receiver.ids[1]
    assert receiver.got[0].body == receiver.got[1].body


@pytest.mark.django_db
def test_one_that_was_so_slow_that_another_took_over_moves_nothing(
    cast: Cast, hooked: Hook, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
):
    make_tickets(cast, 3)
    real = sending._tell
    seen: list[sending.Told] = []

    def slowly(*args: Any) -> Any:
        told = real(*args)
        if not seen:
            seen.append(told)
            hooked.send(LATER)  # somebody else, when the claim has run out
        return told

    monkeypatch.setattr(sending, "_tell", slowly)
    assert hooked.send(AHEAD) is None
    head = Stream.objects.get(pk=cast.project.stream_id).revision
    assert revisions(receiver) == [head - 2, head - 2, head - 1, head]
    kept = Delivery.objects.order_by("pk").values_list("revision", flat=True)
    assert list(kept) == [head - 2, head - 1, head, head - 2]  # the last of them by the one that came too late
    assert (hooked.row.cursor, hooked.row.leased_until) == (head, None)


@pytest.mark.django_db(transaction=True)
def test_two_workers_at_once_send_each_event_once_and_in_order(receiver: Receiver):
    cast = make_cast()
    hooked = hook(cast, receiver.url, now=NOW)
    make_tickets(cast, 30)
    together = threading.Barrier(3)
    got: list[sending.Sent | None] = []

    def work() -> None:
        together.wait()
        got.append(hooked.send(AHEAD))
        connections.close_all()

    threads = [threading.Thread(target=work) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(sent.events for sent in got if sent) == 30
    assert revisions(receiver) == sorted(set(revisions(receiver)))
    assert len(receiver.got) == 30


@pytest.mark.django_db
def test_what_is_written_while_it_sends_is_sent_next(
    cast: Cast, hooked: Hook, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
):
    make_ticket(cast)
    real = sending._update

    def and_another(*args: Any, **columns: Any) -> None:
        make_ticket(cast)
        real(*args, **columns)

    with monkeypatch.context() as patch:
        patch.setattr(sending, "_update", and_another)
        assert hooked.send(AHEAD) == sending.Sent(1, more=True)
    assert hooked.send(AHEAD) == sending.Sent(1, more=False)


@pytest.fixture
def meanwhile(monkeypatch: pytest.MonkeyPatch) -> list[Callable[[], object]]:
    """What a lead does while the first event is on its way."""
    acts: list[Callable[[], object]] = []
    real = sending._tell

    def tell(*args: Any) -> Any:
        told = real(*args)
        if acts:
            acts.pop()()
        return told

    monkeypatch.setattr(sending, "_tell", tell)
    return acts


@pytest.mark.django_db
def test_paused_while_it_sends_it_stops_after_the_event_that_is_on_its_way(
    cast: Cast, hooked: Hook, receiver: Receiver, meanwhile: list[Callable[[], object]]
):
    make_tickets(cast, 3)
    who: dict[str, Any] = {"project": cast.project, "webhook": hooked.row.uid, "actor": cast.lead, "now": AHEAD}
    meanwhile.append(lambda: edit_webhook(sent={"state": "paused"}, **who))
    hooked.send(AHEAD)
    row = hooked.row
    assert (row.state, row.trouble, len(receiver.got)) == ("paused", "Paused by Lead Person.", 1)
    assert Delivery.objects.count() == 1
    assert row.cursor == revisions(receiver)[0]
    edit_webhook(sent={"state": "active"}, **who)
    hooked.send(AHEAD)
    assert len(receiver.got) == len(set(receiver.ids)) == 3


@pytest.mark.django_db
def test_paused_while_an_attempt_fails_it_stays_paused_by_whom_it_was(
    cast: Cast, hooked: Hook, receiver: Receiver, meanwhile: list[Callable[[], object]]
):
    make_ticket(cast)
    receiver.acts.append(lambda handler: handler.send_error(500))
    who: dict[str, Any] = {"project": cast.project, "webhook": hooked.row.uid, "actor": cast.lead, "now": AHEAD}
    meanwhile.append(lambda: edit_webhook(sent={"state": "paused"}, **who))
    hooked.send(AHEAD)
    assert (hooked.row.state, hooked.row.trouble) == ("paused", "Paused by Lead Person.")
    assert Delivery.objects.get().status == 500


@pytest.mark.django_db
def test_set_back_while_it_sends_it_goes_on_from_there(
    cast: Cast, hooked: Hook, receiver: Receiver, meanwhile: list[Callable[[], object]]
):
    make_tickets(cast, 3)
    who: dict[str, Any] = {"project": cast.project, "webhook": hooked.row.uid, "actor": cast.lead, "now": AHEAD}
    start = hooked.row.cursor
    meanwhile.append(lambda: edit_webhook(sent={"cursor": start - 1}, **who))
    assert hooked.send(AHEAD) is None
    hooked.send(AHEAD)
    assert revisions(receiver) == [start + 1, start, start + 1, start + 2, start + 3]


@pytest.mark.django_db
def test_removed_while_it_sends_it_is_told_no_more(
    cast: Cast, hooked: Hook, receiver: Receiver, meanwhile: list[Callable[[], object]]
):
    make_tickets(cast, 3)
    uid = hooked.row.uid
    meanwhile.append(lambda: remove_webhook(project=cast.project, webhook=uid, actor=cast.lead, now=AHEAD))
    assert hooked.send(AHEAD) is None
    assert hooked.send(AHEAD) is None
    assert len(receiver.got) == Delivery.objects.count() == 1


@pytest.mark.django_db
def test_a_new_secret_counts_from_the_next_event_on(
    cast: Cast, hooked: Hook, receiver: Receiver, meanwhile: list[Callable[[], object]]
):
    make_tickets(cast, 2)
    fresh: list[str] = []
    who: dict[str, Any] = {"project": cast.project, "webhook": hooked.row.uid, "actor": cast.lead, "now": AHEAD}
    meanwhile.append(lambda: fresh.append(rotate_secret(**who)[1]))
    hooked.send(AHEAD)
    first, second = receiver.got
    assert first.known_by(hooked.secret)
    assert not first.known_by(fresh[0])
    assert second.known_by(fresh[0])


@pytest.mark.django_db
def test_of_two_that_found_it_free_one_has_it(
    cast: Cast, hooked: Hook, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
):
    make_ticket(cast)
    real = head
    others: list[sending.Claim | None] = []

    def and_somebody_else(stream_id: int) -> Any:
        if not others:
            others.append(None)
            others.append(sending._claim(hooked.pk, AHEAD))
        return real(stream_id)

    monkeypatch.setattr(sending, "head", and_somebody_else)
    assert sending._claim(hooked.pk, AHEAD) is None
    assert others[1] is not None
