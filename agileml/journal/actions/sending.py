"""Telling endpoints of changes: claim one, send it what waits in the order of the journal, write down each attempt.

A worker may die at any point. What was sent and not written down is sent again by whoever claims the endpoint next,
under the same id. The cursor moves with the record of the success, so nothing is left out.
"""

import time
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

import orjson
from django.conf import settings
from django.db import transaction
from django.utils.dateparse import parse_datetime

from agileml.journal.actions import audit
from agileml.journal.models import Change, Delivery, Endpoint
from agileml.journal.queries import as_shown, head
from agileml.journal.rules import webhooks as rules
from agileml.lib.http import Answer, HttpError, Limits, Web
from agileml.lib.sealing import Unopened, open_
from agileml.lib.times import rfc3339

MOST_AT_ONCE = 100  # events a task, so that those of others get their turn
TASK_SECONDS = 20.0
READ_AT_ONCE = 20
KEPT = 2048  # bytes of an answer
LONGEST_LINE = 500
GONE = 410
WEB = Web(Limits(connect=5, read=15, total=15), at_once=None)  # the claim lets one request at a time to an endpoint
SENT_AS = {"content-type": "application/json", "accept-encoding": "identity"}


@dataclass(frozen=True)
class Sent:
    """What came of a task: how many events arrived, and whether more waits to be sent at once."""

    events: int
    more: bool


@dataclass(frozen=True)
class Event:
    """Something to be told: its id, the same on every attempt, and the body as it goes out."""

    id: str
    type: str
    revision: int | None
    happened_at: datetime
    body: bytes


@dataclass(frozen=True)
class Told:
    """What a receiver said to an event, or why it could not be told."""

    took_ms: int
    status: int | None
    error: str
    answer: str
    after: float | None = None

    @property
    def arrived(self) -> bool:
        return not self.error


class Overtaken(Exception):
    """The claim ran out or was taken away: the endpoint is somebody else's."""


@dataclass
class Claim:
    """An endpoint that this worker has until `until`, and the clock that `now` was read from."""

    endpoint: Endpoint
    until: datetime
    started: float
    now: datetime

    @property
    def moment(self) -> datetime:
        return self.now + timedelta(seconds=time.monotonic() - self.started)


def send(*, endpoint_id: int, now: datetime, web: Web = WEB) -> Sent | None:
    """Send an endpoint what waits for it, if that is due and nobody else does; None if not, or if the claim was lost.

    Safe to call at any time and from any number of workers. What goes wrong with the receiver is written down, not
    raised.
    """
    claim = _claim(endpoint_id, now)
    if claim is None:
        return None
    try:
        return _send_in_order(claim, web)
    except Overtaken:
        return None


def ping(*, endpoint: Endpoint, now: datetime, web: Web = WEB) -> Delivery:
    """Send an event that is in no journal, to see whether the endpoint is reached."""
    return _by_hand(endpoint, _ping(endpoint, f"{rules.PING}-{uuid4()}", now), Delivery.Cause.PING, now, web)


def redeliver(*, delivery: Delivery, now: datetime, web: Web = WEB) -> Delivery:
    """Send an event once more, now and under its id, whether or not it arrived; the cursor stays where it is."""
    endpoint = delivery.endpoint
    if delivery.revision is None:
        event = _ping(endpoint, delivery.event, delivery.happened_at)
    else:
        event = _event(endpoint, delivery.revision, delivery.event)
    return _by_hand(endpoint, event, Delivery.Cause.AGAIN, now, web)


def prune(*, before: datetime, most: int) -> int:
    """Forget attempts older than `before`, and endpoints that were removed, at most so many rows; how many it were."""
    old = list(Delivery.objects.filter(at__lt=before).order_by("at").values_list("pk", flat=True)[:most])
    if len(old) < most:
        gone = Delivery.objects.filter(endpoint__state=Endpoint.State.REMOVED)
        old += gone.order_by("pk").values_list("pk", flat=True)[: most - len(old)]
    Delivery.objects.filter(pk__in=old).delete()
    if not old:
        Endpoint.objects.filter(state=Endpoint.State.REMOVED).delete()
    return len(old)


def _claim(endpoint_id: int, now: datetime) -> Claim | None:
    row = Endpoint.objects.filter(pk=endpoint_id, state=Endpoint.State.ACTIVE, due_at__lte=now).first()
    if row is None or (row.leased_until is not None and row.leased_until > now):
        return None
    if head(row.stream_id).revision <= row.cursor:
        return None
    until = now + timedelta(seconds=settings.LEASE_SECONDS)
    same = {"pk": row.pk, "state": row.state, "due_at": row.due_at, "leased_until": row.leased_until}
    if not Endpoint.objects.filter(**same, cursor=row.cursor).update(leased_until=until):
        return None
    return Claim(row, until, time.monotonic(), now)


def _send_in_order(claim: Claim, web: Web) -> Sent:
    sent = 0
    while sent < MOST_AT_ONCE and time.monotonic() - claim.started < TASK_SECONDS:
        at = head(claim.endpoint.stream_id)
        waiting = _waiting(claim.endpoint, at.revision)
        for change in waiting:
            event = _as_event(change, at.epoch)
            told = _tell(claim.endpoint, event, claim.moment, web)
            _write_down(claim, event, told)
            if not told.arrived or claim.endpoint.state != Endpoint.State.ACTIVE:
                _update(claim, leased_until=None)
                return Sent(sent, more=False)
            sent += 1
            if sent >= MOST_AT_ONCE or time.monotonic() - claim.started >= TASK_SECONDS:
                break
        else:
            if len(waiting) < READ_AT_ONCE:
                # Whatever else lies below was not asked for: it must not be looked through again.
                _update(claim, cursor=max(at.revision, claim.endpoint.cursor), leased_until=None)
                return Sent(sent, more=head(claim.endpoint.stream_id).revision > at.revision)
    _update(claim, leased_until=None)
    return Sent(sent, more=True)


def _waiting(endpoint: Endpoint, revision: int) -> list[dict[str, Any]]:
    rows = Change.objects.filter(stream_id=endpoint.stream_id, revision__gt=endpoint.cursor, revision__lte=revision)
    if endpoint.kinds:
        rows = rows.filter(kind__in=endpoint.kinds)
    return list(as_shown(rows, limit=READ_AT_ONCE))


def _as_event(change: dict[str, Any], epoch: str, given: str = "") -> Event:
    shown = rules.event_of(change, epoch=epoch)
    happened_at = parse_datetime(change["at"])
    assert happened_at is not None
    name = given or rules.event_id(epoch, change["revision"])
    return Event(name, shown["type"], change["revision"], happened_at, orjson.dumps(shown))


def _event(endpoint: Endpoint, revision: int, given: str) -> Event:
    """The event of a revision, from the journal, where every change stays."""
    change = next(as_shown(Change.objects.filter(stream_id=endpoint.stream_id, revision=revision), limit=1))
    return _as_event(change, head(endpoint.stream_id).epoch, given)


def _ping(endpoint: Endpoint, given: str, at: datetime) -> Event:
    shown = {
        "type": rules.PING,
        "timestamp": rfc3339(at),
        "epoch": head(endpoint.stream_id).epoch,
        "data": {"webhook": str(endpoint.uid)},
    }
    return Event(given, rules.PING, None, at, orjson.dumps(shown))


def _tell(endpoint: Endpoint, event: Event, now: datetime, web: Web) -> Told:
    """Send it once; never raises for what is wrong with the receiver or with what we know of it."""
    started = time.monotonic()
    at = int(now.timestamp())
    answer: Answer | None = None
    error = ""
    try:
        keys = rules.in_force(open_(endpoint.secrets), now=now)
        signed = rules.signatures(keys, event=event.id, at=at, body=event.body)
        headers = SENT_AS | {"webhook-id": event.id, "webhook-timestamp": str(at), "webhook-signature": signed}
        answer = web.post(endpoint.url, content=event.body, headers=headers, keep=KEPT)
    except (HttpError, Unopened) as trouble:
        error = str(trouble)
    took = round(1000 * (time.monotonic() - started))
    if answer is None:
        return Told(took, None, error[:LONGEST_LINE], "")
    text = answer.body.decode("utf-8", "replace").replace("\0", "\ufffd")
    after = answer.after(now=now.timestamp(), most=rules.GIVE_UP.total_seconds())
    return Told(took, answer.status, _refusal(answer.status), text, after)


def _refusal(status: int) -> str:
    """Why an answer is no success; empty for one that is."""
    if 200 <= status < 300:
        return ""
    if status == GONE:
        return "It answers 410 Gone: it wants no more of these."
    if 300 <= status < 400:
        return f"It answers {status}, a redirect, and those are not followed: enter the new address instead."
    if status == 429:
        return "It answers 429: it asks for fewer requests."
    return f"It answers {status} where 2xx says that the event has arrived."


def _write_down(claim: Claim, event: Event, told: Told) -> None:
    """Keep the attempt, and with it how far the endpoint is, or when it is tried again.

    Raises Overtaken; the attempt was made all the same, and is kept.
    """
    moment = claim.moment
    with transaction.atomic():
        attempt = claim.endpoint.failures + 1
        row = _moved_on(claim, event, told, moment)
        _keep(claim.endpoint, event, told, Delivery.Cause.CHANGE, attempt, moment)
    if row is None:
        raise Overtaken
    assert row.leased_until is not None
    claim.endpoint, claim.until = row, row.leased_until


def _moved_on(claim: Claim, event: Event, told: Told, now: datetime) -> Endpoint | None:
    """The endpoint as it stands after an attempt, with what leads changed of it meanwhile; None if it is not ours."""
    ours = Endpoint.objects.filter(pk=claim.endpoint.pk, leased_until=claim.until)
    row = ours.first()
    if row is None:
        return None
    row.leased_until = now + timedelta(seconds=settings.LEASE_SECONDS)
    if told.arrived:
        row.cursor = event.revision or row.cursor
        row.failures, row.failing_since = 0, None
        if row.state == Endpoint.State.ACTIVE:
            row.trouble = ""
    elif row.state == Endpoint.State.ACTIVE:
        _failed(row, told, now)
    columns = ("cursor", "failures", "failing_since", "due_at", "leased_until", "state", "trouble")
    return row if ours.update(**{name: getattr(row, name) for name in columns}) else None


def _failed(row: Endpoint, told: Told, now: datetime) -> None:
    """Set when it is tried again, or pause it."""
    row.failures += 1
    row.failing_since = row.failing_since or now
    row.trouble = told.error
    due = rules.next_try(str(row.uid), row.failures, now=now, since=row.failing_since, asked=told.after)
    if told.status == GONE:
        _pause(row, told.error, now)
    elif due is None:
        hours = round(rules.GIVE_UP.total_seconds() / 3600)
        _pause(row, f"Nothing has arrived for {hours} hours, so it is left alone. At last: {told.error}", now)
    else:
        row.due_at = due


def _pause(row: Endpoint, why: str, now: datetime) -> None:
    row.state, row.trouble = Endpoint.State.PAUSED, why[:LONGEST_LINE]
    detail = {"webhook": str(row.uid), "why": row.trouble}
    audit(action="webhook paused", actor=None, now=now, stream=row.stream, detail=detail)


def _update(claim: Claim, **columns: Any) -> None:
    """Set columns of the endpoint while it is ours. Raises Overtaken."""
    if not Endpoint.objects.filter(pk=claim.endpoint.pk, leased_until=claim.until).update(**columns):
        raise Overtaken


def _by_hand(endpoint: Endpoint, event: Event, cause: str, now: datetime, web: Web) -> Delivery:
    told = _tell(endpoint, event, now, web)
    attempt = Delivery.objects.filter(endpoint=endpoint, event=event.id).count() + 1
    return _keep(endpoint, event, told, cause, attempt, now)


def _keep(endpoint: Endpoint, event: Event, told: Told, cause: str, attempt: int, now: datetime) -> Delivery:
    return Delivery.objects.create(
        endpoint=endpoint, event=event.id, type=event.type, revision=event.revision, happened_at=event.happened_at,
        cause=cause, attempt=attempt, at=now, took_ms=told.took_ms, status=told.status, error=told.error,
        answer=told.answer,
    )  # fmt: skip
