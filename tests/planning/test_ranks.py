"""The order of tickets: a card that moves gets a key between its new neighbours, and nobody else moves."""

import random
from typing import Any

import pytest
from django.db import connection

from agileml.journal.models import Change
from agileml.lib import ranks
from agileml.lib.fields import Invalid
from agileml.planning.actions import progress, tickets
from agileml.work.models import Ticket
from tests.factories import NOW, Cast, make_tickets
from tests.planning.mirror import Mirror, check_feed, images

pytestmark = pytest.mark.django_db


def order(cast: Cast) -> list[int]:
    rows = Ticket.objects.alive().filter(project=cast.project).order_by("rank", "number")
    return list(rows.values_list("number", flat=True))


def move(cast: Cast, ticket: int, **where: Any) -> None:
    progress.progress(project=cast.project, number=ticket, to=None, actor=cast.member, now=NOW, **where)


@pytest.mark.parametrize(
    ("where", "expected"),
    [
        ({"before": 1}, [4, 1, 2, 3, 5]),
        ({"before": 3}, [1, 2, 4, 3, 5]),
        ({"after": 1}, [1, 4, 2, 3, 5]),
        ({"after": 5}, [1, 2, 3, 5, 4]),
        ({"after": 3}, [1, 2, 3, 4, 5]),
    ],
)
def test_a_card_goes_right_before_or_right_after_another(
    cast: Cast, tickets: list[Ticket], where: dict[str, int], expected: list[int]
):
    was = {ticket.number: ticket.rank for ticket in tickets}
    move(cast, 4, **where)
    assert order(cast) == expected
    now = dict(Ticket.objects.values_list("number", "rank"))
    assert {number for number, rank in now.items() if rank != was[number]} <= {4}


@pytest.mark.parametrize("where", [{"before": 4}, {"after": 9}, {"before": 9}])
def test_it_goes_beside_another_ticket_of_the_project_only(cast: Cast, tickets: list[Ticket], where: dict[str, int]):
    with pytest.raises(Invalid):
        move(cast, 4, **where)


def test_a_deleted_ticket_is_no_neighbour(cast: Cast, tickets: list[Ticket]):
    delete(cast, 3)
    with pytest.raises(Invalid):
        move(cast, 1, after=3)
    move(cast, 5, after=2)
    assert order(cast) == [1, 2, 5, 4]


def delete(cast: Cast, number: int) -> None:
    tickets.delete_ticket(project=cast.project, number=number, expected_version=None, actor=cast.lead, now=NOW)


@pytest.mark.parametrize(("where", "expected"), [({"before": 3}, [1, 2, 5, 3, 4]), ({"after": 2}, [1, 2, 5, 3, 4])])
def test_between_neighbours_that_share_a_key_all_are_laid_out_anew(
    cast: Cast, tickets: list[Ticket], where: dict[str, int], expected: list[int]
):
    Ticket.objects.filter(number__in=[2, 3]).update(rank=tickets[2].rank)
    move(cast, 5, **where)
    assert order(cast) == expected
    assert len(set(Ticket.objects.values_list("rank", flat=True))) == 5


def test_keys_that_grow_long_are_laid_out_anew_and_the_feed_says_so(cast: Cast, tickets: list[Ticket]):
    mirror = Mirror(cast.project)
    delete(cast, 1)
    expected = [2, 3, 4, 5]
    for turn in range(400):
        mover, anchor = expected[-1 - turn % 2], expected[0]
        move(cast, mover, after=anchor)
        expected.remove(mover)
        expected.insert(1, mover)
    assert order(cast) == expected
    assert max(map(len, Ticket.objects.values_list("rank", flat=True))) <= ranks.REBALANCE_FROM
    assert Change.objects.filter(kind="project", action="updated").exists()
    check_feed(mirror, images(cast.project))


def test_the_database_orders_keys_as_they_were_made_whatever_its_language(cast: Cast, tickets: list[Ticket]):
    """Upper and lower case lie apart in bytes and beside each other in a language: "Zz" < "a0", yet "a" before "Z"."""
    made = ["Zz", "a0", "a0V", "a1", "aZ", "aa", "b00"]
    make_tickets(cast, 2)
    numbers = list(range(1, 8))
    random.Random(7).shuffle(numbers)
    for number, key in zip(numbers, made, strict=True):
        Ticket.objects.filter(number=number).update(rank=key)
    assert order(cast) == numbers
    assert list(Ticket.objects.filter(rank__lt="a").values_list("rank", flat=True)) == ["Zz"]
    move(cast, numbers[0], after=numbers[4])
    assert order(cast) == [*numbers[1:5], numbers[0], *numbers[5:]]


def test_the_column_says_so_itself(cast: Cast):
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            columns = "information_schema.columns WHERE table_name = 'work_ticket' AND column_name = 'rank'"
            cursor.execute(f"SELECT collation_name FROM {columns}")
            assert cursor.fetchone() == ("C",)
        else:
            cursor.execute("SELECT sql FROM sqlite_master WHERE name='work_ticket'")
            column = next(part for part in cursor.fetchone()[0].split(", ") if part.startswith('"rank"'))
            assert "COLLATE BINARY" in column.replace('"', "")
