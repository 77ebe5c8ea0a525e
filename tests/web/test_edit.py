"""Editing a ticket: what belongs to the plan is a decision, edits of two people meet field by field."""

import json
import re
from html import unescape
from typing import Any

import pytest

from agileml.accounts.models import User
from agileml.metrics.models import Criterion
from agileml.planning.actions.tickets import edit_ticket
from agileml.planning.models import Decision, Sprint
from agileml.work.actions import create_story
from agileml.work.models import Ticket
from tests.factories import NOW, Cast, make_cast, make_sprint, make_ticket, make_tickets, measure
from tests.web.browsing import browser_of, set_clock

URL = "/p/TST/tickets/1/edit/"


@pytest.fixture(autouse=True)
def friday(monkeypatch: pytest.MonkeyPatch) -> None:
    set_clock(monkeypatch, NOW)


def opened(user: User) -> dict[str, str]:
    """What the form holds when somebody opens it, as the browser would send it back."""
    return fields(browser_of(user).get(URL).content.decode())


def fields(html: str) -> dict[str, str]:
    """What a browser would send of the form in this page."""
    form = html[html.index('<form class="form edit"') :]
    sent: dict[str, str] = {}
    for tag in re.findall(r"<input [^>]*>", form):
        said = {name: unescape(value) for name, value in re.findall(r'([a-z]+)="([^"]*)"', tag)}
        if said.get("type") in {"checkbox", "radio"} and " checked" not in tag:
            continue
        if "name" in said:
            sent[said["name"]] = said.get("value", "")
    for name, body in re.findall(r'<select [^>]*name="([^"]+)"[^>]*>(.*?)</select>', form, re.DOTALL):
        options = re.findall(r'<option value="([^"]*)"( selected)?', body)
        sent[name] = unescape(next((value for value, chosen in options if chosen), options[0][0]))
    for name, body in re.findall(r'<textarea [^>]*name="([^"]+)"[^>]*>(.*?)</textarea>', form, re.DOTALL):
        sent[name] = unescape(body)
    return sent


def save(user: User, form: dict[str, str], **changes: str) -> Any:
    return browser_of(user).post(URL, form | changes)


def ticket() -> Ticket:
    return Ticket.objects.get(number=1)


def test_every_field_can_be_edited(cast: Cast):
    make_tickets(cast, 2)
    create_story(project=cast.project, sent={"title": "A story"}, actor=cast.lead, now=NOW)
    answer = save(
        cast.member,
        opened(cast.member),
        title="Better title",
        question="What then?",
        expected_benefit="Less to do",
        riskiest_assumption="It works",
        stop_when="Two days are gone",
        description="**Bold**\r\nand more",
        type="review",
        story="1",
        component="model",
        assignee=str(cast.member.uid),
        reviewer=str(cast.lead.uid),
        labels="fast, cheap ,",
        depends_on="TST-2",
        checklist="[x] One\nTwo\n- [ ] Three",
        blocked="No data",
        waiting_on_run="on",
    )
    assert answer.headers["Location"] == "/p/TST/tickets/1/"
    row = ticket()
    assert (row.title, row.question, row.type, row.component) == ("Better title", "What then?", "review", "model")
    assert row.description == "**Bold**\nand more"
    assert (row.assignee, row.reviewer, row.story.title) == (cast.member, cast.lead, "A story")
    assert row.labels == ["fast", "cheap"]
    assert [other.number for other in row.needs.all()] == [2]
    assert [(item["text"], item["done"]) for item in row.checklist] == [("One", True), ("Two", False), ("Three", False)]
    assert (row.blocked_why, row.waiting_on_run) == ("No data", True)


def test_saving_what_was_there_changes_nothing(cast: Cast):
    make_ticket(
        cast,
        description="a\nb",
        labels=["x"],
        links=[{"url": "https://example.com", "title": ""}],
        checklist=[{"text": "One", "done": True}],
        criteria=[{"metric": "error", "op": "<=", "value": 0.02, "margin": 0.5, "expected_gain": 0.1}],
        blocked={"why": "x"},
        waiting_on_run=True,
        assignee=str(cast.lead.uid),
    )
    before = ticket()
    assert save(cast.member, opened(cast.member)).status_code == 302
    assert (ticket().version, ticket().revision) == (before.version, before.revision)


def test_everything_wrong_is_said_and_everything_written_is_kept(cast: Cast):
    make_ticket(cast)
    answer = save(
        cast.member,
        opened(cast.member),
        title="",
        labels="x" * 41,
        question="Kept?",
    )
    assert answer.status_code == 422
    html = answer.content.decode()
    assert "This must not be empty." in html
    assert "At most 40 characters" in html
    assert "Kept?" in html
    assert ticket().question == ""


@pytest.mark.parametrize(("name", "text"), [("depends_on", "soon"), ("depends_on", "TST-77"), ("depends_on", "TST-1")])
def test_a_need_that_is_no_other_ticket_is_refused(cast: Cast, name: str, text: str):
    make_ticket(cast)
    assert save(cast.member, opened(cast.member), **{name: text}).status_code == 422


# ── Criteria ──


def test_criteria_are_added_changed_and_taken_away_keeping_what_the_form_does_not_show(cast: Cast):
    row = make_ticket(cast, criteria=[{"metric": "error", "op": "<=", "value": 0.02, "expected_gain": 0.1}])
    measure(cast, row, [0.01])
    form = opened(cast.member)
    assert form["c-0-value"] == "0.02"
    line = {"c-1-role": "kill", "c-1-metric": "seconds", "c-1-op": ">=", "c-1-against": "number", "c-1-value": "9,5"}
    save(cast.member, form, **{"c-0-value": "0.005"}, **line)
    changed, added = row.criteria.alive().order_by("pk")
    assert (changed.target, changed.expected_gain, changed.state) == (0.005, 0.1, "not_met")
    assert (added.role, added.metric.key, added.target) == ("kill", "seconds", 9.5)
    save(cast.member, opened(cast.member), **{"c-0-metric": ""})
    assert [one.metric.key for one in row.criteria.alive()] == ["seconds"]


@pytest.mark.parametrize("value", ["", "much"])
def test_a_criterion_against_a_number_needs_one(cast: Cast, value: str):
    make_ticket(cast)
    line = {"c-0-metric": "error", "c-0-value": value}
    assert save(cast.member, opened(cast.member), **line).status_code == 422


# ── The plan ──


def test_changing_the_plan_of_a_running_sprint_is_a_correction_and_the_form_says_so(cast: Cast, sprint: Sprint):
    assert "a correction, which makes plan v2" in browser_of(cast.member).get(URL).content.decode()
    save(cast.member, opened(cast.member), type="review", title="Also another title")
    made = Decision.objects.get(version=2)
    assert (made.reason_code, made.moves.get().after) == ("correction", {"type": "review"})
    sprint.refresh_from_db()
    assert sprint.replans == 0
    assert (ticket().type, ticket().title) == ("review", "Also another title")


def test_changing_what_is_not_the_plan_is_no_decision(cast: Cast, sprint: Sprint):
    save(cast.member, opened(cast.member), title="Another title")
    assert not Decision.objects.filter(version=2).exists()


def test_where_only_leads_decide_a_member_edits_the_rest(db: None):
    cast = make_cast(replanners="leads")
    make_tickets(cast, 1)
    make_sprint(cast, [1], active=True)
    html = browser_of(cast.member).get(URL).content.decode()
    assert "only leads decide" in html
    form = fields(html)
    assert save(cast.member, form, type="review").status_code == 403
    for name in [name for name in form if name.startswith("c-") or name in {"type", "story"}]:
        del form[name]  # a browser sends nothing of a part that is disabled
    save(cast.member, form, title="Another title")
    assert (ticket().title, ticket().type) == ("Another title", "engineering")


# ── Two at once ──


def meanwhile(cast: Cast, **sent: Any) -> None:
    edit_ticket(project=cast.project, number=1, sent=sent, expected_version=None, actor=cast.lead, now=NOW)


def test_edits_of_different_fields_merge(cast: Cast):
    make_ticket(cast)
    form = opened(cast.member)
    meanwhile(cast, question="Theirs?")
    assert save(cast.member, form, title="Mine").status_code == 302
    assert (ticket().title, ticket().question) == ("Mine", "Theirs?")


def test_edits_of_the_same_field_are_shown_side_by_side_and_nothing_is_lost(cast: Cast):
    make_ticket(cast)
    form = opened(cast.member)
    meanwhile(cast, title="Theirs", question="Theirs too?")
    answer = save(cast.member, form, title="Mine", stop_when="Mine alone")
    assert answer.status_code == 409
    html = answer.content.decode()
    assert "Lead Person changed this while you were writing" in html
    assert 'name="keep_title" value="theirs"><span>Lead Person, Fri 20 Nov' in html
    assert 'name="keep_question"' not in html
    assert ticket().title == "Theirs"
    again = fields(html)
    assert (again["title"], again["stop_when"], again["question"]) == ("Mine", "Mine alone", "Theirs too?")
    assert save(cast.member, again, keep_title="mine").status_code == 302
    row = ticket()
    assert (row.title, row.stop_when, row.question) == ("Mine", "Mine alone", "Theirs too?")


def test_whoever_prefers_theirs_keeps_her_other_edits(cast: Cast):
    make_ticket(cast)
    form = opened(cast.member)
    meanwhile(cast, title="Theirs")
    again = fields(save(cast.member, form, title="Mine", stop_when="Mine alone").content.decode())
    assert save(cast.member, again, keep_title="theirs").status_code == 302
    assert (ticket().title, ticket().stop_when) == ("Theirs", "Mine alone")


def test_each_field_says_who_wrote_there_in_words_that_people_read(cast: Cast):
    make_ticket(cast, criteria=[{"metric": "error", "op": "<=", "value": 0.02}])
    form = opened(cast.member)
    meanwhile(cast, assignee=str(cast.lead.uid))
    edit_ticket(
        project=cast.project, number=1, sent={"criteria": []}, expected_version=None, actor=cast.member, now=NOW
    )
    html = save(cast.lead, form, **{"c-0-value": "0.03", "assignee": str(cast.member.uid)}).content.decode()
    assert "Lead Person and Member Person changed this" in html
    assert '<span class="text">Lead Person</span>' in html
    assert '<span class="text">error &lt;= 0.03</span>' in html
    assert '<span class="text">(empty)</span>' in html


def test_a_form_that_was_refused_is_still_told_what_changed_since_it_was_opened(cast: Cast):
    make_ticket(cast)
    form = opened(cast.member)
    meanwhile(cast, title="Theirs")
    refused = save(cast.member, form, title="Mine", estimate="soon")
    assert refused.status_code == 422
    assert save(cast.member, fields(refused.content.decode()), estimate="").status_code == 409
    assert ticket().title == "Theirs"


def test_a_form_that_names_no_version_writes_over_nothing(cast: Cast):
    make_ticket(cast)
    form = opened(cast.member)
    del form["version"]
    meanwhile(cast, title="Theirs")
    assert save(cast.member, form, title="Mine").status_code == 409
    assert ticket().title == "Theirs"


def test_a_decision_meanwhile_is_a_conflict_of_that_field_alone(cast: Cast, sprint: Sprint):
    form = opened(cast.member)
    browser_of(cast.lead).post(URL, opened(cast.lead) | {"type": "review"})
    assert save(cast.member, form, title="Mine").status_code == 302
    assert (ticket().type, ticket().title) == ("review", "Mine")


def test_what_a_job_brings_makes_no_edit_stale(cast: Cast):
    row = make_ticket(cast, criteria=[{"metric": "error", "op": "<=", "value": 0.02}])
    form = opened(cast.member)
    measure(cast, row, [0.01])
    assert save(cast.member, form, title="Mine").status_code == 302


@pytest.mark.parametrize("base", ["", "not json", "[]", '{"title": 5}', json.dumps({"criteria": "x"})])
def test_a_form_that_was_tampered_with_breaks_nothing(cast: Cast, base: str):
    make_ticket(cast)
    form = {name: value for name, value in opened(cast.member).items() if not name.startswith("c-")}
    assert save(cast.member, form, base=base, title="").status_code == 422
    assert save(cast.member, form, base=base, title="Mine").status_code == 302


def test_a_stakeholder_does_not_edit(cast: Cast):
    make_ticket(cast)
    assert browser_of(cast.stakeholder).get(URL).status_code == 403


def test_the_form_takes_the_expected_gain_of_a_criterion_and_shows_it_again(cast: Cast):
    row = make_ticket(cast)
    measure(cast, row, [0.03])
    line = {"c-0-metric": "error", "c-0-op": "<=", "c-0-value": "0.02", "c-0-expected_gain": "0.005"}
    save(cast.member, opened(cast.member), **line)
    assert row.criteria.alive().get().expected_gain == 0.005
    assert opened(cast.member)["c-0-expected_gain"] == "0.005"


def test_the_form_hints_at_what_the_type_asks(cast: Cast):
    make_ticket(cast, type="deployment")
    html = browser_of(cast.member).get("/p/TST/tickets/1/edit/").content.decode()
    assert 'placeholder="Does it work where it is used?"' in html
    assert 'placeholder="Someone uses it"' in html


def test_a_criterion_against_the_champion_says_by_how_much_and_is_pending_without_one(cast: Cast):
    make_ticket(cast)
    measure(cast, Ticket.objects.get(), [0.1])
    browser = browser_of(cast.member)
    page = "/p/TST/tickets/1/edit/"
    shown = browser.get(page).content.decode()
    form = dict(re.findall(r'name="([^"]+)" value="([^"]*)"', shown))
    line = {"c-0-role": "success", "c-0-metric": "error", "c-0-op": "<=", "c-0-against": "champion",
            "c-0-value": "0.01", "c-0-judge": "mean", "c-0-uid": "", "c-0-expected_gain": ""}  # fmt: skip
    answer = browser.post(page, form | {"title": "Try something", "type": "engineering"} | line)
    assert answer.status_code in (200, 204, 302), answer.content.decode()
    row = Criterion.objects.get()
    assert (row.against, row.margin, row.target, row.state) == ("champion", 0.01, None, "pending")
    html = browser.get(page).content.decode()
    assert '<option value="champion" selected>' in html
    assert 'value="0.01"' in html
