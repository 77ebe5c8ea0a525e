"""A new ticket with all that may be said of it, from the board, a story, or its own page."""

import json
from typing import Any

import pytest

from agileml.accounts.models import User
from agileml.planning.models import Assignment, Decision, Sprint
from agileml.work.actions import create_story
from agileml.work.models import Ticket
from agileml.work.types import KINDS
from tests.factories import NOW, Cast, make_cast, make_sprint, make_tickets
from tests.web.browsing import HTMX, browser_of, queries, set_clock

PATH = "/p/TST/new/"


@pytest.fixture(autouse=True)
def friday(monkeypatch: pytest.MonkeyPatch) -> None:
    set_clock(monkeypatch, NOW)


def make(user: User, sent: dict[str, str] | None = None, *, script: bool = False, **more: str) -> Any:
    posted = {"type": "review", "title": "Look"} | (sent or {}) | more
    return browser_of(user).post(PATH, posted, headers=HTMX if script else {})


def form(user: User, query: str = "") -> str:
    answer = browser_of(user).get(f"{PATH}{query}")
    assert answer.status_code == 200
    return answer.content.decode()


def test_title_and_type_are_enough(cast: Cast):
    assert make(cast.member).headers["Location"] == "/p/TST/tickets/1/"
    row = Ticket.objects.get()
    assert (row.title, row.type, row.story, row.estimate) == ("Look", "review", None, None)


def test_all_that_a_ticket_rests_on_can_be_said_at_once(cast: Cast):
    create_story(project=cast.project, sent={"title": "A story"}, actor=cast.lead, now=NOW)
    criteria = {
        "c-0-role": "success", "c-0-metric": "error", "c-0-op": "<=", "c-0-against": "number", "c-0-value": "0,02",
        "c-0-judge": "worst", "c-0-expected_gain": "0.005",
        "c-1-role": "kill", "c-1-metric": "error", "c-1-op": ">=", "c-1-against": "baseline", "c-1-value": "9",
        "c-1-judge": "mean", "c-1-expected_gain": "",
        "c-2-metric": "", "c-2-value": "7",
    }  # fmt: skip
    make(
        cast.member, criteria, question="Does width help?", expected_benefit="A smaller model",
        riskiest_assumption="It fits", stop_when="Two days are gone", estimate="2,5", component="model",
        labels="fast, cheap", in_story="1",
    )  # fmt: skip
    row = Ticket.objects.get()
    assert (row.question, row.expected_benefit, row.riskiest_assumption, row.stop_when, row.estimate) == (
        "Does width help?", "A smaller model", "It fits", "Two days are gone", 2.5,
    )  # fmt: skip
    assert (row.component, row.labels, row.story.title) == ("model", ["fast", "cheap"], "A story")
    told = [(one.role, one.op, one.against, one.target, one.judge, one.expected_gain) for one in row.criteria.all()]
    assert told == [("success", "<=", "number", 0.02, "worst", 0.005), ("kill", ">=", "baseline", None, "mean", None)]


def test_each_type_says_what_it_asks_also_without_a_script(cast: Cast):
    html = form(cast.member)
    for kind, one in KINDS.items():
        assert f'data-type="{kind}">{one.asks}<' in html
        assert f'data-type="{kind}">{one.benefit}<' in html


def test_the_form_begins_with_what_the_address_says(cast: Cast):
    create_story(project=cast.project, sent={"title": "A story"}, actor=cast.lead, now=NOW)
    html = form(cast.member, "?title=%3Cb%3EDeskew&type=deployment&in_story=1&next=//evil.example/")
    assert 'value="&lt;b&gt;Deskew"' in html
    assert '<option value="deployment" selected>' in html
    assert '<option value="1" selected>A story' in html
    assert 'value="//evil.example/"' not in html


def test_what_is_wrong_is_all_said_and_what_was_written_stays(cast: Cast):
    for script in (False, True):
        said = {
            "c-0-metric": "error",
            "c-0-against": "number",
            "c-0-value": "x",
            "estimate": "soon",
            "question": "<Kept>",
        }
        answer = make(cast.member, said, script=script)
        html = answer.content.decode()
        assert answer.status_code == 422
        assert "“soon” is not a number." in html
        assert "“x” is not a number." in html
        assert "&lt;Kept&gt;" in html
        assert ("<html" in html) == (not script)
    for sent in ({"title": " "}, {"title": "\0"}, {"type": "x"}, {"estimate": "nan"}, {"component": "c" * 41}):
        assert make(cast.member, sent).status_code == 422
    bare = {"c-0-role": "kill", "c-0-metric": "error", "c-0-op": "<=", "c-0-against": "number", "c-0-judge": "mean"}
    assert make(cast.member, bare).status_code == 422  # a number that nobody named
    assert make(cast.member, in_story="77").status_code == 422
    assert make(cast.member, into="77").status_code == 404
    assert not Ticket.objects.exists()


def test_into_a_running_sprint_it_is_a_decision_and_into_a_planned_one_its_draft(cast: Cast, sprint: Sprint):
    planned = make_sprint(cast, start=NOW.date())
    make(cast.member, into="1")
    assert (Decision.objects.latest("pk").reason_code, Decision.objects.latest("pk").version) == ("forgotten", 2)
    make(cast.member, into="2")
    assert Assignment.objects.get(sprint=planned).ticket.title == "Look"


def test_where_leads_decide_nobody_else_is_offered_the_running_sprint(db: None):
    cast = make_cast(replanners="leads")
    make_tickets(cast, 1)
    make_sprint(cast, [1], active=True)
    assert "by a decision" in form(cast.lead)
    assert "by a decision" not in form(cast.member)
    assert make(cast.member, into="1").status_code == 403
    assert Ticket.objects.count() == 1


def test_from_the_board_it_is_a_dialog_that_takes_along_what_was_typed(cast: Cast, sprint: Sprint):
    board = browser_of(cast.member).get("/p/TST/").content.decode()
    assert 'href="/p/TST/new/?into=1&amp;next=/p/TST/"' in board
    dialog = browser_of(cast.member).get(f"{PATH}?into=1&title=Deskew", headers=HTMX).content.decode()
    assert "<html" not in dialog
    assert 'value="Deskew"' in dialog
    answer = make(cast.member, script=True, into="1")
    assert answer.status_code == 204
    assert {"dialog:close", "board:refresh", "added"} <= set(json.loads(answer.headers["HX-Trigger"]))


def test_a_story_leads_there_and_back(cast: Cast):
    create_story(project=cast.project, sent={"title": "A story"}, actor=cast.lead, now=NOW)
    link = 'href="/p/TST/new/?in_story=1&amp;next=/p/TST/stories/1/"'
    assert link in browser_of(cast.member).get("/p/TST/stories/1/").content.decode()
    assert link not in browser_of(cast.stakeholder).get("/p/TST/stories/1/").content.decode()
    assert make(cast.member, in_story="1", next="/p/TST/stories/1/").headers["Location"] == "/p/TST/stories/1/"


@pytest.mark.parametrize(("who", "status"), [("stakeholder", 403), ("outsider", 404)])
def test_it_is_for_whoever_works_here(cast: Cast, who: str, status: int):
    user = getattr(cast, who)
    assert browser_of(user).get(PATH).status_code == status
    assert make(user).status_code == status
    assert not Ticket.objects.exists()


def test_the_form_costs_the_same_however_much_there_is(cast: Cast, tickets: list[Ticket]):
    browser = browser_of(cast.member)
    _, few = queries(browser, PATH)
    for number in range(3):
        create_story(project=cast.project, sent={"title": f"S{number}"}, actor=cast.lead, now=NOW)
        make_sprint(cast)
    _, many = queries(browser, PATH)
    assert many == few <= 7


def test_whether_it_was_tried_before_is_asked_while_the_title_is_typed(cast: Cast):
    for path in (PATH, "/p/TST/backlog/"):
        html = browser_of(cast.member).get(path).content.decode()
        assert 'hx-get="/p/TST/tried/" hx-trigger="input changed delay:600ms" hx-target="#tried-before"' in html
