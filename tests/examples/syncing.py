"""Copies of a project kept by the example client, each by a process of its own."""

import importlib.util
import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

from tests.source import ROOT

CLIENT = ROOT / "examples" / "sync_client.py"
SECONDS = 120  # far more than anything here takes

# What the client itself need not keep: from where to where its cursor went, each time that it moved.
LOG = """
CREATE TABLE IF NOT EXISTS moved (began, reached);
CREATE TRIGGER IF NOT EXISTS log AFTER UPDATE OF after ON cursor WHEN new.after <> old.after
BEGIN INSERT INTO moved VALUES (old.after, new.after); END;
"""


def example() -> ModuleType:
    """The example as a module."""
    spec = importlib.util.spec_from_file_location("sync_client", CLIENT)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


class KeptCopy:
    """A copy in a file, and the process that keeps it at the moment."""

    def __init__(self, file: Path, *, url: str, token: str, project: str = "TST") -> None:
        self.file, self.project = file, project
        self.env = {"PATH": os.environ["PATH"], "AGILEML_URL": url, "AGILEML_TOKEN": token}
        self.process: subprocess.Popen[bytes] | None = None
        example().Copy(str(file), project, url, token)
        self._database().executescript(LOG)

    def start(self, *arguments: str) -> None:
        """Run the client as it stands."""
        self.process = subprocess.Popen(
            [sys.executable, str(CLIENT), self.project, str(self.file), *arguments],
            env=self.env,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )

    def kill(self) -> None:
        """End it as no program is ready for."""
        if self.process is not None:
            self.process.send_signal(signal.SIGKILL)
            self.process.communicate()
            self.process = None

    def catch_up(self) -> None:
        """Have it read to the end, and end."""
        self.kill()
        self.start("--once")
        assert self.process is not None
        said, _ = self.process.communicate(timeout=SECONDS)
        assert self.process.returncode == 0, said.decode()
        self.process = None

    def waits_for(self, revision: int) -> None:
        """Wait until it has got that far by itself."""
        deadline = time.monotonic() + SECONDS
        while self.after() < revision:
            assert time.monotonic() < deadline, f"it is at {self.after()} and never came to {revision}"
            time.sleep(0.02)

    def after(self) -> int:
        """How far it is; -1 before it has read the lists."""
        found = self._database().execute("SELECT after FROM cursor").fetchone()
        return int(found[0]) if found else -1

    def rows(self) -> dict[str, dict[str, dict[str, Any]]]:
        """What it keeps, by kind and uid."""
        found: dict[str, dict[str, dict[str, Any]]] = {kind: {} for kind in example().LISTS}
        for kind, uid, body in self._database().execute("SELECT kind, uid, body FROM row"):
            found[kind][uid] = json.loads(body)
        return found

    def moves(self) -> list[tuple[int, int]]:
        """From where to where its cursor went, in order."""
        return self._database().execute("SELECT began, reached FROM moved ORDER BY rowid").fetchall()

    def _database(self) -> sqlite3.Connection:
        return sqlite3.connect(self.file, timeout=SECONDS)


def assert_went_straight(moves: list[tuple[int, int]]) -> None:
    """Each step began where the one before ended: no change was left out, none was taken twice."""
    assert all(began < reached for began, reached in moves)
    assert [began for began, _ in moves[1:]] == [reached for _, reached in moves[:-1]]


def assert_copied(copy: KeptCopy, lists: Mapping[str, Any]) -> None:
    """The copy is what the lists show; else only what differs is told."""
    rows = copy.rows()
    assert rows.keys() == lists.keys()
    for kind, wanted in lists.items():
        assert rows[kind].keys() == wanted.keys(), kind
        wrong = {uid: (rows[kind][uid], row) for uid, row in wanted.items() if rows[kind][uid] != row}
        assert not wrong, (kind, wrong)
