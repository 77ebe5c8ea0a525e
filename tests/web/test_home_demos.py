"""What stakeholders find at home: what was shown to them, their goals, and the answers to what they said."""

import re
from datetime import timedelta
from typing import Any

import pytest

from agileml.accounts.models import User
from agileml.demos.actions.answers import answer_feedback, answer_goal, give_feedback
from agileml.demos.actions.edit import edit_demo
from agileml.demos.actions.publish import publish
from agileml.projects.actions import add_member
from tests.demos.showing import Shown, make_shown
from tests.factories import NOW, Cast, make_cast, make_user
from tests.web.browsing import browser_of, queries, set_clock


@pytest.fixture(autouse=True)
def friday(monkeypatch: pytest.MonkeyPatch) -> None:
    set_clock(monkeypatch, NOW)


@pytest.fixture
def shown(cast: Cast) -> Shown:
    """A project with a published demo."""
    shown = make_shown(cast)
    shown.published()
    return shown


def home_of(user: User) -> str:
    html = browser_of(user).get("/").content.decode().partition("<main")[2]
    return re.sub(r"\s+", " ", html)


def say(shown: Shown, text: str) -> Any:
    return give_feedback(demo=1, sent={"kind": "question", "text": text}, **shown.as_(shown.cast.stakeholder).who).uid


def test_a_stakeholder_finds_the_newest_demo_in_its_headlines_and_how_long_ago(
    shown: Shown, monkeypatch: pytest.MonkeyPatch
):
    html = home_of(shown.cast.stakeholder)
    told = ("What was shown", 'href="/p/TST/demos/1/">Skeleton<', "What we learned", "Many digits lean.",
            "What we decided not to do, and why", ">today<")  # fmt: skip
    places = [html.index(words) for words in told]
    assert places == sorted(places)
    edit_demo(demo=1, sent={"title": "Not published yet"}, expected_version=None, **shown.who)
    set_clock(monkeypatch, NOW + timedelta(days=30))
    html = home_of(shown.cast.stakeholder)
    assert "Not published yet" not in html
    assert ">4 weeks ago<" in html
    publish(demo=1, **shown.who | {"now": NOW + timedelta(days=29)})
    html = home_of(shown.cast.stakeholder)
    assert "Not published yet" in html
    assert ">yesterday<" in html


def test_the_goals_stand_there_with_how_far_they_are_until_she_has_said_her_word(shown: Shown):
    html = home_of(shown.cast.stakeholder)
    told = ("1 goal to say a word on", "Read cheques", "Clerks type less", "≤ 0.4 %", "% of the way from the baseline",
            'href="/p/TST/demos/1/#goal-1"')  # fmt: skip
    assert [words for words in told if words not in html] == []
    answer_goal(demo=1, sent={"epic": 1, "verdict": "keep"}, **shown.as_(shown.cast.lead).who)
    assert "#goal-1" in home_of(shown.cast.stakeholder), "another one's word is not hers"
    for verdict in ("keep", "adjust"):
        answer_goal(demo=1, sent={"epic": 1, "verdict": verdict}, **shown.as_(shown.cast.stakeholder).who)
    html = home_of(shown.cast.stakeholder)
    assert "#goal-1" not in html
    assert "You said at the newest demo:" in html
    assert "Adjust" in html
    assert "Nothing waits for you" in html


def test_what_she_said_stands_there_once_it_is_answered_for_two_weeks(shown: Shown, monkeypatch: pytest.MonkeyPatch):
    first, second = say(shown, "Which digits?"), say(shown, "How many?")
    assert "Which digits?" not in home_of(shown.cast.stakeholder)
    answer_feedback(demo=1, feedback=first, text="The sevens.", **shown.who)
    html = home_of(shown.cast.stakeholder)
    assert "The sevens." in html
    assert f'href="/p/TST/demos/1/#said-{first}"' in html
    assert str(second) not in html
    assert "The sevens." not in home_of(shown.cast.lead), "it is the answer to somebody else"
    set_clock(monkeypatch, NOW + timedelta(days=15))
    assert "The sevens." not in home_of(shown.cast.stakeholder)


def test_where_nothing_was_shown_yet_one_sentence_says_what_will_be_there(cast: Cast):
    make_shown(cast).begun()
    html = home_of(cast.stakeholder)
    assert "showed nothing yet" in html
    assert "Skeleton</a>" not in html
    assert "#goal-1" not in html
    assert "Read cheques" in html, "the goal is there all the same"
    assert "What was shown" not in home_of(cast.member)


def test_members_find_new_demos_in_a_line_and_no_longer_than_two_weeks(shown: Shown, monkeypatch: pytest.MonkeyPatch):
    html = home_of(shown.cast.member)
    assert "New demos" in html
    assert 'href="/p/TST/demos/1/"' in html
    assert "What was shown" not in html
    assert "Many digits lean." not in html
    assert "for an answer" not in html
    said = say(shown, "Which digits?")
    assert "1 waits for an answer" in home_of(shown.cast.member)
    answer_feedback(demo=1, feedback=said, text="The sevens.", **shown.who)
    assert "for an answer" not in home_of(shown.cast.member)
    set_clock(monkeypatch, NOW + timedelta(days=15))
    assert "New demos" not in home_of(shown.cast.member)


def test_who_is_a_stakeholder_here_and_a_member_there_finds_both(shown: Shown):
    other = make_shown(make_cast("OTH"))
    other.published()
    add_member(project=other.project, user=shown.cast.stakeholder, role="member", actor=other.cast.lead, now=NOW)
    html = home_of(shown.cast.stakeholder)
    first, _, second = html.partition("New demos")
    assert "/p/TST/demos/1/" in first
    assert "/p/OTH/demos/1/" not in first
    assert "/p/OTH/demos/1/" in second
    assert "/p/OTH/epics/1/" not in html


def test_nothing_of_other_projects_is_there(shown: Shown):
    said = say(shown, "Which digits?")
    answer_feedback(demo=1, feedback=said, text="The sevens.", **shown.who)
    shown.project.memberships.filter(user=shown.cast.stakeholder).delete()
    for user in (shown.cast.stakeholder, shown.cast.outsider):
        html = home_of(user)
        assert "TST" not in html
        assert "The sevens." not in html


def test_hostile_words_are_only_words(shown: Shown):
    text = "<script>alert(1)</script> \u202e"
    edit_demo(demo=1, sent={"title": text}, expected_version=None, **shown.who)
    publish(demo=1, **shown.who)
    answer_feedback(demo=1, feedback=say(shown, text), text=text, **shown.who)
    html = home_of(shown.cast.stakeholder)
    assert "<script>alert" not in html
    assert html.count("&lt;script&gt;alert") == 3


def test_it_costs_the_same_for_one_project_and_for_four(db: None):
    somebody = make_user()

    def join(key: str) -> None:
        of = make_shown(make_cast(key))
        add_member(project=of.project, user=somebody, role="stakeholder", actor=of.cast.lead, now=NOW)
        of.published()
        said = give_feedback(demo=1, sent={"kind": "agree"}, **of.as_(somebody).who)
        answer_feedback(demo=1, feedback=said.uid, text="Good.", **of.who)

    join("ONE")
    _, few = queries(browser_of(somebody), "/")
    for key in ("TWO", "THREE", "FOUR"):
        join(key)
    _, many = queries(browser_of(somebody), "/")
    assert few == many == 19
