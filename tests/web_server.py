"""The web server as it runs in earnest, granian in a process of its own, on the database of the tests."""

import http.client
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import httpx

from tests.source import ROOT

SECONDS = 60  # far more than anything here takes; a machine under load must not fail a test
COMMAND = ("--interface", "asginl", "--host", "127.0.0.1", "--workers", "1", "--no-ws", "--workers-kill-timeout", "2")


class WebServer:
    """One server at one address, as often as it is started."""

    def __init__(self, env: Mapping[str, str]) -> None:
        self.env = dict(env)
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port: int = probe.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it, and wait until it answers."""
        self.process = subprocess.Popen(
            [
                sys.executable, "-m", "agileml.ops.child", "granian", *COMMAND, "--port", str(self.port),
                "--log-level", "warning", "agileml.asgi:application",
            ],
            cwd=ROOT,
            env=self.env,
            stdin=subprocess.PIPE,
            start_new_session=True,
        )  # fmt: skip
        deadline = time.monotonic() + SECONDS
        while not self.answers():
            assert self.process.poll() is None, "the server ended"
            assert time.monotonic() < deadline, "the server never answered"
            time.sleep(0.05)

    def answers(self) -> bool:
        """Whether it serves."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=5)
        try:
            connection.request("GET", "/healthz/")
            return connection.getresponse().status == 200
        except OSError:
            return False
        finally:
            connection.close()

    def stop(self) -> int:
        """Ask it to end, and wait for that; answers its exit code."""
        assert self.process is not None
        self.process.terminate()
        code = self.process.wait(SECONDS)
        self.process.communicate()
        return code

    def restart(self) -> None:
        """Stop it and start it again."""
        self.stop()
        self.start()

    def threads(self) -> int:
        """How many threads all its processes have."""
        assert self.process is not None
        ours = [path for path in Path("/proc").glob("[0-9]*") if self._is_ours(int(path.name))]
        return sum(len(list((path / "task").iterdir())) for path in ours)

    def _is_ours(self, pid: int) -> bool:
        assert self.process is not None
        try:
            return os.getpgid(pid) == self.process.pid
        except OSError:
            return False


class Events:
    """The events of one open stream."""

    def __init__(self, answer: httpx.Response) -> None:
        self.answer = answer
        self.lines = answer.iter_lines()
        self.last_id = ""

    def next(self) -> dict[str, str]:
        """The next event with data, as its fields; {} at the end of the stream."""
        fields: dict[str, str] = {}
        for line in self.lines:
            name, _, value = line.partition(": ")
            if name in {"id", "data", "event"}:
                fields[name] = value
                self.last_id = value if name == "id" else self.last_id
            elif not line and "data" in fields:
                return fields
        return {}

    def comment(self) -> str:
        """Wait for the next comment."""
        return next(line for line in self.lines if line.startswith(":"))


# One for all streams: a client of its own reads the machine's certificates, which takes longer than all else here.
_http = httpx.Client(limits=httpx.Limits(max_connections=None), timeout=SECONDS)


@contextmanager
def events(address: str, token: str = "", **headers: str) -> Iterator[Events]:
    """Open a stream; it must open. `last_event_id` and the like become headers."""
    sent = {name.replace("_", "-"): value for name, value in headers.items()}
    if token:
        sent["Authorization"] = f"Bearer {token}"
    with _http.stream("GET", address, headers=sent) as answer:
        assert answer.status_code == 200, (answer.status_code, answer.read())
        yield Events(answer)
