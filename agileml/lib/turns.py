"""Taking turns: at most so many at once of the same name, over all processes of this machine."""

import fcntl
import hashlib
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

PAUSE_SECONDS = 0.05


class Busy(Exception):
    """All turns were taken for as long as we would wait."""


@contextmanager
def turn(name: str, *, folder: Path, of: int, within: float) -> Iterator[None]:
    """Hold one of `of` turns; waits up to `within` seconds. A turn ends with its process, however that ends.

    Raises Busy.
    """
    folder.mkdir(parents=True, exist_ok=True)
    stem = hashlib.sha256(name.encode()).hexdigest()[:16]
    ends = time.monotonic() + within
    while True:
        for place in range(of):
            file = os.open(folder / f"{stem}.{place}", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            try:
                if _taken(file):
                    yield
                    return
            finally:
                os.close(file)  # which ends the turn too
        if time.monotonic() >= ends:
            raise Busy
        time.sleep(PAUSE_SECONDS)


def _taken(file: int) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
