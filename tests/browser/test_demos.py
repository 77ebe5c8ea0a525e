"""A demo in a browser: begun, put in order by mouse and by keys, published and looked at."""

from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from agileml.demos.models import DemoItem
from tests.demos.showing import Shown, make_shown
from tests.factories import Cast, make_cast
from tests.web.browsing import browser_of


@pytest.fixture
def cast(transactional_db: None) -> Cast:
    """As everywhere, but committed, so that the server's own threads see it."""
    return make_cast()


@pytest.fixture
def shown(cast: Cast) -> Shown:
    """A sprint that learned (1), got better (2), shipped (3) and skipped (4)."""
    return make_shown(cast)


def sound(page: Page) -> None:
    """No barrier, light or dark, and nothing that hangs over on a phone."""
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
        found = Axe().run(page).response["violations"]
        assert [(one["id"], [node["html"] for node in one["nodes"]]) for one in found] == []
    size = page.viewport_size
    page.set_viewport_size({"width": 380, "height": 800})
    assert page.evaluate("document.documentElement.scrollWidth") <= 380
    assert size
    page.set_viewport_size(size)


def order() -> list[tuple[str, int]]:
    rows = DemoItem.objects.select_related("ticket").order_by("rank")
    return [(row.section, row.ticket.number) for row in rows if row.ticket]


def comes_to(page: Page, wanted: list[tuple[str, int]]) -> None:
    """Wait until the order is kept: a row moves at once, and is sent behind it."""
    for _ in range(200):
        if order() == wanted:
            return
        page.wait_for_timeout(50)
    raise AssertionError(order())


def test_a_demo_is_begun_put_in_order_rewritten_published_and_answered(
    browser_page: Page, live_server: Any, shown: Shown
):
    page = browser_page
    cookie = browser_of(shown.cast.lead).cookies["sessionid"].value
    page.context.add_cookies([{"name": "sessionid", "value": cookie, "url": live_server.url}])
    page.goto(f"{live_server.url}/p/TST/demos/")
    page.get_by_role("button", name="Begin the demo of sprint 1").click()

    line = {row.ticket.number: page.locator(f"#item-{row.uid}") for row in _items()}
    line[1].locator(".headline").click()
    story = line[1].get_by_label("Story")
    story.fill("Not saved **yet**")
    story.press("Alt+ArrowDown")  # there it moves the caret, if anything
    sound(page)
    line[3].locator(".grip").drag_to(line[2].locator(".title"), target_position={"x": 200, "y": 2})
    expect(page.locator("#announce")).to_contain_text("now 1 of 2 in What got better")
    line[4].locator(".headline").focus()
    page.keyboard.press("Alt+ArrowUp")
    expect(page.locator("#announce")).to_contain_text("now 1 of 1 in What we shipped")
    comes_to(page, [("learned", 1), ("better", 3), ("better", 2), ("shipped", 4)])  # so that only the next one fails
    page.route("**/edit/", lambda route: route.abort())
    line[1].locator(".headline").focus()
    page.keyboard.press("Alt+ArrowDown")
    expect(page.locator("#toasts")).to_contain_text("That was not moved.")
    expect(page.locator("ol[data-section=learned] > li")).to_have_count(1)  # back where it was
    expect(line[1].locator("[name=was_section]")).to_have_value("learned")
    page.unroute("**/edit/")
    line[4].get_by_role("button", name="Leave out").click()
    expect(line[4].get_by_text("left out", exact=True)).to_be_visible()
    expect(story).to_have_value("Not saved **yet**")  # what moved elsewhere took nothing with it
    assert order() == [("learned", 1), ("better", 3), ("better", 2), ("shipped", 4)]
    line[1].get_by_role("button", name="Save").click()
    expect(page.locator("#toasts")).to_contain_text("Saved.")
    page.locator("h1").click()  # out of the form, where P is a letter
    page.keyboard.press("p")
    expect(page.get_by_text("preview: nobody else sees this yet")).to_be_visible()
    expect(page.locator(".demo .prose strong")).to_have_text("yet")
    sound(page)
    page.get_by_role("button", name="Publish").click()

    expect(page.get_by_role("heading", level=1)).to_have_text("Skeleton")
    expect(page.get_by_role("heading", level=2)).to_contain_text(["What we learned", "What got better"])
    expect(page.locator(".demo .prose strong")).to_have_text("yet")
    first = page.locator(".thread").first
    first.get_by_text("Say something of this").click()
    first.get_by_text("Question", exact=True).click()
    first.get_by_label("In words").fill("How many lean?")
    first.get_by_role("button", name="Say it").click()
    expect(first.locator(".said")).to_contain_text("How many lean?")
    first.get_by_role("button", name="Make a ticket of it").click()
    expect(first.locator(".said")).to_contain_text("Became TST-6")
    page.get_by_role("button", name="Make a link").click()
    address = page.get_by_label("The address").input_value()
    assert address.startswith(f"{live_server.url}/d/")
    sound(page)

    guest = page.context.new_page()
    guest.goto(address)
    expect(guest.get_by_text("How many lean?")).to_have_count(0)
    first.locator("summary").get_by_text("Answer", exact=True).click()
    first.get_by_label("Answer").fill("Half of them.")
    first.get_by_role("button", name="Answer").click()
    expect(first.locator(".answered")).to_contain_text("Half of them.")
    guest.reload()
    expect(guest.get_by_role("list", name="Asked and answered")).to_contain_text("How many lean?")
    sound(guest)
    first.get_by_role("button", name="Take the answer back").click()
    expect(first.locator(".answered")).to_have_count(0)
    guest.reload()
    expect(guest.get_by_text("How many lean?")).to_have_count(0)


def _items() -> list[Any]:
    return list(DemoItem.objects.select_related("ticket").filter(ticket__isnull=False))
