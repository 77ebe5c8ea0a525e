"""Many people put tickets in order at once, each on a connection of their own: there is one order in the end."""

import random
from collections.abc import Callable
from typing import Any

import pytest

from agileml.lib import ranks
from agileml.planning.actions.progress import progress
from agileml.projects.models import Project
from agileml.work.models import Ticket
from tests.factories import NOW, Cast, make_cast, make_tickets
from tests.planning.mirror import Mirror, check_feed, images
from tests.threads import at_once

pytestmark = pytest.mark.django_db(transaction=True)
THE_COLUMN_HOLDS = 255


def a_writer(cast: Cast, seed: int, moves: int, numbers: list[int]) -> Callable[[], int]:
    """Moves tickets about at random, mostly near the top, where keys grow longest."""
    chance = random.Random(seed)

    def write() -> int:
        for _ in range(moves):
            moved, beside = chance.sample(numbers if chance.random() < 0.5 else numbers[:4], 2)
            where: dict[str, Any] = {chance.choice(["before", "after"]): beside}
            progress(project=cast.project, number=moved, to=None, actor=cast.member, now=NOW, **where)
        return moves

    return write


def reorder(cast: Cast, *, writers: int, each: int, tickets: int) -> None:
    numbers = [ticket.number for ticket in make_tickets(cast, tickets)]
    mirror = Mirror(cast.project)
    done = at_once(*[a_writer(cast, seed, each, numbers) for seed in range(writers)])
    assert done == [each] * writers
    check_order(cast.project, numbers)
    check_feed(mirror, images(cast.project))


def check_order(project: Project, numbers: list[int]) -> None:
    rows = list(Ticket.objects.filter(project=project).order_by("rank", "number").values_list("rank", "number"))
    assert sorted(number for _, number in rows) == numbers
    assert len({rank for rank, _ in rows}) == len(rows), "two tickets share a place"
    assert max(len(rank) for rank, _ in rows) <= ranks.REBALANCE_FROM < THE_COLUMN_HOLDS
    assert Ticket._meta.get_field("rank").max_length == THE_COLUMN_HOLDS
    assert set(Ticket.objects.filter(project=project).values_list("version", flat=True)) == {1}


def test_sixty_moves_by_three_people_leave_one_order():
    reorder(make_cast(), writers=3, each=20, tickets=12)


@pytest.mark.soak
def test_a_thousand_moves_by_eight_people_leave_one_order():
    reorder(make_cast(), writers=8, each=125, tickets=40)
