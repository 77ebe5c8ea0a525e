"""An answer of events keeps to its reader: it waits for a slow one, and ends with one who leaves or may not go on."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.http import HttpResponse

from agileml.lib import sse
from agileml.lib.sse import EventStream, Over, Streams, event

Message = dict[str, Any]


class Pages:
    """A source of so many pages, each of which counts as it is read."""

    def __init__(self, many: int, grant: str = "good") -> None:
        self.grant, self.left, self.read_so_far, self.forgotten = grant, many, 0, False

    def follow(self, news: Callable[[], None]) -> Callable[[], None]:
        def forget() -> None:
            self.forgotten = True

        self.news = news
        return forget

    def rest(self) -> bytes | None:
        return None

    def read(self) -> bytes:
        if self.left < 0:
            raise Over("enough")
        if self.left == 0:
            return b""
        self.left -= 1
        self.read_so_far += 1
        return event(id=str(self.read_so_far), data=b"{}")


class Opens:
    """What opens a stream, in place of the product."""

    def __init__(self, answer: Any) -> None:
        self.answer = answer

    def request_class(self, environ: Message) -> None:
        return None

    def get_response(self, request: None) -> Any:
        return self.answer


SCOPE: Message = {
    "type": "http", "method": "GET", "path": "/", "query_string": b"", "http_version": "1.1", "headers": [],
}  # fmt: skip


async def serve(
    answer: Any, send: Callable[[Message], Awaitable[None]], *, leaves: asyncio.Event | None = None, good: bool = True
) -> None:
    async def receive() -> Message:
        await (leaves or asyncio.Event()).wait()
        return {"type": "http.disconnect"}

    handler: Any = Opens(answer)
    streams = Streams(handler, still_good=lambda grants: grants if good else set())
    await asyncio.wait_for(streams.serve(SCOPE, receive, send), 60)


@pytest.fixture(autouse=True)
def fewer_seconds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sse, "CHECK_SECONDS", 0.01)


def in_a_loop(call: Coroutine[Any, Any, Any]) -> Any:
    """Run it on a loop in a thread of its own: in this one the browser's may be running."""
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(asyncio.run, call).result()


def test_it_reads_no_page_before_its_reader_has_taken_the_last():
    source, leaves = Pages(1000), asyncio.Event()

    async def run() -> list[int]:
        ahead: list[int] = []

        async def send(message: Message) -> None:
            await asyncio.sleep(0.002)  # long enough for whoever would run ahead
            taken = message.get("body", b"").count(b"data: ")
            ahead.append(source.read_so_far - sum(taken_before) - taken)
            taken_before.append(taken)
            if len(ahead) > 20:
                leaves.set()

        taken_before: list[int] = []
        await serve(EventStream(source, holder="one"), send, leaves=leaves)
        return ahead

    assert max(in_a_loop(run())) <= 1
    assert source.forgotten


@pytest.mark.parametrize("why", ["takes too long", "left", "may no longer", "is told of the end"])
def test_a_reader_who_does_not_go_on_is_let_go_of_with_her_place(why: str, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(sse, "SLOW_SECONDS", 0.05 if why == "takes too long" else 60)
    source = Pages(-1 if why == "is told of the end" else 10)
    answer = EventStream(source, holder=why)

    async def run() -> None:
        leaves = asyncio.Event()

        async def send(message: Message) -> None:
            if why == "left":
                leaves.set()
            if message.get("more_body") and why != "is told of the end":
                await asyncio.Event().wait()  # she takes nothing at all

        await serve(answer, send, leaves=leaves, good=why != "may no longer")

    in_a_loop(run())
    assert source.forgotten
    for _ in range(sse.MOST_OPEN):
        sse.places.take(why)


def test_a_line_on_which_nothing_happens_beats(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(sse, "BEAT_SECONDS", 0.01)
    said: list[bytes] = []

    async def run() -> None:
        leaves = asyncio.Event()

        async def send(message: Message) -> None:
            said.append(message.get("body", b""))
            if len(said) == 6:
                leaves.set()

        await serve(EventStream(Pages(0), holder="beats"), send, leaves=leaves)

    in_a_loop(run())
    assert said[2:5] == [b": still here\n\n"] * 3


def test_what_is_no_stream_is_answered_whole():
    said: list[Message] = []

    async def run() -> None:
        async def send(message: Message) -> None:
            said.append(message)

        answer = HttpResponse("no", status=404, headers={"X-Why": "so"})
        answer.set_cookie("a", "b")
        await serve(answer, send)

    in_a_loop(run())
    start, body = said
    assert start["status"] == 404
    assert (b"x-why", b"so") in start["headers"]
    assert any(name == b"set-cookie" and value.startswith(b"a=b") for name, value in start["headers"])
    assert (body["body"], body["more_body"]) == (b"no", False)
