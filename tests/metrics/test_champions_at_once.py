"""Of those who look, promote, register or push at once exactly one does it, and the others are told."""

from functools import partial
from typing import Any

import pytest

from agileml.ingest.actions import receive_push
from agileml.metrics.actions.evaluations import look, open_evaluation
from agileml.metrics.actions.promotions import promote
from agileml.metrics.models import Evaluation, Look, Promotion, Snapshot
from tests.challenges import BETTER, candidate, challenge, take
from tests.factories import NOW, Cast, make_cast, make_ticket
from tests.threads import at_once

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def cast(transactional_db: None) -> Cast:
    return make_cast()


def names(results: list[Any]) -> list[str]:
    return sorted(type(result).__name__ for result in results)


def test_a_look_is_taken_once(cast: Cast, model: Any):
    challenge(cast, candidate(cast, "svm", BETTER))
    asked = partial(look, project=cast.project, model="reader", number=1, expected=1, actor=cast.member, now=NOW)
    assert names(at_once(asked, asked, asked)) == ["CannotBe", "CannotBe", "Look"]
    assert Look.objects.count() == 1


def test_one_challenger_is_registered_once(cast: Cast, model: Any):
    sent = {"challenger": str(candidate(cast, "svm", BETTER).uid)}
    asked = partial(open_evaluation, project=cast.project, model="reader", sent=sent, actor=cast.member, now=NOW)
    assert names(at_once(asked, asked)) == ["CannotBe", "Evaluation"]
    assert Evaluation.objects.count() == 1


def test_of_two_winners_one_is_crowned_and_the_other_has_not_beaten_her(cast: Cast, model: Any):
    for number, name in enumerate(("svm", "forest"), 1):
        challenge(cast, candidate(cast, name, BETTER))
        take(cast, number)
    asked = [
        partial(
            promote, project=cast.project, model="reader", sent={"kind": "evaluation", "evaluation": number},
            actor=cast.lead, now=NOW,
        )
        for number in (1, 2)
    ]  # fmt: skip
    assert names(at_once(*asked)) == ["CannotBe", "Promotion"]
    assert Promotion.objects.count() == 2


def test_the_same_push_by_two_clients_arrives_once(cast: Cast):
    make_ticket(cast)
    body = {"external_id": "r", "points": [{"metric": f"m{at}", "value": at} for at in range(100)]}
    push = partial(receive_push, project=cast.project, ticket=1, body=body, actor=cast.member, now=NOW)
    answers = at_once(push, push)
    assert sorted((answer.count("created"), answer.count("unchanged")) for answer in answers) == [(0, 100), (100, 0)]
    assert Snapshot.objects.count() == 100
