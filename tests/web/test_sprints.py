"""The sprints of a project, and planning the next one."""

import re
from datetime import date
from typing import Any

import pytest

from agileml.planning.actions.sprints import close_sprint
from agileml.planning.models import Sprint
from agileml.work.models import Ticket
from tests.factories import NOW, Cast, make_sprint, replan
from tests.web.browsing import browser_of, queries, set_clock

PATH = "/p/TST/sprints/"


@pytest.fixture(autouse=True)
def friday(monkeypatch: pytest.MonkeyPatch) -> None:
    set_clock(monkeypatch, NOW)


def page(cast: Cast, user: Any = None) -> str:
    answer = browser_of(user or cast.lead).get(PATH)
    assert answer.status_code == 200
    return answer.content.decode()


def test_running_sprints_come_first_then_planned_then_closed(cast: Cast, tickets: list[Ticket]):
    make_sprint(cast, name="Old", start=date(2026, 10, 5), active=True)
    close_sprint(project=cast.project, number=1, destinations={}, actor=cast.lead, now=NOW)
    make_sprint(cast, name="Later", start=date(2026, 12, 14))
    make_sprint(cast, name="Next", start=date(2026, 11, 30))
    make_sprint(cast, name="Now", active=True)
    assert re.findall(r'<h2><a href="[^"]+">([^<]+)</a>', page(cast)) == ["Now", "Next", "Later", "Old"]


def test_a_running_sprint_says_how_far_it_is_and_a_planned_one_what_is_drafted(cast: Cast, sprint: Sprint):
    make_sprint(cast, [5])
    replan(cast, sprint, {"move": "skip", "ticket": 1})
    html = page(cast)
    assert "0 done, 0 under way, 3 to do, 1 skipped" in html
    assert "plan v2, 1 re-plan" in html
    assert "1 ticket drafted" in html


def test_each_sprint_leads_to_what_can_be_done_with_it(cast: Cast, sprint: Sprint):
    make_sprint(cast)
    html = page(cast)
    for link in ("sprints/1/close/", "sprints/1/history/", "sprints/2/edit/", "sprints/2/start/"):
        assert f'href="/p/TST/{link}"' in html
    member = page(cast, user=cast.member)
    assert "/close/" not in member
    assert "/start/" not in member
    assert 'name="start"' in member
    assert 'name="start"' not in page(cast, user=cast.stakeholder)


def test_the_next_dates_are_proposed_on_working_days(cast: Cast, sprint: Sprint):
    html = page(cast)
    assert 'name="start" required value="2026-11-30"' in html
    assert 'name="end" required value="2026-12-11"' in html


def test_a_sprint_is_planned_and_leads_to_its_draft(cast: Cast):
    sent = {"start": "2026-11-30", "end": "2026-12-11", "name": "", "goal": "Know more", "increment": ""}
    answer = browser_of(cast.member).post(PATH, sent)
    assert (answer.status_code, answer["Location"]) == (302, "/p/TST/sprints/1/edit/")
    row = Sprint.objects.get()
    assert (row.name, row.goal, row.state) == ("Sprint 1", "Know more", "planned")


@pytest.mark.parametrize(
    ("sent", "said"),
    [
        ({"start": "2026-12-11", "end": "2026-11-30"}, "A sprint cannot end before it starts."),
        ({"start": "2026-13-01", "end": "2026-11-30"}, "A date looks like 2026-11-27."),
        ({"end": "2000-11-30"}, "A sprint cannot end before it starts."),
    ],
)
def test_dates_that_cannot_be_are_refused_and_the_rest_is_kept(cast: Cast, sent: dict[str, str], said: str):
    answer = browser_of(cast.member).post(PATH, sent | {"goal": "Kept"})
    html = answer.content.decode()
    assert answer.status_code == 422
    assert said in html
    assert ">Kept</textarea>" in html
    assert Sprint.objects.count() == 0


def test_a_project_without_a_sprint_says_what_one_is(cast: Cast):
    assert "No sprint yet" in page(cast)


def test_who_may_not_plan_may_not_post(cast: Cast):
    sent = {"start": "2026-11-30", "end": "2026-12-11"}
    assert browser_of(cast.stakeholder).post(PATH, sent).status_code == 403
    assert browser_of(cast.outsider).get(PATH).status_code == 404
    assert browser_of(cast.outsider).post(PATH, sent).status_code == 404


def test_the_list_costs_the_same_however_many_sprints_there_are(cast: Cast, sprint: Sprint):
    browser = browser_of(cast.lead)
    _, few = queries(browser, PATH)
    for _ in range(5):
        make_sprint(cast)
    _, many = queries(browser, PATH)
    assert many == few
