"""One evaluation on its page: what is told of each verdict."""

import pytest

from agileml.metrics.actions.settings import watch_metric
from agileml.metrics.models import RegisteredModel
from tests.challenges import BETTER, ON, candidate, challenge, policy, take
from tests.factories import NOW, Cast, measure
from tests.web.browsing import browser_of

pytestmark = pytest.mark.django_db
PAGE = "/p/TST/models/reader/evaluations/1/"


def read(cast: Cast) -> str:
    return browser_of(cast.lead).get(PAGE).content.decode()


def test_a_verdict_begins_with_a_sentence_and_unfolds_into_pairs_bounds_and_p(cast: Cast, model: RegisteredModel):
    challenge(cast, candidate(cast, "svm", BETTER), expects="A third of the errors gone.")
    take(cast)
    html = read(cast)
    assert (
        html.index("Better than the champion") < html.index('<svg class="chart"') < html.index("how often chance alone")
    )
    assert html.count('class="pair"') == 5
    assert "A third of the errors gone." in html
    assert "challenger number 1 of this champion" in html


def test_a_guardrail_that_broke_says_by_how_much_in_the_unit_of_its_own_metric(cast: Cast, model: RegisteredModel):
    watch_metric(project=cast.project, key="misses", direction="lower", unit="%", actor=cast.lead, now=NOW)
    policy(cast, guardrails=[{"metric": "misses", "largest_regression": 0.002}])
    svm = candidate(cast, "svm", BETTER)
    for of, values in ((model.promotions.get().candidate, [0.01] * 5), (svm, [0.018] * 5)):
        measure(cast, of.ticket, values, metric="misses", candidate=of.name, external_id=f"{of.name}-m", **ON)
    challenge(cast, svm)
    assert "misses: 0.2 points worse at most" in read(cast)
    take(cast)
    html = read(cast)
    assert "Better than the champion by 0.096 over five repeats, but misses got worse by 0.8 points." in html
    assert "misses got worse by 0.8 points <span" in html
    models = browser_of(cast.lead).get("/p/TST/models/").content.decode()
    assert "misses got worse by 0.8 points." in models
    assert "misses: 0.2 points worse at most" in models


def test_too_few_pairs_for_the_test_are_told_before_anybody_looks(cast: Cast, model: RegisteredModel):
    policy(cast, planned_n=3)
    challenge(cast, candidate(cast, "svm", BETTER))
    assert "It can be a win for now at best." in read(cast)


def test_what_is_not_comparable_uses_up_no_look_and_says_why(cast: Cast, model: RegisteredModel):
    challenge(cast, candidate(cast, "svm", BETTER[:3]))
    answer = browser_of(cast.member).post(PAGE, {"do": "look", "look": "1"})
    assert answer.status_code == 422
    assert "seed=3, has not been measured" in answer.content.decode()
    assert "Look 1 of 1" in read(cast)


def test_one_that_is_withdrawn_says_so(cast: Cast, model: RegisteredModel):
    challenge(cast, candidate(cast, "svm", BETTER))
    assert browser_of(cast.member).post(PAGE, {"do": "withdraw"}).status_code == 302
    assert "It ended before anybody looked." in read(cast)


@pytest.mark.parametrize("do", ["", "nonsense"])
def test_what_cannot_be_done_here_is_not_there(cast: Cast, model: RegisteredModel, do: str):
    challenge(cast, candidate(cast, "svm", BETTER))
    assert browser_of(cast.lead).post(PAGE, {"do": do}).status_code == 404
