"""Re-planning with a script in the browser: what follows shows by itself, and a draft outlives a reload."""

import re
from collections.abc import Callable, Iterator

import pytest
from django.conf import settings
from playwright.sync_api import Page, expect
from pytest_django.live_server_helper import LiveServer

from agileml.planning.models import Decision, Sprint
from agileml.work.models import Ticket
from tests.factories import Cast, make_ticket, replan
from tests.web.browsing import browser_of

PATH = "/p/TST/sprints/1/replan/"


@pytest.fixture
def visit(live_server: LiveServer, browser_page: Page, cast: Cast, sprint: Sprint) -> Callable[[str], Page]:
    """Opens a page of the running product as a member; whatever a policy of the page blocks fails the test."""
    session = browser_of(cast.member).cookies[settings.SESSION_COOKIE_NAME].value
    browser_page.context.add_cookies([{"name": settings.SESSION_COOKIE_NAME, "value": session, "url": live_server.url}])
    browser_page.on("pageerror", lambda error: pytest.fail(str(error)))

    def open_page(path: str) -> Page:
        browser_page.goto(live_server.url + path)
        return browser_page

    return open_page


def choose(page: Page, ticket: int, what: str) -> None:
    page.locator(f"#line-{ticket} .seg").first.get_by_text(what, exact=True).click()


def test_what_follows_shows_as_it_arises(visit: Callable[[str], Page], cast: Cast):
    make_ticket(cast, "Needs the first", sprint=1, depends_on=[1])
    page = visit(PATH)
    choose(page, 1, "Skip")
    expect(page.locator("#follows")).to_contain_text("TST-6 needs TST-1, which would be skipped.")
    expect(page.locator("#follows .sum")).to_contain_text("5 → 4")
    expect(page.locator("#line-6")).to_have_class(re.compile("perhaps"))
    choose(page, 1, "Keep")
    expect(page.locator("#follows .sum")).to_contain_text("5")
    expect(page.locator("#line-6")).not_to_have_class(re.compile("perhaps"))


def test_only_the_fields_of_what_was_chosen_show(visit: Callable[[str], Page]):
    page = visit(PATH)
    note = page.locator("[name=note-1]")
    expect(note).to_be_hidden()
    choose(page, 1, "Defer")
    expect(note).to_be_visible()
    choose(page, 1, "Split")
    expect(note).to_be_hidden()
    expect(page.locator("[name=part-1-title]")).to_have_count(2)


def test_the_choices_go_by_the_arrow_keys(visit: Callable[[str], Page]):
    page = visit(PATH)
    page.locator("[name=do-1][value=keep]").focus()
    page.keyboard.press("ArrowRight")
    expect(page.locator("[name=do-1][value=skip]")).to_be_checked()


def test_a_draft_outlives_a_reload_and_is_offered_back(visit: Callable[[str], Page], cast: Cast):
    make_ticket(cast, "Deskew the digits")
    page = visit(PATH)
    choose(page, 1, "Defer")
    page.fill("[name=note-1]", "start at section 4")
    choose(page, 2, "Split")
    page.locator("#line-2").get_by_role("button", name="Another part").click()
    page.locator("[name=part-2-title]").nth(2).fill("The third part")
    page.fill("[name=search]", "deskew")
    page.get_by_label("Deskew the digits").check()
    page.fill("#reason", "Because")
    expect(page.locator("[data-draft-note]")).to_contain_text("Draft kept")
    page = visit(PATH)
    expect(page.locator("[name=note-1]")).to_have_value("")
    page.get_by_role("button", name="Go on with it").click()
    expect(page.locator("[name=note-1]")).to_have_value("start at section 4")
    expect(page.locator("[name=part-2-title]").nth(2)).to_have_value("The third part")
    expect(page.get_by_label("Deskew the digits")).to_be_checked()
    expect(page.locator("#reason")).to_have_value("Because")
    expect(page.locator("#follows .sum")).to_contain_text("+2")


def test_a_draft_outlives_a_lost_connection(visit: Callable[[str], Page]):
    page = visit(PATH)
    page.context.set_offline(True)
    choose(page, 1, "Skip")
    lost = page.locator("[data-lost]")
    expect(lost).to_contain_text("What follows from the draft is not up to date.")
    page.select_option("#code", "priority")
    page.fill("#reason", "It does not pay")
    decide = page.get_by_role("button", name="Decide: plan v2")
    decide.click()
    expect(lost).to_contain_text("Nothing was decided")
    expect(decide).to_be_enabled()
    expect(page.locator("[name=do-1][value=skip]")).to_be_checked()
    page.context.set_offline(False)
    expect(lost).to_be_hidden()
    expect(page.locator("#follows .sum")).to_contain_text("4 → 3")
    assert Decision.objects.count() == 1
    decide.click()
    expect(page.get_by_text("Plan v2 decided.")).to_be_visible()
    assert Decision.objects.count() == 2


def test_a_draft_of_an_older_plan_is_offered_with_what_changed_since(
    visit: Callable[[str], Page], cast: Cast, sprint: Sprint
):
    page = visit(PATH)
    choose(page, 1, "Skip")
    expect(page.locator("[data-draft-note]")).to_contain_text("Draft kept")
    replan(cast, sprint, {"move": "skip", "ticket": 2})
    page = visit(PATH)
    page.get_by_role("link", name="The plan has moved on from v1 to v2 since").click()
    expect(page.locator("#plan")).to_contain_text("TST-2")
    page.go_back()
    page.get_by_role("button", name="Go on with it").click()
    expect(page.locator("[name=do-1][value=skip]")).to_be_checked()


def test_what_was_decided_is_not_offered_again(visit: Callable[[str], Page]):
    page = visit(PATH)
    choose(page, 1, "Skip")
    page.select_option("#code", "priority")
    page.fill("#reason", "It does not pay")
    page.get_by_role("button", name="Decide: plan v2").click()
    expect(page.get_by_text("Plan v2 decided.")).to_be_visible()
    assert Decision.objects.filter(version=2).count() == 1
    page = visit(PATH)
    expect(page.locator("[data-offer]")).to_be_hidden()


def test_what_was_refused_is_still_a_draft(visit: Callable[[str], Page]):
    page = visit(PATH)
    choose(page, 1, "Skip")
    page.get_by_role("button", name="Decide: plan v2").click()
    expect(page.get_by_text("Say why, in a sentence.")).to_be_visible()
    page = visit(PATH)
    page.get_by_role("button", name="Go on with it").click()
    expect(page.locator("[name=do-1][value=skip]")).to_be_checked()


def test_enter_in_a_field_decides_nothing(visit: Callable[[str], Page]):
    page = visit(PATH)
    page.fill("[name=new-title]", "Another")
    page.keyboard.press("Enter")
    expect(page.locator("#follows .sum")).to_contain_text("+1")
    expect(page.locator("[name=new-title]")).to_have_value("Another")
    assert Decision.objects.count() == 1


def test_taking_back_asks_in_a_dialog_and_does_it(visit: Callable[[str], Page], cast: Cast, sprint: Sprint):
    replan(cast, sprint, {"move": "skip", "ticket": 1})
    page = visit("/p/TST/sprints/1/history/")
    page.locator("#v2").get_by_text("Take back").click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("Take back plan v2?")
    dialog.get_by_role("button", name="Take back").click()
    expect(page.locator("#v3")).to_contain_text("Takes back v2: 1 restored")
    assert Ticket.objects.get(number=1).status == "todo"


def test_a_ticket_of_the_backlog_moves_under_the_same_finger(visit: Callable[[str], Page], cast: Cast):
    for title in ("Six", "Seven"):
        make_ticket(cast, title)
    page = visit("/p/TST/backlog/?group=rank")
    page.get_by_role("button", name="TST-7 up").focus()
    page.keyboard.press("Enter")
    expect(page.locator(".items > li .key")).to_have_text(["TST-5", "TST-7", "TST-6"])
    expect(page.get_by_role("button", name="TST-7 up")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator(".items > li .key")).to_have_text(["TST-7", "TST-5", "TST-6"])


def test_who_waits_is_skipped_too_by_one_press(visit: Callable[[str], Page], cast: Cast):
    make_ticket(cast, "Needs the first", sprint=1, depends_on=[1])
    page = visit(PATH)
    choose(page, 1, "Skip")
    page.get_by_role("button", name="Skip TST-6 too").click()
    expect(page.locator("[name=do-6][value=skip]")).to_be_checked()
    expect(page.locator("#follows .sum")).to_contain_text("5 → 3")
    assert Decision.objects.filter(kind="replan", version__gt=2).count() == 0


def test_it_goes_by_the_keyboard_alone(visit: Callable[[str], Page]):
    page = visit(PATH)

    def tab_to(selector: str) -> None:
        for _ in range(120):
            page.keyboard.press("Tab")
            if page.evaluate("wanted => document.activeElement.matches(wanted)", selector):
                return
        pytest.fail(f"Tab never comes to {selector}")

    tab_to("[name=do-1]")
    page.keyboard.press("ArrowRight")
    tab_to("#code")
    page.keyboard.type("Something")
    tab_to("#reason")
    page.keyboard.type("It does not pay")
    tab_to("[name=decide]")
    page.keyboard.press("Enter")
    expect(page.get_by_text("Plan v2 decided.")).to_be_visible()
    assert Ticket.objects.get(number=1).status == "skipped"


@pytest.fixture
def plain(live_server: LiveServer, browser_page: Page, cast: Cast, sprint: Sprint) -> Iterator[Page]:
    """The page of the re-plan in a browser that runs no scripts."""
    session = browser_of(cast.member).cookies[settings.SESSION_COOKIE_NAME].value
    browser = browser_page.context.browser
    assert browser is not None
    context = browser.new_context(java_script_enabled=False)
    context.add_cookies([{"name": settings.SESSION_COOKIE_NAME, "value": session, "url": live_server.url}])
    page = context.new_page()
    page.goto(live_server.url + PATH)
    yield page
    context.close()


def test_it_goes_without_a_script(plain: Page):
    choose(plain, 1, "Skip")
    plain.locator(".bar").get_by_role("button", name="Preview").click()
    expect(plain.locator("#follows .sum")).to_contain_text("4 → 3")
    expect(plain.locator("[name=do-1][value=skip]")).to_be_checked()
    plain.select_option("#code", "priority")
    plain.fill("#reason", "It does not pay")
    plain.get_by_role("button", name="Decide: plan v2").click()
    expect(plain.get_by_text("Plan v2 decided.")).to_be_visible()
    assert Ticket.objects.get(number=1).status == "skipped"


def test_of_two_browsers_the_later_reads_what_the_other_decided_and_keeps_her_draft(
    visit: Callable[[str], Page], plain: Page
):
    page = visit(PATH)
    choose(page, 2, "Skip")
    page.select_option("#code", "priority")
    page.fill("#reason", "My own words")
    choose(plain, 1, "Skip")
    plain.select_option("#code", "priority")
    plain.fill("#reason", "The others were first")
    plain.get_by_role("button", name="Decide: plan v2").click()
    expect(plain.get_by_text("Plan v2 decided.")).to_be_visible()
    page.get_by_role("button", name="Decide: plan v2").click()
    expect(page.locator(".since")).to_contain_text("The others were first")
    expect(page.locator("#reason")).to_have_value("My own words")
    expect(page.locator("[name=do-2][value=skip]")).to_be_checked()
    page.get_by_role("button", name="Decide: plan v3").click()
    expect(page.get_by_text("Plan v3 decided.")).to_be_visible()
