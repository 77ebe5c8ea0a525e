"""A demo takes its data folder and its port for itself, or says in one line why it cannot."""

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from agileml.ops import folder
from agileml.ops.folder import Unavailable

HOLD = """
import os, sys, time
from pathlib import Path
from agileml.ops import folder
lock = folder.claim(Path(sys.argv[1]))
if "leave a child" in sys.argv:
    os.set_inheritable(lock, True)
    os.spawnlp(os.P_NOWAIT, "sleep", "sleep", sys.argv[2])
print("claimed", flush=True)
time.sleep(600)
"""


@pytest.fixture
def another_demo() -> Iterator[Callable[..., subprocess.Popen[str]]]:
    """A process that holds a folder as a running demo does."""
    started: list[subprocess.Popen[str]] = []

    def start(data: Path, *how: str) -> subprocess.Popen[str]:
        started.append(
            subprocess.Popen([sys.executable, "-c", HOLD, str(data), *how], stdout=subprocess.PIPE, text=True)
        )
        assert started[-1].stdout.readline() == "claimed\n"
        return started[-1]

    yield start
    for process in started:
        process.kill()
        process.wait()
        process.stdout.close()


def test_a_second_demo_on_the_same_folder_is_told_so(tmp_path: Path, another_demo):
    other = another_demo(tmp_path)
    with pytest.raises(Unavailable, match=rf"{tmp_path} is in use by another demo \(process {other.pid}\)"):
        folder.claim(tmp_path)


def test_the_folder_is_free_again_when_its_demo_is_gone(tmp_path: Path, another_demo):
    other = another_demo(tmp_path)
    other.send_signal(signal.SIGKILL)
    other.wait()
    os.close(folder.claim(tmp_path))


def test_the_rest_of_a_killed_demo_is_waited_for(tmp_path: Path, another_demo):
    other = another_demo(tmp_path, "1", "leave a child")
    other.kill()
    other.wait()
    os.close(folder.claim(tmp_path))


def test_two_demos_run_side_by_side_on_two_folders(tmp_path: Path, another_demo):
    another_demo(tmp_path / "one")
    os.close(folder.claim(tmp_path / "two"))


def test_the_folder_is_made_with_its_parents(tmp_path: Path):
    os.close(folder.claim(tmp_path / "not" / "there"))
    assert (tmp_path / "not" / "there").is_dir()


def test_a_file_in_place_of_the_folder_is_said_in_one_line(tmp_path: Path):
    (tmp_path / "data").write_text("")
    with pytest.raises(Unavailable, match="cannot be written: File exists"):
        folder.claim(tmp_path / "data")
    with pytest.raises(Unavailable, match="cannot be written: Not a directory"):
        folder.claim(tmp_path / "data" / "below")


def test_a_port_in_use_is_said_in_one_line():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(Unavailable, match=f"Port {port} is in use"):
            folder.check_port(port)


def test_a_port_that_was_just_left_can_be_used():
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        client = socket.create_connection(("127.0.0.1", port))
        accepted, _ = server.accept()
        accepted.close()  # the side that closes first keeps the port in TIME_WAIT
        assert client.recv(1) == b""
        client.close()
    folder.check_port(port)


@pytest.mark.parametrize("port", [0, -1, 65536])
def test_a_number_that_is_no_port_is_refused(port: int):
    with pytest.raises(Unavailable, match="is no port"):
        folder.check_port(port)
