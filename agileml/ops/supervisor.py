"""Keeps several processes running as one: starts them, prefixes what they say, and stops them all or not at all.

A part that dies while the whole is running is started again, after a pause that doubles: nothing is lost when a part is
down, so going on is better than taking the rest with it. Before everything was ready once, or when a part keeps dying,
something is wrong that a restart does not mend; then everything is stopped, with one line that says which part.
"""

import contextlib
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from types import FrameType
from typing import IO


@dataclass(frozen=True)
class Part:
    """One process of the whole.

    module, arguments: what runs, as in `python -m module arguments…`.
    ready: answers whether it does its work yet; asked again and again until it does.
    """

    name: str
    module: str
    arguments: tuple[str, ...] = ()
    ready: Callable[[], bool] = field(default=lambda: True)


@dataclass(frozen=True)
class Patience:
    """How long to wait for what, in seconds, and how often a part may die in a row."""

    look: float = 0.2
    ready: float = 60
    stop: float = 7
    first_pause: float = 0.5
    settled: float = 30  # a part that lived this long has not "died again"
    deaths: int = 5


class GaveUp(RuntimeError):
    """A part cannot be kept running; the message is one line for whoever started the whole."""


class _Running:
    """A part's process of the moment."""

    def __init__(self, part: Part) -> None:
        self.part = part
        self.process: subprocess.Popen[bytes] | None = None
        self.started_at = 0.0
        self.start_at = 0.0
        self.deaths = 0


class Supervisor:
    """Runs `parts` until it is told to stop.

    env: the environment of every part. cwd: their working folder.
    say: takes one line, from any thread.
    keep_open: file descriptors that each part holds as well, such as a lock that must last as long as any of them.
    """

    def __init__(
        self,
        parts: list[Part],
        *,
        env: Mapping[str, str],
        cwd: str | os.PathLike[str],
        say: Callable[[str], None],
        keep_open: tuple[int, ...] = (),
        patience: Patience | None = None,
    ) -> None:
        self._running = [_Running(part) for part in parts]
        self._env, self._cwd, self._keep_open = env, cwd, keep_open
        self._say = say
        self._patience = patience or Patience()
        self._width = max(len(part.name) for part in parts)
        # A plain flag: a signal's handler runs within whatever the main thread is doing, and an event's own lock, which
        # it may be holding just then, would wait for itself.
        self._asked_to_stop = False

    @contextlib.contextmanager
    def heeding_signals(self) -> Iterator[None]:
        """Within this, Ctrl-C and the like ask for a stop instead of interrupting whatever is being done."""

        def stop(number: int, frame: FrameType | None) -> None:
            self._asked_to_stop = True

        with _on_signals(stop):
            yield

    @contextlib.contextmanager
    def interrupted_by_signals(self) -> Iterator[None]:
        """Within this they interrupt what is being done as well: KeyboardInterrupt, whichever the signal."""

        def interrupt(number: int, frame: FrameType | None) -> None:
            self._asked_to_stop = True
            raise KeyboardInterrupt

        with _on_signals(interrupt):
            yield

    def run(self, when_ready: Callable[[], None]) -> None:
        """Start every part, call `when_ready` once all are, and keep them running until asked to stop.

        Every process is gone when this returns or raises. Raises GaveUp.
        """
        try:
            for running in self._running:
                self._start(running)
            if self._wait_until_ready():
                when_ready()
                while not self._asked_to_stop:
                    for running in self._running:
                        self._look_after(running)
                    time.sleep(self._patience.look)
        finally:
            self._stop_all()

    def _start(self, running: _Running) -> None:
        part = running.part
        running.process = subprocess.Popen(
            [sys.executable, "-m", "agileml.ops.child", part.module, *part.arguments],
            env=self._env,
            cwd=self._cwd,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,  # the terminal's Ctrl-C is for the supervisor, which stops the parts in its own way
            pass_fds=self._keep_open,
        )
        running.started_at = time.monotonic()
        threading.Thread(target=self._pass_on, args=(part.name, running.process.stdout), daemon=True).start()

    def _pass_on(self, name: str, output: IO[bytes]) -> None:
        for line in output:
            self._say(f"{name:<{self._width}} | {line.decode(errors='replace').rstrip()}")

    def _wait_until_ready(self) -> bool:
        deadline = time.monotonic() + self._patience.ready
        waiting = list(self._running)
        while waiting and not self._asked_to_stop:
            for running in self._running:
                if (how := _ending(running)) is not None:
                    raise GaveUp(f"{running.part.name} {how} before everything was ready.")
            waiting = [running for running in waiting if not running.part.ready()]
            if waiting and time.monotonic() > deadline:
                names = " and ".join(running.part.name for running in waiting)
                raise GaveUp(f"{names} was not ready within {self._patience.ready:g} s.")
            if waiting:
                time.sleep(self._patience.look)
        return not self._asked_to_stop

    def _look_after(self, running: _Running) -> None:
        if running.process is None:
            if time.monotonic() >= running.start_at:
                self._start(running)
            return
        how = _ending(running)
        if how is None:
            return
        _kill_group(running.process)  # what the dead one had started itself must not work on beside its successor
        _close(running.process)
        running.process = None
        if time.monotonic() - running.started_at > self._patience.settled:
            running.deaths = 0
        running.deaths += 1
        if running.deaths >= self._patience.deaths:
            raise GaveUp(f"{running.part.name} {how}, {running.deaths} times in a row.")
        pause = self._patience.first_pause * 2 ** (running.deaths - 1)
        running.start_at = time.monotonic() + pause
        self._say(f"{running.part.name} {how}; starting it again in {pause:g} s.")

    def _stop_all(self) -> None:
        processes = [running.process for running in self._running if running.process is not None]
        for process in processes:
            process.terminate()
        deadline = time.monotonic() + self._patience.stop
        for process in processes:
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(max(0, deadline - time.monotonic()))
        for process in processes:
            _kill_group(process)
            process.wait()
            _close(process)


@contextlib.contextmanager
def _on_signals(handle: Callable[[int, FrameType | None], None]) -> Iterator[None]:
    before = {number: signal.signal(number, handle) for number in (signal.SIGINT, signal.SIGTERM)}
    if signal.getsignal(signal.SIGHUP) != signal.SIG_IGN:  # what `nohup` has switched off stays off
        before[signal.SIGHUP] = signal.signal(signal.SIGHUP, handle)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _ending(running: _Running) -> str | None:
    """How its process ended, in words; None while it runs."""
    code = None if running.process is None else running.process.poll()
    if code is None:
        return None
    return f"was killed by {signal.Signals(-code).name}" if code < 0 else f"ended with exit code {code}"


def _kill_group(process: subprocess.Popen[bytes]) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)


def _close(process: subprocess.Popen[bytes]) -> None:
    if process.stdin is not None:
        process.stdin.close()
