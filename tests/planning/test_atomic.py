"""All or nothing: whatever breaks a write half-way, nothing of it is left."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.db import DatabaseError, connection

from agileml.planning.actions import sprints, take_back, tickets
from agileml.planning.models import Decision, Sprint
from agileml.planning.rules.starting import Destination
from tests.factories import NOW, Cast, make_sprint, replan
from tests.planning.mirror import everything, images

MOVES: list[dict[str, Any]] = [
    {"move": "skip", "ticket": 1},
    {"move": "defer", "ticket": 2, "to": 2, "to_base_version": 1},
    {
        "move": "add",
        "new": {"type": "review", "title": "New", "criteria": [{"metric": "f1", "op": ">=", "value": 0.9}]},
    },
    {"move": "split", "ticket": 3, "into": [{"type": "review", "title": "Part"}]},
    {"move": "change", "ticket": 4, "set": {"estimate": 2}},
    {"move": "sprint", "set": {"goal": "Another"}},
]


class Broken(DatabaseError):
    """What the database says when it goes away."""


@contextmanager
def breaking_at(statement: int) -> Iterator[list[str]]:
    """Let the database refuse the nth statement that writes rows; yields those that came through before."""
    written: list[str] = []

    def wrapper(execute: Callable[..., Any], sql: str, params: Any, many: bool, context: Any) -> Any:
        if sql.startswith(("INSERT", "UPDATE", "DELETE")):
            if len(written) == statement:
                raise Broken
            written.append(sql)
        return execute(sql, params, many, context)

    with connection.execute_wrapper(wrapper):
        yield written


def whole(cast: Cast) -> Any:
    sprints = Sprint.objects.order_by("pk").values_list("pk", "state", "plan_version", "replans", "goal", "revision")
    return everything(), images(cast.project), list(sprints)


ACTS: dict[str, Callable[[Cast, Sprint], Any]] = {
    "a re-plan with a received": lambda cast, sprint: replan(cast, sprint, *MOVES),
    "a start": lambda cast, sprint: sprints.start_sprint(project=cast.project, number=3, actor=cast.lead, now=NOW),
    "a close": lambda cast, sprint: sprints.close_sprint(
        project=cast.project,
        number=1,
        destinations={1: Destination("skip"), 2: Destination("backlog"), 3: Destination("sprint", 2, 1),
                      4: Destination("sprint", 3)},
        actor=cast.lead,
        now=NOW,
    ),
    "a taking back": lambda cast, sprint: take_back.take_back(
        project=cast.project, decision=str(Decision.objects.get(sprint=sprint, version=1).uid), actor=cast.lead, now=NOW
    ),
    "a new ticket": lambda cast, sprint: tickets.create_ticket(
        project=cast.project, sent={"type": "review", "title": "New", "depends_on": [1]},
        sprint=1, actor=cast.lead, now=NOW,
    ),
    "a tombstone": lambda cast, sprint: tickets.delete_ticket(
        project=cast.project, number=6, expected_version=None, actor=cast.lead, now=NOW
    ),
}  # fmt: skip


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("act", ACTS)
def test_whichever_statement_fails_nothing_of_it_is_left(cast: Cast, sprint: Sprint, act: str):
    make_sprint(cast, active=True)
    make_sprint(cast, [5])
    tickets.create_ticket(
        project=cast.project, sent={"type": "review", "title": "Unused"}, sprint=3, actor=cast.lead, now=NOW
    )
    before = whole(cast)
    statement, failed = 0, True
    while failed:
        with breaking_at(statement) as written:
            try:
                ACTS[act](cast, sprint)
                failed = False
            except Broken:
                statement += 1
        if failed:
            assert whole(cast) == before, f"what follows was left behind: {written}"
    assert statement > 4, "it hardly wrote at all"
    assert whole(cast) != before
