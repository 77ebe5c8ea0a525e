"""A stakeholder with an account: she is brought to what was shown, says her word, reads the board and comments."""

from typing import Any

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect

from agileml.demos.actions.answers import answer_feedback
from agileml.demos.models import Feedback, GoalAnswer
from agileml.work.models import Comment
from tests.browser.test_demos import sound
from tests.demos.showing import Shown, make_shown
from tests.factories import make_cast
from tests.web.browsing import browser_of


@pytest.fixture
def shown(transactional_db: None) -> Shown:
    """A project with a published demo, committed for the server's threads."""
    shown = make_shown(make_cast())
    shown.published()
    return shown


@pytest.fixture
def page(browser_page: Page, live_server: Any, shown: Shown) -> Page:
    """Her browser, at home."""
    cookie = browser_of(shown.cast.stakeholder).cookies["sessionid"].value
    browser_page.context.add_cookies([{"name": "sessionid", "value": cookie, "url": live_server.url}])
    browser_page.goto(live_server.url)
    return browser_page


def test_from_home_she_answers_for_a_goal_and_finds_the_answer_to_what_she_asked(page: Page, shown: Shown):
    expect(page.get_by_text("1 goal to say a word on")).to_be_visible()
    sound(page)
    page.get_by_role("link", name="Is it still the right goal?").click()
    goal = page.locator("#goal-1")
    goal.get_by_text("Say whether it is").click()
    goal.get_by_text("Keep", exact=True).click()
    goal.get_by_role("button", name="Say it").click()
    expect(goal.locator(".chips")).to_contain_text("Keep 1")
    thread = page.locator("#thread-whole")
    thread.get_by_text("Say something").click()
    thread.get_by_text("Question", exact=True).click()
    thread.get_by_label("In words").fill("Which digits?")
    thread.get_by_role("button", name="Say it").click()
    expect(thread.locator(".said")).to_contain_text("Which digits?")
    assert GoalAnswer.objects.get().user == shown.cast.stakeholder

    told = shown.who | {"now": timezone.now()}
    answer_feedback(demo=1, feedback=Feedback.objects.get().uid, text="The sevens.", **told)
    page.get_by_role("link", name="All projects").click()
    expect(page.get_by_text("Nothing waits for you")).to_be_visible()
    answered = page.get_by_role("region", name="You were answered")
    expect(answered).to_contain_text("The sevens.")
    sound(page)
    answered.get_by_role("link").click()
    expect(page.locator(".said:visible")).to_contain_text("The sevens.")


def test_she_reads_the_board_by_keys_that_open_nothing_and_comments_on_a_ticket(page: Page, shown: Shown):
    page.locator(".tile.now h3 a").click()
    cards = page.locator("#board .card")
    expect(cards).to_have_count(5)
    expect(page.locator("#board .dots")).to_have_count(0)
    cards.first.locator("h3 a").focus()
    here = page.url
    for key in ("m", "e", "n", "r", "a"):
        page.keyboard.press(key)
    expect(page.locator("dialog[open]")).to_have_count(0)
    assert page.url == here
    cards.first.hover()
    page.mouse.down()
    assert cards.first.get_attribute("draggable") is None
    page.mouse.up()
    page.locator("#board .card h3 a").first.focus()
    page.keyboard.press("?")
    expect(page.locator("dialog[open]")).to_contain_text("Next card in the column")
    expect(page.locator("dialog[open]")).not_to_contain_text("Move")
    page.keyboard.press("Escape")
    page.locator("#board .card h3 a").first.click()
    page.get_by_role("textbox", name="Comment").fill("The clerks will like it.")
    page.get_by_role("button", name="Comment").click()
    expect(page.locator("#comments")).to_contain_text("The clerks will like it.")
    assert Comment.objects.get().author == shown.cast.stakeholder
    sound(page)
