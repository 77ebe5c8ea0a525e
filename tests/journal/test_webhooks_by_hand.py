"""Pings, sending again, secrets, and addresses that mean ill."""

from datetime import timedelta
from typing import Any

import pytest
from pytest_django import Settings

from agileml.journal.actions.sending import ping, prune, redeliver
from agileml.journal.models import Delivery, Endpoint, Stream
from agileml.journal.queries import changes_after
from agileml.lib.http import Web
from agileml.projects.actions.webhooks import MOST, edit_webhook, make_webhook, remove_webhook, rotate_secret
from agileml.projects.settings import BadSettings
from tests.factories import NOW, Cast, make_ticket, make_tickets
from tests.journal.receiving import PATIENT, Hook, Receiver, answer, hook

pytestmark = pytest.mark.django_db
AHEAD = NOW + timedelta(hours=1)
DAY = timedelta(days=1)


def told(cast: Cast, hooked: Hook) -> dict[str, Any]:
    return {"project": cast.project, "webhook": hooked.row.uid, "actor": cast.lead, "now": AHEAD}


def test_a_ping_arrives_signed_paused_or_not_and_is_in_no_journal(cast: Cast, hooked: Hook, receiver: Receiver):
    before = Stream.objects.get(pk=cast.project.stream_id).revision
    edit_webhook(sent={"state": "paused"}, **told(cast, hooked))
    row = ping(endpoint=hooked.row, now=AHEAD, web=PATIENT)
    [got] = receiver.got
    assert (got.event["type"], got.event["data"]) == ("ping", {"webhook": str(hooked.row.uid)})
    assert got.known_by(hooked.secret)
    assert (row.status, row.error, row.cause, row.revision, row.event) == (204, "", "ping", None, got.id)
    assert Stream.objects.get(pk=cast.project.stream_id).revision == before
    again = redeliver(delivery=row, now=AHEAD, web=PATIENT)
    assert (again.event, again.cause, again.attempt) == (row.event, "again", 2)
    assert receiver.got[1].body == got.body


def test_what_is_sent_again_has_the_same_id_and_moves_no_cursor(cast: Cast, hooked: Hook, receiver: Receiver):
    make_tickets(cast, 3)
    hooked.send(AHEAD)
    cursor = hooked.row.cursor
    first = Delivery.objects.earliest("pk")
    again = redeliver(delivery=first, now=AHEAD + DAY, web=PATIENT)
    assert (receiver.ids[3], receiver.got[3].body) == (receiver.ids[0], receiver.got[0].body)
    assert receiver.got[3].headers["webhook-timestamp"] != receiver.got[0].headers["webhook-timestamp"]
    assert (again.attempt, hooked.row.cursor) == (2, cursor)


def test_one_that_fails_by_hand_changes_nothing_about_the_others(cast: Cast, hooked: Hook, receiver: Receiver):
    make_ticket(cast)
    hooked.send(AHEAD)
    receiver.usual = answer(500)
    again = redeliver(delivery=Delivery.objects.get(), now=AHEAD, web=PATIENT)
    assert (again.status, hooked.row.failures, hooked.row.state) == (500, 0, "active")


def test_with_a_new_secret_requests_are_signed_with_both_for_a_day(cast: Cast, hooked: Hook, receiver: Receiver):
    _, fresh = rotate_secret(**told(cast, hooked))
    for now in (AHEAD + DAY / 2, AHEAD + DAY):
        ping(endpoint=hooked.row, now=now, web=PATIENT)
    during, after = receiver.got
    assert during.headers["webhook-signature"].count("v1,") == 2
    assert during.known_by(fresh)
    assert during.known_by(hooked.secret)
    assert after.known_by(fresh)
    assert not after.known_by(hooked.secret)


def test_secrets_are_sealed_at_rest(cast: Cast, hooked: Hook, receiver: Receiver):
    assert hooked.secret.removeprefix("whsec_") not in hooked.row.secrets
    assert len(hooked.secret) > 40


def test_without_the_key_nothing_is_sent_and_the_reason_is_told(
    cast: Cast, hooked: Hook, receiver: Receiver, settings: Settings
):
    settings.FIELD_KEYS = ["another-key-another-key-another-key"]
    make_ticket(cast)
    hooked.send(AHEAD)
    assert receiver.got == []
    assert "AGILEML_FIELD_KEYS" in hooked.row.trouble
    _, fresh = rotate_secret(**told(cast, hooked))
    ping(endpoint=hooked.row, now=AHEAD, web=PATIENT)
    assert receiver.got[0].known_by(fresh)


def test_while_paused_nothing_is_lost(cast: Cast, hooked: Hook, receiver: Receiver):
    edit_webhook(sent={"state": "paused"}, **told(cast, hooked))
    make_tickets(cast, 5)
    assert hooked.send(AHEAD) is None
    edit_webhook(sent={"state": "active"}, **told(cast, hooked))
    hooked.send(AHEAD)
    assert len(set(receiver.ids)) == 5


def test_a_receiver_goes_on_from_any_revision_back_or_forth(cast: Cast, hooked: Hook, receiver: Receiver):
    make_tickets(cast, 3)
    head = Stream.objects.get(pk=cast.project.stream_id).revision
    edit_webhook(sent={"cursor": head - 1}, **told(cast, hooked))
    hooked.send(AHEAD)
    assert [got.event["data"]["revision"] for got in receiver.got] == [head]
    edit_webhook(sent={"cursor": 0}, **told(cast, hooked))
    hooked.send(AHEAD)
    _, fed = changes_after(cast.project.stream_id, epoch=None, after=0, limit=100)
    assert [got.event["data"] for got in receiver.got[1:]] == fed
    for cursor in (-1, head + 1, True, "1", None, 1.5):
        with pytest.raises(BadSettings):
            edit_webhook(sent={"cursor": cursor}, **told(cast, hooked))


@pytest.mark.parametrize(
    "url",
    ["http://127.0.0.1/", "http://[::1]/", "http://169.254.169.254/latest/meta-data/", "http://10.0.0.7:9200/",
     "http://[::ffff:127.0.0.1]/", "file:///etc/passwd", "gopher://example.com/", "https://me:word@example.com/",
     "https://", "//example.com", "http://exa mple.com/", "https://example.com/\0", "https://example.com/\ud800",
     "https://example.com/" + "x" * 2000, 7, None, ["https://example.com/"]],
)  # fmt: skip
def test_an_address_that_may_not_be_asked_is_refused_when_it_is_entered(cast: Cast, url: Any):
    with pytest.raises(BadSettings) as bad:
        make_webhook(project=cast.project, sent={"url": url}, actor=cast.lead, now=NOW)
    assert [error.name for error in bad.value.errors] == ["url"]
    assert "word" not in str(bad.value).replace("password", "")
    assert not Endpoint.objects.exists()


def test_a_name_that_leads_inside_is_refused_when_it_is_asked(cast: Cast, receiver: Receiver):
    hooked = hook(cast, f"http://inside.example:{receiver.port}/", now=NOW)
    answers = iter([["8.8.8.8", "127.0.0.1"], ["169.254.169.254"]])
    web = Web(PATIENT.limits, lambda host, port: next(answers), at_once=None)
    for _ in range(2):
        row = ping(endpoint=hooked.row, now=AHEAD, web=web)
        assert "AGILEML_ALLOWED_SOURCE_HOSTS" in row.error
        assert row.status is None
    assert receiver.got == []


def test_a_redirect_leads_nowhere(cast: Cast, hooked: Hook, receiver: Receiver):
    for status in (301, 302, 303, 307, 308):
        receiver.acts.append(answer(status, location=f"http://127.0.0.1:{receiver.port}/other"))
        row = ping(endpoint=hooked.row, now=AHEAD, web=PATIENT)
        assert row.status == status
        assert "redirect" in row.error
    assert len(receiver.got) == 5


def test_a_project_has_so_many_webhooks_and_no_more(cast: Cast):
    made = [hook(cast, "https://example.com/", now=NOW) for _ in range(MOST)]
    with pytest.raises(BadSettings):
        hook(cast, "https://example.com/", now=NOW)
    remove_webhook(**told(cast, made[0]))
    hook(cast, "https://example.com/", now=NOW)


def test_old_attempts_are_forgotten_a_bite_at_a_time_and_removed_webhooks_with_theirs(
    cast: Cast, hooked: Hook, receiver: Receiver
):
    make_tickets(cast, 5)
    hooked.send(AHEAD)
    ping(endpoint=hooked.row, now=AHEAD + 31 * DAY, web=PATIENT)
    assert prune(before=AHEAD + DAY, most=3) == 3
    assert prune(before=AHEAD + DAY, most=3) == 2
    assert prune(before=AHEAD + DAY, most=3) == 0
    assert Delivery.objects.get().type == "ping"
    remove_webhook(**told(cast, hooked))
    assert hooked.row.secrets == ""
    assert prune(before=AHEAD, most=3) == 1
    assert prune(before=AHEAD, most=3) == 0
    assert not Endpoint.objects.exists()
