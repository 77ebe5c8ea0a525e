"""A demo is shared, answered by a guest without an account, and presented, all in browsers; and kept as a file."""

import re
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.core.cache import cache
from django.utils import timezone
from playwright.sync_api import Browser, Page, expect

from agileml.demos.actions.begin import begin_demo
from agileml.demos.actions.edit import edit_item
from agileml.demos.actions.images import add_image
from agileml.demos.actions.publish import publish
from agileml.demos.actions.sharing import share
from tests.demos.pictures import HOSTILE_SVG
from tests.demos.showing import Shown, item_of, make_shown
from tests.factories import make_cast
from tests.web.browsing import browser_of


@pytest.fixture
def shown(transactional_db: None) -> Shown:
    """A project with a published demo that shows a hostile picture, committed for the server's threads."""
    cache.clear()
    shown = make_shown(make_cast())
    begin_demo(sprint=1, **shown.who)
    item = item_of(1)
    add_image(demo=1, item=item.uid, name="a.svg", alt="A square", content=HOSTILE_SVG, **shown.who)
    story = "We looked at **five hundred** digits:\n\n- most lean\n- some do not\n\n<script>alert(1)</script>"
    edit_item(demo=1, item=item.uid, sent={"story": story}, expected_version=None, **shown.who)
    publish(demo=1, **shown.who)
    return shown


@pytest.fixture
def address(shown: Shown, live_server: Any) -> str:
    """A link that works now."""
    told = shown.as_(shown.cast.lead).who | {"now": timezone.now()}
    return f"{live_server.url}/d/{share(demo=1, sent={}, **told)[1]}/"


def violations(page: Page) -> list[Any]:
    found = Axe().run(page).response["violations"]
    return [(one["id"], [node["html"] for node in one["nodes"]]) for one in found]


def log_in(page: Page, shown: Shown, url: str) -> None:
    cookie = browser_of(shown.cast.member).cookies["sessionid"].value
    page.context.add_cookies([{"name": "sessionid", "value": cookie, "url": url}])


def test_a_guest_answers_and_the_presenter_sees_it(
    browser_page: Page, chromium: Browser, live_server: Any, shown: Shown, address: str
):
    presenter = browser_page
    log_in(presenter, shown, live_server.url)
    presenter.goto(f"{live_server.url}/p/TST/demos/1/present/")

    context = chromium.new_context(viewport={"width": 380, "height": 800})
    guest = context.new_page()
    asked: list[str] = []
    guest.on("request", lambda request: asked.append(request.headers.get("referer", "")))
    guest.goto(address)
    assert asked
    assert set(asked) == {""}, "nobody is told where she comes from"
    assert violations(guest) == []
    item = guest.locator(f"#item-{item_of(1).uid}")
    item.get_by_text("Say something of this").click()
    item.get_by_label("Have a question").check()
    item.get_by_label("Your words").fill("Which digits?")
    item.get_by_label("Your name").fill("Ada <b>L.</b>")
    item.get_by_role("button", name="Send").click()
    expect(item.get_by_text("Thank you: the team has it.")).to_be_visible()
    goal = guest.locator(".judge")
    expect(goal.get_by_label("Your name")).to_have_value("Ada <b>L.</b>")
    goal.get_by_label("Adjust it").check()
    goal.get_by_role("button", name="Answer").click()
    expect(goal.get_by_text("Your newest answer holds.")).to_be_visible()
    assert guest.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert guest.title() == "Skeleton"
    context.close()

    presenter.reload()
    presenter.keyboard.press("ArrowRight")
    slide = presenter.locator(".slide.now")
    expect(slide).to_contain_text("Which digits?")
    expect(slide).to_contain_text("Ada <b>L.</b>")


def test_a_demo_is_presented_with_keys_and_without_the_network(browser_page: Page, address: str):
    page = browser_page
    page.goto(f"{address}present/")
    page.wait_for_load_state("networkidle")
    page.context.set_offline(True)
    place, now = page.locator("#place"), page.locator(".slide.now")
    expect(place).to_have_text("1 / 6")
    for key, at in (("ArrowRight", 2), ("ArrowRight", 3), ("ArrowLeft", 2), ("End", 6), ("ArrowRight", 6), ("Home", 1)):
        page.keyboard.press(key)
        expect(place).to_have_text(f"{at} / 6")
        expect(now).to_have_count(1)
    page.keyboard.press("ArrowRight")
    expect(now).to_contain_text("Many digits lean.")
    assert now.locator("img").evaluate("image => image.complete && image.naturalWidth > 0")
    page.keyboard.press("t")
    expect(page.locator("#timer")).to_have_attribute("aria-pressed", "true")
    assert violations(page) == []
    page.emulate_media(media="print")
    expect(page.locator(".slide:visible")).to_have_count(6)
    assert len(re.findall(rb"/Type /Page\b", page.pdf(format="A4"))) == 6, "an item a page"
    assert page.title() == "Skeleton"


def test_the_file_opened_from_a_disk_looks_as_the_page_does(
    browser_page: Page, live_server: Any, shown: Shown, address: str, tmp_path: Path
):
    page = browser_page
    page.goto(address)
    there = page.locator("article.demo").evaluate("""found => {
        for (const form of found.querySelectorAll(".say, .thanks")) form.remove();
        return found.innerText;
    }""")
    kept = tmp_path / "demo.html"
    kept.write_bytes(browser_of(shown.cast.member).get("/p/TST/demos/1/export/").content)
    page.context.set_offline(True)
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(kept.as_uri())
    assert page.locator("article.demo").inner_text() == there
    assert [url for url in asked if not url.startswith(("file:", "data:"))] == []
    assert page.locator("img").evaluate("image => image.naturalWidth") == 40
    assert page.title() == "Skeleton"
    assert page.locator(".light svg").first.bounding_box()["width"] > 8  # type: ignore[index]
    page.emulate_media(media="print")
    assert page.pdf(format="A4")[:5] == b"%PDF-"
