"""One epic: edited without losing another's words, its target set, its stories moved, its alignment reviewed."""

from typing import Any

import pytest

from agileml.metrics.actions.settings import watch_metric
from agileml.metrics.models import Target
from agileml.planning.models import AlignmentReview, Sprint
from agileml.work.actions import create_epic, create_story, edit_epic
from agileml.work.models import Epic, Story
from tests.factories import NOW, Cast, crowned, make_ticket, measure
from tests.web.browsing import browser_of, queries

PATH = "/p/TST/epics/1/"
WAS = {"version": "1", "was_title": "Read faster", "was_goal": "", "was_components": "data, model"}


@pytest.fixture
def by(cast: Cast) -> dict[str, Any]:
    return {"project": cast.project, "actor": cast.lead, "now": NOW}


@pytest.fixture(autouse=True)
def epic(by: dict[str, Any]) -> None:
    create_epic(sent={"title": "Read faster", "components": ["data", "model"]}, **by)


def post(cast: Cast, **sent: Any) -> Any:
    return browser_of(cast.member).post(PATH, sent)


def test_its_fields_are_edited(cast: Cast):
    sent = {"do": "edit", "title": "Read faster", "goal": "Fewer to type", "components": "data, model , serving"} | WAS
    assert post(cast, **sent).status_code == 302
    row = Epic.objects.get()
    assert (row.goal, row.components, row.version) == ("Fewer to type", ["data", "model", "serving"], 2)


def test_edits_of_different_fields_merge_and_of_the_same_are_asked_about(cast: Cast, by: dict[str, Any]):
    edit_epic(number=1, sent={"title": "Read faster still"}, expected_version=1, **by)
    assert post(cast, do="edit", title="Read faster", goal="Mine", components="data, model", **WAS).status_code == 302
    assert (Epic.objects.get().title, Epic.objects.get().goal) == ("Read faster still", "Mine")
    answer = post(cast, do="edit", title="Read at once", goal="", components="data, model", **WAS)
    html = answer.content.decode()
    assert answer.status_code == 409
    assert "Lead Person changed this" in html or "Member Person changed this" in html
    assert "Read at once" in html
    assert Epic.objects.get().title == "Read faster still"


def test_a_target_is_set_in_the_figures_that_people_read(cast: Cast, by: dict[str, Any]):
    watch_metric(key="error", direction="lower", unit="%", smallest_difference=0.001, **by)
    assert post(cast, do="target", metric="error", op="<=", value="0,4 %").status_code == 302
    assert Target.objects.get().value == 0.004
    assert 'name="value" inputmode="decimal" required value="0.4"' in browser_of(cast.lead).get(PATH).content.decode()
    post(cast, do="target", metric="f1", op=">=", value="0.9")
    assert (Target.objects.get().metric.key, Target.objects.get().value) == ("f1", 0.9)


@pytest.mark.parametrize("value", ["", "much", "nan", "inf", "1e999"])
def test_a_target_that_is_no_number_is_refused(cast: Cast, value: str):
    answer = post(cast, do="target", metric="f1", op=">=", value=value)
    assert answer.status_code == 422
    assert "This must be a" in answer.content.decode()
    assert Target.objects.count() == 0


def test_it_is_reviewed_after_a_sprint(cast: Cast, sprint: Sprint):
    answer = post(cast, do="review", sprint="1", verdict="stop", note="")
    assert answer.status_code == 422
    assert "Say what to change, or why to stop." in answer.content.decode()
    assert post(cast, do="review", sprint="1", verdict="adjust", note="Fewer digits.").status_code == 302
    assert AlignmentReview.objects.get().note == "Fewer digits."
    assert "Fewer digits." in browser_of(cast.stakeholder).get(PATH).content.decode()


def test_stories_are_added_and_moved(cast: Cast):
    for title in ("One", "Two", "Three"):
        assert post(cast, do="story", title=title).status_code == 302
    assert post(cast, do="story", title="").status_code == 422
    for doing, wanted in (("up:3", [1, 3, 2]), ("down:1", [3, 1, 2]), ("up:3", [3, 1, 2]), ("down:9", [3, 1, 2])):
        assert post(cast, do=doing).status_code == 302
        assert list(Story.objects.order_by("rank").values_list("number", flat=True)) == wanted


def test_it_is_deleted_only_while_no_story_is_under_it(cast: Cast, by: dict[str, Any]):
    create_story(sent={"title": "How?", "epic": 1}, **by)
    answer = post(cast, do="delete", version="1")
    assert answer.status_code == 409
    assert "There are stories under this epic" in answer.content.decode()
    Story.objects.all().delete()
    assert post(cast, do="delete", version="1").status_code == 302
    assert browser_of(cast.lead).get(PATH).status_code == 404


def test_who_may_not_work_gets_no_forms(cast: Cast, sprint: Sprint):
    assert 'name="do"' not in browser_of(cast.stakeholder).get(PATH).content.decode()
    assert browser_of(cast.stakeholder).post(PATH, {"do": "story", "title": "Mine"}).status_code == 403


def test_the_page_costs_the_same_however_much_is_under_it(cast: Cast, by: dict[str, Any], sprint: Sprint):
    create_story(sent={"title": "How?", "epic": 1}, **by)
    crowned(cast, make_ticket(cast, story=1), [0.3, 0.4])
    browser = browser_of(cast.lead)
    _, few = queries(browser, PATH)
    for number in range(2, 6):
        create_story(sent={"title": "More?", "epic": 1}, **by)
        more = make_ticket(cast, story=number, component="data")
        measure(cast, more, [0.1, 0.2], candidate=f"c{number}", dataset_digest="sha256:1", split="test")
    _, many = queries(browser, PATH)
    assert many == few <= 28
