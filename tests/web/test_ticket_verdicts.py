"""A finding rests on a verdict by one tick: on the page of a ticket that has a part in it, and in the done dialog."""

import re

import pytest

from agileml.metrics.actions.promotions import set_deployment
from agileml.metrics.models import Citation, Evaluation, RegisteredModel
from agileml.work.models import Finding, Ticket
from tests.challenges import BETTER, candidate, challenge, crown, take
from tests.factories import NOW, Cast, make_cast, make_ticket
from tests.web.browsing import browser_of

OFFERED = "Evaluation 1 of Reader, svm against rule: win"


@pytest.fixture
def compared(cast: Cast, model: RegisteredModel) -> Evaluation:
    """The challenger of ticket 2 has beaten the rule of ticket 1."""
    evaluation = challenge(cast, candidate(cast, "svm", BETTER))
    take(cast)
    return evaluation


def form(cast: Cast, number: int) -> str:
    html = browser_of(cast.member).get(f"/p/TST/tickets/{number}/").content.decode()
    return html[html.index('<section id="findings"') :].split("</section>")[0]


def write(cast: Cast, number: int, cites: list[str]) -> int:
    sent = {"kind": "confirms", "text": "It is better.", "cites": cites}
    return browser_of(cast.member).post(f"/p/TST/tickets/{number}/finding/", sent).status_code


@pytest.mark.parametrize("side", ["challenger", "champion"])
def test_both_sides_offer_the_verdict_and_a_finding_cites_it(cast: Cast, compared: Evaluation, side: str):
    of = compared.challenger if side == "challenger" else compared.champion.candidate
    number = of.ticket.number
    html = form(cast, number)
    assert OFFERED in html
    keys = re.findall(r'name="cites" value="([^"]+)"', html)
    assert f"evaluation:{compared.uid}" in keys
    assert write(cast, number, keys) == 302
    cites = Citation.objects.filter(finding=Finding.objects.get())
    assert [cite.evaluation for cite in cites.exclude(evaluation=None)] == [compared]
    assert cites.exclude(snapshot=None).count() == 5
    assert "evaluation 1 of Reader" in form(cast, number)


def test_it_is_offered_where_a_compared_ticket_is_needed_or_the_champion_is_brought_into_use(
    cast: Cast, compared: Evaluation
):
    analysis = make_ticket(cast, type="result_analysis", depends_on=[compared.challenger.ticket.number])
    deployment, other = make_ticket(cast, type="deployment"), make_ticket(cast, type="deployment")
    crown(cast, kind="evaluation", evaluation=1)
    set_deployment(
        project=cast.project, model="reader", number=2, deployment=deployment.number, actor=cast.lead, now=NOW
    )
    assert OFFERED in form(cast, analysis.number)
    assert OFFERED in form(cast, deployment.number)
    assert "Evaluation" not in form(cast, other.number)


def test_an_evaluation_that_nobody_looked_at_is_not_offered(cast: Cast, model: RegisteredModel):
    evaluation = challenge(cast, candidate(cast, "svm", BETTER))
    assert "Evaluation" not in form(cast, evaluation.challenger.ticket.number)


def test_an_evaluation_of_another_project_cannot_be_cited(cast: Cast, compared: Evaluation):
    other = make_cast("OTH")
    make_ticket(other)
    sent = {"kind": "confirms", "text": "So.", "cites": f"evaluation:{compared.uid}"}
    assert browser_of(other.member).post("/p/OTH/tickets/1/finding/", sent).status_code == 422
    assert not Finding.objects.exists()


@pytest.mark.parametrize("key", ["evaluation:", "evaluation:no", "evaluation:evaluation:x", "finding:x", "\ud7ff"])
def test_what_is_no_key_is_refused(cast: Cast, compared: Evaluation, key: str):
    assert write(cast, 1, [key]) == 422
    assert not Finding.objects.exists()


def test_the_done_dialog_takes_a_verdict_too(cast: Cast, compared: Evaluation):
    ticket = make_ticket(cast, type="result_analysis")
    sent = {
        "to": "done", "outcome": "learned", "kind": "confirms", "finding": "It is better.",
        "cites": f"evaluation:{compared.uid}",
    }  # fmt: skip
    answer = browser_of(cast.member).post(f"/p/TST/tickets/{ticket.number}/move/", sent)
    assert answer.status_code == 302
    assert Ticket.objects.get(pk=ticket.pk).status == "done"
    assert Citation.objects.get().evaluation == compared
