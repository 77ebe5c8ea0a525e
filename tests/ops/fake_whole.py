"""Runs fake parts under the real supervisor: `python -m tests.ops.fake_whole FOLDER [NAME=MANNER]…`."""

import os
import signal
import sys
from pathlib import Path

from agileml.ops.supervisor import GaveUp, Part, Patience, Supervisor


def main(folder: Path, manners: dict[str, str]) -> None:
    """Run them until told to stop."""
    parts = [
        Part(name, "tests.ops.fake_part", (str(folder), name, manner), ready=(folder / f"{name}.ready").exists)
        for name, manner in manners.items()
    ]
    patience = Patience(look=0.05, ready=10, stop=1, first_pause=0.05, deaths=3)
    signal.signal(signal.SIGHUP, signal.SIG_DFL)  # as from a terminal, also where the tests were started by nohup
    supervisor = Supervisor(
        parts, env=os.environ, cwd=Path.cwd(), say=lambda line: print(line, flush=True), patience=patience
    )
    with supervisor.heeding_signals():
        try:
            supervisor.run(lambda: print("all ready", flush=True))
        except GaveUp as reason:
            sys.exit(str(reason))
    print("stopped", flush=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]), dict(argument.split("=") for argument in sys.argv[2:]))
