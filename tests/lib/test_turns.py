"""At most so many at once of the same name, over processes."""

import subprocess
import sys
from pathlib import Path

import pytest

from agileml.lib.turns import Busy, turn

HOLDING = """
import sys
from pathlib import Path
from agileml.lib.turns import turn
with turn("a", folder=Path(sys.argv[1]), of=2, within=1):
    print("held", flush=True)
    sys.stdin.read()
"""


def test_the_third_of_two_waits_in_vain_and_another_name_does_not(tmp_path: Path):
    with turn("a", folder=tmp_path, of=2, within=0), turn("a", folder=tmp_path, of=2, within=0):
        with pytest.raises(Busy), turn("a", folder=tmp_path, of=2, within=0.1):
            pass
        with turn("b", folder=tmp_path, of=2, within=0):
            pass
    with turn("a", folder=tmp_path, of=2, within=0):
        pass


def test_a_turn_of_another_process_counts_and_ends_with_it(tmp_path: Path):
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLDING, str(tmp_path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        cwd=Path(__file__).parents[2],
    )
    assert holder.stdout.readline() == b"held\n"
    with turn("a", folder=tmp_path, of=2, within=0), pytest.raises(Busy), turn("a", folder=tmp_path, of=2, within=0):
        pass
    holder.kill()
    holder.communicate()
    with turn("a", folder=tmp_path, of=2, within=1), turn("a", folder=tmp_path, of=2, within=1):
        pass


def test_what_fails_in_a_turn_fails_outside_of_it(tmp_path: Path):
    with pytest.raises(BlockingIOError), turn("a", folder=tmp_path, of=1, within=0):
        raise BlockingIOError
    with turn("a", folder=tmp_path, of=1, within=0):
        pass
