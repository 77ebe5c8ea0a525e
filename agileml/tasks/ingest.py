"""Jobs that bring metrics in. A message is only a wake-up: what is due stands in the database."""

import logging
from collections.abc import Iterable
from functools import partial

from celery import shared_task
from django.db import transaction
from django.utils import timezone

from agileml.ingest import actions, queries
from agileml.lib.wake import wake

logger = logging.getLogger(__name__)


@shared_task(name="ingest.sweep")
def sweep() -> None:
    """Wake a job for each source that is due.

    One each, on every back end, so that a source that is slow to answer holds up no other. What gets lost on the way is
    found by the next sweep.
    """
    look_at(queries.due_sources(now=timezone.now()))


@shared_task(name="ingest.poll")
def poll(source_id: int) -> None:
    """Look at one source, if it is due and nobody else does."""
    looked = actions.poll(source_id=source_id, now=timezone.now())
    if looked is None:
        return
    if looked.counts["created"] or looked.counts["superseded"] or looked.problems:
        news = ", ".join(f"{number} {what}" for what, number in sorted(looked.counts.items()) if number)
        logger.info("Source %s: %s; %s problems", source_id, news or "nothing new", len(looked.problems))
    if looked.more:
        look_at([source_id])


def look_at(source_ids: Iterable[int]) -> None:
    """Wake a job for each of these sources, once what was written about them is there to be read.

    One that is lost is found by the next sweep.
    """
    for source_id in source_ids:
        transaction.on_commit(partial(wake, poll, source_id), robust=True)
