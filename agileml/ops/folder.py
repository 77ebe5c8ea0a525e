"""The data folder and the port of a demo: whether they can be had, said in one line if not."""

import errno
import fcntl
import os
import socket
import time
from pathlib import Path

LEFTOVER_SECONDS = 10


class Unavailable(RuntimeError):
    """The folder or the port cannot be had; the message is one line that says why."""


def claim(data: Path) -> int:
    """Make the folder if need be and take it for this process; answers the descriptor that holds the lock.

    The lock lasts while any process has the descriptor open: hand it to the parts, and a new start on the folder waits
    for the rest of an old one that was killed. Raises Unavailable.
    """
    try:
        data.mkdir(parents=True, exist_ok=True)
        lock = os.open(data / "demo.lock", os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as problem:
        raise Unavailable(f"The data folder {data} cannot be written: {problem.strerror}.") from None
    deadline = time.monotonic() + LEFTOVER_SECONDS
    while not _locked(lock):
        holder = os.pread(lock, 20, 0).decode().strip()
        if _alive(holder) or time.monotonic() > deadline:
            os.close(lock)
            raise Unavailable(f"The data folder {data} is in use by another demo (process {holder or 'unknown'}).")
        time.sleep(0.1)
    os.ftruncate(lock, 0)
    os.pwrite(lock, str(os.getpid()).encode(), 0)
    return lock


def check_port(port: int) -> None:
    """Raises Unavailable if nobody can listen on that port of the loopback address now."""
    if not 0 < port < 65536:
        raise Unavailable(f"{port} is no port: it must be between 1 and 65535.")
    with socket.socket() as probe:
        # Without this the port of a demo that has just stopped would count as taken for a minute.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
            probe.listen(1)
        except OSError as problem:
            why = "is in use" if problem.errno == errno.EADDRINUSE else f"cannot be used: {problem.strerror}"
            raise Unavailable(f"Port {port} {why}. Choose another: make demo PORT=8001") from None


def _locked(lock: int) -> bool:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _alive(holder: str) -> bool:
    if not holder.isdigit():
        return True  # it has the lock and is about to write who it is
    try:
        os.kill(int(holder), 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
