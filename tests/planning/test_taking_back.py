"""Taking back: a new decision of inverse moves, after which all is as it was, unless something has happened since."""

from typing import Any

import pytest

from agileml.planning.actions import progress, sprints, take_back, tickets
from agileml.planning.actions.decide import Why
from agileml.planning.actions.take_back import Overtaken
from agileml.planning.models import Assignment, Decision, Sprint
from agileml.planning.rules.moves import Refused
from agileml.planning.rules.starting import Destination
from agileml.projects.doors import Forbidden, Hidden
from agileml.work.actions import create_story
from agileml.work.models import Ticket
from tests.factories import NOW, Cast, make_cast, make_sprint, replan
from tests.planning.mirror import images, replayed

pytestmark = pytest.mark.django_db


def undo(cast: Cast, decision: Decision, *, partial: bool = False, **who: Any) -> Decision:
    return take_back.take_back(
        project=cast.project, decision=str(decision.uid), now=NOW, partial=partial, **({"actor": cast.lead} | who)
    )


def blockers(cast: Cast, decision: Decision, *, partial: bool = False) -> list[tuple[str, int | None]]:
    with pytest.raises(Overtaken) as overtaken:
        undo(cast, decision, partial=partial)
    return [(blocker.code, blocker.ticket) for blocker in overtaken.value.blockers]


def state(cast: Cast) -> dict[int, Any]:
    """Every ticket as it is, without what counts edits and changes."""
    counting = {"version", "revision", "updated_at"}
    return {
        number: {name: value for name, value in shape.items() if name not in counting}
        for number, shape in images(cast.project).items()
    }


def start_of(sprint: Sprint) -> Decision:
    return Decision.objects.get(sprint=sprint, version=1)


INVERSES: dict[str, tuple[list[dict[str, Any]], list[str]]] = {
    "an add": ([{"move": "add", "ticket": 5}], ["remove"]),
    "a remove": ([{"move": "remove", "ticket": 1}], ["add"]),
    "a skip": ([{"move": "skip", "ticket": 1}], ["restore"]),
    "a restore": ([{"move": "restore", "ticket": 4}], ["skip"]),
    "a defer to the backlog": ([{"move": "defer", "ticket": 1, "note": "Later."}], ["add"]),
    "a defer to a planned sprint": ([{"move": "defer", "ticket": 1, "to": 2}], ["add"]),
    "a defer of what is drafted there already": ([{"move": "defer", "ticket": 3, "to": 2}], ["add"]),
    "a defer to another active sprint": ([{"move": "defer", "ticket": 1, "to": 3, "to_base_version": 1}], ["add"]),
    "a defer of what is skipped": ([{"move": "defer", "ticket": 4}], ["add"]),
    "a change": ([{"move": "change", "ticket": 1, "set": {"type": "review", "story": 1, "estimate": 5}}], ["change"]),
    "a change of criteria": (
        [{"move": "change", "ticket": 2, "set": {"criteria": [{"metric": "recall", "op": ">=", "value": 1}]}}],
        ["change"],
    ),
    "a change of the sprint": ([{"move": "sprint", "set": {"goal": "Other", "end": "2026-12-24"}}], ["sprint"]),
    "several moves, backwards": (
        [{"move": "skip", "ticket": 1}, {"move": "remove", "ticket": 2}, {"move": "add", "ticket": 5}],
        ["remove", "add", "restore"],
    ),
}


@pytest.mark.parametrize("what", INVERSES)
def test_taking_back_leaves_the_plan_exactly_as_it_was(cast: Cast, sprint: Sprint, what: str):
    create_story(project=cast.project, sent={"title": "Why"}, actor=cast.lead, now=NOW)
    make_sprint(cast, [3])
    make_sprint(cast, active=True)
    criteria = [{"metric": "error", "op": "<=", "value": 0.2}, {"metric": "recall", "op": ">=", "value": 0.9}]
    change = {"move": "change", "ticket": 2, "set": {"criteria": criteria}}
    replan(cast, sprint, change, {"move": "skip", "ticket": 4})
    moves, inverse = INVERSES[what]
    before, plan = state(cast), replayed(sprint)

    decision = replan(cast, sprint, *moves)
    assert state(cast) != before or replayed(sprint).sprint != plan.sprint

    undone = undo(cast, decision)
    assert [move.move for move in undone.moves.order_by("position")] == inverse
    assert state(cast) == before
    assert (replayed(sprint).tickets, replayed(sprint).sprint) == (plan.tickets, plan.sprint)
    assert (undone.kind, undone.reverts, undone.version, undone.partial) == ("revert", decision, 4, False)

    again = undo(cast, undone)
    assert state(cast) != before or replayed(sprint).sprint != plan.sprint
    assert again.reverts == undone
    undo(cast, again)
    assert state(cast) == before
    assert (replayed(sprint).tickets, replayed(sprint).sprint) == (plan.tickets, plan.sprint)


def test_what_a_decision_made_anew_lies_in_the_backlog_afterwards_and_is_never_deleted(cast: Cast, sprint: Sprint):
    parts = [{"type": "review", "title": "Part"}]
    new = {"move": "add", "new": {"type": "review", "title": "New"}}
    decision = replan(cast, sprint, new, {"move": "split", "ticket": 1, "into": parts})
    undo(cast, decision)
    assert [(shape["sprint"], shape["status"]) for n, shape in images(cast.project).items() if n > 5] == [
        (None, "todo"), (None, "todo")
    ]  # fmt: skip
    assert sorted(replayed(sprint).tickets) == [1, 2, 3, 4]


def test_history_is_kept_with_who_took_it_back_and_why(cast: Cast, sprint: Sprint):
    decision = replan(cast, sprint, {"move": "skip", "ticket": 1}, actor=cast.member)
    undone = undo(cast, decision, actor=cast.member, reason=" It was too early. ")
    decision.refresh_from_db()
    assert (decision.moves.count(), decision.reason) == (1, "Because the numbers say so.")
    assert (undone.actor, undone.reason, undone.reason_code) == (cast.member, "It was too early.", "")
    sprint.refresh_from_db()
    assert (sprint.plan_version, sprint.replans) == (3, 1)


def test_a_decision_on_the_backlog_is_taken_back_too(cast: Cast, sprint: Sprint):
    decision = replan(cast, None, {"move": "skip", "ticket": 5})
    assert undo(cast, decision).version is None
    assert Ticket.objects.get(number=5).status == "todo"


# --- overtaken ------------------------------------------------------------------------------------------------------


def test_it_is_refused_with_the_list_of_all_that_later_decisions_and_progress_touched(cast: Cast, sprint: Sprint):
    decision = replan(
        cast, sprint, {"move": "add", "ticket": 5}, {"move": "skip", "ticket": 1}, {"move": "change", "ticket": 2,
        "set": {"estimate": 1}}, {"move": "sprint", "set": {"goal": "Other"}},
    )  # fmt: skip
    replan(cast, sprint, {"move": "restore", "ticket": 1})
    progress.progress(project=cast.project, number=5, to="in_progress", actor=cast.member, now=NOW)
    replan(cast, sprint, {"move": "sprint", "set": {"goal": "Yet another"}})
    with pytest.raises(Overtaken) as overtaken:
        undo(cast, decision)
    assert [(b.code, b.ticket, b.versions) for b in overtaken.value.blockers] == [
        ("progress", 5, ()), ("later_decision", 1, (3,)), ("later_decision", None, ())
    ]  # fmt: skip
    assert overtaken.value.rest
    assert "TST-1 was decided on again (v3)." in str(overtaken.value)


def test_the_rest_is_taken_back_where_one_says_so(cast: Cast, sprint: Sprint):
    decision = replan(cast, sprint, {"move": "skip", "ticket": 1}, {"move": "skip", "ticket": 2})
    replan(cast, sprint, {"move": "restore", "ticket": 1})
    undone = undo(cast, decision, partial=True)
    assert [(move.move, move.ticket and move.ticket.number) for move in undone.moves.all()] == [("restore", 2)]
    assert undone.partial
    assert Ticket.objects.get(number=2).status == "todo"


def test_where_nothing_would_be_left_partial_is_refused_too(cast: Cast, sprint: Sprint):
    decision = replan(cast, sprint, {"move": "skip", "ticket": 1})
    replan(cast, sprint, {"move": "restore", "ticket": 1})
    assert blockers(cast, decision, partial=True) == [("later_decision", 1)]


def test_after_a_partial_taking_back_what_was_left_can_follow(cast: Cast, sprint: Sprint):
    decision = replan(cast, sprint, {"move": "skip", "ticket": 1}, {"move": "skip", "ticket": 2})
    later = replan(cast, sprint, {"move": "defer", "ticket": 1})
    undo(cast, decision, partial=True)
    undo(cast, later)
    assert blockers(cast, decision) == [("later_decision", 2)]
    undo(cast, decision, partial=True)
    assert [Ticket.objects.get(number=n).status for n in (1, 2)] == ["todo", "todo"]


def test_a_later_decision_that_was_taken_back_itself_does_not_stand_in_the_way(cast: Cast, sprint: Sprint):
    decision = replan(cast, sprint, {"move": "change", "ticket": 1, "set": {"estimate": 1}})
    undo(cast, replan(cast, sprint, {"move": "change", "ticket": 1, "set": {"estimate": 2}}))
    undo(cast, decision)
    assert Ticket.objects.get(number=1).estimate is None


def test_a_later_decision_that_was_brought_back_stands_in_the_way_again(cast: Cast, sprint: Sprint):
    decision = replan(cast, sprint, {"move": "change", "ticket": 1, "set": {"estimate": 1}})
    undo(cast, undo(cast, replan(cast, sprint, {"move": "change", "ticket": 1, "set": {"estimate": 2}})))
    assert blockers(cast, decision) == [("later_decision", 1)]


def test_what_was_deferred_and_edited_in_the_backlog_since_stays_there(cast: Cast, sprint: Sprint):
    decision = replan(cast, sprint, {"move": "defer", "ticket": 1})
    tickets.edit_ticket(
        project=cast.project, number=1, sent={"estimate": 8}, expected_version=None, actor=cast.member, now=NOW
    )
    assert blockers(cast, decision) == [("changed", 1)]


def test_what_was_deferred_and_has_been_taken_up_elsewhere_since_stays_there(cast: Cast, sprint: Sprint):
    decision = replan(cast, sprint, {"move": "defer", "ticket": 1})
    make_sprint(cast, [1], active=True)
    assert blockers(cast, decision) == [("later_decision", 1)]


def test_a_draft_that_a_defer_made_goes_when_the_defer_does_and_one_that_was_there_stays(cast: Cast, sprint: Sprint):
    later = make_sprint(cast, [2])
    moves = [{"move": "defer", "ticket": n, "to": later.number} for n in (1, 2)]
    undo(cast, replan(cast, sprint, *moves))
    assert [row.ticket.number for row in Assignment.objects.filter(sprint=later, opened_by=None)] == [2]


def test_a_draft_that_somebody_has_moved_since_is_left_alone(cast: Cast, sprint: Sprint):
    later, elsewhere = make_sprint(cast), make_sprint(cast)
    decision = replan(cast, sprint, {"move": "defer", "ticket": 1, "to": later.number})
    sprints.draft(project=cast.project, number=later.number, tickets=[], actor=cast.lead, now=NOW)
    sprints.draft(project=cast.project, number=elsewhere.number, tickets=[1], actor=cast.lead, now=NOW)
    undo(cast, decision)
    shape = images(cast.project)[1]
    assert (shape["sprint"], shape["planned_sprint"]) == (sprint.number, elsewhere.number)


# --- what was received ----------------------------------------------------------------------------------------------


def test_a_group_is_taken_back_together_whichever_of_it_is_named(cast: Cast, sprint: Sprint):
    other = make_sprint(cast, active=True)
    before = state(cast)
    decision = replan(cast, sprint, {"move": "defer", "ticket": 1, "to": other.number, "to_base_version": 1})
    received = Decision.objects.get(sprint=other, kind="received")
    undone = undo(cast, received)
    assert (undone.sprint, undone.reverts) == (other, received)
    assert Decision.objects.get(sprint=sprint, version=3).reverts == decision
    assert state(cast) == before
    undo(cast, Decision.objects.get(sprint=sprint, version=3))
    assert images(cast.project)[1]["sprint"] == other.number


def test_a_group_is_taken_back_whole_or_not_at_all(cast: Cast, sprint: Sprint):
    other = make_sprint(cast, active=True)
    moves = [{"move": "defer", "ticket": n, "to": other.number, "to_base_version": 1} for n in (1, 2)]
    decision = replan(cast, sprint, *moves)
    replan(cast, other, {"move": "skip", "ticket": 1})
    assert blockers(cast, decision, partial=True) == [("later_decision", 1)]
    assert [images(cast.project)[n]["sprint"] for n in (1, 2)] == [other.number, other.number]


# --- once, and by whom ----------------------------------------------------------------------------------------------


def test_what_has_been_taken_back_already_is_not_taken_back_twice(cast: Cast, sprint: Sprint):
    decision = replan(cast, sprint, {"move": "skip", "ticket": 1})
    undone = undo(cast, decision)
    for _ in range(2):
        with pytest.raises(Refused) as refused:
            undo(cast, decision)
        assert [refusal.code for refusal in refused.value.refusals] == ["already_taken_back"]
    undo(cast, undone)
    undo(cast, decision)  # it counts again, and so it can be taken back again
    assert Ticket.objects.get(number=1).status == "todo"


@pytest.mark.parametrize("decision", ["", "nonsense", "00000000-0000-0000-0000-000000000000"])
def test_a_decision_that_is_none_is_hidden(cast: Cast, sprint: Sprint, decision: str):
    with pytest.raises(Hidden):
        take_back.take_back(project=cast.project, decision=decision, actor=cast.lead, now=NOW)


def test_a_decision_of_another_project_is_hidden(cast: Cast, sprint: Sprint):
    with pytest.raises(Hidden):
        undo(make_cast("OTH"), start_of(sprint))


def test_where_only_leads_replan_only_leads_take_back(sprint: Sprint, cast: Cast):
    decision = replan(cast, sprint, {"move": "skip", "ticket": 1})
    cast.project.replanners = "leads"
    cast.project.save()
    with pytest.raises(Forbidden):
        undo(cast, decision, actor=cast.member)
    undo(cast, decision)


def test_only_a_lead_takes_a_start_or_a_close_back_and_what_took_them_back(cast: Cast, sprint: Sprint):
    with pytest.raises(Forbidden):
        undo(cast, start_of(sprint), actor=cast.member)
    undone = undo(cast, start_of(sprint))
    with pytest.raises(Forbidden):
        undo(cast, undone, actor=cast.member)


# --- starts and closes ----------------------------------------------------------------------------------------------


def test_a_start_is_taken_back_to_the_draft_that_it_was(cast: Cast, sprint: Sprint):
    progress.progress(project=cast.project, number=1, to="in_progress", actor=cast.member, now=NOW)
    undo(cast, start_of(sprint))
    sprint.refresh_from_db()
    assert (sprint.state, sprint.started_at, sprint.plan_version) == ("planned", None, 2)
    assert [n for n, shape in images(cast.project).items() if shape["planned_sprint"] == 1] == [1, 2, 3, 4]
    assert Ticket.objects.get(number=1).status == "in_progress"


def test_a_start_that_a_decision_followed_stays(cast: Cast, sprint: Sprint):
    decision = replan(cast, sprint, {"move": "add", "ticket": 5}, code="forgotten")
    assert blockers(cast, start_of(sprint)) == [("later_decision", None)]
    undo(cast, decision)
    undo(cast, start_of(sprint))


def test_a_start_taken_back_is_started_again_as_it_was(cast: Cast, sprint: Sprint):
    plan = replayed(sprint)
    undo(cast, undo(cast, start_of(sprint)))
    sprint.refresh_from_db()
    assert (sprint.state, sprint.plan_version) == ("active", 3)
    assert (replayed(sprint).tickets, replayed(sprint).sprint) == (plan.tickets, plan.sprint)


@pytest.mark.parametrize("change", ["drafted otherwise", "edited", "done", "in another sprint"])
def test_it_is_not_started_again_when_it_would_not_be_as_it_was(cast: Cast, sprint: Sprint, change: str):
    undone = undo(cast, start_of(sprint))
    common: dict[str, Any] = {"project": cast.project, "actor": cast.lead, "now": NOW}
    if change == "drafted otherwise":
        sprints.draft(number=1, tickets=[1, 2, 3], **common)
    elif change == "edited":
        tickets.edit_ticket(number=1, sent={"estimate": 2}, expected_version=None, **common)
    elif change == "done":
        progress.progress(number=1, to="done", outcome="shipped", **common)
    else:
        replan(cast, make_sprint(cast, active=True), {"move": "add", "ticket": 1})
    expected = {"drafted otherwise": ("changed", None), "edited": ("changed", 1), "done": ("progress", 1)}
    assert blockers(cast, undone) == [expected.get(change, ("elsewhere", 1))]


def close(cast: Cast, **destinations: Destination) -> Decision:
    going = {int(name[1:]): destination for name, destination in destinations.items()}
    return sprints.close_sprint(project=cast.project, number=1, destinations=going, actor=cast.lead, now=NOW)


def test_a_close_is_taken_back_while_nothing_it_carried_has_moved_on(cast: Cast, sprint: Sprint):
    make_sprint(cast)
    make_sprint(cast, active=True)
    progress.progress(project=cast.project, number=4, to="done", outcome="learned", actor=cast.lead, now=NOW)
    before, plan = state(cast), replayed(sprint)
    closed = close(cast, t1=Destination("backlog"), t2=Destination("sprint", 3, 1), t3=Destination("skip"))
    undone = undo(cast, closed)
    sprint.refresh_from_db()
    assert (sprint.state, sprint.closed_at) == ("active", None)
    assert state(cast) == before
    assert replayed(sprint).tickets == plan.tickets
    undo(cast, undone)
    sprint.refresh_from_db()
    assert sprint.state == "closed"
    assert replayed(sprint).tickets.keys() == {3, 4}


@pytest.mark.parametrize("since", ["moved on", "edited", "taken up", "re-opened and taken up"])
def test_a_close_stays_when_what_it_carried_has_moved_on(cast: Cast, sprint: Sprint, since: str):
    common: dict[str, Any] = {"project": cast.project, "actor": cast.lead, "now": NOW}
    progress.progress(number=4, to="done", outcome="learned", **common)
    closed = close(cast, t1=Destination("backlog"), t2=Destination("backlog"), t3=Destination("skip"))
    if since == "moved on":
        progress.progress(number=1, to="in_review", **common)
    elif since == "edited":
        tickets.edit_ticket(number=4, sent={"estimate": 2}, expected_version=None, **common)
    elif since == "taken up":
        make_sprint(cast, [1], active=True)
    else:
        progress.progress(number=4, to="todo", **common)
        make_sprint(cast, [4], active=True)
    expected = {
        "moved on": [("progress", 1)],
        "edited": [("changed", 4)],
        "taken up": [("later_decision", 1)],
        "re-opened and taken up": [("elsewhere", 4)],
    }
    assert blockers(cast, closed) == expected[since]


def test_a_replan_of_a_closed_sprint_is_history_even_in_part(cast: Cast, sprint: Sprint):
    decision = replan(cast, sprint, {"move": "skip", "ticket": 1}, {"move": "skip", "ticket": 2})
    undone = undo(cast, replan(cast, sprint, {"move": "sprint", "set": {"goal": "Other"}}))
    close(cast, t3=Destination("backlog"), t4=Destination("backlog"))
    assert ("sprint_state", None) in blockers(cast, decision, partial=True)
    assert ("sprint_state", None) in blockers(cast, undone, partial=True)


def test_a_correction_in_place_is_taken_back_like_any_decision(cast: Cast, sprint: Sprint):
    tickets.edit_ticket(
        project=cast.project, number=1, sent={"type": "review", "title": "A better name"}, expected_version=None,
        actor=cast.member, now=NOW, why=Why(code="correction"),
    )  # fmt: skip
    undo(cast, Decision.objects.get(sprint=sprint, version=2))
    ticket = Ticket.objects.get(number=1)
    assert (ticket.type, ticket.title) == ("engineering", "A better name")
