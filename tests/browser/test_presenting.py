"""A demo on the big screen, in the browser: all of a slide is seen at once, and read from the last row."""

from itertools import product
from typing import Any, Literal

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from tests.demos.much import CHARTS, PARAGRAPH, publish_much
from tests.demos.showing import Shown, make_shown
from tests.factories import make_cast
from tests.web.browsing import browser_of

SCREENS = ((1920, 1080), (1280, 720), (1024, 768))
SCHEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")
STORY = "\n\n".join(PARAGRAPH.format(many) for many in range(4))
SLIDE = """() => {
    const slide = document.querySelector(".slide.now");
    const box = (one) => one.getBoundingClientRect();
    const parts = slide.querySelectorAll("h2, h3, p, li, .demo-verdict, .demo-chart, figure");
    const seen = [...parts].filter((one) => one.checkVisibility() && !one.closest(".said"));
    const prose = seen.filter((one) => one.matches(".prose p"));
    const bar = box(document.querySelector(".steer")).top;
    const clear = slide.querySelector(".said") ?? document.querySelector(".steer");
    const charts = [...slide.querySelectorAll(".demo-drawn .chart")];
    const size = (one) => parseFloat(getComputedStyle(one).fontSize) * (one.currentCSSZoom ?? 1);
    return {
        scrolls: slide.scrollHeight > slide.clientHeight + 1 || slide.scrollWidth > slide.clientWidth + 1,
        hidden: seen.filter((one) => box(one).bottom > box(clear).top + 1 || box(one).right > innerWidth).length,
        above: box(slide).bottom <= bar + 1,
        smallest: Math.min(...seen.filter((one) => one.matches(".prose p, .sentence")).map(size)),
        letters: charts.map(size),
        columns: new Set(charts.map((one) => Math.round(box(one.closest(".demo-chart")).left))).size,
        lines: Math.max(0, ...prose.map((one) => box(one).width / size(one))),
    };
}"""


@pytest.fixture
def shown(transactional_db: None) -> Shown:
    return make_shown(make_cast())


def present(page: Page, shown: Shown, url: str) -> Any:
    cookie = browser_of(shown.cast.member).cookies["sessionid"].value
    page.context.add_cookies([{"name": "sessionid", "value": cookie, "url": url}])
    page.goto(f"{url}/p/TST/demos/1/present/")
    page.wait_for_function("[...document.images].every((one) => one.complete)")
    return page.locator(".slide.now")


def test_all_of_a_slide_is_seen_at_once(browser_page: Page, live_server: Any, shown: Shown):
    page = browser_page
    publish_much(shown, STORY)
    present(page, shown, live_server.url)
    for (width, height), scheme in product(SCREENS, SCHEMES):
        page.emulate_media(color_scheme=scheme)
        page.set_viewport_size({"width": width, "height": height})
        told = []
        page.keyboard.press("Home")
        for _ in range(6):
            told.append(page.evaluate(SLIDE))
            page.keyboard.press("ArrowRight")
        on = (width, height, scheme)
        assert [(one["scrolls"], one["hidden"], one["above"]) for one in told] == [(False, 0, True)] * 6, on
        assert min(one["smallest"] or 99 for one in told) >= height / 52, ("the last row reads it", on)
        charts = told[2]
        assert len(charts["letters"]) == CHARTS
        assert min(charts["letters"]) >= height / 85, on
        assert charts["columns"] >= 2, ("side by side", on)
        assert max(one["lines"] for one in told) <= 40, ("no line is too long to find the next one", on)


@pytest.mark.parametrize("scheme", SCHEMES)
def test_no_barrier_keeps_anybody_out(
    browser_page: Page, live_server: Any, shown: Shown, scheme: Literal["light", "dark"]
):
    page = browser_page
    publish_much(shown, STORY)
    page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
    present(page, shown, live_server.url)
    for _ in range(6):
        found = Axe().run(page).response["violations"]
        assert [(one["id"], [node["html"] for node in one["nodes"]]) for one in found] == []
        page.keyboard.press("ArrowRight")


def test_what_is_too_long_for_any_screen_is_scrolled_with_the_head_of_it_in_sight(
    browser_page: Page, live_server: Any, shown: Shown
):
    page = browser_page
    publish_much(shown)
    now = present(page, shown, live_server.url)
    page.keyboard.press("ArrowRight")
    expect(now.locator("h3")).to_be_in_viewport()
    assert page.evaluate(SLIDE)["scrolls"]
    page.mouse.move(400, 400)
    page.mouse.wheel(0, 30_000)
    expect(now.get_by_text("What tall too.png shows")).to_be_in_viewport()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowLeft")
    expect(now.locator("h3")).to_be_in_viewport()


def test_a_slide_is_fitted_anew_when_the_screen_changes(browser_page: Page, live_server: Any, shown: Shown):
    page = browser_page
    publish_much(shown, STORY)
    page.set_viewport_size({"width": 1920, "height": 1080})
    present(page, shown, live_server.url)
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    page.set_viewport_size({"width": 1024, "height": 768})
    page.wait_for_function("() => !(" + SLIDE + ")().scrolls")
