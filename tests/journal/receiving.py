"""A receiver of webhooks on this machine, that does what a test says and keeps what it was sent."""

import socket
import struct
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Thread
from typing import Any

import orjson
from standardwebhooks import Webhook

from agileml.journal.actions.sending import Sent, send
from agileml.journal.models import Endpoint
from agileml.lib.http import Limits, Web
from agileml.projects.actions.webhooks import make_webhook
from tests.factories import Cast

PATIENT = Web(Limits(connect=10, read=10, total=10), at_once=None)
QUICK = Web(Limits(connect=1, read=1, total=1), at_once=None)  # for receivers that let one wait

Act = Callable[[BaseHTTPRequestHandler], None]


@dataclass(frozen=True)
class Got:
    """A request as it came."""

    headers: dict[str, str]
    body: bytes

    @property
    def id(self) -> str:
        return self.headers["webhook-id"]

    @property
    def event(self) -> Any:
        return orjson.loads(self.body)

    def known_by(self, secret: str) -> bool:
        """Whether the public package signs it as we did, at the time that the test has."""
        sent_at = datetime.fromtimestamp(int(self.headers["webhook-timestamp"]), UTC)
        signature = Webhook(secret).sign(self.id, sent_at, self.body.decode())
        return signature in self.headers["webhook-signature"].split(" ")


def answer(status: int, body: bytes = b"", **headers: str) -> Act:
    """Answer like this."""

    def act(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(status)
        handler.send_header("content-length", str(len(body)))
        for name, value in headers.items():
            handler.send_header(name.replace("_", "-"), value)
        handler.end_headers()
        handler.wfile.write(body)

    return act


def reset(handler: BaseHTTPRequestHandler) -> None:
    """Break the connection off."""
    handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    handler.connection.close()


def drip(handler: BaseHTTPRequestHandler) -> None:
    """Send a header that never ends, a byte now and then."""
    handler.wfile.write(b"HTTP/1.1 200 OK\r\nx-slow: ")
    for _ in range(40):
        handler.wfile.write(b"x")
        time.sleep(0.05)


def drip_body(handler: BaseHTTPRequestHandler) -> None:
    """Say 200, and then a body that never ends."""
    handler.wfile.write(b"HTTP/1.1 200 OK\r\ncontent-length: 100000\r\n\r\n")
    for _ in range(40):
        handler.wfile.write(b"x")
        time.sleep(0.05)


def say(text: bytes) -> Act:
    """Answer these very bytes."""

    def act(handler: BaseHTTPRequestHandler) -> None:
        handler.wfile.write(text)

    return act


@dataclass
class Receiver:
    """Acts by `acts`, one a request, and then by `usual`; `got` is all that came."""

    port: int
    usual: Act
    acts: list[Act] = field(default_factory=list)
    got: list[Got] = field(default_factory=list)
    over: Event = field(default_factory=Event)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/hook?for=us"

    @property
    def ids(self) -> list[str]:
        return [got.id for got in self.got]

    def hang(self, handler: BaseHTTPRequestHandler) -> None:
        """Say nothing at all."""
        self.over.wait(3)


@contextmanager
def receive() -> Iterator[Receiver]:
    """Listen on a free port until the block ends."""

    class Handling(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            receiver.got.append(Got({name.lower(): value for name, value in self.headers.items()}, body))
            self.close_connection = True
            act = receiver.acts.pop(0) if receiver.acts else receiver.usual
            try:
                act(self)
            except OSError:  # whoever asked has gone
                return

        def log_message(self, *args: Any) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handling)
    server.daemon_threads = True
    server.block_on_close = False
    receiver = Receiver(server.server_address[1], answer(204))
    Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    try:
        yield receiver
    finally:
        receiver.over.set()
        server.shutdown()
        server.server_close()


@dataclass
class Hook:
    """An endpoint under test, with its secret."""

    pk: int
    secret: str

    @property
    def row(self) -> Endpoint:
        return Endpoint.objects.get(pk=self.pk)

    def send(self, now: datetime, web: Web = PATIENT) -> Sent | None:
        return send(endpoint_id=self.pk, now=now, web=web)


def hook(cast: Cast, url: str, *, now: datetime, **sent: Any) -> Hook:
    row, secret = make_webhook(project=cast.project, sent={"url": url} | sent, actor=cast.lead, now=now)
    return Hook(row.pk, secret)
