"""`manage.py demo` runs the whole product on one folder, keeps what is there, and leaves no process behind."""

import http.client
import json
import os
import signal
import socket
import stat
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from tests.source import ROOT

SECONDS = 90  # far more than it takes; a machine under load must not fail a test
ROLES = ["lead", "member", "stakeholder", "outsider"]


class Demo:
    """A demo in a process of its own."""

    def __init__(self, data: Path, *arguments: str, port: int | None = None) -> None:
        self.data, self.port = data, port or free_port()
        env = {name: value for name, value in os.environ.items() if not name.startswith(("AGILEML_", "DJANGO_"))}
        for name in ("DATABASE_URL", "REDIS_URL"):
            env.pop(name, None)
        self.process = subprocess.Popen(
            [sys.executable, "manage.py", "demo", "--port", str(self.port), "--data", str(data), *arguments],
            cwd=ROOT,
            env=env,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self.said: list[str] = []

    def says(self, words: str) -> str:
        """Wait for a line with these words."""
        for line in self.process.stdout:
            self.said.append(line.rstrip())
            if words in line:
                return line.rstrip()
        raise AssertionError("It never said " + words + ", but:\n" + "\n".join(self.said))

    def ends(self) -> tuple[int, list[str]]:
        """Wait for its end; answers the exit code and what it said after the last wait."""
        rest, _ = self.process.communicate(timeout=SECONDS)
        return self.process.returncode, rest.splitlines()

    def log_ins(self) -> dict:
        return json.loads((self.data / "demo.json").read_text())

    def get(self, path: str, **headers: str) -> http.client.HTTPResponse:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        connection.request("GET", path, headers=headers)
        answer = connection.getresponse()
        answer.read()
        connection.close()
        return answer

    def processes(self) -> list[str]:
        """The processes that work on its folder, as their command lines, the demo itself apart."""
        return [
            command
            for pid, command, environment in running()
            if pid != self.process.pid and f"AGILEML_DATA={self.data}\0" in environment
        ]

    def assert_gone(self) -> None:
        wait_until(lambda: not self.processes())


def running() -> Iterator[tuple[int, str, str]]:
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            command = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
            yield int(folder.name), command, (folder / "environ").read_bytes().decode(errors="replace")
        except OSError:
            continue  # it ended while we looked


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_until(true: Callable[[], object]) -> None:
    deadline = time.monotonic() + SECONDS
    while not true() and time.monotonic() < deadline:
        time.sleep(0.05)
    assert true()


@pytest.fixture
def demo() -> Iterator[Callable[..., Demo]]:
    started: list[Demo] = []

    def start(data: Path, *arguments: str, port: int | None = None) -> Demo:
        started.append(Demo(data, *arguments, port=port))
        return started[-1]

    yield start
    for one in started:
        one.process.kill()
        one.process.communicate()
        one.assert_gone()


def test_it_starts_keeps_what_is_there_and_stops(demo, tmp_path: Path):
    one = demo(tmp_path / "data")
    assert one.says("AgileML is ready") == f"AgileML is ready at http://127.0.0.1:{one.port}/"
    log_ins = one.log_ins()
    assert log_ins["url"] == f"http://127.0.0.1:{one.port}/"
    assert log_ins["project"] == "DIG"
    assert sorted(log_ins["users"]) == sorted(ROLES)
    assert all(set(user) == {"email", "password", "token"} for user in log_ins["users"].values())
    assert stat.S_IMODE((tmp_path / "data" / "demo.json").stat().st_mode) == 0o600
    assert one.get("/healthz/").status == 200
    assert one.get("/").status == 302, "the pages ask to log in"
    assert len(one.processes()) >= 3

    second = demo(tmp_path / "data")
    code, said = second.ends()
    assert code != 0
    assert len(said) == 1
    assert "is in use by another demo" in said[0]

    beside = demo(tmp_path / "other", port=one.port)
    code, said = beside.ends()
    assert code != 0
    assert len(said) == 1
    assert f"Port {one.port} is in use" in said[0]

    one.process.send_signal(signal.SIGTERM)
    code, said = one.ends()
    assert (code, said[-1]) == (0, "Stopped.")
    one.assert_gone()

    again = demo(tmp_path / "data")
    again.says("AgileML is ready")
    assert again.log_ins() == log_ins | {"url": f"http://127.0.0.1:{again.port}/"}
    again.process.kill()
    again.process.wait()
    again.assert_gone()


def test_a_start_that_was_killed_over_the_sample_begins_anew(demo, tmp_path: Path):
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "sample.half-made").touch()
    (tmp_path / "agileml.sqlite3").write_bytes(b"whatever was there")
    one = demo(tmp_path)
    one.says("AgileML is ready")
    assert sorted(one.log_ins()["users"]) == sorted(ROLES)
    one.process.send_signal(signal.SIGINT)
    assert one.ends()[0] == 0


def test_a_signal_while_it_prepares_ends_it_there(demo, tmp_path: Path):
    one = demo(tmp_path)
    one.says("Preparing")
    wait_until((tmp_path / "run" / "sample.half-made").exists)
    one.process.send_signal(signal.SIGTERM)
    assert one.ends() == (0, ["Stopped."])
    assert (tmp_path / "run" / "sample.half-made").exists()


def test_a_file_in_place_of_the_folder_is_said_in_one_line(demo, tmp_path: Path):
    (tmp_path / "data").write_text("")
    code, said = demo(tmp_path / "data").ends()
    assert code != 0
    assert said == [f"Error: The data folder {tmp_path / 'data'} cannot be used: Not a directory."]


@pytest.mark.parametrize("port", ["0", "70000"])
def test_a_number_that_is_no_port_is_said_in_one_line(demo, tmp_path: Path, port: str):
    code, said = demo(tmp_path, "--port", port).ends()
    assert code != 0
    assert len(said) == 1
    assert "is no port" in said[0]


def test_the_command_refuses_a_folder_that_its_settings_do_not_know(tmp_path: Path):
    with pytest.raises(CommandError, match=rf"start with AGILEML_DATA={tmp_path}"):
        call_command("demo", data=tmp_path)
