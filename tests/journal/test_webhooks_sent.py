"""Each change arrives at least once, in the order of the journal, under one id, whatever the receiver does."""

from contextlib import ExitStack
from datetime import timedelta

import pytest
from pytest_django import Settings

from agileml.journal.actions import sending
from agileml.journal.models import Audit, Change, Delivery, Endpoint, Stream
from agileml.journal.queries import changes_after, due_endpoints
from agileml.lib.http import AT_ONCE, Web
from agileml.lib.turns import turn
from tests.factories import NOW, Cast, make_ticket, make_tickets
from tests.journal.receiving import PATIENT, QUICK, Act, Hook, Receiver, answer, drip, drip_body, reset, say

pytestmark = pytest.mark.django_db

MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
AHEAD = NOW + HOUR


def until_quiet(hooked: Hook, *, for_hours: float = 25, web: Web = PATIENT) -> int:
    """Send as the sweep would, whenever something is due; how often that was."""
    at = max(AHEAD, hooked.row.due_at)
    ends, times = at + timedelta(hours=for_hours), 0
    while at < ends and due_endpoints(now=at):
        hooked.send(at, web)
        times += 1
        at = max(hooked.row.due_at, at + timedelta(seconds=1))
    return times


def revisions(receiver: Receiver) -> list[int]:
    return [got.event["data"]["revision"] for got in receiver.got]


def in_order_once_each(receiver: Receiver) -> list[int]:
    """The revisions in the order in which each first came."""
    return list(dict.fromkeys(revisions(receiver)))


def test_a_change_arrives_as_the_feed_shows_it_and_signed(cast: Cast, hooked: Hook, receiver: Receiver):
    make_ticket(cast, "Ünïcode \u202e <script>")
    hooked.send(AHEAD)
    head, fed = changes_after(cast.project.stream_id, epoch=None, after=hooked.row.cursor - 1, limit=9)
    [got] = receiver.got
    assert got.event == {"type": "ticket.created", "timestamp": fed[0]["at"], "epoch": head.epoch, "data": fed[0]}
    assert got.id == f"{head.epoch}-{fed[0]['revision']}"
    assert got.headers["content-type"] == "application/json"
    assert got.headers["webhook-timestamp"] == str(int(AHEAD.timestamp()))
    assert got.known_by(hooked.secret)
    assert not got.known_by("whsec_" + "A" * 40)


def test_only_what_happens_after_it_was_made_arrives(cast: Cast, receiver: Receiver, hooked: Hook):
    assert hooked.send(AHEAD) is None
    assert receiver.got == []
    make_ticket(cast)
    hooked.send(AHEAD)
    assert len(receiver.got) == 1


def faults(receiver: Receiver) -> dict[str, Act]:
    return {
        "500": answer(500, b"Oh no"),
        "404": answer(404),
        "429": answer(429, retry_after="7"),
        "hangs": receiver.hang,
        "resets": reset,
        "redirects": answer(302, location="http://127.0.0.1:1/"),
        "drips": drip,
        "is no HTTP": say(b"SSH-2.0-OpenSSH_9.2\r\n"),
        "hostile headers": say(b"HTTP/1.1 503 \xff\x00\r\nretry-after: " + b"9" * 5000 + b"\r\n\r\n"),
        "endless headers": say(b"HTTP/1.1 200 OK\r\n" + b"x: y\r\n" * 50_000),
        "unasked": say(b"HTTP/1.1 100 Continue\r\n\r\n" * 3 + b"HTTP/1.1 500 No\r\ncontent-length: 0\r\n\r\n"),
    }


@pytest.mark.parametrize(
    "fault",
    ["500", "404", "429", "hangs", "resets", "redirects", "drips", "is no HTTP", "hostile headers", "endless headers",
     "unasked"],
)  # fmt: skip
def test_whatever_goes_wrong_the_event_comes_again_under_its_id_before_the_next(
    cast: Cast, hooked: Hook, receiver: Receiver, fault: str
):
    make_tickets(cast, 3)
    receiver.acts += [answer(200), faults(receiver)[fault], faults(receiver)[fault]]
    until_quiet(hooked, web=QUICK if fault in ("hangs", "drips") else PATIENT)
    head = Stream.objects.get(pk=cast.project.stream_id).revision
    assert revisions(receiver) == [head - 2, head - 1, head - 1, head - 1, head]
    assert len(set(receiver.ids)) == 3
    row = hooked.row
    assert (row.cursor, row.failures, row.failing_since, row.trouble, row.state) == (head, 0, None, "", "active")
    kept = list(Delivery.objects.order_by("pk").values_list("revision", "attempt"))
    assert kept == [(head - 2, 1), (head - 1, 1), (head - 1, 2), (head - 1, 3), (head, 1)]
    assert Delivery.objects.exclude(error="").count() == 2


def test_a_receiver_that_is_down_for_an_hour_misses_nothing(cast: Cast, hooked: Hook, receiver: Receiver):
    make_tickets(cast, 5)
    up, receiver.usual = receiver.usual, answer(503)
    until_quiet(hooked, for_hours=1)
    assert (hooked.row.state, len(set(receiver.ids))) == ("active", 1)
    receiver.usual = up
    make_ticket(cast)
    until_quiet(hooked, for_hours=3)
    changes = Change.objects.filter(kind="ticket").order_by("revision").values_list("revision", flat=True)
    assert in_order_once_each(receiver) == list(changes)
    assert len(set(receiver.ids)) == 6
    assert all(got.known_by(hooked.secret) for got in receiver.got)


def test_nobody_listening_at_all_is_written_down_in_a_sentence(cast: Cast, hooked: Hook, receiver: Receiver):
    Endpoint.objects.update(url="http://127.0.0.1:1/")
    make_ticket(cast)
    hooked.send(AHEAD)
    assert "AGILEML_ALLOWED_SOURCE_HOSTS" in Delivery.objects.get().error
    assert Delivery.objects.get().status is None
    assert receiver.got == []


def test_after_a_day_without_success_it_is_paused_and_its_lead_told(cast: Cast, hooked: Hook, receiver: Receiver):
    receiver.usual = answer(500)
    make_tickets(cast, 2)
    tries = until_quiet(hooked, for_hours=48)
    row = hooked.row
    assert row.state == "paused"
    assert "24 hours" in row.trouble
    assert 30 < tries < 80
    assert len(set(receiver.ids)) == 1
    last = Delivery.objects.latest("pk").at
    assert abs(last - AHEAD - timedelta(hours=24)) < MINUTE
    told = Audit.objects.get(action="webhook paused")
    assert (told.actor, told.detail["webhook"]) == (None, str(row.uid))


def test_gone_pauses_at_once(cast: Cast, hooked: Hook, receiver: Receiver):
    receiver.usual = answer(410)
    make_tickets(cast, 2)
    hooked.send(AHEAD)
    assert (hooked.row.state, len(receiver.got)) == ("paused", 1)
    assert "410" in hooked.row.trouble
    assert due_endpoints(now=AHEAD + HOUR) == []


@pytest.mark.parametrize(("said", "seconds"), [("600", 600), ("0", 3), ("nonsense", 3), ("-5", 3)])
def test_retry_after_is_honoured(cast: Cast, hooked: Hook, receiver: Receiver, said: str, seconds: float):
    receiver.usual = answer(429, retry_after=said)
    make_ticket(cast)
    hooked.send(AHEAD)
    assert seconds <= (hooked.row.due_at - AHEAD).total_seconds() < seconds + 10


def test_retry_after_can_put_it_off_for_a_day_at_most(cast: Cast, hooked: Hook, receiver: Receiver):
    receiver.usual = answer(503, retry_after="9" * 400)
    make_ticket(cast)
    hooked.send(AHEAD)
    assert timedelta(hours=23) < hooked.row.due_at - AHEAD <= timedelta(hours=25)


def test_an_answer_that_is_long_or_never_ends_is_a_success_and_kept_in_part(
    cast: Cast, hooked: Hook, receiver: Receiver
):
    receiver.acts += [answer(200, b"a\0b\xff" * 500_000), drip_body]
    make_tickets(cast, 2)
    until_quiet(hooked, web=QUICK)
    first, second = Delivery.objects.order_by("pk")
    assert (first.error, len(first.answer)) == ("", 2048)
    assert first.answer.startswith("a\ufffdb\ufffd")
    assert (second.error, second.status, set(second.answer)) == ("", 200, {"x"})


def test_kinds_that_it_did_not_ask_for_are_passed_over(cast: Cast, receiver: Receiver, hooked: Hook):
    Endpoint.objects.update(kinds=["comment"])
    make_tickets(cast, 25)
    hooked.send(AHEAD)
    assert receiver.got == []
    assert hooked.row.cursor == Stream.objects.get(pk=cast.project.stream_id).revision
    assert due_endpoints(now=AHEAD) == []


def test_a_task_takes_so_many_and_leaves_the_rest_to_the_next(
    cast: Cast, receiver: Receiver, hooked: Hook, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(sending, "MOST_AT_ONCE", 3)
    make_tickets(cast, 5)
    assert hooked.send(AHEAD) == sending.Sent(3, more=True)
    assert hooked.send(AHEAD) == sending.Sent(2, more=False)
    assert len(set(receiver.ids)) == 5


def test_more_than_is_read_at_once_comes_in_order(cast: Cast, receiver: Receiver, hooked: Hook):
    make_tickets(cast, 41)
    assert hooked.send(AHEAD) == sending.Sent(41, more=False)
    assert revisions(receiver) == sorted(revisions(receiver))
    assert len(set(receiver.ids)) == 41


def test_one_that_is_slow_does_not_hold_others_up(cast: Cast, receiver: Receiver, hooked: Hook, settings: Settings):
    other = Endpoint.objects.get()
    other.pk, other.uid = None, "0f8fad5b-d9cb-469f-a165-708677289599"
    other.save(force_insert=True)
    make_ticket(cast)
    Endpoint.objects.filter(pk=hooked.pk).update(leased_until=AHEAD + MINUTE)  # somebody waits for its answer
    assert due_endpoints(now=AHEAD) == [other.pk]
    assert hooked.send(AHEAD) is None
    assert Hook(other.pk, "").send(AHEAD) == sending.Sent(1, more=False)


def test_those_that_are_slow_at_the_same_server_do_not_either(
    cast: Cast, receiver: Receiver, hooked: Hook, settings: Settings
):
    make_ticket(cast)
    folder = settings.DATA / "run" / "turns"
    with ExitStack() as others:
        for _ in range(AT_ONCE):
            others.enter_context(turn(f"127.0.0.1:{receiver.port}", folder=folder, of=AT_ONCE, within=1))
        assert sending.send(endpoint_id=hooked.pk, now=AHEAD) == sending.Sent(1, more=False)
