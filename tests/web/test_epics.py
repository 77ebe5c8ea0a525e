"""The epics of a project: goal, target, skeleton, drift; begun from a template, moved up and down."""

import re
from typing import Any

import pytest

from agileml.metrics.actions.settings import set_baseline, set_target, watch_metric
from agileml.planning.models import Sprint
from agileml.work.actions import create_epic, create_story
from agileml.work.models import Epic, Story, Ticket
from tests.api.client import Api
from tests.factories import NOW, Cast, make_ticket
from tests.web.browsing import browser_of, queries

PATH = "/p/TST/epics/"


@pytest.fixture(autouse=True)
def epic(cast: Cast) -> None:
    by: Any = {"project": cast.project, "actor": cast.lead, "now": NOW}
    create_epic(sent={"title": "Read faster", "goal": "Fewer to type", "components": ["data", "model"]}, **by)
    create_story(sent={"title": "How?", "epic": 1}, **by)


def page(cast: Cast, user: Any = None) -> str:
    answer = browser_of(user or cast.lead).get(PATH)
    assert answer.status_code == 200
    return answer.content.decode()


def test_an_epic_tells_its_goal_its_stories_and_what_its_skeleton_lacks(cast: Cast):
    make_ticket(cast, story=1, component="data")
    html = page(cast)
    for words in ("Read faster", "Fewer to type", "How?", "0 of 1 done", "0 of 2 touched", "No target yet"):
        assert words in html
    assert re.findall(r'class="part (\w+)"', html) == ["planned", "bare"]


def test_it_tells_how_far_its_metric_is(cast: Cast):
    by: Any = {"project": cast.project, "actor": cast.lead, "now": NOW}
    watch_metric(key="error", direction="lower", unit="%", smallest_difference=0.001, **by)
    set_target(epic=1, metric="error", op="<=", value=0.004, **by)
    html = page(cast)
    assert "0.4 %" in html
    assert "nothing measured yet" in html


@pytest.mark.parametrize(("template", "stories", "tickets"), [("", 0, 0), ("skeleton", 2, 7), ("question", 2, 4)])
def test_an_epic_is_begun_and_leads_to_its_page(cast: Cast, template: str, stories: int, tickets: int):
    components = "data, features, model, evaluation, serving, monitoring"
    sent = {"title": "Read letters", "goal": "", "components": components, "template": template}
    answer = browser_of(cast.member).post(PATH, sent)
    assert (answer.status_code, answer["Location"]) == (302, "/p/TST/epics/2/")
    assert Story.objects.filter(epic__number=2).count() == stories
    assert Ticket.objects.filter(story__epic__number=2).count() == tickets


def test_what_cannot_be_begun_is_refused_and_kept(cast: Cast):
    for sent, said in (({"title": ""}, "must not be empty"), ({"title": "Go", "template": "waterfall"}, "One of")):
        answer = browser_of(cast.member).post(PATH, {"goal": "Kept", **sent})
        html = answer.content.decode()
        assert answer.status_code == 422
        assert said in html
        assert ">Kept</textarea>" in html
    assert Epic.objects.count() == 1


def test_an_epic_moves_up_and_down(cast: Cast):
    create_epic(project=cast.project, sent={"title": "Read letters"}, actor=cast.lead, now=NOW)
    browser = browser_of(cast.member)
    for doing, wanted in (("up:2", [2, 1]), ("up:2", [2, 1]), ("down:2", [1, 2]), ("down:9", [1, 2])):
        assert browser.post(PATH, {"do": doing}).status_code == 302
        assert list(Epic.objects.order_by("rank").values_list("number", flat=True)) == wanted


def test_who_may_not_work_sees_and_changes_nothing(cast: Cast):
    assert "Begin an epic" not in page(cast, cast.stakeholder)
    assert browser_of(cast.stakeholder).post(PATH, {"title": "Mine"}).status_code == 403
    assert browser_of(cast.outsider).post(PATH, {"title": "Mine"}).status_code == 404


def test_a_project_without_an_epic_says_what_one_is(cast: Cast):
    Story.objects.all().delete()
    Epic.objects.all().delete()
    assert "No epic yet" in page(cast)


def test_the_page_costs_the_same_however_many_epics_there_are(cast: Cast, sprint: Sprint):
    by: Any = {"project": cast.project, "actor": cast.lead, "now": NOW}
    set_target(epic=1, metric="error", op="<=", value=0.004, **by)
    browser = browser_of(cast.lead)
    _, few = queries(browser, PATH)
    for number in range(2, 6):
        create_epic(sent={"title": "More"}, **by)
        create_story(sent={"title": "How?", "epic": number}, **by)
        set_target(epic=number, metric=f"metric {number % 2}", op=">=", value=1, **by)
        make_ticket(cast, story=number)
    _, many = queries(browser, PATH)
    assert many == few <= 13


def test_each_epic_is_as_far_as_its_own_best_candidate(cast: Cast):
    by: Any = {"project": cast.project, "actor": cast.lead, "now": NOW}
    create_epic(sent={"title": "Read letters"}, **by)
    create_story(sent={"title": "Which?", "epic": 2}, **by)
    watch_metric(key="error", direction="lower", unit="", smallest_difference=0.001, **by)
    set_baseline(metric="error", label="Always the same", constant=0.5, **by)
    for epic, value in ((1, 0.4), (2, 0.1)):
        set_target(epic=epic, metric="error", op="<=", value=0.1, **by)
        make_ticket(cast, story=epic)
        Api(cast.member).post(f"tickets/{epic}/snapshots/", {"error": value}, status=200)
    html = page(cast)
    assert "25 % of the way" in html
    assert "reached, untested" in html
    assert html.index("of the way from") < html.index("reached, untested")
