"""A proposal is a re-plan that somebody else decides: checked when it is made, and anew on the plan that it meets."""

from typing import Any

import pytest

from agileml.journal.models import Change
from agileml.lib.fields import Invalid
from agileml.planning.actions.decide import StalePlan, Why
from agileml.planning.actions.proposals import decide_proposal, decline, propose, withdraw
from agileml.planning.actions.sprints import close_sprint
from agileml.planning.actions.take_back import take_back
from agileml.planning.actions.tickets import delete_ticket
from agileml.planning.models import Decision, Proposal, Sprint
from agileml.planning.queries.proposals import for_home
from agileml.planning.rules.moves import Refused
from agileml.planning.rules.starting import Destination
from agileml.projects.doors import Forbidden, Hidden
from agileml.work.models import Ticket
from tests.factories import NOW, Cast, make_cast, make_sprint, make_ticket, make_tickets, replan
from tests.threads import at_once


@pytest.fixture
def led(db: None) -> Cast:
    """A project where only leads decide, with an active sprint of tickets 1 to 4 at plan v1."""
    cast = make_cast(replanners="leads")
    make_tickets(cast, 4)
    make_sprint(cast, [1, 2, 3, 4], active=True)
    return cast


def proposed(cast: Cast, *moves: dict[str, Any], base: int = 1, reason: str = "It is refuted.") -> Proposal:
    return propose(
        project=cast.project,
        sprint=1,
        base_version=base,
        why=Why(code="other", text=reason),
        moves=moves or ({"move": "skip", "ticket": 1},),
        actor=cast.member,
        now=NOW,
    )


def decided(cast: Cast, row: Proposal, **more: Any) -> Decision:
    return decide_proposal(project=cast.project, proposal=str(row.uid), actor=cast.lead, now=NOW, **more)


def test_a_member_proposes_what_only_a_lead_decides(led: Cast) -> None:
    row = proposed(led)
    assert Ticket.objects.get(number=1).status == "todo"
    with pytest.raises(Forbidden):
        decide_proposal(project=led.project, proposal=str(row.uid), actor=led.member, now=NOW)

    made = decided(led, row)

    assert (made.version, made.reason, made.actor) == (2, "It is refuted.", led.lead)
    assert Ticket.objects.get(number=1).status == "skipped"
    row.refresh_from_db()
    assert (row.state, row.decision, row.answered_by) == ("decided", made, led.lead)
    told = Change.objects.filter(kind="proposal").order_by("revision").values_list("action", flat=True)
    assert list(told) == ["created", "updated"]


def test_what_was_proposed_on_v1_is_checked_anew_on_the_plan_that_it_meets(led: Cast) -> None:
    row = proposed(led, {"move": "skip", "ticket": 1}, {"move": "skip", "ticket": 2})
    replan(led, Sprint.objects.get(), {"move": "skip", "ticket": 2})
    replan(led, Sprint.objects.get(), {"move": "skip", "ticket": 3})
    with pytest.raises(Refused) as refused:
        decided(led, row)
    assert [(one.code, one.ticket) for one in refused.value.refusals] == [("already_skipped", 2)]
    row.refresh_from_db()
    assert row.state == "open"

    made = decided(led, row, partial=True)
    assert made.version == 4
    assert list(made.moves.values_list("ticket__number", flat=True)) == [1]


def test_where_nothing_fits_any_more_there_is_no_rest_to_decide_and_it_says_why(led: Cast) -> None:
    row = proposed(led)
    replan(led, Sprint.objects.get(), {"move": "skip", "ticket": 1})
    with pytest.raises(Refused, match="Nothing of this proposal fits") as refused:
        decided(led, row, partial=True)
    assert [one.code for one in refused.value.refusals] == ["nothing_fits", "already_skipped"]
    assert Sprint.objects.get().plan_version == 2


def test_what_names_a_deleted_ticket_or_somebody_who_left_no_longer_fits_and_the_rest_does(led: Cast) -> None:
    make_ticket(led, "In the backlog")
    row = proposed(
        led,
        {"move": "add", "ticket": 5},
        {"move": "add", "new": {"title": "New", "type": "review", "assignee": str(led.stakeholder.uid)}},
        {"move": "add", "new": {"title": "Newer", "type": "review", "depends_on": [5]}},
        {"move": "sprint", "set": {"end": "2026-12-04"}},
        {"move": "skip", "ticket": 1},
    )
    delete_ticket(project=led.project, number=5, expected_version=None, actor=led.member, now=NOW)
    led.project.memberships.filter(user=led.stakeholder).delete()
    with pytest.raises(Refused) as refused:
        decided(led, row)
    assert [(one.pointer, one.code) for one in refused.value.refusals] == [
        ("/moves/0", "unknown_ticket"),
        ("/moves/1/new/assignee", "unknown"),
        ("/moves/2/new/depends_on/0", "unknown"),
    ]
    made = decided(led, row, partial=True)
    assert [move.move for move in made.moves.order_by("position")] == ["sprint", "skip"]


def test_what_a_taken_back_decision_brings_back_fits_again(led: Cast) -> None:
    row = proposed(led)
    made = replan(led, Sprint.objects.get(), {"move": "skip", "ticket": 1})
    with pytest.raises(Refused):
        decided(led, row)
    take_back(project=led.project, decision=str(made.uid), actor=led.lead, now=NOW)
    again = decided(led, row)
    assert again.version == 4
    take_back(project=led.project, decision=str(again.uid), actor=led.lead, now=NOW)
    row.refresh_from_db()
    assert (row.state, row.decision) == ("decided", again)  # it was; that it was taken back is in the history
    assert Ticket.objects.get(number=1).status == "todo"


def test_of_a_closed_sprint_nothing_can_be_decided_but_it_can_still_be_answered(led: Cast) -> None:
    row, other = proposed(led), proposed(led)
    close_sprint(
        project=led.project, number=1, destinations=dict.fromkeys(range(1, 5), Destination("backlog")), reason="Over.",
        actor=led.lead, now=NOW,
    )  # fmt: skip
    for partial in (False, True):
        with pytest.raises(Refused) as refused:
            decided(led, row, partial=partial)
        assert "sprint_closed" in {one.code for one in refused.value.refusals}
    decline(project=led.project, proposal=str(row.uid), answer="Too late.", actor=led.lead, now=NOW)
    withdraw(project=led.project, proposal=str(other.uid), actor=led.member, now=NOW)
    assert not for_home(led.lead, projects=[led.project], decides=[led.project], since=NOW)


def test_whose_author_left_is_decided_all_the_same_and_she_withdraws_nothing(led: Cast) -> None:
    row, other = proposed(led), proposed(led, {"move": "skip", "ticket": 2})
    led.project.memberships.filter(user=led.member).delete()
    with pytest.raises(Hidden):
        withdraw(project=led.project, proposal=str(other.uid), actor=led.member, now=NOW)
    assert decided(led, row).version == 2


def test_what_cannot_be_stored_is_no_answer_and_no_reason(led: Cast) -> None:
    row = proposed(led)
    for text in ("\0", "\ud800", "x" * 10_001):
        with pytest.raises(Refused):
            decline(project=led.project, proposal=str(row.uid), answer=text, actor=led.lead, now=NOW)
        with pytest.raises(Refused):
            proposed(led, reason=text)


def test_what_could_not_be_decided_cannot_be_proposed(led: Cast) -> None:
    with pytest.raises(Refused) as refused:
        proposed(led, {"move": "skip", "ticket": 9}, {"move": "restore", "ticket": 1}, reason="")
    assert {one.code for one in refused.value.refusals} == {"unknown_ticket", "not_skipped", "reason_required"}
    with pytest.raises(Invalid):
        proposed(led, {"move": "add", "new": {"title": "New", "type": "review", "story": 7}})
    with pytest.raises(StalePlan):
        proposed(led, base=2)
    assert not Proposal.objects.exists()


def test_it_is_declined_with_a_word_and_answered_once(led: Cast) -> None:
    row = proposed(led)
    by: dict[str, Any] = {"project": led.project, "proposal": str(row.uid), "actor": led.lead, "now": NOW}
    with pytest.raises(Refused):
        decline(answer="  ", **by)
    decline(answer="The seeds are not in yet.", **by)
    row.refresh_from_db()
    assert (row.state, row.answer) == ("declined", "The seeds are not in yet.")
    with pytest.raises(Refused, match="declined already"):
        decided(led, row)


def test_only_its_author_withdraws_it(led: Cast) -> None:
    row = proposed(led)
    with pytest.raises(Refused):
        withdraw(project=led.project, proposal=str(row.uid), actor=led.lead, now=NOW)
    withdraw(project=led.project, proposal=str(row.uid), actor=led.member, now=NOW)
    row.refresh_from_db()
    assert row.state == "withdrawn"


def test_stakeholders_propose_nothing_and_other_projects_see_nothing(led: Cast) -> None:
    row = proposed(led)
    with pytest.raises(Forbidden):
        propose(
            project=led.project, sprint=1, base_version=1, why=Why("other", "Why not."), actor=led.stakeholder, now=NOW,
            moves=[{"move": "skip", "ticket": 1}],
        )  # fmt: skip
    other = make_cast("OTH")
    for uid in (str(row.uid), "not a uid"):
        with pytest.raises(Hidden):
            decide_proposal(project=other.project, proposal=uid, actor=other.lead, now=NOW)


def test_of_two_leads_at_once_one_decides_and_the_other_is_told(transactional_db: None) -> None:
    cast = make_cast()
    make_tickets(cast, 2)
    make_sprint(cast, [1, 2], active=True)
    row = proposed(cast)
    answers = at_once(*[lambda: decided(cast, row)] * 2)
    assert sorted(type(answer).__name__ for answer in answers) == ["Decision", "Refused"]
    assert Sprint.objects.get().plan_version == 2
