"""A demo that was kept as a file: opened from a disk, without a network, it is the picture of its page."""

from itertools import product
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone
from playwright.sync_api import Browser, Page

from agileml.demos.actions import sharing
from agileml.web import export
from tests.browser.pictures import unlike
from tests.demos.much import publish_much
from tests.demos.showing import Shown, make_shown
from tests.factories import make_cast
from tests.web.browsing import browser_of

ALIKE = 0.0002  # letters are smoothed a little otherwise where they begin between two points
WIDTHS = (1280, 390)


@pytest.fixture
def shown(transactional_db: None) -> Shown:
    shown = make_shown(make_cast())
    publish_much(shown)
    return shown


@pytest.fixture
def there(chromium: Browser, live_server: Any, shown: Shown) -> Any:
    """The page of a guest, without what it asks her."""
    context = chromium.new_context(locale="en-GB", timezone_id="UTC")
    page = context.new_page()
    token = sharing.share(demo=1, sent={}, **shown.as_(shown.cast.lead).who | {"now": timezone.now()})[1]
    page.goto(f"{live_server.url}/d/{token}/")
    page.evaluate("for (const form of document.querySelectorAll('.demo :is(.say, .thanks)')) form.remove()")
    yield page
    context.close()


def kept(shown: Shown, folder: Path) -> Path:
    file = folder / "demo.html"
    file.write_bytes(browser_of(shown.cast.member).get("/p/TST/demos/1/export/").content)
    return file


def seen(page: Page, width: int, scheme: Any) -> bytes:
    """The picture of the demo alone."""
    page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
    page.set_viewport_size({"width": width, "height": 900})
    page.evaluate("Promise.all([...document.images].map((one) => one.decode()))")
    return page.locator("article.demo").screenshot()


def test_it_looks_as_its_page_does_and_asks_for_nothing(browser_page: Page, there: Page, shown: Shown, tmp_path: Path):
    page = browser_page
    page.context.set_offline(True)
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    file = kept(shown, tmp_path)
    page.goto(file.as_uri())
    compared = page.context.new_page()
    for width, scheme in product(WIDTHS, ("light", "dark")):
        share = unlike(compared, seen(page, width, scheme), seen(there, width, scheme))
        assert share <= ALIKE, (width, scheme)
        assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert [url for url in asked if not url.startswith("data:")] == [file.as_uri()]


def test_it_would_be_noticed_if_anything_were_left_out(
    browser_page: Page, there: Page, shown: Shown, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    page = browser_page
    compared = page.context.new_page()
    whole = seen(there, 1280, "light")

    def notices() -> bool:
        page.goto(kept(shown, tmp_path).as_uri())
        return unlike(compared, seen(page, 1280, "light"), whole) > 10 * ALIKE

    for sheet in export.SHEETS:
        with monkeypatch.context() as without:
            without.setattr(export, "SHEETS", tuple(name for name in export.SHEETS if name != sheet))
            assert notices(), sheet
    monkeypatch.setattr("agileml.demos.queries.shown.images", lambda edition: [])
    assert notices(), "pictures"
