"""A model with a champion, and challengers of it: short ways to make them, all through the product's own actions."""

from typing import Any

import pytest

from agileml.metrics.actions.evaluations import look, open_evaluation
from agileml.metrics.actions.promotions import promote
from agileml.metrics.actions.registered import register_model, set_policy
from agileml.metrics.actions.settings import set_baseline, watch_metric
from agileml.metrics.models import Candidate, Evaluation, Look, Promotion, RegisteredModel
from agileml.metrics.rules.refusing import CannotBe
from agileml.work.models import Ticket
from tests.factories import NOW, Cast, make_ticket, measure

ON: dict[str, Any] = {"dataset_name": "holdout", "dataset_digest": "sha256:1", "split": "test"}
POLICY: dict[str, Any] = {
    "metric": "error", "margin": 0.01, "dataset": {"name": "holdout", "digest": "sha256:1"}, "split": "test",
    "planned_n": 5,
}  # fmt: skip
RULE = [0.30, 0.31, 0.29, 0.30, 0.32]
BETTER = [0.20, 0.22, 0.19, 0.20, 0.23]


def policy(cast: Cast, **sent: Any) -> None:
    set_policy(project=cast.project, model="reader", sent=POLICY | sent, actor=cast.lead, now=NOW)


def candidate(cast: Cast, name: str, values: list[float], *, ticket: Ticket | None = None, **more: Any) -> Candidate:
    on = ticket or make_ticket(cast, name)
    measure(cast, on, values, candidate=name, external_id=name, **ON | more)
    return Candidate.objects.get(ticket=on, name=name)


def crown(cast: Cast, *, actor: Any = None, **sent: Any) -> Promotion:
    return promote(project=cast.project, model="reader", sent=sent, actor=actor or cast.lead, now=NOW)


def challenge(cast: Cast, challenger: Candidate, **sent: Any) -> Evaluation:
    return open_evaluation(
        project=cast.project,
        model="reader",
        sent={"challenger": str(challenger.uid)} | sent,
        actor=cast.member,
        now=NOW,
    )


def take(cast: Cast, number: int = 1, expected: int = 1) -> Look:
    return look(project=cast.project, model="reader", number=number, expected=expected, actor=cast.member, now=NOW)


def refused(code: str) -> Any:
    return pytest.raises(CannotBe, check=lambda error: error.code == code)


@pytest.fixture
def model(cast: Cast) -> RegisteredModel:
    """A model with a policy; its champion is the expert rule."""
    watch_metric(project=cast.project, key="error", direction="lower", actor=cast.lead, now=NOW)
    row = register_model(project=cast.project, sent={"slug": "reader", "name": "Reader"}, actor=cast.lead, now=NOW)
    policy(cast)
    rule = candidate(cast, "rule", RULE)
    set_baseline(
        project=cast.project, metric="error", label="Expert rule", candidate=rule, dataset_digest="sha256:1",
        split="test", actor=cast.lead, now=NOW,
    )  # fmt: skip
    crown(cast, kind="first", candidate=str(rule.uid))
    return row
