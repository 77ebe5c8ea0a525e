"""A demo on a phone: for guests, for participants, as a file and presented, with all that is hard to show."""

from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone
from playwright.sync_api import Page

from agileml.demos.actions.sharing import share
from tests.demos.much import publish_much
from tests.demos.showing import Shown, make_shown
from tests.factories import make_cast
from tests.web.browsing import browser_of

WIDTH = 390
CHARTS = """() => [...document.querySelectorAll(".chart")].filter((one) => one.checkVisibility()).map((chart) => {
    const size = (one) => parseFloat(getComputedStyle(one).fontSize) * (one.currentCSSZoom ?? 1);
    const texts = [...chart.querySelectorAll("text")];
    const boxes = texts.map((one) => one.getBoundingClientRect());
    return {
        width: chart.getBoundingClientRect().width,
        letters: Math.min(...texts.map(size)),
        over: boxes.filter((box) => box.left < 0 || box.right > innerWidth).length,
    };
})"""

# Figures of tables that do not stand in one line.
WORDS_IN_TWO = """() => [...document.querySelectorAll(".prose td")]
    .filter((one) => one.checkVisibility() && one.clientHeight > 2.5 * parseFloat(getComputedStyle(one).lineHeight))
    .map((one) => one.innerText)"""


@pytest.fixture
def shown(transactional_db: None) -> Shown:
    shown = make_shown(make_cast())
    publish_much(shown)
    return shown


def addresses(shown: Shown, url: str, folder: Path) -> dict[str, str]:
    """Where each of them is."""
    kept = folder / "demo.html"
    kept.write_bytes(browser_of(shown.cast.member).get("/p/TST/demos/1/export/").content)
    token = share(demo=1, sent={}, **shown.as_(shown.cast.lead).who | {"now": timezone.now()})[1]
    return {
        "guest": f"{url}/d/{token}/",
        "participant": f"{url}/p/TST/demos/1/",
        "file": kept.as_uri(),
        "presented": f"{url}/p/TST/demos/1/present/#3",
    }


def test_nothing_hangs_over_and_charts_are_legible(browser_page: Page, live_server: Any, shown: Shown, tmp_path: Path):
    page = browser_page
    cookie = browser_of(shown.cast.member).cookies["sessionid"].value
    page.context.add_cookies([{"name": "sessionid", "value": cookie, "url": live_server.url}])
    page.set_viewport_size({"width": WIDTH, "height": 844})
    for name, address in addresses(shown, live_server.url, tmp_path).items():
        page.goto(address)
        assert page.evaluate("document.documentElement.scrollWidth") == WIDTH, name
        assert page.evaluate(WORDS_IN_TWO) == [], name
        charts = page.evaluate(CHARTS)
        assert len(charts) == 4, name
        for chart in charts:
            assert chart["width"] >= 260, name
            assert chart["letters"] >= 10, name
            assert chart["over"] == 0, name
