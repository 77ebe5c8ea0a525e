"""The Makefile finds a Python that runs, or says in one line what is missing."""

import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.source import ROOT

TOOLS = ("sh", "make", "env", "touch", "rm", "mkdir", "echo", "cat")

TOO_OLD = 'case "$*" in *version_info*) exit 1;; esac'
STAND_IN = 'echo "pyenv: command not found" >&2; exit 127'
WITHOUT_VENV = 'case "$*" in *ensurepip*) echo "ModuleNotFoundError" >&2; exit 1;; esac'
GOOD = """
if [ "$1 $2" = "-m venv" ]; then mkdir -p "$3/bin"; cat "$0" > "$3/bin/python"; chmod +x "$3/bin/python"; fi
"""
UV = """
if [ "$1" = venv ]; then mkdir -p .venv/bin; echo "exit 0" > .venv/bin/python; chmod +x .venv/bin/python; fi
"""


class Machine:
    """A folder with the Makefile, and a PATH with nothing on it but what a test puts there."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.bin = folder / "repository", folder / "bin"
        self.folder.mkdir()
        self.bin.mkdir()
        for name in ("Makefile", "pyproject.toml", "requirements.txt", "requirements-dev.txt"):
            shutil.copy(ROOT / name, self.folder)
        for tool in (*TOOLS, "chmod"):
            (self.bin / tool).symlink_to(shutil.which(tool) or "")

    def has(self, name: str, script: str) -> None:
        """Put a program on PATH that notes down how it was called."""
        program = self.bin / name
        program.write_text(f'#!/bin/sh\necho "{name} $*" >> {self.folder}/calls\n{script}\n')
        program.chmod(0o755)

    @property
    def calls(self) -> list[str]:
        """How the programs were called so far."""
        return (self.folder / "calls").read_text().splitlines()

    def make(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        env = {name: value for name, value in os.environ.items() if not name.startswith("MAKE")}
        return subprocess.run(
            [self.bin / "make", *arguments],
            cwd=self.folder,
            env=env | {"PATH": str(self.bin)},
            capture_output=True,
            text=True,
            check=False,
        )

    def complaint(self, *arguments: str) -> str:
        """What `make` says when it fails, apart from its own closing line about that."""
        run = self.make(*arguments)
        assert run.returncode != 0
        (line,) = [line for line in run.stderr.splitlines() if not line.startswith("make:")]
        return line


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


@pytest.mark.parametrize("target", ["demo", "test"])
def test_a_python_too_old_is_said_in_one_line(machine: Machine, target: str):
    machine.has("python3", TOO_OLD)
    assert machine.complaint(target).startswith("AgileML needs Python 3.11 or 3.12, and none that runs was found")


def test_no_python_at_all_is_said_in_one_line(machine: Machine):
    assert machine.complaint("demo").startswith("AgileML needs Python 3.11 or 3.12, and none that runs was found")


def test_a_python_without_venv_is_said_in_one_line(machine: Machine):
    machine.has("python3", WITHOUT_VENV)
    assert machine.complaint("demo").startswith(
        "AgileML needs a virtual environment, and python3 cannot make one: install its venv package"
    )


def test_a_stand_in_that_only_complains_is_passed_over(machine: Machine):
    machine.has("python3.12", STAND_IN)
    machine.has("python3.11", GOOD)
    assert machine.make(".venv/.runtime").returncode == 0
    assert "python3.11 -m venv .venv" in machine.calls


def test_a_python_that_can_make_environments_is_preferred_to_a_newer_one_that_cannot(machine: Machine):
    machine.has("python3.12", WITHOUT_VENV)
    machine.has("python3.11", GOOD)
    assert machine.make(".venv/.runtime").returncode == 0
    assert "python3.11 -m venv .venv" in machine.calls


def test_a_python_can_be_named(machine: Machine):
    machine.has("python3.12", GOOD)
    machine.has("mine", GOOD)
    assert machine.make(".venv/.made", "PYTHON=mine").returncode == 0
    assert "mine -m venv .venv" in machine.calls


def test_packages_are_installed_by_their_hashes_and_the_product_without_dependencies(machine: Machine):
    machine.has("python3.11", GOOD)
    run = machine.make(".venv/.dev")
    assert run.returncode == 0, run.stderr
    installs = [call.split("--disable-pip-version-check ")[1] for call in machine.calls if "pip install" in call]
    assert installs == [
        "--require-hashes -r requirements.txt",
        "--no-deps --no-build-isolation -e .",
        "--require-hashes -r requirements-dev.txt",
    ]


def test_uv_is_used_where_it_is_installed(machine: Machine):
    machine.has("python3.11", WITHOUT_VENV)
    machine.has("uv", UV)
    assert machine.make(".venv/.runtime").returncode == 0
    assert [call for call in machine.calls if call.startswith("uv ")] == [
        "uv venv --quiet --python python3.11 .venv",
        "uv pip install --quiet --python .venv/bin/python --require-hashes -r requirements.txt",
        "uv pip install --quiet --python .venv/bin/python --no-deps --no-build-isolation -e .",
    ]


def test_a_second_run_installs_nothing(machine: Machine):
    machine.has("python3.11", GOOD)
    machine.make(".venv/.dev")
    before = machine.calls
    assert machine.make(".venv/.dev").returncode == 0
    assert machine.calls == before


def test_a_changed_lock_is_installed(machine: Machine):
    machine.has("python3.11", GOOD)
    machine.make(".venv/.runtime")
    before = machine.calls
    (machine.folder / "requirements.txt").write_text("# another\n")
    os.utime(machine.folder / "requirements.txt", (4e9, 4e9))
    machine.make(".venv/.runtime")
    assert any("-r requirements.txt" in call for call in machine.calls[len(before) :])


def test_port_and_folder_reach_the_demo(machine: Machine):
    run = machine.make("-n", "demo", "PORT=8123", "DATA=/some/folder with a space")
    assert 'AGILEML_DATA="/some/folder with a space"' in run.stdout
    assert '--port "8123" --data "/some/folder with a space"' in run.stdout


def test_a_copy_of_another_machines_environment_is_made_anew(machine: Machine):
    (machine.folder / ".venv" / "bin").mkdir(parents=True)
    (machine.folder / ".venv" / "bin" / "python").symlink_to("/nowhere/python")
    machine.has("python3.11", GOOD)
    assert machine.make(".venv/.made").returncode == 0
    assert "python3.11 -m venv .venv" in machine.calls


def commands(machine: Machine, target: str) -> Callable[[str], bool]:
    planned = machine.make("-n", target).stdout
    return lambda words: words in planned


def test_the_suite_runs_on_both_back_ends_after_linting(machine: Machine):
    planned = commands(machine, "test")
    for words in ("ruff check", "ruff format --check", "mypy", "djlint", "lint-imports"):
        assert planned(words)
    assert planned("AGILEML_TEST_BACKEND=sqlite")
    assert planned("AGILEML_TEST_BACKEND=full")
