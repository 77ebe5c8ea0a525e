"""How many statements a write takes, or a look before it, however many tickets it is about."""

from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from agileml.metrics.models import Snapshot
from agileml.planning.actions import notes, progress
from agileml.planning.actions.decide import Why
from agileml.planning.models import Sprint
from agileml.planning.queries import plans
from agileml.planning.queries.preview import preview
from agileml.planning.rules.moves import MoveRequest, parse
from agileml.projects.doors import enter
from agileml.work.actions import create_story
from agileml.work.models import Ticket
from tests.factories import NOW, Cast, make_sprint, make_ticket, make_tickets, measure, replan

pytestmark = pytest.mark.django_db


def statements(act: Callable[[], Any]) -> int:
    """How many statements an action takes, without those that open and close its transaction."""
    with CaptureQueriesContext(connection) as queries:
        act()
    return sum("SAVEPOINT" not in query["sql"] for query in queries)


def board(cast: Cast, many: int) -> Sprint:
    make_tickets(cast, many)
    return make_sprint(cast, range(1, many + 1), active=True)


def replanned(cast: Cast, sprint: Sprint, skips: int, defers: int) -> int:
    moves = [{"move": "skip", "ticket": number} for number in range(1, skips + 1)]
    moves += [{"move": "defer", "ticket": number} for number in range(skips + 1, skips + defers + 1)]
    finding = {"kind": "refutes", "text": "More does not help."}
    row = notes.write_finding(project=cast.project, ticket=1, sent=finding, actor=cast.lead, now=NOW)
    why: dict[str, Any] = {"code": "finding_invalidates", "evidence": [{"finding": str(row.uid)}], "base": 1}
    return statements(lambda: replan(cast, sprint, *moves, **why))


@pytest.mark.parametrize(("skips", "defers"), [(3, 2), (30, 20)])
def test_a_replan_takes_as_many_statements_for_fifty_tickets_as_for_five(cast: Cast, skips: int, defers: int):
    assert replanned(cast, board(cast, 60), skips, defers) == 24


def test_a_card_moves_within_ten(cast: Cast):
    board(cast, 20)
    common: dict[str, Any] = {"project": cast.project, "actor": cast.member, "now": NOW}
    assert statements(lambda: progress.progress(number=3, to="in_progress", after=9, **common)) <= 8
    assert statements(lambda: progress.progress(number=3, to="done", outcome="shipped", before=9, **common)) <= 9


def test_a_ticket_is_created_within_twelve_and_added_to_the_sprint_within_twenty_four(cast: Cast):
    board(cast, 20)
    assert statements(lambda: make_ticket(cast)) <= 12
    assert statements(lambda: make_ticket(cast, sprint=1)) <= 24


def fifty_moves(**more: Any) -> list[dict[str, Any]]:
    """Fifty moves of every kind, on a board of sixty whose tickets 51 to 60 wait for the first ten."""
    part = {"title": "Half", "type": "engineering"} | more
    moves: list[dict[str, Any]] = [{"move": "skip", "ticket": number} for number in range(1, 16)]
    moves += [{"move": "defer", "ticket": number, "to": 2} for number in range(16, 26)]
    moves += [{"move": "change", "ticket": number, "set": {"story": 1}} for number in range(26, 36)]
    moves += [{"move": "remove", "ticket": number} for number in range(36, 41)]
    moves += [{"move": "split", "ticket": number, "into": [part, part]} for number in range(41, 45)]
    moves += [{"move": "add", "new": part} for _ in range(5)]
    return [*moves, {"move": "sprint", "set": {"goal": "Less"}}]


def test_a_preview_takes_as_many_statements_for_fifty_moves_as_for_five(cast: Cast):
    sprint = board(cast, 50)
    for number in range(1, 11):
        make_ticket(cast, sprint=1, depends_on=[number], criteria=[{"metric": "error", "op": "<=", "value": 0.02}])
    make_sprint(cast)
    create_story(project=cast.project, sent={"title": "Slant"}, actor=cast.lead, now=NOW)
    sent = {"kind": "refutes", "text": "More does not help."}
    finding = notes.write_finding(project=cast.project, ticket=1, sent=sent, actor=cast.lead, now=NOW)
    measure(cast, Ticket.objects.get(number=1), [0.1])
    evidence = [{"finding": str(finding.uid)}, {"snapshot": str(Snapshot.objects.get().uid)}]
    why = Why("finding_invalidates", "So.", evidence=evidence)
    access = enter(cast.member, cast.project.key)
    moves = parse(fifty_moves(assignee=str(cast.member.uid), depends_on=[60]))
    assert len(moves) == 50

    def look(some: list[MoveRequest]) -> None:
        seen = preview(access, sprint.number, some, why, today=NOW.date())
        assert seen.refusals == []

    few = statements(lambda: look([moves[at] for at in (0, 15, 25, 40, 49)]))
    assert statements(lambda: look(moves)) == few <= 15


def compared(sprint: Sprint, version: int) -> None:
    plans.difference_shape(sprint, plans.difference(sprint, 1, version))


def test_a_comparison_takes_as_many_statements_for_many_decisions_as_for_few(cast: Cast):
    sprint = board(cast, 5)
    for estimate in range(1, 21):
        replan(cast, sprint, {"move": "change", "ticket": 1, "set": {"estimate": estimate}})
    for many in (2, 21):
        assert statements(partial(compared, sprint, many)) == 2
