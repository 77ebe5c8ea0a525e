"""What needs what: never in a circle, and never something of another project."""

from typing import Any

import pytest

from agileml.lib.fields import Invalid
from agileml.planning.actions import tickets
from agileml.planning.models import Sprint
from agileml.work.models import Dependency, Ticket
from tests.factories import NOW, Cast, make_cast, make_ticket, make_tickets, replan
from tests.planning.mirror import images

pytestmark = pytest.mark.django_db


def needs(cast: Cast, number: int, *others: int) -> None:
    tickets.edit_ticket(
        project=cast.project,
        number=number,
        sent={"depends_on": list(others)},
        expected_version=None,
        actor=cast.member,
        now=NOW,
    )


def refused(cast: Cast, number: int, *others: int) -> list[tuple[str, str, str]]:
    with pytest.raises(Invalid) as invalid:
        needs(cast, number, *others)
    return [(error.pointer, error.code, error.message) for error in invalid.value.errors]


def test_a_ticket_says_what_it_needs_first(cast: Cast, tickets: list[Ticket]):
    needs(cast, 3, 2, 1)
    assert images(cast.project)[3]["depends_on"] == [1, 2]
    needs(cast, 3, 2, 4)
    assert images(cast.project)[3]["depends_on"] == [2, 4]
    needs(cast, 3)
    assert Dependency.objects.count() == 0


def test_a_circle_is_refused_with_the_way_round(cast: Cast, tickets: list[Ticket]):
    needs(cast, 1, 2)
    needs(cast, 2, 3)
    message = "These would wait for each other: TST-3 → TST-1 → TST-2 → TST-3."
    assert refused(cast, 3, 4, 1) == [("/depends_on", "circle", message)]
    assert images(cast.project)[3]["depends_on"] == []


def test_no_ticket_needs_itself(cast: Cast, tickets: list[Ticket]):
    assert refused(cast, 1, 1)[0][1] == "circle"


def test_a_circle_that_is_opened_in_the_same_edit_is_none(cast: Cast, tickets: list[Ticket]):
    needs(cast, 1, 2)
    needs(cast, 1, 3)
    needs(cast, 2, 1)
    assert images(cast.project)[2]["depends_on"] == [1]


def test_a_ticket_of_another_project_is_no_need_here(cast: Cast, tickets: list[Ticket]):
    make_tickets(make_cast("OTH"), 9)
    assert refused(cast, 1, 7)[0][:2] == ("/depends_on/0", "unknown")


def test_new_tickets_of_a_decision_may_need_others(cast: Cast, sprint: Sprint):
    new: dict[str, Any] = {"type": "review", "title": "New", "depends_on": [1, 2]}
    replan(cast, sprint, {"move": "add", "new": new})
    assert images(cast.project)[6]["depends_on"] == [1, 2]


def test_what_is_skipped_is_still_needed(cast: Cast, sprint: Sprint):
    make_ticket(cast, depends_on=[1])
    replan(cast, sprint, {"move": "skip", "ticket": 1})
    assert images(cast.project)[6]["depends_on"] == [1]
