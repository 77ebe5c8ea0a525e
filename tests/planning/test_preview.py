"""Looking at a decision before making it."""

from typing import Any

import pytest
from pytest_django import DjangoAssertNumQueries

from agileml.journal.models import Change
from agileml.lib.fields import Invalid
from agileml.planning.actions.decide import StalePlan, Why
from agileml.planning.models import Decision, Sprint
from agileml.planning.queries.preview import Preview, preview
from agileml.planning.queries.replays import recorded
from agileml.planning.rules.moves import parse
from agileml.planning.rules.replay import compare, replay
from agileml.projects.doors import Hidden, enter
from agileml.work.actions import create_epic, create_story
from agileml.work.models import Ticket
from tests.factories import NOW, Cast, make_ticket, make_tickets, replan


def look(cast: Cast, sprint: Sprint | None, *moves: dict, why: Why | None = None, base: int | None = None) -> Preview:
    access = enter(cast.member, cast.project.key)
    return preview(access, sprint.number if sprint else None, parse(list(moves)), why, base_version=base)


def codes(seen: Preview) -> list[tuple[str, int | None]]:
    return [(consequence.code, consequence.ticket) for consequence in seen.consequences]


def test_a_preview_shows_the_diff_that_the_decision_then_makes(cast: Cast, sprint: Sprint):
    moves: list[dict[str, Any]] = [
        {"move": "skip", "ticket": 1},
        {"move": "defer", "ticket": 2, "note": "half way"},
        {"move": "remove", "ticket": 3},
        {"move": "add", "ticket": 5},
        {"move": "change", "ticket": 4, "set": {"type": "review", "estimate": 2}},
        {"move": "sprint", "set": {"goal": "Less"}},
    ]
    before = replay(recorded(sprint))
    seen = look(cast, sprint, *moves)
    replan(cast, sprint, *moves)
    assert seen.diff == compare(before, replay(recorded(sprint)))
    assert seen.diff.added == [5]
    assert seen.diff.removed == [2, 3]
    assert seen.diff.skipped == [1]
    assert seen.refusals == []


def test_a_preview_writes_nothing(cast: Cast, sprint: Sprint):
    before = Change.objects.count(), Decision.objects.count(), Ticket.objects.count()
    seen = look(cast, sprint, {"move": "add", "new": {"title": "Another", "type": "review"}})
    assert [fields["title"] for fields in seen.new] == ["Another"]
    assert (Change.objects.count(), Decision.objects.count(), Ticket.objects.count()) == before


def test_what_depends_on_a_ticket_that_leaves_is_said(cast: Cast, sprint: Sprint):
    make_ticket(cast, "Needs the first", sprint=sprint.number, depends_on=[1])
    for move in ("skip", "defer", "remove"):
        assert ("dependant", 6) in codes(look(cast, sprint, {"move": move, "ticket": 1}))
    both = look(cast, sprint, {"move": "skip", "ticket": 1}, {"move": "skip", "ticket": 6})
    assert ("dependant", 6) not in codes(both)


def test_restoring_what_others_need_relieves_them(cast: Cast, sprint: Sprint):
    make_ticket(cast, "Needs the first", sprint=sprint.number, depends_on=[1])
    replan(cast, sprint, {"move": "skip", "ticket": 1})
    assert codes(look(cast, sprint, {"move": "restore", "ticket": 1})) == [("relieved", 6)]


def test_the_same_storys_other_tickets_are_perhaps_affected(cast: Cast, sprint: Sprint):
    story = create_story(project=cast.project, sent={"title": "Do more features help?"}, actor=cast.lead, now=NOW)
    for title in ("One", "Two"):
        make_ticket(cast, title, sprint=sprint.number, story=story.number)
    assert codes(look(cast, sprint, {"move": "skip", "ticket": 6})) == [("perhaps_affected", 7)]


def test_a_component_of_an_epic_that_nothing_touches_any_more_is_named(cast: Cast, sprint: Sprint):
    epic = create_epic(
        project=cast.project, sent={"title": "99 of 100", "components": ["features"]}, actor=cast.lead, now=NOW
    )
    story = create_story(project=cast.project, sent={"title": "Why", "epic": epic.number}, actor=cast.lead, now=NOW)
    make_ticket(cast, "Only one", sprint=sprint.number, story=story.number, component="features")
    seen = look(cast, sprint, {"move": "skip", "ticket": 6})
    assert [c.message for c in seen.consequences] == [
        "99 of 100: nothing left in this sprint touches features.",
        "99 of 100: nothing left to do for it in this sprint.",
    ]
    instead = {"title": "Another", "type": "review", "story": story.number, "component": "features"}
    assert codes(look(cast, sprint, {"move": "skip", "ticket": 6}, {"move": "add", "new": instead})) == []


def test_a_sprint_left_with_nothing_to_do_is_a_warning(cast: Cast, sprint: Sprint):
    seen = look(cast, sprint, *[{"move": "remove", "ticket": number} for number in (1, 2, 3, 4)])
    assert codes(seen) == [("nothing_left", None)]


def test_every_refusal_is_listed_and_the_rest_is_still_previewed(cast: Cast, sprint: Sprint):
    seen = look(
        cast,
        sprint,
        {"move": "skip", "ticket": 99},
        {"move": "skip", "ticket": 5},
        {"move": "skip", "ticket": 1},
        why=Why(),
    )
    assert [refusal.code for refusal in seen.refusals] == [
        "unknown_ticket",
        "not_in_sprint",
        "reason_code_required",
        "reason_required",
    ]
    assert seen.diff.skipped == [1]


def test_a_preview_on_a_plan_that_moved_on_is_stale(cast: Cast, sprint: Sprint):
    replan(cast, sprint, {"move": "skip", "ticket": 1})
    with pytest.raises(StalePlan) as stale:
        look(cast, sprint, {"move": "skip", "ticket": 2}, base=1)
    assert [decision["version"] for decision in stale.value.since] == [2]


def test_a_preview_of_what_leads_nowhere_says_so(cast: Cast, sprint: Sprint):
    with pytest.raises(Invalid):
        look(cast, sprint, {"move": "change", "ticket": 1, "set": {"story": 77}})
    access = enter(cast.member, cast.project.key)
    with pytest.raises(Hidden):
        preview(access, 77, parse([{"move": "skip", "ticket": 1}]))


def test_backlog_tickets_are_previewed_without_a_sprint(cast: Cast, sprint: Sprint):
    seen = look(cast, None, {"move": "skip", "ticket": 5}, why=Why(code="other", text="No."))
    assert (seen.version, seen.diff.skipped, seen.refusals) == (None, [5], [])


def test_a_preview_asks_as_often_for_many_tickets_as_for_few(
    cast: Cast, sprint: Sprint, django_assert_num_queries: DjangoAssertNumQueries
):
    access = enter(cast.member, cast.project.key)
    moves = parse([{"move": "skip", "ticket": number} for number in (1, 2, 3)])
    with django_assert_num_queries(11) as counted:
        preview(access, sprint.number, moves[:1], Why(code="other", text="No."))
    replan(cast, sprint, *[{"move": "add", "ticket": row.number} for row in make_tickets(cast, 10)])
    with django_assert_num_queries(len(counted)):
        preview(access, sprint.number, moves, Why(code="other", text="No."))
