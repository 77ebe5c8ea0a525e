"""A new ticket and the end of one in a browser: the form follows the type, and done asks once."""

from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from agileml.work.models import Ticket
from tests.factories import Cast, make_cast, make_sprint, make_ticket, replan
from tests.web.browsing import browser_of

URL = "https://example.com/a-very-long-address/that/goes/on/and/on/and/on/without/any/place/to/break/it/at/all"


@pytest.fixture
def cast(transactional_db: None) -> Cast:
    """A sprint with a literature review, and an idea that was skipped."""
    cast = make_cast()
    make_ticket(cast, "What do others do?", type="literature_review", links=[{"url": URL}])
    make_ticket(cast, "Deskew the sevens", type="algorithm_development")
    sprint = make_sprint(cast, [1, 2], active=True)
    replan(cast, sprint, {"move": "skip", "ticket": 2})
    return cast


@pytest.fixture
def board(browser_page: Page, live_server: Any, cast: Cast) -> Page:
    cookie = browser_of(cast.member).cookies["sessionid"].value
    browser_page.context.add_cookies([{"name": "sessionid", "value": cookie, "url": live_server.url}])
    browser_page.goto(f"{live_server.url}/p/TST/")
    return browser_page


def height(page: Page) -> float:
    return page.evaluate("document.querySelector('#dialog').scrollHeight")


def test_more_of_a_new_ticket_is_said_in_a_dialog_that_takes_along_what_was_typed(board: Page):
    board.get_by_label("Title of the new ticket").fill("Deskew")
    board.get_by_role("link", name="More…").click()
    dialog = board.locator("#dialog")
    expect(dialog.get_by_label("Title")).to_have_value("Deskew")
    expect(dialog.get_by_label("Title")).to_be_focused()
    before = height(board)
    dialog.get_by_label("Title").fill("Deskew sevens")
    expect(dialog.get_by_role("status")).to_contain_text("Tried before? TST-2 Deskew the sevens (skipped)")
    dialog.get_by_label("Type").select_option("deployment")
    expect(dialog.get_by_text("Does it work where it is used?")).to_be_visible()
    expect(dialog.get_by_text("What will be easier once this exists?")).to_be_hidden()
    assert height(board) == before
    assert Axe().run(board).violations_count == 0
    dialog.get_by_role("button", name="Add it").click()
    expect(board.locator(".card", has_text="Deskew sevens")).to_be_visible()
    expect(dialog).to_be_hidden()
    expect(board.get_by_label("Title of the new ticket")).to_have_value("")
    assert Ticket.objects.get(number=3).type == "deployment"


def test_done_takes_the_finding_that_it_needs_in_the_one_dialog(board: Page, live_server: Any):
    board.goto(f"{live_server.url}/p/TST/tickets/1/")
    board.get_by_role("link", name="Move to…").click()
    dialog = board.locator("#dialog")
    dialog.get_by_text("Done").click()
    dialog.get_by_label("It needs a finding: what did you learn?").fill("They deskew first.")
    assert Axe().run(board).violations_count == 0
    dialog.get_by_role("button", name="Done").click()
    expect(board.locator(".head .chip").first).to_have_text("Done · learned")
    assert Ticket.objects.get(number=1).findings.get().text == "They deskew first."


def test_links_and_what_holds_it_up_are_said_in_place(board: Page, live_server: Any):
    board.goto(f"{live_server.url}/p/TST/tickets/1/")
    board.get_by_label("What did you learn?").fill("Half a sentence")
    board.get_by_text("Add a link").click()
    board.get_by_role("textbox", name="Address").fill("https://example.com/pull/7")
    board.get_by_role("button", name="Add link").click()
    expect(board.locator("#links li", has_text="pull request")).to_be_visible()
    board.get_by_label("Blocked by").fill("No GPU")
    board.get_by_role("button", name="Blocked", exact=True).click()
    expect(board.locator(".head .mark-blocked")).to_contain_text("blocked: No GPU")
    expect(board.get_by_label("What did you learn?")).to_have_value("Half a sentence")
    board.get_by_role("button", name="Blocked no longer").click()
    expect(board.locator(".head .mark-blocked")).to_have_count(0)


@pytest.mark.parametrize("path", ["tickets/1/", "tickets/1/move/", "new/"])
def test_it_reads_on_a_phone_without_sliding_sideways(board: Page, live_server: Any, path: str):
    board.set_viewport_size({"width": 360, "height": 700})
    board.goto(f"{live_server.url}/p/TST/{path}")
    assert board.evaluate("document.documentElement.scrollWidth - window.innerWidth") <= 0
    assert Axe().run(board).violations_count == 0
