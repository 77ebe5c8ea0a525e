"""What is said of a demo is seen as it comes, on the big screen and on its page, and nothing is missed."""

from typing import Any

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect

from agileml.accounts.models import User
from agileml.demos.actions.answers import answer_feedback, give_feedback, guest_answer_goal, guest_feedback
from agileml.demos.actions.sharing import share
from agileml.demos.models import Feedback
from tests.demos.showing import Shown, item_of, make_shown
from tests.factories import make_cast
from tests.web.browsing import browser_of
from tests.web_server import WebServer

# Where a slide and its parts lie, and whether it is still the page that was loaded.
PLACE = """() => {
    const slide = document.querySelector(".slide.now");
    const box = (one) => { const { x, y, width, height } = one.getBoundingClientRect(); return [x, y, width, height]; };
    return [window.stands, location.hash, slide.scrollTop, ...[...slide.querySelectorAll("h2, h3, p, .said")].map(box)];
}"""


@pytest.fixture
def shown(transactional_db: None) -> Shown:
    shown = make_shown(make_cast())
    shown.published()
    return shown


@pytest.fixture
def token(shown: Shown) -> str:
    """That of a link that works now."""
    return share(demo=1, sent={}, **shown.as_(shown.cast.lead).who | {"now": timezone.now()})[1]


@pytest.fixture
def page(browser_page: Page) -> Page:
    """One that knows whether it was loaded anew."""
    browser_page.add_init_script("window.stands = Math.random()")
    return browser_page


def log_in(page: Page, user: User, site: WebServer) -> None:
    cookie = browser_of(user).cookies["sessionid"].value
    page.context.add_cookies([{"name": "sessionid", "value": cookie, "url": site.url}])


def say(shown: Shown, text: str, about: int | None = 1) -> Feedback:
    sent = {"kind": "question", "text": text, "item": str(item_of(about).uid) if about else None}
    return give_feedback(demo=1, sent=sent, **shown.as_(shown.cast.stakeholder).who)


def test_who_presents_sees_what_guests_say_and_nothing_moves(page: Page, site: WebServer, shown: Shown, token: str):
    log_in(page, shown.cast.member, site)
    with page.expect_response("**/events/**"):
        page.goto(f"{site.url}/p/TST/demos/1/present/")
    page.keyboard.press("ArrowRight")
    said = page.locator(".slide.now .said")
    expect(said).to_be_empty()
    before = page.evaluate(PLACE)
    for number, words in enumerate(("Which digits? <b>", "Whose pen?"), start=1):
        sent = {"kind": "question", "text": words, "item": str(item_of(1).uid)}
        guest_feedback(token=token, name="Ada", sent=sent, now=timezone.now())
        expect(said.locator("li")).to_have_count(number)
        expect(said.locator("li").first).to_contain_text(words)
        assert page.evaluate(PLACE) == before
    for name in ("Bea", "Cleo"):
        sent = {"kind": "agree", "item": str(item_of(1).uid)}
        guest_feedback(token=token, name=name, sent=sent, now=timezone.now())
        expect(said.locator(".agree")).to_contain_text(name)
        expect(said.locator("li")).to_have_count(3)
    expect(said.locator(".agree")).to_contain_text("Agree 2 Bea, Cleo")
    assert page.evaluate(PLACE) == before
    say(shown, "Of another one", about=2)
    say(shown, "Of the whole", about=None)
    page.keyboard.press("ArrowRight")
    expect(said).to_contain_text("Of another one")
    page.keyboard.press("End")
    expect(said).to_contain_text("Of the whole")
    assert page.evaluate("window.stands") == before[0]


def test_nothing_that_was_said_while_the_presenter_was_cut_off_is_missed(page: Page, site: WebServer, shown: Shown):
    log_in(page, shown.cast.member, site)
    with page.expect_response("**/events/**"):
        page.goto(f"{site.url}/p/TST/demos/1/present/")
    page.keyboard.press("ArrowRight")
    before = page.evaluate(PLACE)
    said = page.locator(".slide.now .said li")
    place = page.locator("#place")

    page.context.set_offline(True)
    say(shown, "While the network is away")
    say(shown, "And once more")
    page.keyboard.press("ArrowRight")
    expect(place).to_have_text("3 / 6")
    page.keyboard.press("ArrowLeft")
    expect(said).to_have_count(0)
    page.context.set_offline(False)
    expect(said).to_have_count(2)

    site.stop()
    say(shown, "While the server is away")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowLeft")
    expect(said).to_have_count(2)
    site.start()
    expect(said).to_have_count(3, timeout=30_000)
    expect(said.first).to_contain_text("While the server is away")
    assert page.evaluate(PLACE) == before


def test_guests_who_present_see_nothing_of_it_and_open_no_line(page: Page, site: WebServer, shown: Shown, token: str):
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(f"{site.url}/d/{token}/present/")
    page.wait_for_load_state("networkidle")
    say(shown, "Among ourselves")
    page.keyboard.press("ArrowRight")
    page.evaluate("document.body.dispatchEvent(new CustomEvent('board:refresh'))")
    page.wait_for_load_state("networkidle")
    expect(page.locator(".said")).to_have_count(0)
    assert [url for url in asked if "/events/" in url or "/p/" in url] == []
    assert len([url for url in asked if url.endswith("/present/")]) == 1


def test_the_page_shows_what_others_say_beside_what_is_being_written(
    page: Page, site: WebServer, shown: Shown, token: str
):
    log_in(page, shown.cast.member, site)
    first = say(shown, "Said before")
    with page.expect_response("**/events/**"):
        page.goto(f"{site.url}/p/TST/demos/1/")
    stands = page.evaluate("window.stands")
    thread = page.locator(f"#thread-{item_of(1).uid}")
    thread.get_by_text("Say something of this").click()
    thread.get_by_text("Concern", exact=True).click()
    mine = thread.get_by_label("In words")
    mine.press_sequentially("Half a sent")
    scrolled = page.evaluate("scrollY")

    second = say(shown, "Said meanwhile")
    expect(thread.locator(".said li")).to_have_count(2)
    expect(thread.locator(".said li").last).to_contain_text("Said meanwhile")
    expect(mine).to_be_focused()
    mine.press_sequentially("ence")
    expect(mine).to_have_value("Half a sentence")
    expect(thread.get_by_label("Concern")).to_be_checked()
    assert page.evaluate("[window.stands, scrollY]") == [stands, scrolled]

    answering = page.locator(f"#said-{first.uid}")
    answering.get_by_text("Answer", exact=True).first.click()
    draft = answering.get_by_label("Answer")
    draft.fill("I was ab")
    for one in (first, second):
        answer_feedback(demo=1, feedback=one.uid, text="Two of them", **shown.as_(shown.cast.lead).who)
    expect(page.locator(f"#said-{second.uid} .answered")).to_contain_text("Two of them")
    expect(draft).to_have_value("I was ab")  # it is left alone while somebody is at it
    page.locator(f"#said-{second.uid}").get_by_role("button", name="Make a ticket of it").click()
    expect(page.locator(f"#said-{second.uid}")).to_contain_text("Became TST-6")
    expect(draft).to_have_value("I was ab")
    answering.get_by_text("Answer", exact=True).first.click()
    sent: dict[str, Any] = {"epic": 1, "verdict": "adjust", "note": "Smaller"}
    guest_answer_goal(token=token, name="Ada", sent=sent, now=timezone.now())
    expect(page.locator("#goal-1")).to_contain_text("Smaller")
    mine.focus()
    say(shown, "And one more")
    expect(answering.locator(".answered")).to_contain_text("Two of them")
    expect(mine).to_have_value("Half a sentence")
    assert page.evaluate("window.stands") == stands
