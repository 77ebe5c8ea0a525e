"""How many statements a write takes, however many tickets it is about."""

from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from agileml.planning.actions import notes, progress
from agileml.planning.models import Sprint
from tests.factories import NOW, Cast, make_sprint, make_ticket, make_tickets, replan

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
