"""Jobs that tell webhooks of changes. A message is only a wake-up: how far each endpoint is stands in the database."""

import logging
from collections.abc import Iterable
from datetime import timedelta
from functools import partial

from celery import shared_task
from django.db import transaction
from django.utils import timezone

from agileml.journal import queries
from agileml.journal.actions import sending
from agileml.lib.wake import wake

logger = logging.getLogger(__name__)

DELIVERIES_STAY = timedelta(days=30)
BITE, BITES = 500, 20


@shared_task(name="webhooks.changed")
def changed(stream_id: int) -> None:
    """A project that somebody is to be told of has changed: wake a job for each of its endpoints.

    One each, so that an endpoint that is slow to answer holds up no other.
    """
    tell(queries.due_endpoints(now=timezone.now(), stream_id=stream_id))


@shared_task(name="webhooks.sweep")
def sweep() -> None:
    """Wake a job for each endpoint that something waits for: what no message told of, and what is to be tried again."""
    tell(queries.due_endpoints(now=timezone.now()))


@shared_task(name="webhooks.send")
def send(endpoint_id: int) -> None:
    """Send one endpoint what waits for it, if that is due and nobody else does."""
    sent = sending.send(endpoint_id=endpoint_id, now=timezone.now())
    if sent is None:
        return
    if sent.events:
        logger.info("Webhook %s: %s events arrived", endpoint_id, sent.events)
    if sent.more:
        tell([endpoint_id])


@shared_task(name="webhooks.prune")
def prune() -> None:
    """Forget attempts that are older than anybody asks about, a bite at a time."""
    before = timezone.now() - DELIVERIES_STAY
    for _ in range(BITES):
        if sending.prune(before=before, most=BITE) < BITE:
            return


def tell(endpoint_ids: Iterable[int]) -> None:
    """Wake a job for each of these endpoints, once what was written is there to be read."""
    for endpoint_id in endpoint_ids:
        transaction.on_commit(partial(wake, send, endpoint_id), robust=True)
