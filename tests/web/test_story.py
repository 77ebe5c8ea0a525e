"""One story: its tickets, edited without losing another's words, deleted while it has none."""

from datetime import timedelta
from typing import Any

import pytest

from agileml.metrics.actions.settings import set_target
from agileml.work.actions import create_epic, create_story, edit_story
from agileml.work.models import Story, Ticket
from tests.factories import NOW, Cast, crowned, make_ticket, measure
from tests.web.browsing import browser_of, queries

PATH = "/p/TST/stories/1/"
WAS = {"version": "1", "was_title": "How?", "was_description": "", "was_epic": "1"}


@pytest.fixture
def by(cast: Cast) -> dict[str, Any]:
    return {"project": cast.project, "actor": cast.lead, "now": NOW}


@pytest.fixture(autouse=True)
def story(by: dict[str, Any]) -> None:
    create_epic(sent={"title": "Read faster"}, **by)
    create_epic(sent={"title": "Read letters"}, **by)
    create_story(sent={"title": "How?", "epic": 1}, **by)


def test_it_shows_its_tickets_to_all(cast: Cast):
    make_ticket(cast, "Look at slant", story=1)
    html = browser_of(cast.stakeholder).get(PATH).content.decode()
    assert "Look at slant" in html
    assert 'name="do"' not in html
    assert browser_of(cast.outsider).get(PATH).status_code == 404


def test_its_candidates_stand_in_a_chart_with_target_and_champion_at_a_constant_cost(cast: Cast, by: dict[str, Any]):
    ticket = crowned(cast, make_ticket(cast, story=1), [0.3, 0.4])
    make_ticket(cast, "Of another story")
    measure(cast, Ticket.objects.get(number=2), [0.01], candidate="elsewhere", external_id="elsewhere")
    set_target(epic=1, metric="error", op="<=", value=0.125, **by)
    on: dict[str, Any] = {"dataset_digest": "sha256:1", "split": "test"}
    measure(cast, ticket, [0.2, 0.25], candidate="<b>", external_id="x", observed_at=NOW + timedelta(hours=1), **on)
    measure(cast, ticket, [7], metric="loss")
    answer, few = queries(browser_of(cast.stakeholder), PATH)
    html = answer.content.decode()
    assert "2 TST-1 &lt;b&gt;: mean 0.225, 2 runs" in html
    assert "champion &lt;rule&gt; 0.35" in html
    assert "target ≤ 0.125" in html
    assert 'class="best"' in html
    assert "elsewhere" not in html
    assert "loss of each candidate" in browser_of(cast.lead).get(PATH + "?metric=loss").content.decode()
    for serial in range(4):
        more = make_ticket(cast, story=1)
        measure(cast, more, [0.1, 0.2], candidate=f"c{serial}", external_id=f"c{serial}", dataset_digest=f"d{serial}")
    assert queries(browser_of(cast.stakeholder), PATH)[1] == few <= 20


def test_it_moves_to_another_epic_or_to_none(cast: Cast):
    browser = browser_of(cast.member)
    assert browser.post(PATH, {"title": "How?", "description": "So", "epic": "2", **WAS}).status_code == 302
    row = Story.objects.get()
    assert (row.epic and row.epic.number, row.description) == (2, "So")
    browser.post(PATH, {"title": "How?", "epic": "", **WAS, "version": "2", "was_epic": "2", "was_description": "So"})
    assert Story.objects.get().epic is None


def test_what_another_wrote_meanwhile_is_not_lost(cast: Cast, by: dict[str, Any]):
    edit_story(number=1, sent={"title": "How then?"}, expected_version=1, **by)
    answer = browser_of(cast.member).post(PATH, {"title": "Why?", "description": "", "epic": "1", **WAS})
    html = answer.content.decode()
    assert answer.status_code == 409
    assert "Lead Person changed this" in html
    assert "How then?" in html
    kept = {"title": "Why?", "version": "2", "was_title": "How then?", "keep_title": "mine"}
    assert browser_of(cast.member).post(PATH, WAS | kept).status_code == 302
    assert Story.objects.get().title == "Why?"


def test_a_form_that_could_not_be_stored_still_knows_what_it_showed_when_it_comes_again(cast: Cast, by: dict[str, Any]):
    edit_story(number=1, sent={"title": "How then?"}, expected_version=1, **by)
    sent = WAS | {"title": "x" * 201, "description": "", "epic": "1"}
    html = browser_of(cast.member).post(PATH, sent).content.decode()
    assert 'name="version" value="1"' in html
    assert 'name="was_title" value="How?"' in html
    answer = browser_of(cast.member).post(PATH, sent | {"title": "Why?"})
    assert answer.status_code == 409
    assert "How then?" in answer.content.decode()
    assert Story.objects.get().title == "How then?"


def test_the_epic_that_another_chose_is_told_by_its_name_and_what_was_looked_at_before_is_not_deleted(
    cast: Cast, by: dict[str, Any]
):
    edit_story(number=1, sent={"epic": 2}, expected_version=1, **by)
    browser = browser_of(cast.member)
    html = browser.post(PATH, WAS | {"title": "How?", "epic": ""}).content.decode()
    assert 'value="theirs"><span>Lead Person, Fri 20 Nov' in html
    assert '<span class="text">Read letters</span>' in html
    answer = browser.post(PATH, WAS | {"do": "delete"})
    assert answer.status_code == 409
    assert "Lead Person changed its epic Fri 20 Nov" in answer.content.decode()
    assert browser.post(PATH, {"do": "delete", "version": "2"}).status_code == 302


def test_it_is_deleted_only_while_it_has_no_tickets(cast: Cast):
    make_ticket(cast, story=1)
    browser = browser_of(cast.member)
    answer = browser.post(PATH, {"do": "delete", "version": "1"})
    assert answer.status_code == 409
    assert "This story has tickets" in answer.content.decode()
    Ticket.objects.all().delete()
    answer = browser.post(PATH, {"do": "delete", "version": "1"})
    assert (answer.status_code, answer["Location"]) == (302, "/p/TST/epics/1/")
    assert browser.get(PATH).status_code == 404
