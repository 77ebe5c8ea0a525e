"""The list of demos: the project's history as it was shown."""

import pytest

from agileml.demos.models import Demo
from tests.demos.conftest import shown
from tests.demos.showing import Shown
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


def test_it_is_read_in_few_queries(shown: Shown):
    shown.published()
    client = browser_of(shown.cast.lead)
    client.get(PATH)
    assert queries(client, PATH)[1] <= 9
