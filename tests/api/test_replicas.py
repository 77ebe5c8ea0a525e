"""Clients that copy a project miss nothing and see nothing twice, while all write and everything is killed."""

import threading
from collections.abc import Iterator
from pathlib import Path
from random import Random

import pytest
from django.db import connection

from agileml.journal.models import Change, Stream
from agileml.planning.models import Decision
from tests.api.client import Api
from tests.api.replica import read
from tests.api.writers import make_ground, write
from tests.examples.syncing import KeptCopy, assert_copied, assert_went_straight
from tests.factories import Cast, make_cast
from tests.web_server import WebServer

# What a long run must have come to, or it says little.
MADE = {
    *((kind, "created") for kind in ("ticket", "story", "decision", "finding", "comment", "snapshots", "proposal")),
    *((kind, "created") for kind in ("demo", "demo_item", "feedback", "goal_answer")),
    *((kind, "updated") for kind in ("ticket", "sprint", "decision", "proposal", "project")),
    *((kind, "updated") for kind in ("demo", "demo_item", "feedback")),
    ("ticket", "deleted"),
    ("story", "deleted"),
}

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def cast(transactional_db: None) -> Cast:
    cast = make_cast(replanners="team")
    make_ground(cast)
    return cast


class Keeping:
    """Keeps copies while a project is written to, and kills them and the server meanwhile."""

    def __init__(self, cast: Cast, web: WebServer, folder: Path, many: int) -> None:
        self.cast, self.web = cast, web
        tokens = [Api(cast.stakeholder, scope="read").secret for _ in range(many)]
        self.copies = [KeptCopy(folder / f"{at}.sqlite3", url=web.url, token=token) for at, token in enumerate(tokens)]

    def watch(self, changes: int, *, restarts: int, kills: int, writing: threading.Event) -> None:
        """Restart the server and kill copies, spread over the time in which `changes` are made."""
        dice = Random(7)
        began = self.revision()
        for copy in self.copies:
            copy.start()
        deeds = [(at + 1) / (restarts + 1) for at in range(restarts)], [(at + 0.5) / kills for at in range(kills)]
        plan = sorted([(at, "restart") for at in deeds[0]] + [(at, "kill") for at in deeds[1]])
        for at, deed in plan:
            while self.revision() < began + at * changes and writing.is_set():
                threading.Event().wait(0.05)
            if deed == "restart":
                self.web.restart()
            else:
                copy = dice.choice(self.copies)
                copy.kill()
                copy.start()

    def revision(self) -> int:
        return Stream.objects.get(pk=self.cast.project.stream_id).revision


@pytest.fixture
def keeping(cast: Cast, web: WebServer, tmp_path: Path) -> Iterator[Keeping]:
    found = Keeping(cast, web, tmp_path, 3)
    yield found
    for copy in found.copies:
        copy.kill()


def keep(keeping: Keeping, changes: int, *, restarts: int, kills: int) -> None:
    writing = threading.Event()
    writing.set()
    trouble: list[BaseException] = []

    def watch() -> None:
        try:
            keeping.watch(changes, restarts=restarts, kills=kills, writing=writing)
        except BaseException as error:  # noqa: BLE001 -- raised again where the test is
            trouble.append(error)
        finally:
            connection.close()

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        write(keeping.cast, changes, seed=changes)
    finally:
        writing.clear()
        watcher.join()
    if trouble:
        raise trouble[0]
    for copy in keeping.copies:
        copy.waits_for(keeping.revision())
    lists = read(Api(keeping.cast.lead))
    for copy in keeping.copies:
        assert_copied(copy, lists)
        assert_went_straight(copy.moves())


def test_three_copies_are_true_after_kills_and_a_restart(keeping: Keeping):
    keep(keeping, 80, restarts=1, kills=2)


@pytest.mark.soak
def test_three_copies_are_true_after_five_thousand_changes(keeping: Keeping):
    keep(keeping, 5000, restarts=2, kills=40)
    assert set(Change.objects.values_list("kind", "action")) >= MADE
    assert {"start", "replan", "received", "revert", "close"} <= set(Decision.objects.values_list("kind", flat=True))
