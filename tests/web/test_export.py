"""A demo as a file: everything in it, and nothing that it would have to ask for."""

import base64
import re
from typing import Any

import pytest

from agileml.demos.actions.begin import begin_demo
from agileml.demos.actions.images import add_image
from agileml.demos.actions.publish import publish
from tests.demos.pictures import HOSTILE_SVG, PNG
from tests.demos.showing import Shown, item_of, make_shown
from tests.factories import Cast
from tests.web.browsing import browser_of, queries

PATH = "/p/TST/demos/1/export/"


@pytest.fixture
def shown(cast: Cast) -> Shown:
    """A project with a sprint to show."""
    return make_shown(cast)


@pytest.fixture
def file(shown: Shown) -> Any:
    """The answer that is kept: a demo with two pictures."""
    begin_demo(sprint=1, **shown.who)
    for name, content in (("a.png", PNG), ("b.svg", HOSTILE_SVG)):
        add_image(demo=1, item=item_of(1).uid, name=name, content=content, **shown.who)
    publish(demo=1, **shown.who)
    return browser_of(shown.cast.stakeholder).get(PATH)


def test_it_is_a_file_with_a_name_that_does_nothing_where_it_is_opened(file: Any):
    assert file["Content-Disposition"] == 'attachment; filename="TST-demo-1-edition-1.html"'
    assert file["Content-Security-Policy"].startswith("sandbox; default-src 'none'")
    html = file.content.decode()
    assert "default-src &#x27;none&#x27;; style-src &#x27;unsafe-inline&#x27;; img-src data:" in html
    assert "<script" not in html.lower().replace("&lt;script", "")


def test_it_asks_for_nothing(file: Any):
    html = file.content.decode()
    assert re.findall(r"(?:href|src|action)=\"(?!#|data:image/)[^\"]*\"", html) == []
    assert re.findall(r"url\(|@import", html) == []
    assert "/static/" not in html
    signs = set(re.findall(r'<use href="#([\w-]+)"', html))
    assert signs
    assert signs <= set(re.findall(r'<symbol id="([\w-]+)"', html))
    kept = re.findall(r'src="data:image/[\w+]+;base64,([^"]+)"', html)
    assert sorted(base64.b64decode(one) for one in kept) == sorted([PNG, HOSTILE_SVG])


def test_it_says_what_the_edition_says(file: Any):
    html = file.content.decode()
    told = ("What we learned", "Many digits lean.", "Try a learner", "Edges do not help.", "Numbers as of")
    assert [words for words in told if words not in html] == []


def test_a_draft_is_no_file_and_outsiders_get_none(shown: Shown):
    begin_demo(sprint=1, **shown.who)
    assert browser_of(shown.cast.lead).get(PATH).status_code == 404
    publish(demo=1, **shown.who)
    assert queries(browser_of(shown.cast.member), PATH)[1] <= 8
    assert browser_of(shown.cast.outsider).get(PATH).status_code == 404
