"""Two people who act on each other's plans: whoever comes second is told, and nothing is half done."""

from collections.abc import Sequence
from functools import partial
from typing import Any

import pytest

from agileml.lib.fields import Invalid
from agileml.planning.actions import notes, progress, proposals, sprints, tickets
from agileml.planning.actions.decide import Why
from agileml.planning.actions.take_back import Overtaken, take_back
from agileml.planning.models import Assignment, Decision, Proposal, Sprint
from agileml.planning.rules.moves import Refused
from agileml.planning.rules.starting import Destination
from agileml.projects.actions import add_member, edit_project, remove_member
from agileml.projects.doors import Forbidden, Hidden
from agileml.projects.models import Project
from agileml.work.actions import Referenced, create_story, delete_story
from agileml.work.models import Ticket
from tests.factories import NOW, Cast, make_cast, make_sprint, make_ticket, make_tickets, make_user, replan
from tests.planning.mirror import Mirror, check_feed, check_places, images, replayed, table_plan, without_history
from tests.threads import at_once

pytestmark = pytest.mark.django_db(transaction=True)
BACKLOG = {number: Destination("backlog") for number in (1, 2, 3, 4)}


@pytest.fixture
def team() -> Cast:
    """A project with an active sprint of tickets 1 to 4, another with 5, a planned one with 6, and 7 in the backlog."""
    cast = make_cast("TWO")
    make_tickets(cast, 7)
    for numbers, active in (([1, 2, 3, 4], True), ([5], True), ([6], False)):
        make_sprint(cast, numbers, active=active)
    return cast


def sprint(number: int) -> Sprint:
    return Sprint.objects.get(number=number)


def close(cast: Cast, number: int = 1, going: dict[int, Destination] = BACKLOG) -> Decision:
    return sprints.close_sprint(project=cast.project, number=number, destinations=going, actor=cast.lead, now=NOW)


def propose(cast: Cast, *moves: dict[str, Any], base: int | None = None, evidence: Any = ()) -> Proposal:
    return proposals.propose(
        project=cast.project,
        sprint=1,
        base_version=base or sprint(1).plan_version,
        why=Why("other", "It is refuted.", evidence),
        moves=list(moves),
        actor=cast.member,
        now=NOW,
    )


def answer(cast: Cast, row: Proposal, **more: Any) -> Decision:
    return proposals.decide_proposal(project=cast.project, proposal=str(row.uid), actor=cast.lead, now=NOW, **more)


def delete(cast: Cast, number: int) -> None:
    tickets.delete_ticket(project=cast.project, number=number, expected_version=None, actor=cast.member, now=NOW)


def names(results: Sequence[Any]) -> list[str]:
    return sorted(type(result).__name__ for result in results)


def check(cast: Cast) -> None:
    now = images(cast.project)
    check_feed(Mirror(cast.project), now)
    check_places(cast.project)
    for row in Sprint.objects.filter(project=cast.project, state="active"):
        assert without_history(replayed(row)) == table_plan(row, now)


def test_of_two_who_close_one_sprint_at_once_one_does(team: Cast):
    skip = {number: Destination("skip") for number in (1, 2, 3, 4)}
    results = at_once(partial(close, team), partial(close, team, 1, skip), partial(close, team))
    assert names(results) == ["Decision", "Refused", "Refused"]
    assert Decision.objects.filter(kind="close").count() == 1
    assert len(set(Ticket.objects.filter(number__lt=5).values_list("status", flat=True))) == 1  # all one way
    check(team)


def test_two_sprints_that_close_into_each_other_at_once_do_not_both(team: Cast):
    """Each carries all that is left to the other, as its lead saw it."""
    results = at_once(
        partial(close, team, 1, {number: Destination("sprint", 2, 1) for number in (1, 2, 3, 4)}),
        partial(close, team, 2, {5: Destination("sprint", 1, 1)}),
    )
    assert names(results) == ["Decision", "Refused"]
    assert Sprint.objects.filter(state="active").count() == 1
    check(team)


def test_who_decides_while_the_sprint_closes_comes_before_it_or_is_told(team: Cast):
    skip = partial(replan, team, sprint(1), {"move": "remove", "ticket": 1})
    results = at_once(partial(close, team), skip)
    assert names(results) == ["Decision", "Refused"]
    check(team)


def test_a_draft_that_changes_while_its_sprint_starts_is_in_the_plan_or_refused(team: Cast):
    draft = partial(sprints.draft_some, project=team.project, number=3, add=[7], drop=[6], actor=team.member, now=NOW)
    start = partial(sprints.start_sprint, project=team.project, number=3, actor=team.lead, now=NOW)
    drafted, started = at_once(draft, start)
    assert isinstance(started, Decision)
    assert set(replayed(sprint(3)).tickets) == ({7} if isinstance(drafted, Sprint) else {6})
    assert isinstance(drafted, Sprint | Refused)
    assert not Assignment.objects.filter(sprint__number=3, opened_by=None).exists()
    check(team)


def test_a_sprint_starts_once_however_often_it_is_pressed(team: Cast):
    start = partial(sprints.start_sprint, project=team.project, number=3, actor=team.lead, now=NOW)
    assert names(at_once(start, start, start)) == ["Decision", "Refused", "Refused"]
    assert sprint(3).plan_version == 1
    check(team)


def test_a_decision_is_taken_back_once_however_often_it_is_pressed(team: Cast):
    made = replan(team, sprint(1), {"move": "defer", "ticket": 1, "to": 2, "to_base_version": 1})
    undo = partial(take_back, project=team.project, decision=str(made.uid), actor=team.lead, now=NOW)
    assert names(at_once(undo, undo)) == ["Decision", "Refused"]
    assert (sprint(1).plan_version, sprint(2).plan_version) == (3, 3)
    check(team)


def test_a_close_and_the_taking_back_of_what_it_rests_on_do_not_both_happen(team: Cast):
    made = replan(team, sprint(1), {"move": "defer", "ticket": 1, "to": 2, "to_base_version": 1})
    undo = partial(take_back, project=team.project, decision=str(made.uid), actor=team.lead, now=NOW)
    results = at_once(partial(close, team, 2, {n: Destination("backlog") for n in (1, 5)}), undo)
    assert [isinstance(one, Decision) for one in results].count(True) == 1
    assert {type(one) for one in results} <= {Decision, Refused, Overtaken}
    check(team)


# --- proposals --------------------------------------------------------------------------------------------------------


def test_a_proposal_is_decided_before_the_close_or_stays_open(team: Cast):
    row = propose(team, {"move": "remove", "ticket": 1})
    results = at_once(partial(close, team), partial(answer, team, row))
    assert names(results) == ["Decision", "Refused"]
    row.refresh_from_db()
    assert row.state == ("open" if isinstance(results[0], Decision) else "decided")
    check(team)


def test_a_proposal_of_a_closed_sprint_can_still_be_declined_and_withdrawn(team: Cast):
    one, other = (propose(team, {"move": "skip", "ticket": number}) for number in (1, 2))
    close(team)
    for partly in (False, True):
        with pytest.raises(Refused, match="closed"):
            answer(team, one, partial=partly)
    proposals.decline(project=team.project, proposal=str(one.uid), answer="Too late.", actor=team.lead, now=NOW)
    proposals.withdraw(project=team.project, proposal=str(other.uid), actor=team.member, now=NOW)
    check(team)


def test_of_who_withdraws_and_who_decides_at_once_one_does(team: Cast):
    row = propose(team, {"move": "skip", "ticket": 1})
    withdraw = partial(proposals.withdraw, project=team.project, proposal=str(row.uid), actor=team.member, now=NOW)
    decided, withdrawn = at_once(partial(answer, team, row), withdraw)
    assert sorted([isinstance(decided, Refused), isinstance(withdrawn, Refused)]) == [False, True]
    row.refresh_from_db()
    assert (row.state == "decided") == (row.decision is not None) == isinstance(decided, Decision)
    check(team)


def test_a_proposal_whose_story_was_deleted_is_decided_without_what_was_to_lie_there(team: Cast):
    create_story(project=team.project, sent={"title": "A story"}, actor=team.lead, now=NOW)
    row = propose(
        team,
        {"move": "skip", "ticket": 1},
        {"move": "add", "new": {"type": "review", "title": "New", "story": 1}},
        {"move": "change", "ticket": 2, "set": {"story": 1}},
    )
    delete_story(project=team.project, number=1, expected_version=1, actor=team.lead, now=NOW)
    with pytest.raises((Refused, Invalid)):
        answer(team, row)
    made = answer(team, row, partial=True)
    assert list(made.moves.values_list("move", "ticket__number")) == [("skip", 1)]
    check(team)


def test_a_proposal_whose_ticket_was_deleted_is_decided_without_it(team: Cast):
    row = propose(team, {"move": "add", "ticket": 7}, {"move": "skip", "ticket": 1})
    delete(team, 7)
    with pytest.raises(Refused):
        answer(team, row)
    assert list(answer(team, row, partial=True).moves.values_list("ticket__number", flat=True)) == [1]
    check(team)


# --- what is deleted --------------------------------------------------------------------------------------------------


def test_of_who_deletes_a_ticket_and_who_plans_it_at_once_one_does(team: Cast):
    deleted, added = at_once(partial(delete, team, 7), partial(replan, team, sprint(1), {"move": "add", "ticket": 7}))
    assert (deleted is None) == isinstance(added, Refused)
    assert isinstance(deleted, Referenced | None)
    check(team)


def test_history_rests_on_no_finding_of_a_ticket_that_is_deleted(team: Cast):
    finding = notes.write_finding(
        project=team.project, ticket=7, sent={"kind": "refutes", "text": "No gain."}, actor=team.member, now=NOW
    )
    evidence = [{"finding": str(finding.uid)}]
    row = propose(team, {"move": "skip", "ticket": 1}, evidence=evidence)
    delete(team, 7)
    with pytest.raises(Refused) as refused:
        replan(team, sprint(1), {"move": "skip", "ticket": 2}, evidence=evidence)
    assert [one.code for one in refused.value.refusals] == ["unknown_evidence"]
    with pytest.raises(Refused):
        answer(team, row)
    check(team)


def test_what_cannot_come_back_to_a_deleted_story_is_said_when_taking_back(team: Cast):
    create_story(project=team.project, sent={"title": "A story"}, actor=team.lead, now=NOW)
    replan(team, sprint(1), {"move": "change", "ticket": 1, "set": {"story": 1}})
    made = replan(
        team,
        sprint(1),
        {"move": "change", "ticket": 1, "set": {"story": None}},
        {"move": "skip", "ticket": 2},
    )
    delete_story(project=team.project, number=1, expected_version=1, actor=team.lead, now=NOW)
    with pytest.raises(Overtaken) as overtaken:
        take_back(project=team.project, decision=str(made.uid), actor=team.lead, now=NOW)
    assert [blocker.ticket for blocker in overtaken.value.blockers] == [1]
    assert overtaken.value.rest
    take_back(project=team.project, decision=str(made.uid), actor=team.lead, now=NOW, partial=True)
    assert Ticket.objects.get(number=2).status == "todo"
    check(team)


# --- who may, at the moment of writing --------------------------------------------------------------------------------


def test_who_is_removed_or_loses_the_right_while_deciding_decides_before_it_or_not_at_all(team: Cast):
    edit = partial(edit_project, sent={"replanners": "leads"}, expected_version=1, actor=team.lead, now=NOW)
    skip = partial(replan, team, sprint(1), {"move": "skip", "ticket": 1}, actor=team.member)
    _, decided = at_once(partial(edit, project=team.project), skip)
    assert isinstance(decided, Decision | Forbidden)
    assert (Ticket.objects.get(number=1).status == "skipped") == isinstance(decided, Decision)

    again = make_user("A Lead")
    add_member(project=team.project, user=again, role="lead", actor=team.lead, now=NOW)
    _, closed = at_once(
        partial(remove_member, project=team.project, user=again, actor=team.lead, now=NOW),
        partial(sprints.close_sprint, project=team.project, number=2, destinations={5: Destination("backlog")},
                actor=again, now=NOW),
    )  # fmt: skip
    assert isinstance(closed, Decision | Hidden)
    assert (sprint(2).state == "closed") == isinstance(closed, Decision)
    check(team)


def test_a_members_own_hands_neither_start_close_nor_take_such_back_by_any_door(team: Cast):
    made = close(team, 2, {5: Destination("sprint", 1, 1)})
    there = Decision.objects.get(kind="received")
    undone = take_back(project=team.project, decision=str(made.uid), actor=team.lead, now=NOW)
    for decision in (Decision.objects.get(sprint__number=1, kind="start"), undone):
        with pytest.raises(Forbidden):
            take_back(project=team.project, decision=str(decision.uid), actor=team.member, now=NOW)
    again = take_back(project=team.project, decision=str(undone.uid), actor=team.lead, now=NOW)
    for decision in Decision.objects.filter(group=again.group):
        with pytest.raises(Forbidden):
            take_back(project=team.project, decision=str(decision.uid), actor=team.member, now=NOW, partial=True)
    with pytest.raises((Forbidden, Refused)):
        take_back(project=team.project, decision=str(there.uid), actor=team.member, now=NOW)
    assert Project.objects.get().replanners == "team"
    check(team)


def test_what_moved_on_since_the_close_page_was_read_holds_the_close(team: Cast):
    """The page asked for 1 to 4: since then one was done, one skipped, one removed, and one added."""
    progress.progress(
        project=team.project,
        number=1,
        to="done",
        outcome="shipped",
        override="Tried by hand.",
        actor=team.lead,
        now=NOW,
    )
    replan(team, sprint(1), {"move": "skip", "ticket": 2}, {"move": "remove", "ticket": 3})
    make_ticket(team, sprint=1)
    with pytest.raises(Refused) as refused:
        close(team)
    assert sorted((one.code, one.ticket) for one in refused.value.refusals) == [
        ("destination_missing", 8), ("not_left", 1), ("not_left", 2), ("not_left", 3)
    ]  # fmt: skip
    assert sprint(1).state == "active"
