"""Progress: cards move freely, and what is called done has what its type needs."""

from typing import Any

import pytest

from agileml.journal.models import Audit, Change
from agileml.lib.fields import Invalid
from agileml.metrics.actions.promotions import set_deployment
from agileml.metrics.models import Evaluation, RegisteredModel
from agileml.planning.actions import notes, progress
from agileml.planning.models import Sprint
from agileml.planning.rules.progress import DoneRule, NeedsPlan
from agileml.projects.doors import Forbidden, Hidden
from agileml.work.models import Ticket
from agileml.work.types import TicketType
from tests.challenges import BETTER, candidate, challenge, take
from tests.factories import NOW, Cast, make_ticket, measure, replan

pytestmark = pytest.mark.django_db

OPEN = ("todo", "in_progress", "in_review")


def move(cast: Cast, ticket: int, to: str, **more: Any) -> Ticket:
    return progress.progress(project=cast.project, number=ticket, to=to, now=NOW, **({"actor": cast.member} | more))


def lacks(cast: Cast, ticket: Ticket, **more: Any) -> list[str]:
    with pytest.raises(DoneRule) as missing:
        move(cast, ticket.number, "done", **more)
    return [lack.code for lack in missing.value.missing]


def write_finding(cast: Cast, ticket: Ticket, *cites: str) -> None:
    sent = {"kind": "confirms", "text": "It holds.", "cites": [{"snapshot": uid} for uid in cites]}
    notes.write_finding(project=cast.project, ticket=ticket.number, sent=sent, actor=cast.member, now=NOW)


def opine(cast: Cast, ticket: Ticket, by: Any) -> None:
    notes.give_opinion(project=cast.project, ticket=ticket.number, sent={"opinion": "accept"}, actor=by, now=NOW)


@pytest.mark.parametrize("origin", OPEN)
@pytest.mark.parametrize("to", OPEN)
def test_cards_move_freely_between_the_open_columns(cast: Cast, tickets: list[Ticket], origin: str, to: str):
    move(cast, 1, origin)
    assert move(cast, 1, to).status == to


def test_done_keeps_how_it_ended_and_reopening_clears_it(cast: Cast, tickets: list[Ticket]):
    done = move(cast, 1, "done", outcome="learned")
    assert (done.outcome, done.done_at) == ("learned", NOW)
    again = move(cast, 1, "in_progress")
    assert (again.outcome, again.done_at) == ("", None)
    diff = Change.objects.filter(kind="ticket", action="updated").latest("revision").diff
    assert diff == {"status": ["done", "in_progress"], "outcome": ["learned", None]}


@pytest.mark.parametrize("outcome", ["", "demoed", "skipped"])
def test_done_says_how_it_ended_and_nobody_calls_it_demoed(cast: Cast, tickets: list[Ticket], outcome: str):
    assert lacks(cast, tickets[0], outcome=outcome) == ["outcome"]


def test_progress_is_no_decision_and_does_not_count_as_an_edit(cast: Cast, sprint: Sprint):
    assert move(cast, 1, "in_review").version == 1
    sprint.refresh_from_db()
    assert sprint.plan_version == 1


def test_skipping_and_restoring_are_decisions(cast: Cast, sprint: Sprint):
    with pytest.raises(NeedsPlan):
        move(cast, 1, "skipped")
    replan(cast, sprint, {"move": "skip", "ticket": 1})
    with pytest.raises(NeedsPlan):
        move(cast, 1, "todo")


def test_a_card_that_somebody_moved_meanwhile_is_not_moved_from_where_it_no_longer_is(
    cast: Cast, tickets: list[Ticket]
):
    move(cast, 1, "in_review")
    with pytest.raises(progress.Moved) as moved:
        move(cast, 1, "in_progress", from_status="todo")
    assert moved.value.status == "in_review"


def test_to_stay_where_one_is_writes_nothing(cast: Cast, tickets: list[Ticket]):
    before = Change.objects.count()
    move(cast, 1, "todo", from_status="todo")
    assert Change.objects.count() == before


def test_a_status_that_is_none_is_refused(cast: Cast, tickets: list[Ticket]):
    with pytest.raises(Invalid):
        move(cast, 1, "lost")


def test_a_ticket_that_is_none_is_hidden(cast: Cast):
    with pytest.raises(Hidden):
        move(cast, 9, "todo")


# --- the done-rule of each type -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "code"),
    [
        ("literature_review", ["finding"]),
        ("data_exploration", ["finding"]),
        ("algorithm_development", ["snapshot"]),
        ("result_analysis", ["citation"]),
        ("review", ["opinion"]),
        ("deployment", ["link"]),
        ("engineering", []),
    ],
)
def test_what_a_bare_ticket_lacks_and_all_of_it_at_once(cast: Cast, kind: str, code: list[str]):
    assert lacks(cast, make_ticket(cast, type=kind)) == ["outcome", *code]


def test_every_type_has_its_rule():
    assert len(TicketType.values) == 7


@pytest.mark.parametrize("kind", ["literature_review", "data_exploration", "algorithm_development"])
def test_a_finding_is_enough_for_what_was_to_be_found_out(cast: Cast, kind: str):
    ticket = make_ticket(cast, type=kind)
    write_finding(cast, ticket)
    assert move(cast, ticket.number, "done", outcome="learned").status == "done"


def test_a_measured_run_is_enough_for_a_development(cast: Cast):
    ticket = make_ticket(cast, type="algorithm_development")
    measure(cast, ticket, [0.2])
    assert move(cast, ticket.number, "done", outcome="shipped").status == "done"


def test_an_analysis_needs_a_finding_that_cites_snapshots(cast: Cast):
    ticket, measured = make_ticket(cast, type="result_analysis"), make_ticket(cast)
    measure(cast, measured, [0.2])
    write_finding(cast, ticket)
    assert lacks(cast, ticket, outcome="learned") == ["citation"]
    write_finding(cast, ticket, str(measured.snapshots.get().uid))
    assert move(cast, ticket.number, "done", outcome="learned").status == "done"


@pytest.fixture
def looked_at(cast: Cast, model: RegisteredModel) -> Evaluation:
    """A challenger of the champion, and a verdict on the two."""
    evaluation = challenge(cast, candidate(cast, "svm", BETTER))
    take(cast)
    return evaluation


def test_a_verdict_on_what_was_measured_here_is_enough_for_an_analysis(cast: Cast, model: RegisteredModel):
    ticket = make_ticket(cast, type="result_analysis")
    challenge(cast, candidate(cast, "svm", BETTER, ticket=ticket))
    assert lacks(cast, ticket, outcome="learned") == ["citation"], "an evaluation that nobody looked at says nothing"
    take(cast)
    assert move(cast, ticket.number, "done", outcome="learned").status == "done"


@pytest.mark.parametrize("side", ["challenger", "champion"])
def test_a_verdict_on_what_an_analysis_needs_is_enough(cast: Cast, looked_at: Evaluation, side: str):
    compared = looked_at.challenger if side == "challenger" else looked_at.champion.candidate
    ticket = make_ticket(cast, type="result_analysis", depends_on=[compared.ticket.number])
    assert move(cast, ticket.number, "done", outcome="learned").status == "done"


def test_a_verdict_on_what_has_nothing_to_do_with_an_analysis_is_not(cast: Cast, looked_at: Evaluation):
    ticket = make_ticket(cast, type="result_analysis", depends_on=[make_ticket(cast).number])
    assert lacks(cast, ticket, outcome="learned") == ["citation"]


def test_a_finding_that_cites_an_evaluation_is_enough_for_an_analysis(cast: Cast, looked_at: Evaluation):
    ticket = make_ticket(cast, type="result_analysis")
    sent = {"kind": "confirms", "text": "It is better.", "cites": [{"evaluation": str(looked_at.uid)}]}
    notes.write_finding(project=cast.project, ticket=ticket.number, sent=sent, actor=cast.member, now=NOW)
    assert move(cast, ticket.number, "done", outcome="learned").status == "done"


def test_a_review_needs_an_opinion_by_somebody_else(cast: Cast):
    ticket = make_ticket(cast, type="review", assignee=str(cast.member.uid))
    opine(cast, ticket, cast.member)
    assert lacks(cast, ticket, outcome="learned") == ["opinion"]
    opine(cast, ticket, cast.lead)
    assert move(cast, ticket.number, "done", outcome="learned").status == "done"


def test_on_a_review_that_nobody_was_given_anybody_has_an_opinion(cast: Cast):
    ticket = make_ticket(cast, type="review")
    opine(cast, ticket, cast.member)
    assert move(cast, ticket.number, "done", outcome="learned").status == "done"


def test_a_deployment_needs_a_link(cast: Cast):
    ticket = make_ticket(cast, type="deployment", links=[{"url": "https://example.com/model"}])
    assert move(cast, ticket.number, "done", outcome="shipped").status == "done"


def test_a_promotion_that_names_a_deployment_is_enough_for_it_alone(cast: Cast, model: RegisteredModel):
    ticket, other = make_ticket(cast, type="deployment"), make_ticket(cast, type="deployment")
    set_deployment(project=cast.project, model="reader", number=1, deployment=ticket.number, actor=cast.lead, now=NOW)
    assert lacks(cast, other, outcome="shipped") == ["link"]
    assert move(cast, ticket.number, "done", outcome="shipped").status == "done"


# --- the lead's override --------------------------------------------------------------------------------------------


def test_a_lead_calls_done_what_lacks_something_with_a_reason_that_is_kept(cast: Cast):
    ticket = make_ticket(cast, type="review")
    move(cast, ticket.number, "done", outcome="learned", override=" Seen in the meeting. ", actor=cast.lead)
    kept = Audit.objects.get(action="done rule overridden")
    assert kept.detail == {"ticket": 1, "lacks": ["opinion"], "reason": "Seen in the meeting."}
    assert (kept.actor, kept.stream) == (cast.lead, cast.project.stream)


def test_a_member_does_not_override(cast: Cast):
    ticket = make_ticket(cast, type="review")
    with pytest.raises(Forbidden):
        move(cast, ticket.number, "done", outcome="learned", override="I say so.")
    assert not Audit.objects.filter(action="done rule overridden").exists()


def test_an_override_without_a_reason_is_none(cast: Cast):
    assert lacks(cast, make_ticket(cast, type="review"), outcome="learned", override="  ", actor=cast.lead) == [
        "opinion"
    ]


def test_how_it_ended_cannot_be_overridden(cast: Cast):
    assert lacks(cast, make_ticket(cast, type="review"), override="No.", actor=cast.lead) == ["outcome", "opinion"]


def test_an_override_where_nothing_lacks_is_not_on_record(cast: Cast, tickets: list[Ticket]):
    move(cast, 1, "done", outcome="shipped", override="To be sure.", actor=cast.lead)
    assert not Audit.objects.filter(action="done rule overridden").exists()


def test_an_override_in_words_that_cannot_be_kept_is_refused(cast: Cast):
    ticket = make_ticket(cast, type="review")
    with pytest.raises(Invalid):
        move(cast, ticket.number, "done", outcome="learned", override="no\0text", actor=cast.lead)
