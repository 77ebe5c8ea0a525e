"""A demo on paper: its page, the presentation and the file that is kept are cut nowhere, on A4 and on Letter."""

from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page

from agileml.demos.models import Edition
from tests.browser.paper import POINTS, SIZES, Sheet, sheets, squeezed
from tests.demos.much import CHARTS, ENDLESS, items, publish_much
from tests.demos.showing import Shown, make_shown
from tests.factories import make_cast
from tests.web.browsing import browser_of

# What stands on one page each. A paragraph counts while it has no more than two lines.
WHOLE = """h1, h2, h3, h4, .demo-verdict, .demo-chart, .demo-finding, .demo-skip, .demo-criteria, .demo-pictures figure,
    .prose :is(p, li, tr, blockquote, pre), .said > li"""
WORDS = """([wanted, most]) => {
    const seen = [...document.querySelectorAll(wanted)].filter((one) => {
        const { height } = one.getBoundingClientRect();
        if (one.matches(".prose :is(p, li)")) return height < 2.5 * parseFloat(getComputedStyle(one).lineHeight);
        return one.checkVisibility() && height < most * innerHeight;
    });
    const words = (one) => {
        const kept = document.createTreeWalker(one, NodeFilter.SHOW_TEXT);
        let text = "";
        while (kept.nextNode()) {
            const within = kept.currentNode.parentElement;
            if (within.checkVisibility() && !within.closest("title, desc")) text += kept.currentNode.data;
        }
        return text;
    };
    return seen.map(words);
}"""
FOLLOWED = """heads => heads.filter((head) => head.nextElementSibling).map((head) => {
    const next = head.nextElementSibling;
    return [head.innerText, next.matches("table") ? next.tHead.innerText : next.innerText];
})"""
MARGIN = 15 * POINTS


@pytest.fixture
def shown(transactional_db: None) -> Shown:
    return make_shown(make_cast())


@pytest.fixture
def edition(shown: Shown) -> Edition:
    """A demo with all that is hard to print."""
    return publish_much(shown)


@pytest.fixture
def page(browser_page: Page, shown: Shown, live_server: Any) -> Page:
    """A browser in which a member is logged in."""
    cookie = browser_of(shown.cast.member).cookies["sessionid"].value
    browser_page.context.add_cookies([{"name": "sessionid", "value": cookie, "url": live_server.url}])
    return browser_page


def printed(page: Page, size: str) -> tuple[list[str], list[Sheet]]:
    """The blocks that are to stay whole, as words, and the pages. The page is as wide as the paper meanwhile."""
    width, height = SIZES[size]
    page.emulate_media(media="print")
    page.set_viewport_size({"width": round((width - 30) / 25.4 * 96), "height": round((height - 34) / 25.4 * 96)})
    return [squeezed(text) for text in page.evaluate(WORDS, [WHOLE, 1])], sheets(page.pdf(format=size))


def torn(blocks: list[str], pages: list[Sheet]) -> list[str]:
    """The blocks that stand on no page as a whole, as often as they are there."""
    found = {text: sum(page.words.count(text) for page in pages) for text in blocks if text}
    return [text for text, times in found.items() if times < blocks.count(text)]


def apart(heads: list[tuple[str, str]], pages: list[Sheet]) -> list[tuple[str, str]]:
    """The heads that stand on another page than the first words of what follows."""
    told = [(squeezed(head), squeezed(head + follows)[: len(squeezed(head)) + 12]) for head, follows in heads]
    return [(head, both) for head, both in told if not any(both in page.words for page in pages)]


def beyond(pages: list[Sheet], size: str) -> list[Any]:
    """What hangs over the margins."""
    width, height = (side * POINTS for side in SIZES[size])
    boxes = [box for page in pages for box in (*page.lines, *page.pictures)]
    return [
        box
        for box in boxes
        if box.left < MARGIN - 2 or box.right > width - MARGIN + 2 or box.bottom < 0 or box.top > height - MARGIN
    ]


@pytest.mark.parametrize("kind", ["page", "file"])
def test_the_demo_and_its_file_are_cut_nowhere(
    page: Page, live_server: Any, shown: Shown, edition: Edition, tmp_path: Path, kind: str
):
    if kind == "page":
        page.goto(f"{live_server.url}/p/TST/demos/1/")
    else:
        kept = tmp_path / "demo.html"
        kept.write_bytes(browser_of(shown.cast.member).get("/p/TST/demos/1/export/").content)
        page.goto(kept.as_uri())
    for size in SIZES:
        blocks, pages = printed(page, size)
        assert torn(blocks, pages) == []
        assert len(blocks) > 90, "this much was looked at"
        heads = page.locator(".shown > h2, .demo-item > header, .prose h4").evaluate_all(FOLLOWED)
        assert apart(heads, pages) == []
        assert sum(len(one.pictures) for one in pages) == 3, "each picture on one page"
        assert beyond(pages, size) == []
        assert sum(squeezed(ENDLESS) in one.words for one in pages) == 1
        fitting = [squeezed(text) for text in page.evaluate(WORDS, [".demo-item", 0.9])]
        assert len(fitting) >= 2
        assert torn(fitting, pages) == []


def test_of_a_presentation_each_item_is_a_page_while_it_fits(page: Page, live_server: Any, edition: Edition):
    page.goto(f"{live_server.url}/p/TST/demos/1/present/")
    page.wait_for_load_state("load")
    for size in SIZES:
        blocks, pages = printed(page, size)
        assert torn(blocks, pages) == []
        assert beyond(pages, size) == []
        headlines = page.locator(".slide > h2 + .demo-item h3").evaluate_all(
            "heads => heads.map((head) => head.closest('.slide').firstElementChild.innerText + head.innerText)"
        )
        on = [[number for number, one in enumerate(pages) if squeezed(words) in one.words] for words in headlines]
        assert [len(found) for found in on] == [1] * len(headlines)
        begins = [found[0] for found in on]
        long = next(number for number, item in enumerate(items(edition)) if item["story"])
        assert long == 0
        assert begins[1] - begins[0] > 1, "the long story goes on on the next pages"
        assert begins[1:] == list(range(begins[1], begins[1] + len(begins) - 1)), "all else is a page an item"
        assert len(pages) == begins[-1] + 2, "and then the goals"
        drawn = page.locator(".slide .demo-item").nth(1).locator(".demo-chart")
        assert drawn.count() == CHARTS
        assert sum(len(one.pictures) for one in pages) == 3
