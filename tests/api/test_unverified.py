"""Tickets that mirror one of another system: closed on its word, and honestly marked so."""

from typing import Any

import pytest

from agileml.projects.models import ExternalRef
from agileml.work.models import Ticket
from tests.api.client import Api, codes
from tests.api.replica import Replica, read
from tests.factories import Cast, make_sprint, make_ticket
from tests.web.browsing import browser_of

CLOSE = {"to": "done", "external": True}


@pytest.fixture
def mirrored(cast: Cast) -> Ticket:
    """Ticket 1 of an active sprint, which its type asks an opinion of, known elsewhere as JIRA-7."""
    row = make_ticket(cast, type="review")
    make_sprint(cast, [1], active=True)
    ExternalRef.objects.create(
        project=cast.project, kind="ticket", object_uid=row.uid, system="jira", external_id="JIRA-7"
    )
    return row


def test_it_is_closed_on_the_other_systems_word_and_says_so_everywhere(cast: Cast, mirrored: Ticket):
    api = Api(cast.member)
    assert api.post("tickets/1/status/", {"to": "done", "outcome": "shipped"}, status=409)["code"] == "done_rule"
    replica = Replica(api)
    closed = api.post("tickets/1/status/", CLOSE | {"outcome": "shipped"}, status=200)
    assert (closed["status"], closed["outcome"], closed["unverified"]) == ("done", "shipped", True)
    assert api.post("tickets/1/status/", CLOSE, status=200)["revision"] == closed["revision"]
    replica.follow()
    assert replica.rows == read(api)
    browser = browser_of(cast.lead)
    page = browser.get("/p/TST/tickets/1/").content.decode()
    assert ">unverified</span>" in page
    assert "called it shipped as another system says, unverified" in page
    assert "shipped, unverified" in browser.get("/p/TST/").content.decode()


def test_without_a_word_on_how_it_ended_it_is_the_weaker_of_the_two(cast: Cast, mirrored: Ticket):
    assert Api(cast.member).post("tickets/1/status/", CLOSE, status=200)["outcome"] == "learned"


def test_opened_and_closed_again_here_it_is_verified(cast: Cast, mirrored: Ticket):
    api = Api(cast.member)
    api.post("tickets/1/status/", CLOSE, status=200)
    opened = api.post("tickets/1/status/", {"to": "in_review"}, status=200)
    assert (opened["outcome"], opened["unverified"]) == (None, False)
    assert api.post("tickets/1/status/", {"to": "done", "outcome": "learned"}, status=409)["code"] == "done_rule"
    done = {"to": "done", "outcome": "learned", "opinion": {"opinion": "accept"}}
    assert api.post("tickets/1/status/", done, status=200)["unverified"] is False


def test_what_no_other_system_has_is_closed_by_what_its_type_needs(cast: Cast):
    make_ticket(cast)
    problem = Api(cast.lead).post("tickets/1/status/", CLOSE | {"outcome": "learned"}, status=409)
    assert (problem["code"], Ticket.objects.get().status) == ("not_mirrored", "todo")


@pytest.mark.parametrize(
    ("sent", "status", "code"),
    [
        ({"to": "in_progress", "external": True}, 422, "invalid"),
        ({"to": "skipped", "external": True}, 422, "invalid"),
        ({"to": "done", "external": "yes"}, 422, "invalid"),
        (CLOSE | {"outcome": "demoed"}, 409, "done_rule"),
        (CLOSE | {"from": "in_review"}, 409, "moved"),
    ],
)
def test_the_word_is_taken_for_done_alone(cast: Cast, mirrored: Ticket, sent: dict[str, Any], status: int, code: str):
    assert Api(cast.member).post("tickets/1/status/", sent, status=status)["code"] == code
    assert Ticket.objects.get().status == "todo"


def test_a_skipped_one_stays_so_until_that_is_decided(cast: Cast, mirrored: Ticket):
    Ticket.objects.update(status="skipped")
    problem = Api(cast.member).post("tickets/1/status/", CLOSE, status=409)
    assert (problem["code"], codes(problem)) == ("needs_decision", [])
