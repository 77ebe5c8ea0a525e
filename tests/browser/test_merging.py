"""Two people edit one ticket: whoever saves second sees field by field what the first wrote, and chooses."""

from typing import Any

import pytest
from playwright.sync_api import Page, expect

from agileml.planning.actions.tickets import edit_ticket
from agileml.work.models import Ticket
from tests.factories import NOW, Cast, make_cast, make_ticket
from tests.web.browsing import browser_of


@pytest.fixture
def cast(transactional_db: None) -> Cast:
    return make_cast()


@pytest.fixture
def form(browser_page: Page, live_server: Any, cast: Cast) -> Page:
    """The edit form of a ticket as a member opened it, before a lead saved two of its fields."""
    make_ticket(cast, "Look at slant", question="Why?")
    cookie = browser_of(cast.member).cookies["sessionid"].value
    browser_page.context.add_cookies([{"name": "sessionid", "value": cookie, "url": live_server.url}])
    browser_page.goto(f"{live_server.url}/p/TST/tickets/1/edit/")
    sent = {"title": "Look at the sevens", "question": "What do they share?", "component": "data"}
    edit_ticket(project=cast.project, number=1, sent=sent, expected_version=1, actor=cast.lead, now=NOW)
    return browser_page


def test_she_keeps_what_she_wrote_takes_what_she_prefers_and_nothing_else_is_lost(form: Page):
    form.get_by_label("Title").fill("Look at the bars")
    form.get_by_label("Question").fill("Is it the bar?")
    form.get_by_label("Stop when").fill("Two days are gone")
    form.get_by_role("button", name="Save").click()
    told = form.get_by_role("alert")
    expect(told).to_contain_text("Lead Person changed this while you were writing")
    expect(form.locator(".conflict-field")).to_have_count(2)
    expect(form.get_by_label("Title", exact=True)).to_have_value("Look at the bars")
    form.get_by_role("group", name="Title").get_by_label("Lead Person").check()
    form.get_by_role("button", name="Save").click()
    expect(form.get_by_role("heading", name="Look at the sevens")).to_be_visible()
    row = Ticket.objects.get()
    assert (row.title, row.question, row.stop_when, row.component) == (
        "Look at the sevens", "Is it the bar?", "Two days are gone", "data",
    )  # fmt: skip
