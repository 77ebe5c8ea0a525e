"""Wake-ups: telling a worker that something is due, at no risk to the write that made it due.

A message is only a wake-up. What is to be done is a row in the database, and a sweep finds whatever no message told of;
so a broker that is down may cost some seconds of delay, and nothing else. With Celery's own way of publishing a dead
Redis costs a write 0.6 s and a hanging one 14 s and more. Here both cost one short attempt, and then nothing for a
while.

Called when the rows are committed, since a worker that comes earlier finds nothing:

    transaction.on_commit(lambda: wake(poll, source.pk), robust=True)
"""

import logging
import threading
import time
from collections.abc import Callable

from amqp.exceptions import AMQPError
from celery import Celery, Task, current_app
from kombu import Connection
from kombu.exceptions import KombuError
from redis.exceptions import RedisError

logger = logging.getLogger(__name__)

CONNECT_SECONDS = 1
SOCKET_SECONDS = 0.3
SILENT_SECONDS = 5

BROKER_TROUBLE = (OSError, KombuError, AMQPError, RedisError)


class Waker:
    """Publishes through connections of its own, one a thread, and rests after a failure.

    clock: seconds that never go backwards; an argument so that a test need not wait.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._silent_until = float("-inf")
        self._of_thread = threading.local()

    def wake(self, task: Task | str, *args: object) -> bool:
        """Ask a worker to run `task` (or the task of that name) with `args` soon; answers whether that was sent.

        Never raises and never waits longer than one attempt: see the constants above.
        """
        if self._clock() < self._silent_until:
            return False
        app: Celery = current_app if isinstance(task, str) else task.app
        name: str = task if isinstance(task, str) else task.name
        try:
            app.send_task(name, args, connection=self._connection(app), retry=False, ignore_result=True)
        except BROKER_TROUBLE as trouble:
            self._silent_until = self._clock() + SILENT_SECONDS
            self._forget_connection()
            logger.warning("No wake-up for %s, nor any for %s s: %s", name, SILENT_SECONDS, trouble)
            return False
        return True

    def _connection(self, app: Celery) -> Connection:
        held: Connection | None = getattr(self._of_thread, "connection", None)
        url = app.conf.broker_write_url
        if held is None or self._of_thread.url != url:
            held = app.connection_for_write(
                connect_timeout=SOCKET_SECONDS,
                transport_options={
                    "socket_connect_timeout": CONNECT_SECONDS,
                    "socket_timeout": SOCKET_SECONDS,
                    "max_retries": 0,
                },
            )
            self._of_thread.connection, self._of_thread.url = held, url
        return held

    def _forget_connection(self) -> None:
        held: Connection | None = getattr(self._of_thread, "connection", None)
        self._of_thread.connection = None
        if held is not None:
            held.collect(socket_timeout=SOCKET_SECONDS)  # closes without another word to a broker that does not answer


wake = Waker().wake
