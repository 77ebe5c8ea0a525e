"""The report of a sprint in a browser: readable by all, and whole on paper."""

from io import BytesIO
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from agileml.planning.actions.progress import progress
from agileml.planning.models import Sprint
from tests.factories import NOW, Cast, make_cast, make_sprint, make_ticket, replan
from tests.web.browsing import browser_of

TITLES = [f"Try {number} of the many ways to read a digit that nobody can read" for number in range(1, 15)]


@pytest.fixture
def cast(transactional_db: None) -> Cast:
    """As everywhere, but committed, so that the server's own threads see it."""
    return make_cast()


@pytest.fixture
def sprint(cast: Cast) -> Sprint:
    """An active sprint of fourteen tickets: one done, one skipped, two to go after the rest was deferred."""
    for title in TITLES:
        make_ticket(cast, title, question="Does it read what the others do not?")
    sprint = make_sprint(cast, range(1, 15), active=True, goal="Know what works")
    progress(project=cast.project, number=1, to="done", outcome="learned", actor=cast.lead, now=NOW)
    replan(cast, sprint, {"move": "skip", "ticket": 2})
    replan(cast, sprint, *({"move": "defer", "ticket": number} for number in range(5, 15)))
    return sprint


def violations(page: Page) -> list[Any]:
    found = Axe().run(page).response["violations"]
    return [(one["id"], [node["html"] for node in one["nodes"]]) for one in found]


def test_a_sprint_is_closed_with_its_retro_and_the_report_is_whole_on_paper(
    browser_page: Page, live_server: Any, cast: Cast, sprint: Sprint
):
    page = browser_page
    cookie = browser_of(cast.lead).cookies["sessionid"].value
    page.context.add_cookies([{"name": "sessionid", "value": cookie, "url": live_server.url}])
    page.goto(f"{live_server.url}/p/TST/sprints/1/close/")
    page.get_by_label("Keep").fill("Small tickets")
    page.get_by_label("Try", exact=True).fill("Pair on reviews\nAsk first")
    assert violations(page) == []
    page.get_by_role("button", name="Close and write the report").click()

    expect(page.get_by_role("heading", level=1)).to_have_text(
        "Nothing shipped, one ticket taught the team something, one was skipped and twelve go on elsewhere."
    )
    expect(page.locator(".retro").get_by_role("link")).to_have_text(["TST-15", "TST-16"])
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        assert violations(page) == []

    page.emulate_media(media="print")
    printed = page.locator("body").inner_text()
    assert [title for title in TITLES if title not in printed] == []
    expect(page.locator("header.top")).to_be_hidden()
    page.set_viewport_size({"width": 700, "height": 1000})  # the width of A4 within its margins
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    cut = "e instanceof HTMLElement && e.clientWidth && e.scrollWidth > e.clientWidth + 1"
    assert page.evaluate(f"[...document.querySelectorAll('.report *')].filter(e => {cut}).map(e => e.outerHTML)") == []
    assert BytesIO(page.pdf(format="A4")).read(5) == b"%PDF-"
