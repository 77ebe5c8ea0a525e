"""Editing a ticket: freely what is not the plan, by a decision what is, and never over what somebody else wrote."""

from typing import Any

import pytest

from agileml.journal.models import Change
from agileml.journal.rules.edits import Stale
from agileml.lib.fields import Invalid
from agileml.planning.actions import tickets
from agileml.planning.actions.decide import Why
from agileml.planning.actions.progress import progress
from agileml.planning.actions.sprints import NeedsDecision
from agileml.planning.actions.take_back import take_back
from agileml.planning.models import Decision, Sprint
from agileml.planning.rules.moves import Refused
from agileml.projects.doors import Forbidden, Hidden
from agileml.work.models import Ticket
from tests.factories import NOW, Cast, make_sprint, make_ticket, measure, replan
from tests.planning.mirror import images, replayed

pytestmark = pytest.mark.django_db

CORRECTION = Why(code="correction")
ERROR = {"metric": "error", "op": "<=", "value": 0.2}


def edit(cast: Cast, number: int, *, version: int | None = None, why: Why | None = None, **sent: Any) -> Ticket:
    return tickets.edit_ticket(
        project=cast.project, number=number, sent=sent, expected_version=version, why=why, actor=cast.member, now=NOW
    )


def create(cast: Cast, *, sprint: int | None = None, actor: Any = None, **sent: Any) -> Ticket:
    return tickets.create_ticket(
        project=cast.project,
        sent={"type": "review", "title": "New"} | sent,
        sprint=sprint,
        actor=actor or cast.member,
        now=NOW,
    )


# --- creating -------------------------------------------------------------------------------------------------------


def test_a_new_ticket_lies_at_the_end_of_the_backlog(cast: Cast, tickets: list[Ticket]):
    made = create(cast)
    assert (made.number, made.status, made.version) == (6, "todo", 1)
    assert made.rank > max(ticket.rank for ticket in tickets)


def test_into_a_planned_sprint_it_is_a_draft(cast: Cast, sprint: Sprint):
    later = make_sprint(cast)
    made = create(cast, sprint=later.number)
    assert images(cast.project)[made.number]["planned_sprint"] == later.number
    assert Decision.objects.count() == 1


def test_into_an_active_sprint_it_is_a_decision_about_something_forgotten(cast: Cast, sprint: Sprint):
    made = create(cast, sprint=1, criteria=[ERROR])
    decision = Decision.objects.get(version=2)
    assert (decision.kind, decision.reason_code) == ("replan", "forgotten")
    assert replayed(sprint).tickets[made.number]["criteria"][0]["metric"] == "error"
    sprint.refresh_from_db()
    assert sprint.replans == 0


def test_where_only_leads_replan_a_member_adds_to_the_backlog_alone(cast: Cast, sprint: Sprint):
    cast.project.replanners = "leads"
    cast.project.save()
    with pytest.raises(Forbidden):
        create(cast, sprint=1)
    assert create(cast).number == 6


def test_into_a_closed_sprint_nothing_goes(cast: Cast, sprint: Sprint):
    Sprint.objects.update(state="closed")
    with pytest.raises(Refused):
        create(cast, sprint=1)


@pytest.mark.parametrize(
    ("sent", "pointer"),
    [
        ({"story": 9}, "/story"),
        ({"assignee": "00000000-0000-0000-0000-000000000000"}, "/assignee"),
        ({"depends_on": [9]}, "/depends_on/0"),
    ],
)
def test_what_it_refers_to_must_be_of_this_project(cast: Cast, sent: dict[str, Any], pointer: str):
    with pytest.raises(Invalid) as invalid:
        create(cast, **sent)
    assert [error.pointer for error in invalid.value.errors] == [pointer]
    assert Change.objects.filter(kind__in=["ticket", "metric"]).count() == 0


def test_an_outsider_is_never_assigned(cast: Cast):
    with pytest.raises(Invalid):
        create(cast, assignee=str(cast.outsider.uid))


# --- editing --------------------------------------------------------------------------------------------------------


def test_what_is_not_the_plan_changes_without_a_reason(cast: Cast, sprint: Sprint):
    edited = edit(cast, 1, title="Better", description="*More*", labels=["a", "b"], assignee=str(cast.member.uid))
    assert (edited.title, edited.assignee, edited.version) == ("Better", cast.member, 2)
    assert Decision.objects.count() == 1
    diff = Change.objects.latest("revision").diff
    assert diff["title"] == ["Try 1", "Better"]
    assert diff["assignee"][1] == {"id": str(cast.member.uid), "name": "Member Person"}


def test_what_belongs_to_the_plan_needs_a_decision_once_the_sprint_is_active(cast: Cast, sprint: Sprint):
    before = images(cast.project)
    with pytest.raises(NeedsDecision) as needed:
        edit(cast, 1, title="Better", estimate=3, type="review")
    assert (sorted(needed.value.names), needed.value.sprint) == (["estimate", "type"], 1)
    assert images(cast.project) == before


def test_a_correction_is_a_decision_of_one_move_and_no_replan(cast: Cast, sprint: Sprint):
    edited = edit(cast, 1, title="Better", estimate=3, criteria=[ERROR], why=CORRECTION)
    assert (edited.title, edited.estimate) == ("Better", 3)
    decision = Decision.objects.get(version=2)
    assert [(move.move, sorted(move.after or {})) for move in decision.moves.all()] == [
        ("change", ["criteria", "estimate"])
    ]
    sprint.refresh_from_db()
    assert sprint.replans == 0
    assert replayed(sprint).tickets[1]["estimate"] == 3


def test_a_correction_without_words_answers_with_what_is_stored(cast: Cast, sprint: Sprint):
    assert edit(cast, 1, estimate=3, why=CORRECTION).estimate == 3


def test_where_only_leads_replan_a_member_corrects_nothing_of_the_plan(cast: Cast, sprint: Sprint):
    cast.project.replanners = "leads"
    cast.project.save()
    with pytest.raises(Forbidden):
        edit(cast, 1, title="Better", estimate=3, why=CORRECTION)
    assert edit(cast, 1, title="Better").title == "Better"


def test_in_the_backlog_and_in_a_draft_everything_changes_freely(cast: Cast, tickets: list[Ticket]):
    make_sprint(cast, [2])
    for number in (1, 2):
        assert edit(cast, number, estimate=3, type="review").type == "review"
    assert Decision.objects.count() == 0


@pytest.mark.parametrize("status", ["done", "skipped"])
def test_the_plan_of_what_is_done_or_skipped_is_not_corrected(cast: Cast, sprint: Sprint, status: str):
    Ticket.objects.filter(number=1).update(status=status)
    with pytest.raises(Refused):
        edit(cast, 1, estimate=3, why=CORRECTION)


@pytest.mark.parametrize("sent", [{}, {"title": "Try 1"}, {"estimate": None}, {"labels": []}, {"blocked": None}])
def test_what_is_so_already_is_no_change(cast: Cast, sprint: Sprint, sent: dict[str, Any]):
    before = Change.objects.count()
    assert edit(cast, 1, **sent).version == 1
    assert Change.objects.count() == before


def test_another_order_of_what_has_none_is_no_change(cast: Cast, tickets: list[Ticket]):
    edit(cast, 3, depends_on=[2, 1], criteria=[ERROR, ERROR | {"metric": "recall"}])
    before, criteria = Change.objects.count(), images(cast.project)[3]["criteria"]
    assert edit(cast, 3, depends_on=[1, 2], criteria=list(reversed(criteria))).version == 2
    assert Change.objects.count() == before


def test_an_edit_on_an_older_version_is_stale_and_says_what_is_there_now(cast: Cast, tickets: list[Ticket]):
    edit(cast, 1, title="Mine", version=1)
    with pytest.raises(Stale) as stale:
        edit(cast, 1, title="Yours", version=1)
    assert (stale.value.current["title"], stale.value.current["version"]) == ("Mine", 2)


def test_what_jobs_and_cards_do_makes_nobodys_edit_stale(cast: Cast, sprint: Sprint):
    edit(cast, 1, waiting_on_run=True)
    measure(cast, Ticket.objects.get(number=1), [0.1])
    progress(project=cast.project, number=1, to="in_progress", after=3, actor=cast.lead, now=NOW)
    assert edit(cast, 1, title="Better", version=1).version == 2


def test_a_block_keeps_since_when_and_ends(cast: Cast, tickets: list[Ticket]):
    assert edit(cast, 1, blocked={"why": "No labels yet."}).blocked_since == NOW
    assert edit(cast, 1, blocked={"why": "Still none."}).blocked_since == NOW
    freed = edit(cast, 1, blocked=None)
    assert (freed.blocked_since, freed.blocked_why) == (None, "")


def test_a_ticket_that_is_none_is_hidden(cast: Cast):
    with pytest.raises(Hidden):
        edit(cast, 9, title="Nobody")


# --- criteria -------------------------------------------------------------------------------------------------------


def test_a_criterion_keeps_who_it_is_while_its_number_changes(cast: Cast, tickets: list[Ticket]):
    edit(cast, 1, criteria=[ERROR, ERROR | {"metric": "recall"}])
    first, second = images(cast.project)[1]["criteria"]
    edit(cast, 1, criteria=[second | {"value": 0.5}])
    assert [(item["uid"], item["value"]) for item in images(cast.project)[1]["criteria"]] == [(second["uid"], 0.5)]
    edit(cast, 1, criteria=[second, first])
    assert [item["uid"] for item in images(cast.project)[1]["criteria"]] == [first["uid"], second["uid"]]


def test_a_criterion_of_another_ticket_is_not_taken_from_it(cast: Cast, tickets: list[Ticket]):
    edit(cast, 1, criteria=[ERROR])
    taken = images(cast.project)[1]["criteria"][0]
    edit(cast, 2, criteria=[taken])
    assert images(cast.project)[1]["criteria"] == [taken]
    assert images(cast.project)[2]["criteria"][0]["uid"] != taken["uid"]


def test_one_criterion_is_named_once(cast: Cast, tickets: list[Ticket]):
    edit(cast, 1, criteria=[ERROR])
    one = images(cast.project)[1]["criteria"][0]
    with pytest.raises(Invalid) as invalid:
        edit(cast, 1, criteria=[one, one | {"value": 0.5}])
    assert [(error.pointer, error.code) for error in invalid.value.errors] == [("/criteria/0/uid", "twice")]


def test_a_criterion_is_judged_by_what_is_there_already(cast: Cast):
    ticket = make_ticket(cast)
    measure(cast, ticket, [0.1, 0.2])
    edit(cast, 1, criteria=[ERROR])
    light = images(cast.project)[1]["criteria"][0]
    assert (light["state"], light["measured"]) == ("met", pytest.approx(0.15))


def test_a_correction_of_criteria_taken_back_brings_the_very_criteria_back(cast: Cast, sprint: Sprint):
    edit(cast, 1, criteria=[ERROR, ERROR | {"metric": "recall"}], why=CORRECTION)
    before = images(cast.project)[1]["criteria"]
    edit(cast, 1, criteria=[before[1] | {"value": 0.7}, ERROR | {"metric": "new"}], why=CORRECTION)
    last = Decision.objects.get(version=3)
    take_back(project=cast.project, decision=str(last.uid), actor=cast.lead, now=NOW)
    assert images(cast.project)[1]["criteria"] == before
    replan(cast, sprint, {"move": "change", "ticket": 1, "set": {"criteria": []}}, code="correction")
    assert images(cast.project)[1]["criteria"] == []
