"""How an event is signed, named and put off: pure."""

import base64
import hashlib
import hmac
import re
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from standardwebhooks import Webhook, WebhookVerificationError

from agileml.journal.rules import webhooks as rules
from tests.factories import NOW
from tests.source import ROOT

OLD, NEW, OTHER = (rules.secret_of(bytes([number]) * 32) for number in (1, 2, 3))
BODY = '{"type":"ticket.created","data":{"title":"Ünïcode \u202e"}}'.encode()
DAY = timedelta(days=1)


def headers(*secrets: str) -> dict[str, str]:
    at = int(datetime.now(UTC).timestamp())
    signed = rules.signatures(secrets, event="epoch-41", at=at, body=BODY)
    return {"webhook-id": "epoch-41", "webhook-timestamp": str(at), "webhook-signature": signed}


def test_the_public_package_knows_us_by_the_new_secret_and_by_the_old_one():
    for secret in (OLD, NEW):
        assert Webhook(secret).verify(BODY, headers(NEW, OLD))["type"] == "ticket.created"
    with pytest.raises(WebhookVerificationError):
        Webhook(OTHER).verify(BODY, headers(NEW, OLD))
    with pytest.raises(WebhookVerificationError):
        Webhook(NEW).verify(BODY + b" ", headers(NEW, OLD))


def test_it_can_be_checked_by_hand_as_the_documents_say():
    sent = headers(NEW)
    signed = f"{sent['webhook-id']}.{sent['webhook-timestamp']}.".encode() + BODY
    key = base64.b64decode(NEW.removeprefix("whsec_"))
    assert sent["webhook-signature"] == "v1," + base64.b64encode(hmac.digest(key, signed, hashlib.sha256)).decode()


def test_an_id_holds_nothing_that_the_signed_text_is_divided_by():
    assert rules.event_id("6f1c0a", 41) == "6f1c0a-41"
    assert "." not in rules.event_id("6f1c0a", 2**62)


def test_an_old_secret_counts_for_a_day():
    kept = rules.rotated({"secret": OLD}, NEW, now=NOW, keep_old=True)
    assert rules.in_force(kept, now=NOW) == [NEW, OLD]
    assert rules.in_force(kept, now=NOW + DAY - timedelta(seconds=1)) == [NEW, OLD]
    assert rules.in_force(kept, now=NOW + DAY) == [NEW]


def test_rotated_twice_both_old_ones_count_each_for_its_day():
    kept = rules.rotated({"secret": OLD}, NEW, now=NOW, keep_old=True)
    kept = rules.rotated(kept, OTHER, now=NOW + DAY / 2, keep_old=True)
    assert rules.in_force(kept, now=NOW + DAY / 2) == [OTHER, NEW, OLD]
    assert rules.in_force(kept, now=NOW + DAY) == [OTHER, NEW]


def test_rotated_again_and_again_no_more_than_a_few_count():
    kept = {"secret": OLD}
    for number in range(10):
        kept = rules.rotated(kept, rules.secret_of(bytes([number]) * 32), now=NOW, keep_old=True)
    assert len(rules.in_force(kept, now=NOW)) == 1 + rules.MOST_OLD


def test_a_secret_that_leaked_ends_at_once_with_all_before_it():
    kept = rules.rotated({"secret": OLD}, NEW, now=NOW, keep_old=True)
    kept = rules.rotated(kept, OTHER, now=NOW, keep_old=False)
    assert rules.in_force(kept, now=NOW) == [OTHER]


@settings(max_examples=40)
@given(st.integers(1, 10_000), st.text(max_size=40), st.none() | st.floats(0, 1e9))
def test_the_next_try_is_later_than_now_and_not_beyond_a_day(failures: int, name: str, asked: float | None):
    due = rules.next_try(name, failures, now=NOW, since=NOW, asked=asked)
    assert due is not None
    assert NOW + timedelta(seconds=3) < due <= NOW + rules.GIVE_UP
    if asked is not None and asked < rules.GIVE_UP.total_seconds():
        assert due >= NOW + timedelta(seconds=asked)


def test_pauses_grow_and_differ_from_one_endpoint_to_another():
    due = [rules.next_try("a", number, now=NOW, since=NOW, asked=None) for number in (1, 3, 5, 7, 20)]
    assert due == sorted(due)  # type: ignore[type-var]
    assert due[-1] <= NOW + timedelta(minutes=40)  # type: ignore[operator]
    assert len({rules.next_try(str(number), 5, now=NOW, since=NOW, asked=None) for number in range(20)}) == 20


def test_after_a_day_there_is_no_next_try():
    almost = NOW + DAY - timedelta(minutes=1)
    assert rules.next_try("a", 40, now=almost, since=NOW, asked=None) == NOW + DAY
    assert rules.next_try("a", 41, now=NOW + DAY, since=NOW, asked=None) is None


def test_an_endpoint_may_choose_of_every_kind_that_the_journal_holds():
    files = (ROOT / "agileml").rglob("*.py")
    recorded = {kind for path in files for kind in re.findall(r'\.record\(\s*"(\w+)"', path.read_text())}
    assert len(recorded) > 10
    assert recorded <= set(rules.KINDS)
