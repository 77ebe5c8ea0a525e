"""The bell: with Redis, every web process hears at once that something was written, at no risk to the write.

What is heard says only that there is news; the news is read from the database. Whoever hears nothing looks by himself
every few seconds, so a Redis that is down costs some delay and nothing else: one short attempt, and then none for a
while.
"""

import logging
import time
from collections.abc import Callable
from functools import lru_cache

from django.conf import settings
from redis import Redis
from redis.backoff import NoBackoff
from redis.client import PubSub
from redis.exceptions import RedisError
from redis.retry import Retry

from agileml.lib.wake import CONNECT_SECONDS, SILENT_SECONDS, SOCKET_SECONDS

logger = logging.getLogger(__name__)

CHANNEL = "agileml:news"
TROUBLE = (OSError, RedisError)


class Bell:
    """Rings and hears through one Redis.

    clock: seconds that never go backwards; an argument so that a test need not wait.
    """

    def __init__(self, url: str, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._silent_until = float("-inf")
        self._redis = Redis.from_url(
            url,
            socket_connect_timeout=CONNECT_SECONDS,
            socket_timeout=SOCKET_SECONDS,
            retry=Retry(NoBackoff(), 0),
        )

    def ring(self) -> bool:
        """Tell all who listen that there is news; answers whether that was sent. Never raises, never waits long."""
        if self._clock() < self._silent_until:
            return False
        try:
            self._redis.publish(CHANNEL, b"")
        except TROUBLE as trouble:
            self._silent_until = self._clock() + SILENT_SECONDS
            logger.warning("No news told, nor any for %s s: %s", SILENT_SECONDS, trouble)
            return False
        return True

    def listen(self) -> PubSub:
        """A connection that hears every ring from now on. Raises one of TROUBLE."""
        hearing: PubSub = self._redis.pubsub(ignore_subscribe_messages=True)
        hearing.subscribe(CHANNEL)
        return hearing


@lru_cache
def bell() -> Bell | None:
    """The bell of this installation; None where there is no Redis, and everybody looks for himself."""
    return Bell(settings.REDIS_URL) if settings.REDIS_URL else None


def ring() -> None:
    """Ring, where there is a bell. Called when the rows are committed: whoever hears it looks for them at once."""
    here = bell()
    if here is not None:
        here.ring()
