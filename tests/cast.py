"""The fixed cast: one project, one person of each role, and an outsider."""

import pytest

from agileml.planning.models import Sprint
from agileml.work.models import Ticket
from tests.factories import Cast, make_cast, make_sprint, make_tickets


@pytest.fixture
def cast(db: None) -> Cast:
    """A project with a lead, a member and a stakeholder, and an outsider who is in none."""
    return make_cast()


@pytest.fixture
def tickets(cast: Cast) -> list[Ticket]:
    """Five engineering tickets, numbered 1 to 5."""
    return make_tickets(cast, 5)


@pytest.fixture
def sprint(cast: Cast, tickets: list[Ticket]) -> Sprint:
    """An active sprint at plan v1 with tickets 1 to 4; ticket 5 is in the backlog."""
    return make_sprint(cast, [1, 2, 3, 4], active=True, goal="Know what works", increment="A reader")
