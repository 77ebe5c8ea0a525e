"""A stand-in for a part of the product: `python -m tests.ops.fake_part FOLDER NAME [stubborn|dying|silent]`.

Leaves its process id, and that of a child that it starts, in FOLDER, and then waits.
"""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path


def main(folder: Path, name: str, manner: str = "") -> None:
    """Behave in the given manner."""
    if manner == "stubborn":
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
    child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
    (folder / f"{name}.{os.getpid()}.pid").touch()
    (folder / f"{name}-child.{child.pid}.pid").touch()
    print(f"{name} is up", flush=True)
    if manner == "dying":
        sys.exit(3)
    if manner != "silent":
        (folder / f"{name}.ready").touch()
    time.sleep(600)


if __name__ == "__main__":
    main(Path(sys.argv[1]), *sys.argv[2:])
