"""The board in a browser: cards moved by hand and by keys, and a colleague's work that arrives without a jump."""

from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from agileml.accounts.models import User
from agileml.planning.actions.notes import write_finding
from agileml.planning.actions.progress import progress
from agileml.planning.models import Decision, Dismissal, Sprint
from agileml.work.models import Ticket
from tests.factories import NOW, Cast, make_cast, make_sprint, make_ticket, make_tickets, replan
from tests.web.browsing import browser_of

COLUMN = '#board .columns ol[data-status="{}"]'


@pytest.fixture
def cast(transactional_db: None) -> Cast:
    """As everywhere, but committed, so that the server's own threads see it."""
    return make_cast()


@pytest.fixture
def sprint(cast: Cast) -> Sprint:
    make_tickets(cast, 5)
    return make_sprint(cast, [1, 2, 3, 4], active=True, goal="Know what works")


@pytest.fixture
def board(browser_page: Page, live_server: Any, cast: Cast, sprint: Sprint) -> Page:
    """The board as a member sees it."""
    return opened(browser_page, live_server, cast.member)


def opened(page: Page, live_server: Any, user: User) -> Page:
    cookie = browser_of(user).cookies["sessionid"].value
    page.context.add_cookies([{"name": "sessionid", "value": cookie, "url": live_server.url}])
    # The board is seen to change when a test says so; that it does by itself is seen in test_live.py.
    page.route("**/events/**", lambda route: route.abort())
    page.goto(f"{live_server.url}/p/TST/")
    return page


def look_again(page: Page) -> None:
    """What the page does by itself every 15 seconds."""
    with page.expect_response(lambda answer: answer.url.endswith("/p/TST/")):
        page.evaluate("window.agileml.refreshBoard()")


def status(number: int) -> str:
    return Ticket.objects.get(number=number).status


def keys(page: Page, column: str) -> list[str]:
    """The keys of a column's cards, from top to bottom."""
    return page.locator(COLUMN.format(column)).locator(".card").evaluate_all("cards => cards.map(card => card.id)")


def drag(page: Page, card: str, column: str) -> None:
    target = page.locator("section.col", has=page.locator(f'ol[data-status="{column}"]'))
    page.locator(f"#{card} h3").drag_to(target, target_position={"x": 80, "y": 120})


def test_a_suggestion_is_put_aside_by_one_press_and_goes_for_the_colleague_too(
    board: Page, browser_page: Page, live_server: Any, cast: Cast
):
    sent = {"kind": "refutes", "text": "It does not help."}
    write_finding(project=cast.project, ticket=1, sent=sent, actor=cast.lead, now=NOW)
    look_again(board)
    expect(board.locator(".suggest")).to_contain_text("A finding on TST-1 refutes")
    board.get_by_role("button", name="Not now").click()
    expect(board.locator(".suggest")).to_have_count(0)
    assert Dismissal.objects.get().actor == cast.member
    look_again(board)
    expect(board.locator(".suggest")).to_have_count(0)
    expect(opened(browser_page, live_server, cast.lead).locator(".suggest")).to_have_count(0)


def test_a_card_is_dragged_to_another_column(board: Page):
    with board.expect_response("**/move/") as answer:
        drag(board, "TST-2", "in_progress")
    assert answer.value.status == 204
    assert status(2) == "in_progress"
    assert keys(board, "in_progress") == ["TST-2"]
    expect(board.locator("#announce")).to_have_text("TST-2 moved to In progress")


def test_a_card_is_dragged_above_another(board: Page):
    with board.expect_response("**/move/"):
        board.locator("#TST-4 h3").drag_to(board.locator("#TST-1"), target_position={"x": 80, "y": 4})
    assert keys(board, "todo") == ["TST-4", "TST-1", "TST-2", "TST-3"]
    board.reload()
    assert keys(board, "todo") == ["TST-4", "TST-1", "TST-2", "TST-3"]


def test_dragged_to_done_it_asks_how_it_ended_and_goes_there_once_that_is_said(board: Page):
    drag(board, "TST-1", "done")
    expect(board.locator("#dialog h2")).to_have_text("TST-1 is done")
    assert "TST-1" in keys(board, "todo")
    board.get_by_role("button", name="Done", exact=True).click()
    expect(board.locator(COLUMN.format("done")).locator("#TST-1")).to_be_visible()
    expect(board.locator("#dialog")).not_to_be_visible()
    assert Ticket.objects.get(number=1).outcome == "shipped"


def test_a_card_that_somebody_else_moved_goes_back_and_says_so(board: Page, cast: Cast):
    progress(project=cast.project, number=3, to="in_review", actor=cast.lead, now=NOW)
    drag(board, "TST-3", "in_progress")
    expect(board.locator("#dialog")).to_contain_text("somebody moved it meanwhile")
    assert "TST-3" not in keys(board, "in_progress")
    board.keyboard.press("Escape")
    expect(board.locator(COLUMN.format("in_review")).locator("#TST-3")).to_be_visible()


def test_a_card_is_moved_by_keys_alone(board: Page):
    board.locator("#TST-1 h3 a").focus()
    board.keyboard.press("ArrowDown")
    board.keyboard.press("m")
    expect(board.locator("#dialog h2")).to_contain_text("TST-2")
    expect(board.locator("#dialog button:focus")).to_have_text("In progress")
    board.keyboard.press("Enter")
    expect(board.locator(COLUMN.format("in_progress")).locator("#TST-2")).to_be_visible()
    assert status(2) == "in_progress"


def test_what_a_colleague_did_appears_marked_and_read_out_without_a_jump(board: Page, cast: Cast, sprint: Sprint):
    board.set_viewport_size({"width": 700, "height": 300})
    board.locator("#TST-4 h3 a").focus()
    board.evaluate("window.kept = document.getElementById('TST-4')")
    before = board.locator("#TST-4").bounding_box()
    progress(project=cast.project, number=2, to="in_progress", actor=cast.lead, now=NOW)
    make_ticket(cast, "Forgotten", sprint=1)
    look_again(board)
    expect(board.locator("#TST-2.changed")).to_have_count(1)
    assert keys(board, "in_progress") == ["TST-2"]
    expect(board.locator("#announce")).to_contain_text("TST-2 moved to In progress")
    expect(board.locator("#announce")).to_contain_text("TST-6 is new in To do")
    expect(board.locator(".plan")).to_have_text("Plan v2")
    assert board.evaluate("window.kept === document.getElementById('TST-4')"), "what did not change was swapped"
    assert board.evaluate("document.activeElement.closest('.card').id") == "TST-4"
    after = board.locator("#TST-4").bounding_box()
    assert before
    assert after
    assert abs(after["y"] - before["y"]) < 1


def test_nothing_new_swaps_nothing(board: Page):
    with board.expect_response(lambda answer: answer.url.endswith("/p/TST/")) as answer:
        board.evaluate("window.agileml.refreshBoard()")
    assert answer.value.status == 304


def test_an_open_dialog_is_left_alone_and_the_news_come_when_it_closes(board: Page, cast: Cast, sprint: Sprint):
    board.get_by_role("button", name="TST-1: actions").click()
    board.get_by_text("Skip…").click()
    board.get_by_label("Why").fill("Because of a long sentence")
    replan(cast, sprint, {"move": "skip", "ticket": 2})
    board.evaluate("window.agileml.refreshBoard()")
    expect(board.get_by_label("Why")).to_have_value("Because of a long sentence")
    assert "TST-2" in keys(board, "todo")
    board.keyboard.press("Escape")
    expect(board.locator(".rail #TST-2")).to_be_visible()


def test_a_skip_is_undone_from_the_toast(board: Page):
    board.get_by_role("button", name="TST-1: actions").click()
    board.get_by_text("Skip…").click()
    board.get_by_label("Why").fill("It cannot help any more.")
    board.get_by_role("button", name="Skip TST-1").click()
    expect(board.locator(".rail #TST-1")).to_contain_text("It cannot help any more.")
    expect(board.locator(".plan")).to_have_text("Plan v2 · 1 re-plan")
    board.get_by_role("button", name="Undo").click()
    expect(board.locator(COLUMN.format("todo")).locator("#TST-1")).to_be_visible()
    assert [decision.kind for decision in Decision.objects.order_by("version")] == ["start", "replan", "revert"]


def test_a_forgotten_ticket_is_added_in_one_line(board: Page):
    line = board.get_by_label("Title of the new ticket")
    line.fill("Forgotten")
    line.press("Enter")
    expect(board.locator(COLUMN.format("todo")).locator("#TST-6")).to_contain_text("Forgotten")
    expect(line).to_have_value("")


def test_a_stakeholder_drags_nothing(browser_page: Page, live_server: Any, cast: Cast, sprint: Sprint):
    page = opened(browser_page, live_server, cast.stakeholder)
    drag(page, "TST-2", "in_progress")
    assert keys(page, "in_progress") == []
    assert status(2) == "todo"


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("path", ["", "?lanes=type", "tickets/1/", "tickets/1/edit/", "tickets/1/defer/"])
def test_nothing_keeps_anybody_out(board: Page, live_server: Any, scheme: Any, path: str):
    board.emulate_media(color_scheme=scheme)
    board.goto(f"{live_server.url}/p/TST/{path}")
    violations = Axe().run(board).response["violations"]
    assert [(one["id"], [node["html"] for node in one["nodes"]]) for one in violations] == []
