"""Runs a module as a process that ends with the one that started it.

`python -m agileml.ops.child MODULE ARGUMENT…` is `python -m MODULE ARGUMENT…` in a process group of its own, which ends
when its standard input closes. The starter holds the other end of that pipe, so even if it is killed with -9, and can
tell nobody, the pipe closes and no web server or worker is left behind on its port and its data.
"""

import os
import runpy
import signal
import sys
import threading
import time

GRACE_SECONDS = 3


def _end_with(pipe: int) -> None:
    while os.read(pipe, 4096):
        pass
    os.killpg(0, signal.SIGTERM)
    time.sleep(GRACE_SECONDS)
    os.killpg(0, signal.SIGKILL)


def main(arguments: list[str]) -> None:
    """Become the module named by the first argument."""
    if os.getpgrp() != os.getpid():
        os.setpgid(0, 0)  # the signals of _end_with must reach our own children and nobody else
    pipe = os.dup(0)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    threading.Thread(target=_end_with, args=(pipe,), daemon=True).start()
    sys.argv = arguments
    runpy.run_module(arguments[0], run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main(sys.argv[1:])
