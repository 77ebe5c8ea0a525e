"""A verdict is offered as evidence of a re-plan, and one that a proposal rests on is kept."""

import pytest

from agileml.metrics.models import Evaluation, RegisteredModel
from agileml.planning.actions.decide import Why
from agileml.planning.actions.proposals import propose
from agileml.planning.models import Decision
from tests.challenges import BETTER, candidate, challenge, take
from tests.factories import NOW, Cast, make_sprint, make_ticket
from tests.web.browsing import browser_of

pytestmark = pytest.mark.django_db
PATH = "/p/TST/sprints/1/replan/"


@pytest.fixture
def evaluation(cast: Cast, model: RegisteredModel) -> Evaluation:
    """Ticket 2, in sprint 1 with ticket 3, has a challenger that won."""
    row = challenge(cast, candidate(cast, "svm", BETTER))
    take(cast)
    make_ticket(cast)
    make_sprint(cast, [2, 3], active=True)
    return row


def test_a_verdict_of_the_sprint_is_evidence(cast: Cast, evaluation: Evaluation):
    browser = browser_of(cast.lead)
    html = browser.get(PATH).content.decode()
    assert f'value="evaluation:{evaluation.uid}"' in html
    assert "Win: svm against the champion" in html
    sent = {"base": "1", "do-3": "skip", "code": "finding_invalidates", "reason": "It won.", "decide": "1",
            "evidence": f"evaluation:{evaluation.uid}"}  # fmt: skip
    assert browser.post(PATH, sent).status_code == 302
    assert Decision.objects.get(kind="replan").evidence.get().evaluation == evaluation


def test_a_proposal_that_rests_on_a_verdict_keeps_it_as_a_draft(cast: Cast, evaluation: Evaluation):
    row = propose(
        project=cast.project, sprint=1, base_version=1,
        why=Why("finding_invalidates", "It won.", evidence=[{"evaluation": str(evaluation.uid)}]),
        moves=[{"move": "skip", "ticket": 3}], actor=cast.member, now=NOW,
    )  # fmt: skip
    html = browser_of(cast.lead).get(f"{PATH}?proposal={row.uid}").content.decode()
    assert f'value="evaluation:{evaluation.uid}" checked' in html
