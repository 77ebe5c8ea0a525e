"""Is the goal still the right one? Epics are reviewed after sprints, and begun from templates whole or not at all."""

from typing import Any

import pytest
from django.db import IntegrityError

from agileml.journal.models import Change
from agileml.lib.fields import Invalid
from agileml.planning import shapes
from agileml.planning.actions import rows
from agileml.planning.actions.alignment import begin_epic, review_epic
from agileml.planning.actions.sprints import close_sprint
from agileml.planning.models import AlignmentReview, Sprint
from agileml.planning.queries.epics import epic_lines
from agileml.planning.rules.epic_templates import TEMPLATES
from agileml.planning.rules.starting import Destination
from agileml.projects.doors import Forbidden, Hidden
from agileml.work.actions import create_epic, create_story
from agileml.work.models import Epic, Story, Ticket
from tests.api.client import Api
from tests.api.replica import Replica, read
from tests.factories import NOW, Cast, make_sprint, make_ticket


@pytest.fixture
def epic(cast: Cast) -> Epic:
    row = create_epic(project=cast.project, sent={"title": "Read faster"}, actor=cast.lead, now=NOW)
    create_story(project=cast.project, sent={"title": "How", "epic": 1}, actor=cast.lead, now=NOW)
    make_ticket(cast, "Try it", story=1, component="data")
    return row


def review(cast: Cast, *, actor: Any = None, epic: int = 1, **sent: Any) -> AlignmentReview:
    sent = {"sprint": 1, "verdict": "keep"} | sent
    return review_epic(project=cast.project, epic=epic, sent=sent, actor=actor or cast.member, now=NOW)


def wrong(call: Any) -> list[tuple[str, str]]:
    with pytest.raises(Invalid) as invalid:
        call()
    return [(error.pointer, error.code) for error in invalid.value.errors]


def run(cast: Cast, *tickets: int) -> None:
    """A sprint with these tickets starts, and closes with them back in the backlog."""
    number = make_sprint(cast, tickets, active=True).number
    back = Destination("backlog", note="Half way.")
    close_sprint(
        project=cast.project, number=number, destinations=dict.fromkeys(tickets, back), actor=cast.lead, now=NOW
    )


def test_a_member_reviews_and_the_journal_keeps_it(cast: Cast, epic: Epic):
    make_sprint(cast, [1], active=True)
    row = review(cast, verdict="adjust", note="Fewer digits.")
    assert (row.verdict, row.note, row.author) == ("adjust", "Fewer digits.", cast.member)
    change = Change.objects.get(kind="review")
    assert change.resource == shapes.review(row)
    assert (change.parent_kind, change.parent_uid) == ("epic", epic.uid)


def test_to_adjust_or_stop_asks_for_a_word(cast: Cast, epic: Epic):
    make_sprint(cast, [1], active=True)
    for verdict in ("adjust", "stop"):
        assert wrong(lambda verdict=verdict: review(cast, verdict=verdict)) == [("/note", "required")]
    assert wrong(lambda: review(cast, verdict="maybe")) == [("/verdict", "unknown_choice")]


def test_a_sprint_that_has_not_started_has_nothing_to_review(cast: Cast, epic: Epic):
    make_sprint(cast, [1])
    assert wrong(lambda: review(cast)) == [("/sprint", "not_started")]
    assert wrong(lambda: review(cast, sprint=9)) == [("/sprint", "unknown")]


def test_who_may_not_work_may_not_review(cast: Cast, epic: Epic):
    make_sprint(cast, [1], active=True)
    with pytest.raises(Forbidden):
        review(cast, actor=cast.stakeholder)
    with pytest.raises(Hidden):
        review(cast, actor=cast.outsider)
    with pytest.raises(Hidden):
        review(cast, epic=9)
    assert AlignmentReview.objects.count() == 0


def test_two_closed_sprints_with_work_and_no_review_are_drift_until_somebody_reviews(cast: Cast, epic: Epic):
    run(cast, 1)
    assert not epic_lines(cast.project)[0].drifts
    run(cast, 1)
    assert epic_lines(cast.project)[0].drifts
    review(cast, sprint=2)
    line = epic_lines(cast.project)[0]
    assert (line.unreviewed, line.review.verdict if line.review else "") == (0, "keep")


def test_a_sprint_without_work_in_the_epic_asks_for_no_review(cast: Cast, epic: Epic):
    make_ticket(cast, "Elsewhere")
    run(cast, 2)
    run(cast, 2)
    assert epic_lines(cast.project)[0].unreviewed == 0


@pytest.mark.parametrize("template", TEMPLATES)
def test_an_epic_is_begun_with_stories_and_tickets_in_order(cast: Cast, template: str):
    api = Api(cast.member)
    replica = Replica(api)
    row = begin_epic(project=cast.project, template=template, sent={"title": "Go"}, actor=cast.member, now=NOW)
    plans = [plan for story in TEMPLATES[template].stories for plan in story.tickets]
    tickets = list(Ticket.objects.filter(story__epic=row).order_by("rank", "number"))
    assert [(one.title, one.type, one.component) for one in tickets] == [
        (plan.title, plan.type, plan.component) for plan in plans
    ]
    numbers = {plan.key: one.number for plan, one in zip(plans, tickets, strict=True)}
    for plan, one in zip(plans, tickets, strict=True):
        assert {need.number for need in one.needs.all()} == {numbers[key] for key in plan.needs}
    replica.follow()
    assert replica.rows == read(api)


def test_it_is_begun_whole_or_not_at_all(cast: Cast, monkeypatch: pytest.MonkeyPatch):
    insert, calls = rows.insert, []

    def second_fails(*args: Any, **more: Any) -> Any:
        calls.append(1)
        if len(calls) == 2:
            raise IntegrityError
        return insert(*args, **more)

    monkeypatch.setattr(rows, "insert", second_fails)
    with pytest.raises(IntegrityError):
        begin_epic(project=cast.project, template="skeleton", sent={"title": "Go"}, actor=cast.lead, now=NOW)
    assert (Epic.objects.count(), Story.objects.count(), Ticket.objects.count()) == (0, 0, 0)
    assert not Change.objects.filter(kind="epic").exists()


def test_an_unknown_template_makes_nothing(cast: Cast):
    by: Any = {"project": cast.project, "sent": {"title": "Go"}, "actor": cast.lead, "now": NOW}
    for template in ("waterfall", ["skeleton"], None):
        assert wrong(lambda template=template: begin_epic(template=template, **by))[0][0] == "/template"
    assert Sprint.objects.count() == Epic.objects.count() == 0
