"""The calls that have a budget."""

import itertools
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

from agileml.planning.actions import decide, notes, progress, tickets
from agileml.planning.actions.decide import Why
from agileml.planning.queries.preview import preview
from agileml.planning.rules.moves import parse
from agileml.projects import doors
from agileml.projects.actions import issue_token
from agileml.work.actions import add_comment
from benchmarks.measure import Measured, measure
from benchmarks.scene import ON_THE_BOARD, Scene


def run(scene: Scene) -> list[Measured]:
    """Measure each of them, reads first."""
    return [*reads(scene), *writes(scene)]


def reads(scene: Scene) -> Iterator[Measured]:
    """The board: full, and when nothing has changed; a re-plan before it is decided; a long history; the feed."""
    browser = scene.browser
    board = "/p/BEN/sprints/1/"
    first = browser.get(board)
    yield measure(
        "board of 200", lambda: browser.get(board), browser=browser, budget="12 SQL, 120 kB, 14 kB gzip, 15 ms"
    )
    tag = first.headers["ETag"]
    same = browser.get(board, headers={"if-none-match": tag})
    if same.status_code != 304:
        raise SystemExit(f"The unchanged board answered {same.status_code}, not 304.")
    yield measure(
        "board unchanged (304)",
        lambda: browser.get(board, headers={"if-none-match": tag}),
        browser=browser,
        budget="3 SQL, 1.5 ms",
    )
    access = doors.enter(scene.lead, scene.project.key)
    moves = parse([{"move": "skip", "ticket": number} for number in range(21, 71)])
    why = Why("priority", "Measured.")
    yield measure(
        "preview of 50",
        lambda: preview(access, 1, moves, why, today=scene.now.date()),
        browser=browser,
        budget="15 SQL, 60 ms",
        times=10,
    )
    yield measure(
        "history of 100 decisions",
        lambda: browser.get(f"/p/BEN/sprints/{scene.long}/history/"),
        browser=browser,
        budget="10 SQL, 200 ms",
        times=10,
    )
    feed = "/api/v1/projects/BEN/changes/?limit=1000"
    for _ in range(1000):
        add_comment(project=scene.project, ticket=1, text="Measured.", actor=scene.lead, now=scene.now)
    told = browser.get(feed).json()
    if len(told.get("changes", ())) != 1000:
        raise SystemExit("The feed does not answer with a thousand changes.")
    yield measure(
        "feed of 1,000 changes",
        lambda: browser.get(feed),
        browser=browser,
        budget="20 ms",
        times=10,
    )


def writes(scene: Scene) -> Iterator[Measured]:
    """A card, a ticket, a push, and the re-plan of fifty tickets."""
    common: dict[str, Any] = {"project": scene.project, "actor": scene.lead, "now": scene.now + timedelta(minutes=1)}
    browser = scene.browser
    places = itertools.cycle(["in_progress", "todo"])
    yield measure(
        "move a card",
        lambda: progress.progress(number=3, to=next(places), before=7, **common),
        browser=browser,
        budget="10 SQL, 6 ms",
    )
    yield measure(
        "create a ticket",
        lambda: tickets.create_ticket(sent={"type": "engineering", "title": "One more"}, **common),
        browser=browser,
        budget="12 SQL, 8 ms",
    )
    serial = itertools.count()
    token = issue_token(user=scene.lead, name="bench", scope="metrics", now=scene.now)
    yield measure(
        "push of 1,000 points",
        lambda: browser.post(
            "/api/v1/tickets/BEN-11/snapshots/",
            _push(next(serial)),
            content_type="application/json",
            headers={"authorization": f"Bearer {token}"},
        ),
        browser=browser,
        budget="12 SQL, 60 ms",
        times=5,
    )

    yield measure(
        "re-plan of 50, with evidence", _replans(common), browser=browser, budget="25 SQL, 60 ms", times=2, cold=True
    )


def _replans(common: dict[str, Any]) -> Callable[[], None]:
    """Each call skips the next fifty tickets of the sprint."""
    sent = {"kind": "refutes", "text": "Measured."}
    finding = notes.write_finding(ticket=1, sent=sent, **common)
    why = Why("finding_invalidates", "Measured.", evidence=[{"finding": str(finding.uid)}])
    firsts = iter(range(21, ON_THE_BOARD - 49, 50))

    def call() -> None:
        first = next(firsts)
        moves = [{"move": "skip", "ticket": number} for number in range(first, first + 50)]
        decide.decide(sprint=1, base_version=None, why=why, moves=parse(moves), **common)

    return call


def _push(serial: int) -> dict[str, object]:
    return {
        "external_id": f"thousand {serial}",
        "candidate": "thousand",
        "points": [{"metric": f"m{at % 10}", "value": at / 1000, "step": at // 10} for at in range(1000)],
    }
