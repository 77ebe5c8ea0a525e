"""A ticket's page in a browser: what is done in its dialogs shows at once, and what is being written stays."""

from typing import Any

import pytest
from playwright.sync_api import Page, expect

from agileml.planning.models import Sprint
from agileml.work.models import Finding, Ticket
from tests.factories import Cast, make_cast, make_sprint, make_tickets
from tests.web.browsing import browser_of


@pytest.fixture
def cast(transactional_db: None) -> Cast:
    return make_cast()


@pytest.fixture
def sprint(cast: Cast) -> Sprint:
    make_tickets(cast, 2)
    return make_sprint(cast, [1, 2], active=True)


@pytest.fixture
def ticket(browser_page: Page, live_server: Any, cast: Cast, sprint: Sprint) -> Page:
    """The page of the first ticket as a member sees it."""
    cookie = browser_of(cast.member).cookies["sessionid"].value
    browser_page.context.add_cookies([{"name": "sessionid", "value": cookie, "url": live_server.url}])
    browser_page.goto(f"{live_server.url}/p/TST/tickets/1/")
    return browser_page


def test_a_move_shows_at_once_and_the_draft_of_a_finding_stays(ticket: Page):
    ticket.get_by_label("What did you learn?").fill("Half a sentence")
    ticket.get_by_role("link", name="Move to…").click()
    ticket.get_by_role("button", name="In review").click()
    expect(ticket.locator(".head .chip").first).to_have_text("In review")
    expect(ticket.locator("[data-part=activity]")).to_contain_text("moved it from To do to In review")
    expect(ticket.get_by_label("What did you learn?")).to_have_value("Half a sentence")
    assert Ticket.objects.get(number=1).status == "in_review"


def test_a_skip_from_the_page_says_why_and_is_undone_there(ticket: Page):
    ticket.get_by_role("link", name="Move to…").click()
    ticket.get_by_text("Skip…").click()
    ticket.locator("#dialog").get_by_label("Why").fill("It cannot help any more.")
    ticket.get_by_role("button", name="Skip TST-1").click()
    expect(ticket.locator("[data-part=skipped]")).to_contain_text("It cannot help any more.")
    ticket.get_by_role("button", name="Undo").click()
    expect(ticket.locator(".head .chip").first).to_have_text("To do")


def test_a_finding_is_written_in_place_and_leads_to_the_replan(ticket: Page):
    ticket.get_by_label("What did you learn?").fill("More features do **not** help.")
    ticket.get_by_text("Refutes", exact=True).click()
    ticket.get_by_role("button", name="Write finding").click()
    found = ticket.locator(".finding.refutes")
    expect(found.locator("strong")).to_have_text("not")
    expect(ticket.get_by_label("What did you learn?")).to_have_value("")
    found.get_by_role("link", name="Re-plan because of this").click()
    assert ticket.url.endswith(f"/p/TST/sprints/1/replan/?finding={Finding.objects.get().uid}")


@pytest.mark.parametrize("path", ["tickets/1/", "tickets/1/menu/", "tickets/1/skip/", "", "tickets/1/edit/"])
def test_every_page_reads_on_a_phone_without_sliding_sideways(ticket: Page, live_server: Any, path: str):
    ticket.set_viewport_size({"width": 360, "height": 700})
    ticket.goto(f"{live_server.url}/p/TST/{path}")
    assert ticket.evaluate("document.documentElement.scrollWidth - window.innerWidth") <= 0
