"""The list of demos: the project's history as it was shown."""

from datetime import date

import pytest

from agileml.demos.actions.answers import answer_feedback, answer_goal, give_feedback
from agileml.demos.actions.becoming import feedback_to_ticket
from agileml.demos.actions.begin import begin_demo
from agileml.demos.actions.edit import add_item, edit_demo
from agileml.demos.actions.publish import publish
from agileml.demos.models import Demo, Feedback
from tests.demos.conftest import shown
from tests.demos.showing import Shown, item_of
from tests.factories import make_sprint
from tests.web.browsing import browser_of, queries

PATH = "/p/TST/demos/"
__all__ = ["shown"]


def page(shown: Shown) -> str:
    return browser_of(shown.actor).get(PATH).content.decode().partition("<main")[2]


def test_it_begins_the_demo_of_a_sprint_once_and_leads_to_its_builder(shown: Shown):
    assert "Begin the demo of sprint 1" in page(shown)
    for _ in range(2):
        answer = browser_of(shown.actor).post(PATH, {"sprint": "1"})
        assert answer.headers["Location"] == f"{PATH}1/edit/"
    assert Demo.objects.count() == 1
    assert "Begin the demo of sprint 1" not in page(shown)


@pytest.mark.parametrize(("sprint", "status"), [("9", 404), ("", 404), ("no\0", 404)])
def test_there_is_no_demo_of_no_sprint(shown: Shown, sprint: str, status: int):
    assert browser_of(shown.actor).post(PATH, {"sprint": sprint}).status_code == status


def test_a_sprint_leads_to_its_demo_as_soon_as_there_is_one_to_see(shown: Shown):
    stakeholder = browser_of(shown.cast.stakeholder)
    assert stakeholder.get(f"{PATH}?sprint=1").status_code == 200
    shown.begun()
    assert stakeholder.get(f"{PATH}?sprint=1").status_code == 200
    assert browser_of(shown.actor).get(f"{PATH}?sprint=1").headers["Location"] == f"{PATH}1/"
    shown.published()
    assert stakeholder.get(f"{PATH}?sprint=1").headers["Location"] == f"{PATH}1/"
    assert stakeholder.get(f"{PATH}?sprint=x\0").status_code == 200
    assert f"{PATH}?sprint=1" in stakeholder.get("/p/TST/sprints/").content.decode()


def test_it_tells_what_was_shown_in_its_headlines(shown: Shown):
    shown.published()
    html = page(shown)
    for words in ("Know what works", "What we learned", "Many digits lean.", "What got better", "published "):
        assert words in html


def test_a_draft_is_for_those_who_work_on_it(shown: Shown):
    shown.begun()
    assert "Skeleton" in page(shown)
    html = page(shown.as_(shown.cast.stakeholder))
    assert "Skeleton" not in html
    assert "Begin" not in html


def test_a_headline_leads_to_what_is_shown_under_it(shown: Shown):
    shown.published()
    assert f'href="{PATH}1/#item-{item_of(1).uid}">Many digits lean.' in page(shown)
    assert f'id="item-{item_of(1).uid}"' in browser_of(shown.actor).get(f"{PATH}1/").content.decode()


def test_what_is_being_rewritten_is_not_told_before_it_is_published(shown: Shown):
    shown.published()
    edit_demo(demo=1, sent={"title": "Better words"}, expected_version=None, **shown.who)
    for actor in (shown.cast.stakeholder, shown.cast.member):
        assert "Better words" not in page(shown.as_(actor))
    publish(demo=1, **shown.who)
    assert "Better words" in page(shown.as_(shown.cast.stakeholder))


def test_it_tells_how_the_goals_were_answered_for_and_whose_questions_wait(shown: Shown):
    shown.published()
    stakeholder = shown.as_(shown.cast.stakeholder)
    for actor, verdict in (
        (shown.cast.stakeholder, "stop"),
        (shown.cast.stakeholder, "keep"),
        (shown.cast.lead, "keep"),
    ):
        answer_goal(demo=1, sent={"epic": 1, "verdict": verdict}, **shown.as_(actor).who)
    for kind in ("question", "concern", "agree"):
        give_feedback(demo=1, sent={"kind": kind}, **stakeholder.who)
    html = page(shown)
    assert f'href="{PATH}1/#goal-1">Read cheques' in html
    assert 'Keep <b class="num">2</b>' in html
    assert "Stop" not in html, "of one person the newest holds"
    assert "3 remarks" in html
    assert "2 wait for an answer" in html
    answer_feedback(demo=1, feedback=Feedback.objects.get(kind="question").uid, text="Yes.", **shown.who)
    assert "1 waits for an answer" in page(shown)
    feedback_to_ticket(demo=1, feedback=Feedback.objects.get(kind="concern").uid, **shown.who)
    assert "for an answer" not in page(shown)
    assert "for an answer" not in page(stakeholder)


def test_it_is_read_in_as_few_queries_with_two_demos_as_with_one(shown: Shown):
    shown.published()
    client = browser_of(shown.cast.lead)
    _, few = queries(client, PATH)
    make_sprint(shown.cast, start=date(2026, 12, 7), active=True)
    begin_demo(sprint=2, **shown.who)
    add_item(demo=2, sent={"section": "learned", "headline": "One more"}, **shown.who)
    publish(demo=2, **shown.who)
    answer, many = queries(client, PATH)
    assert answer.content.decode().index("One more") < answer.content.decode().index("Many digits lean.")
    assert few == many <= 10
