"""A demo on the big screen: all of it in one answer, an item a slide, with what was said for who presents."""

import re
from typing import Any

import pytest
from django.core.cache import cache
from django.test import Client

from agileml.demos.actions.answers import give_feedback, guest_feedback
from agileml.demos.actions.begin import begin_demo
from agileml.demos.actions.images import add_image
from agileml.demos.actions.publish import publish
from tests.demos.pictures import HOSTILE_SVG
from tests.demos.showing import Shown, item_of, make_shown
from tests.factories import NOW, Cast
from tests.web.browsing import browser_of, queries, set_clock

PATH = "/p/TST/demos/1/present/"


@pytest.fixture
def shown(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> Shown:
    """A project with a sprint to show."""
    cache.clear()
    set_clock(monkeypatch, NOW)
    return make_shown(cast)


def slides(answer: Any) -> list[str]:
    """The words of each slide."""
    html = answer.content.decode()
    return [re.sub(r"<[^>]+>", " ", part) for part in html.split('<section class="slide')[1:]]


def test_each_item_has_its_slide_between_a_beginning_and_the_goals(shown: Shown):
    shown.published()
    told = slides(browser_of(shown.cast.stakeholder).get(PATH))
    begins = ("Know what works", "Many digits lean.", "Try a learner", "Serve it", "Try wavelets", "Clerks type less")
    assert [words in slide for words, slide in zip(begins, told, strict=True)] == [True] * 6


def test_a_draft_is_not_presented_and_later_edits_are_not_seen(shown: Shown):
    begin_demo(sprint=1, **shown.who)
    lead = browser_of(shown.cast.lead)
    assert lead.get(PATH).status_code == 404
    publish(demo=1, **shown.who)
    assert lead.get(PATH).status_code == 200
    assert lead.get("/p/TST/demos/2/present/").status_code == 404


def test_who_presents_sees_what_was_said_of_each_and_guests_do_not(shown: Shown):
    shown.published()
    token = shown.token()
    sent = {"kind": "concern", "text": "Is it fair?", "item": str(item_of(2).uid)}
    guest_feedback(token=token, name="Ada", sent=sent, now=NOW)
    give_feedback(demo=1, sent={"kind": "agree", "text": "Go on"}, **shown.who)
    told = slides(browser_of(shown.cast.member).get(PATH))
    assert "Is it fair?" in told[2]
    assert "Ada" in told[2]
    assert "Go on" in told[-1]
    there = slides(Client().get(f"/d/{token}/present/"))
    assert "Is it fair?" not in "".join(there)
    assert len(there) == len(told)


def test_its_pictures_are_those_of_the_demo(shown: Shown):
    begin_demo(sprint=1, **shown.who)
    image = add_image(demo=1, item=item_of(1).uid, name="a.svg", content=HOSTILE_SVG, **shown.who)
    publish(demo=1, **shown.who)
    assert f'src="../images/{image.uid}/"' in browser_of(shown.cast.member).get(PATH).content.decode()
    path = f"/p/TST/demos/1/images/{image.uid}/"
    assert browser_of(shown.cast.stakeholder).get(path).content == HOSTILE_SVG


def test_it_takes_few_statements_however_much_is_shown(shown: Shown):
    shown.published()
    assert queries(browser_of(shown.cast.member), PATH)[1] <= 8
