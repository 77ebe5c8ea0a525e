"""A column is one of many numbers, sent as one parameter."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from agileml.lib.among import Among
from agileml.work.models import Ticket
from tests.factories import Cast, make_tickets


def test_rows_are_those_whose_column_is_one_of_the_numbers(cast: Cast):
    make_tickets(cast, 4)
    assert [row.number for row in Ticket.objects.filter(Among("number", [2, 4, 99])).order_by("number")] == [2, 4]
    assert [row.number for row in Ticket.objects.exclude(Among("number", [2])).order_by("number")] == [1, 3, 4]


@pytest.mark.usefixtures("cast")
def test_nothing_is_one_of_none():
    assert not Ticket.objects.filter(Among("number", [])).exists()


@pytest.mark.usefixtures("cast")
def test_thousands_are_one_parameter():
    with CaptureQueriesContext(connection) as seen:
        assert not Ticket.objects.filter(Among("pk", range(1, 100_000))).exists()
    assert len(seen) == 1
