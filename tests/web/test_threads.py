"""Where a whole company said something the page still reads well: agreement is one line, the rest the newest."""

import re
from html import unescape

import pytest
from django.test import Client

from agileml.demos.actions.answers import give_feedback, guest_answer_goal, guest_feedback
from agileml.demos.queries.threads import NAMES, NEWEST
from tests.demos.showing import Shown, item_of, make_shown
from tests.factories import Cast
from tests.web.browsing import browser_of

PAGE, BIG_SCREEN = "/p/TST/demos/1/", "/p/TST/demos/1/present/"


@pytest.fixture
def shown(cast: Cast) -> Shown:
    shown = make_shown(cast)
    shown.published()
    return shown


def read(browser: Client, page: str) -> str:
    return browser.get(page).content.decode()


def test_who_agrees_without_a_word_is_one_entry_with_the_first_names(shown: Shown):
    token = shown.token()
    names = [f"Guest {number}" for number in range(NAMES)] + ["<b>Late</b>", "Later"]
    for name in names:
        guest_feedback(token=token, name=name, sent={"kind": "agree"}, now=shown.now)
    guest_feedback(token=token, name="Ada", sent={"kind": "agree", "text": "Go on."}, now=shown.now)
    for page in (PAGE, BIG_SCREEN):
        html = read(browser_of(shown.cast.member), page)
        entry = re.search(r'<li[^>]*id="agreed-of-whole".*?</li>', html, re.DOTALL)
        assert entry
        told = " ".join(unescape(re.sub(r"<[^>]+>", " ", entry[0])).split()).replace(" ,", ",")
        assert told == f"Agree {len(names)} {', '.join(names[:NAMES])} and 2 more"
        assert "Go on." in html.replace(entry[0], "")


def test_the_newest_of_what_was_said_is_shown_and_the_rest_on_demand(shown: Shown):
    item = str(item_of(1).uid)
    for number in range(NEWEST + 3):
        sent = {"kind": "comment", "text": f"Thought {number}.", "item": item}
        give_feedback(demo=1, sent=sent, **shown.who)
    member = browser_of(shown.cast.member)
    html = read(member, PAGE)
    assert ("Thought 2." in html, "Thought 3." in html, f"Thought {NEWEST + 2}." in html) == (False, True, True)
    way = re.search(r'href="(/p/TST/demos/1/\?said=all)#thread-[^"]+">Show 3 earlier ones, too<', html)
    assert way
    everything = read(member, way[1])
    assert [n for n in range(NEWEST + 3) if f"Thought {n}." not in everything] == []
    assert "earlier one" not in everything
    assert "Thought 2." not in read(member, BIG_SCREEN)


def test_the_newest_reasons_about_a_goal_are_shown_and_the_rest_on_demand(shown: Shown):
    token = shown.token()
    for number in range(NEWEST + 1):
        sent = {"epic": 1, "verdict": "adjust", "note": f"Reason {number}."}
        guest_answer_goal(token=token, name=f"Guest {number}", sent=sent, now=shown.now)
    member = browser_of(shown.cast.member)
    html = read(member, PAGE)
    assert ("Reason 0." in html, "Reason 1." in html, "Show 1 earlier one, too" in html) == (False, True, True)
    assert "Reason 0." in read(member, f"{PAGE}?said=all")
