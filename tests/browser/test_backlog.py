"""The backlog in a browser: put in order by mouse and by keys, and edited many at a time."""

from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from agileml.planning.actions.tickets import delete_ticket
from agileml.planning.queries import backlog as reads
from agileml.work.actions import create_story
from agileml.work.models import Ticket
from tests.factories import NOW, Cast, make_cast, make_sprint, make_tickets
from tests.web.browsing import browser_of

PATH = "/p/TST/backlog/"


@pytest.fixture
def cast(transactional_db: None) -> Cast:
    """Committed, so that the server's own threads see it: four tickets in a story, two in none."""
    cast = make_cast()
    story = create_story(project=cast.project, sent={"title": "Slant"}, actor=cast.lead, now=NOW).number
    make_tickets(cast, 4, story=story, labels=["data"])
    make_tickets(cast, 2)
    return cast


@pytest.fixture
def backlog(browser_page: Page, live_server: Any, cast: Cast) -> Page:
    """The backlog as a member sees it."""
    cookie = browser_of(cast.member).cookies["sessionid"].value
    browser_page.context.add_cookies([{"name": "sessionid", "value": cookie, "url": live_server.url}])
    browser_page.goto(f"{live_server.url}{PATH}")
    return browser_page


def shown(page: Page) -> list[str]:
    return page.locator(".items > li[id]").evaluate_all("rows => rows.map(row => row.id.slice(7))")


def stored() -> list[int]:
    return list(Ticket.objects.alive().order_by("rank", "number").values_list("number", flat=True))


def drag(page: Page, number: int, onto: int, *, low: bool = False) -> None:
    target = page.locator(f"#ticket-{onto}")
    box = target.bounding_box()
    assert box
    y = box["height"] - 4 if low else 4
    page.locator(f"#ticket-{number} .key").drag_to(target, target_position={"x": 200, "y": y})


def ticked(page: Page) -> list[str]:
    return page.locator(".pick :checked").evaluate_all("boxes => boxes.map(box => box.value)")


def test_a_ticket_is_dragged_within_its_story_and_shows_where_it_went(backlog: Page):
    backlog.locator("#ticket-2 .pick input").check()
    drag(backlog, 4, 1)
    expect(backlog.locator("#ticket-4.changed")).to_be_visible()
    expect(backlog.locator("#announce")).to_have_text("TST-4 is now 1 of 4 in Slant")
    assert shown(backlog) == ["4", "1", "2", "3", "5", "6"]
    assert stored() == [4, 1, 2, 3, 5, 6]
    assert ticked(backlog) == ["2"]
    drag(backlog, 4, 3, low=True)
    expect(backlog.locator("#announce")).to_have_text("TST-4 is now 4 of 4 in Slant")
    assert stored() == [1, 2, 3, 4, 5, 6]


def test_a_ticket_is_not_dragged_into_another_story(backlog: Page):
    drag(backlog, 1, 5)
    assert shown(backlog) == ["1", "2", "3", "4", "5", "6"]
    assert Ticket.objects.get(number=1).story is not None


def test_the_rest_of_a_story_comes_into_its_list_by_keys_and_moves_there(
    backlog: Page, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(reads, "A_GROUP", 2)
    backlog.reload()
    assert shown(backlog) == ["1", "2", "5", "6"]
    drag(backlog, 1, 2, low=True)
    expect(backlog.locator("#announce")).to_have_text("TST-1 is now 2 of 2 in Slant")
    backlog.get_by_text("Show more of “Slant”").focus()
    backlog.keyboard.press("Enter")
    expect(backlog.locator("#open-3")).to_be_focused()
    assert shown(backlog) == ["2", "1", "3", "4", "5", "6"]
    backlog.keyboard.press("Alt+ArrowUp")
    expect(backlog.locator("#announce")).to_have_text("TST-3 is now 2 of 4 in Slant")
    expect(backlog.locator("#open-3")).to_be_focused()
    assert stored() == [2, 3, 1, 4, 5, 6]


def test_a_move_that_is_refused_goes_back_and_says_why(backlog: Page, cast: Cast):
    delete_ticket(project=cast.project, number=1, expected_version=None, actor=cast.lead, now=NOW)
    drag(backlog, 4, 1)
    expect(backlog.locator("#backlog .errors")).to_contain_text("There is no such other ticket.")
    assert shown(backlog) == ["2", "3", "4", "5", "6"]


def test_a_move_that_does_not_reach_the_server_goes_back(backlog: Page):
    backlog.route(f"**{PATH}", lambda route: route.abort() if route.request.method == "POST" else route.continue_())
    drag(backlog, 4, 1)
    expect(backlog.locator(".toast.error")).to_contain_text("cannot be reached")
    assert shown(backlog) == ["1", "2", "3", "4", "5", "6"]


def test_keys_alone_put_a_ticket_in_its_place_and_the_focus_goes_along(backlog: Page):
    backlog.locator("#open-3").focus()
    backlog.keyboard.press("Alt+ArrowUp")
    expect(backlog.locator("#announce")).to_have_text("TST-3 is now 2 of 4 in Slant")
    expect(backlog.locator("#open-3")).to_be_focused()
    backlog.keyboard.press("Alt+ArrowUp")
    expect(backlog.locator("#announce")).to_have_text("TST-3 is now 1 of 4 in Slant")
    assert stored() == [3, 1, 2, 4, 5, 6]
    backlog.get_by_role("button", name="TST-3 down").press("Enter")
    expect(backlog.locator("#announce")).to_have_text("TST-3 is now 2 of 4 in Slant")
    expect(backlog.get_by_role("button", name="TST-3 down")).to_be_focused()


def test_a_range_is_ticked_with_shift_and_all_with_one_box(backlog: Page):
    backlog.locator("#ticket-2 .pick input").click()
    backlog.locator("#ticket-5 .pick input").click(modifiers=["Shift"])
    assert ticked(backlog) == ["2", "3", "4", "5"]
    expect(backlog.locator("#picked-count")).to_have_text("4 ticked.")
    backlog.get_by_label("All on this page").check()
    assert len(ticked(backlog)) == 6
    backlog.get_by_label("All on this page").uncheck()
    assert ticked(backlog) == []


def test_what_is_ticked_is_changed_in_one_go(backlog: Page):
    backlog.locator("#ticket-5 .pick input").check()
    backlog.locator("#ticket-6 .pick input").check()
    backlog.get_by_text("Edit them …").click()
    backlog.get_by_label("Add labels").fill("urgent")
    backlog.get_by_label("Add labels").press("Enter")
    expect(backlog.locator("#toasts")).to_contain_text("2 tickets changed.")
    assert [row.labels for row in Ticket.objects.filter(number__in=[5, 6])] == [["urgent"]] * 2


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_nothing_keeps_anybody_out(backlog: Page, cast: Cast, scheme: Any):
    make_sprint(cast, [5])
    backlog.emulate_media(color_scheme=scheme)
    backlog.reload()
    backlog.get_by_text("Edit them …").click()
    backlog.locator("#ticket-1 .pick input").check()
    violations = Axe().run(backlog).response["violations"]
    assert [(one["id"], [node["html"] for node in one["nodes"]]) for one in violations] == []


def test_on_a_phone_nothing_slides_sideways(backlog: Page):
    backlog.set_viewport_size({"width": 360, "height": 700})
    backlog.get_by_text("Edit them …").click()
    assert backlog.evaluate("document.documentElement.scrollWidth - window.innerWidth") <= 0
