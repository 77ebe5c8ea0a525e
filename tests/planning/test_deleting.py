"""Deleting: what no history names leaves a tombstone, and its number is never used again."""

from collections.abc import Callable

import pytest

from agileml.journal.models import Change
from agileml.journal.rules.edits import Stale
from agileml.metrics.actions.promotions import set_deployment
from agileml.metrics.models import RegisteredModel
from agileml.planning.actions import notes, sprints, tickets
from agileml.planning.models import Assignment, Sprint
from agileml.planning.rules.retro import parse
from agileml.planning.rules.starting import Destination
from agileml.projects.doors import Forbidden, Hidden
from agileml.work.actions import Referenced
from agileml.work.models import Ticket
from tests.challenges import BETTER, candidate, challenge
from tests.factories import NOW, Cast, make_sprint, make_ticket, measure, replan
from tests.planning.mirror import images

pytestmark = pytest.mark.django_db


def delete(cast: Cast, number: int, *, version: int | None = None) -> None:
    tickets.delete_ticket(project=cast.project, number=number, expected_version=version, actor=cast.member, now=NOW)


def test_a_deleted_ticket_is_a_tombstone_in_the_feed(cast: Cast, sprint: Sprint):
    delete(cast, 5)
    last = Change.objects.latest("revision")
    assert (last.kind, last.action, last.number) == ("ticket", "deleted", 5)
    assert 5 not in images(cast.project)
    ticket = Ticket.objects.get(number=5)
    assert (ticket.deleted_at, ticket.revision) == (NOW, last.revision)


def test_its_number_is_never_used_again(cast: Cast, sprint: Sprint):
    delete(cast, 5)
    assert make_ticket(cast).number == 6


def test_it_goes_from_the_draft_that_it_was_in(cast: Cast, sprint: Sprint):
    make_sprint(cast, [5])
    delete(cast, 5)
    assert not Assignment.objects.filter(ticket__number=5).exists()


def test_what_waited_for_it_waits_no_more_and_the_feed_says_so(cast: Cast, sprint: Sprint):
    make_ticket(cast, depends_on=[5, 1])
    delete(cast, 5)
    last = Change.objects.latest("revision")
    assert last.tickets == [{"number": 6, "version": 1, "diff": {"depends_on": [[1, 5], [1]]}}]
    assert images(cast.project)[6]["revision"] == last.revision


def in_a_decision(cast: Cast, sprint: Sprint) -> None:
    replan(cast, None, {"move": "skip", "ticket": 5})


def measured(cast: Cast, sprint: Sprint) -> None:
    measure(cast, Ticket.objects.get(number=5), [1.0])


def evidence(cast: Cast, sprint: Sprint) -> None:
    sent = {"kind": "refutes", "text": "It does not help."}
    finding = notes.write_finding(project=cast.project, ticket=5, sent=sent, actor=cast.member, now=NOW)
    replan(cast, sprint, {"move": "skip", "ticket": 1}, evidence=[{"finding": str(finding.uid)}])


def retro(cast: Cast, sprint: Sprint) -> None:
    lines = parse([{"kind": "try", "text": "Look at errors together"}])
    destinations = {number: Destination("backlog", note="Later.", resume_cost="low") for number in (1, 2, 3, 4)}
    sprints.close_sprint(
        project=cast.project, number=sprint.number, destinations=destinations, retro=lines, actor=cast.lead, now=NOW
    )


@pytest.mark.parametrize(("name_it", "number"), [(in_a_decision, 5), (measured, 5), (evidence, 5), (retro, 6)])
def test_what_history_names_is_skipped_and_not_deleted(
    cast: Cast, sprint: Sprint, name_it: Callable[[Cast, Sprint], None], number: int
):
    name_it(cast, sprint)
    with pytest.raises(Referenced):
        delete(cast, number)
    assert number in images(cast.project)


def deploys(cast: Cast, number: int | None) -> None:
    """Champion 1 is brought into use by this ticket, or by none."""
    set_deployment(project=cast.project, model="reader", number=1, deployment=number, actor=cast.lead, now=NOW)


def test_a_ticket_that_brings_a_champion_into_use_is_kept_as_long_as_it_is_named(cast: Cast, model: RegisteredModel):
    number = make_ticket(cast, type="deployment").number
    deploys(cast, number)
    with pytest.raises(Referenced):
        delete(cast, number)
    assert number in images(cast.project)
    deploys(cast, None)
    delete(cast, number)
    assert number not in images(cast.project)


def test_tickets_whose_candidates_are_compared_are_kept(cast: Cast, model: RegisteredModel):
    evaluation = challenge(cast, candidate(cast, "svm", BETTER))
    for compared in (evaluation.challenger, evaluation.champion.candidate):
        with pytest.raises(Referenced):
            delete(cast, compared.ticket.number)


def test_a_deleted_ticket_is_as_one_that_never_was(cast: Cast, sprint: Sprint):
    delete(cast, 5)
    with pytest.raises(Hidden):
        delete(cast, 5)
    with pytest.raises(Hidden):
        tickets.edit_ticket(
            project=cast.project, number=5, sent={"title": "Back"}, expected_version=None, actor=cast.member, now=NOW
        )


def test_deleting_what_somebody_has_edited_since_is_stale(cast: Cast, sprint: Sprint):
    with pytest.raises(Stale):
        delete(cast, 5, version=2)


def test_a_stakeholder_deletes_nothing(cast: Cast, sprint: Sprint):
    with pytest.raises(Forbidden):
        tickets.delete_ticket(project=cast.project, number=5, expected_version=None, actor=cast.stakeholder, now=NOW)
