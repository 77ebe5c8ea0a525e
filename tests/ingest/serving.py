"""A little HTTP server of the tests' own, on this machine."""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

SAMPLES = Path(__file__).parent / "samples"


@dataclass
class Asked:
    """A request as it came."""

    path: str
    params: dict[str, str]
    headers: dict[str, str]
    body: Any
    out: Any  # the raw stream back, for what no well-behaved server does


@dataclass
class Reply:
    body: bytes = b"{}"
    status: int = 200
    kind: str = "application/json"
    headers: dict[str, str] = field(default_factory=dict)


Handler = Callable[[Asked], Reply | None]


@dataclass
class Served:
    """The server: `answers` maps paths to replies; whatever came is in `asked`."""

    port: int
    answers: dict[str, Reply | Handler] = field(default_factory=dict)
    asked: list[Asked] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"


def sample(name: str, *, status: int = 200) -> Reply:
    """A recorded answer; those in text hold the status line and headers too."""
    content = (SAMPLES / name).read_bytes()
    if not name.endswith(".txt"):
        return Reply(content, status)
    head, _, body = content.replace(b"\r\n", b"\n").partition(b"\n\n")
    kind = next(line.split(b": ")[1] for line in head.splitlines() if line.lower().startswith(b"content-type"))
    return Reply(body, int(head.split()[1]), kind.decode())


def as_json(value: Any, **more: Any) -> Reply:
    return Reply(json.dumps(value).encode(), **more)


@contextmanager
def serve() -> Iterator[Served]:
    """Serve on a free port until the block ends."""

    class Handling(BaseHTTPRequestHandler):
        def handle_any(self) -> None:
            split = urlsplit(self.path)
            length = int(self.headers.get("content-length") or 0)
            body = json.loads(self.rfile.read(length)) if length else None
            headers = {name.lower(): value for name, value in self.headers.items()}
            asked = Asked(split.path, dict(parse_qsl(split.query)), headers, body, self.wfile)
            served.asked.append(asked)
            answer = served.answers.get(split.path, Reply(b"not found", 404, "text/html"))
            reply = answer if isinstance(answer, Reply) else answer(asked)
            self.close_connection = True
            if reply is None:
                return
            self.send_response(reply.status)
            self.send_header("content-type", reply.kind)
            self.send_header("content-length", str(len(reply.body)))
            for name, value in reply.headers.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(reply.body)

        do_GET = do_POST = handle_any  # noqa: N815 -- the names that the handler looks for

        def log_message(self, *args: Any) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handling)
    server.daemon_threads = True
    server.block_on_close = False
    served = Served(server.server_address[1])
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    try:
        yield served
    finally:
        server.shutdown()
        server.server_close()
