"""Several processes run as one: whatever ends the whole, none of them is left behind."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

SECONDS = 60  # far more than any of this takes; a machine under load must not fail a test


class Whole:
    """The supervisor with fake parts, in a process of its own."""

    def __init__(self, folder: Path, *manners: str) -> None:
        self.folder = folder
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.ops.fake_whole", str(folder), *manners],
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
        raise AssertionError(f"It never said {words!r}, but: {self.said}")

    def ends(self) -> tuple[int, str]:
        """Wait for its end; answers the exit code and the last line."""
        rest, _ = self.process.communicate(timeout=SECONDS)
        self.said += rest.splitlines()
        return self.process.returncode, self.said[-1]

    def pids(self, name: str = "") -> set[int]:
        """The processes that the parts (or the one of that name) and their own children ever had."""
        return {int(path.suffixes[-2][1:]) for path in self.folder.glob(f"{name}*.pid")}

    def kill(self, name: str) -> None:
        """Kill the part of that name, and not its children."""
        (pid,) = filter(is_running, self.pids(f"{name}."))
        os.kill(pid, signal.SIGKILL)

    def left(self) -> set[int]:
        """Those still there, once those about to end have ended."""
        deadline = time.monotonic() + SECONDS
        while (left := {pid for pid in self.pids() if is_running(pid)}) and time.monotonic() < deadline:
            time.sleep(0.02)
        return left


def is_running(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return False
    return state != "Z"


@pytest.fixture
def whole(tmp_path: Path) -> Iterator:
    started: list[Whole] = []

    def start(*manners: str) -> Whole:
        started.append(Whole(tmp_path, *manners))
        return started[-1]

    yield start
    for one in started:
        one.process.kill()
        one.process.communicate()
        for pid in one.pids():
            if is_running(pid):
                os.kill(pid, signal.SIGKILL)


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_a_signal_stops_every_process(whole, how):
    one = whole("web=", "worker=")
    one.says("all ready")
    assert len(one.pids()) == 4
    one.process.send_signal(how)
    assert one.ends() == (0, "stopped")
    assert one.left() == set()


def test_a_part_that_does_not_heed_the_signal_is_stopped_all_the_same(whole):
    one = whole("web=stubborn", "worker=")
    one.says("all ready")
    one.process.terminate()
    assert one.ends() == (0, "stopped")
    assert one.left() == set()


@pytest.mark.parametrize("manner", ["", "stubborn"])
def test_a_supervisor_that_is_killed_leaves_nothing_behind(whole, manner):
    one = whole(f"web={manner}", "worker=")
    one.says("all ready")
    assert len(one.pids()) == 4
    one.process.kill()
    one.process.wait()
    assert one.left() == set()


def test_what_the_parts_say_carries_their_name(whole):
    one = whole("web=", "worker=")
    assert one.says("web is up") == "web    | web is up"


def test_a_part_that_dies_is_started_again_without_its_old_children(whole):
    one = whole("web=", "worker=")
    one.says("all ready")
    before = one.pids("worker")
    one.kill("worker")
    assert one.says("starting it again").startswith("worker was killed by SIGKILL; starting it again")
    one.says("worker is up")
    assert not any(is_running(pid) for pid in before)
    one.process.terminate()
    assert one.ends() == (0, "stopped")


def test_a_part_that_dies_before_all_are_ready_stops_everything_with_one_line(whole):
    one = whole("web=silent", "worker=dying")
    assert one.ends() == (1, "worker ended with exit code 3 before everything was ready.")
    assert one.left() == set()


def test_a_part_that_keeps_dying_stops_everything_with_one_line(whole):
    one = whole("web=", "worker=")
    one.says("all ready")
    one.kill("worker")
    for _ in range(2):
        one.says("worker is up")
        one.kill("worker")
    assert one.ends() == (1, "worker was killed by SIGKILL, 3 times in a row.")
    assert one.left() == set()


def test_a_signal_while_the_parts_are_starting_stops_them(whole):
    one = whole("web=silent")
    one.says("web is up")
    one.process.terminate()
    assert one.ends() == (0, "stopped")
    assert one.left() == set()


def test_a_hail_of_signals_stops_it_as_one_does(whole):
    one = whole("web=stubborn")  # whose stopping takes longer than the hail
    one.says("all ready")
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP) * 1000:
        one.process.send_signal(number)  # so close that one comes while the one before is being heeded
    assert one.ends() == (0, "stopped")
    assert one.left() == set()
