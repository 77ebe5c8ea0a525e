"""Server-sent events: answers that go on for hours, on one thread for all of them.

A view opens such an answer as it opens any other, behind the same middleware, log-in and door: it returns an
`EventStream`. Served by WSGI that says what there is until now, and ends; its reader comes again. Served by `Streams`
it stays open: what is to be read for it is read in a few threads that all streams share, page by page and only when
its reader has taken the page before, so that a slow one costs no memory.
"""

import asyncio
import io
import logging
import threading
from collections import Counter
from collections.abc import Awaitable, Callable, Hashable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from typing import Any, Protocol, TypeVar

from a2wsgi.wsgi import build_environ
from django.core.handlers.wsgi import WSGIHandler
from django.db import DatabaseError, close_old_connections
from django.http import HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase

logger = logging.getLogger(__name__)

BEAT_SECONDS = 15  # a comment goes out when nothing else did, so that nothing in between takes the line for dead
CHECK_SECONDS = 2  # how soon a stream ends whose reader may no longer read
SLOW_SECONDS = 60  # how long a reader may leave one page lying
AGAIN_SECONDS = 2  # when a reader comes again whose stream ended
POLL_SECONDS = 15  # and when, where a stream cannot stay open
MOST_OPEN = 20  # streams of one holder in one process
THREADS = 4

Answer = TypeVar("Answer")
Send = Callable[[dict[str, Any]], Awaitable[None]]
Receive = Callable[[], Awaitable[dict[str, Any]]]


class TooMany(Exception):
    """This holder has as many streams open as she may."""

    def __init__(self) -> None:
        super().__init__(f"At most {MOST_OPEN} streams may be open at once.")


class Source(Protocol):
    """What a stream is made of."""

    @property
    def grant(self) -> Hashable:
        """What it was opened with; whether that is still good is asked again and again."""

    def follow(self, news: Callable[[], None]) -> Callable[[], None]:
        """Have `news` called, from any thread, when there is more; answers how to end that."""

    def read(self) -> bytes:
        """The next events, nothing when there are no more for now. Called in a thread; may read the database.

        Raises Over when nothing will ever follow.
        """

    def rest(self) -> bytes | None:
        """The same where it is known without reading anything; None where it has to be read."""


class Over(Exception):
    """A stream has come to its end."""


def event(*, id: str, data: bytes = b"") -> bytes:  # noqa: A002 -- the word of the format
    """One event. Without data it is none, but its reader remembers the id. `data` holds no line break."""
    told = b"\ndata: " + data if data else b""
    return b"id: " + id.encode() + told + b"\n\n"


class Places:
    """The places for open streams, so many a holder. In one process alone: it guards memory, not fairness."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._taken: Counter[Hashable] = Counter()

    def take(self, holder: Hashable) -> Callable[[], None]:
        """Take one; answers how to give it back, which may be done twice. Raises TooMany."""
        with self._lock:
            if self._taken[holder] >= MOST_OPEN:
                raise TooMany
            self._taken[holder] += 1
        held = [holder]

        def give_back() -> None:
            with self._lock:
                for mine in held:
                    self._taken[mine] -= 1
                    if not self._taken[mine]:
                        del self._taken[mine]
                held.clear()

        return give_back


places = Places()


class EventStream(StreamingHttpResponse):
    """An answer of server-sent events from `source`; it holds a place of `holder` until it is closed.

    Raises TooMany.
    """

    def __init__(self, source: Source, *, holder: Hashable) -> None:
        self._give_back = places.take(holder)
        self.source = source
        super().__init__(self._until_now(), content_type="text/event-stream")
        self["Cache-Control"] = "no-store"
        self["X-Accel-Buffering"] = "no"  # a proxy that gathers would hold the events back

    def _until_now(self) -> Iterator[bytes]:
        yield opening(POLL_SECONDS)
        with suppress(Over):
            while page := self.source.read():
                yield page

    def close(self) -> None:
        """Give the place back."""
        super().close()
        self._give_back()


def opening(again: int = AGAIN_SECONDS) -> bytes:
    """What a stream begins with: after how many seconds to come again, and a comment, so that the headers go out."""
    return b"retry: %d\n: open\n\n" % (again * 1000)


class Streams:
    """Serves event streams in the async head of a process.

    handler: all of Django, which opens them.
    still_good: those of some grants that are good still; called in a thread.
    """

    def __init__(self, handler: WSGIHandler, *, still_good: Callable[[set[Any]], set[Any]]) -> None:
        self._handler = handler
        self._still_good = still_good
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="streams")
        self._open: dict[asyncio.Task[None], Hashable] = {}
        self._guard: asyncio.Task[None] | None = None

    async def serve(self, scope: Any, receive: Receive, send: Send) -> None:
        """Open a stream and go on until its reader leaves, may no longer read, or takes too long."""
        response = await self._in_thread(self._ask, scope)
        try:
            await self._begin(response, send)
            if isinstance(response, EventStream) and scope["method"] == "GET":
                await self._go_on(response.source, receive, send)
            else:
                body = b"".join(response) if isinstance(response, HttpResponse) else b""
                await send({"type": "http.response.body", "body": body, "more_body": False})
        finally:
            response.close()

    def _ask(self, scope: Any) -> HttpResponseBase:
        no_body: Any = io.BytesIO()
        environ: Any = build_environ(scope, no_body)
        return self._handler.get_response(self._handler.request_class(environ))

    async def _begin(self, response: HttpResponseBase, send: Send) -> None:
        headers = [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in response.items()]
        headers += [(b"set-cookie", cookie.OutputString().encode("latin-1")) for cookie in response.cookies.values()]
        await send({"type": "http.response.start", "status": response.status_code, "headers": headers})

    async def _go_on(self, source: Source, receive: Receive, send: Send) -> None:
        telling = asyncio.ensure_future(self._tell(source, send))
        leaving = asyncio.ensure_future(_left(receive))
        self._open[telling] = source.grant
        if self._guard is None or self._guard.done():
            self._guard = asyncio.ensure_future(self._keep_asking())
        try:
            await asyncio.wait({telling, leaving}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            del self._open[telling]
            telling.cancel()
            leaving.cancel()
            with suppress(asyncio.CancelledError):
                await telling
        with suppress(TimeoutError):  # an end that reads as one, for whoever still reads
            await asyncio.wait_for(send({"type": "http.response.body", "body": b"", "more_body": False}), 1)

    async def _tell(self, source: Source, send: Send) -> None:
        news, loop = asyncio.Event(), asyncio.get_running_loop()

        def told() -> None:
            with suppress(RuntimeError):  # the process is ending, and with it the loop
                loop.call_soon_threadsafe(news.set)

        async def say(text: bytes) -> None:
            await asyncio.wait_for(send({"type": "http.response.body", "body": text, "more_body": True}), SLOW_SECONDS)

        forget = source.follow(told)
        try:
            await say(opening())
            while True:
                news.clear()
                while page := await self._page(source):
                    await say(page)
                try:
                    await asyncio.wait_for(news.wait(), BEAT_SECONDS)
                except TimeoutError:
                    await say(b": still here\n\n")
        except (Over, TimeoutError, DatabaseError) as end:
            logger.info("A stream ends: %s", end or type(end).__name__)
        finally:
            forget()

    async def _page(self, source: Source) -> bytes:
        known = source.rest()
        return await self._in_thread(source.read) if known is None else known

    async def _keep_asking(self) -> None:
        """End the streams whose grants are no longer good; ends itself when none is open."""
        while self._open:
            await asyncio.sleep(CHECK_SECONDS)
            try:
                good = await self._in_thread(self._still_good, set(self._open.values()))
            except DatabaseError as trouble:
                logger.warning("Open streams were not checked: %s", trouble)
                continue
            for telling, grant in list(self._open.items()):
                if grant not in good:
                    telling.cancel()

    async def _in_thread(self, call: Callable[..., Answer], *arguments: Any) -> Answer:
        def run() -> Answer:
            with _own_connections():
                return call(*arguments)

        return await asyncio.get_running_loop().run_in_executor(self._threads, run)


@contextmanager
def _own_connections() -> Iterator[None]:
    """What a request does with the thread's database connections, around something that is no request."""
    close_old_connections()
    try:
        yield
    finally:
        close_old_connections()


async def _left(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
