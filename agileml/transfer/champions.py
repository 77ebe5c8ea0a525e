"""The sample project's champions: who challenged whom, and what came of it, by the product's own rules."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from agileml.accounts.models import User
from agileml.metrics.actions.evaluations import look, open_evaluation
from agileml.metrics.actions.promotions import promote
from agileml.metrics.actions.registered import register_model, set_policy
from agileml.metrics.models import Candidate
from agileml.projects.models import Project
from agileml.transfer import cheque_reader as plan

BETWEEN = timedelta(minutes=5)


@dataclass(frozen=True)
class Champions:
    """Tells of the one line of models that the team has; `dataset` is name and digest of the hold-out."""

    project: Project
    people: dict[str, User]
    dataset: dict[str, str]

    def begin(self, first: str, at: datetime) -> None:
        """The model is registered with its first policy, and a baseline becomes its first champion."""
        sent = {"slug": plan.MODEL, "name": "Digit reader", "purpose": "Reads one digit of an amount."}
        register_model(project=self.project, sent=sent, actor=self.people["lead"], now=at)
        self.agree(plan.POLICY_1, at)
        self._promote({"kind": "first", "candidate": self._uid(first)}, at + BETWEEN)

    def agree(self, policy: dict[str, Any], at: datetime) -> None:
        """The team agrees how challengers are compared from now on."""
        sent = {"metric": "error", "dataset": self.dataset, "split": "test"} | policy
        set_policy(project=self.project, model=plan.MODEL, sent=sent, actor=self.people["lead"], now=at)

    def challenge(self, challenger: str, who: str, at: datetime, *, looks: int) -> int:
        """Somebody registers a comparison and looks so many times; its number."""
        asked: dict[str, Any] = {"project": self.project, "model": plan.MODEL, "actor": self.people[who]}
        sent = {"challenger": self._uid(challenger), "expects": plan.EXPECTS[challenger]}
        made = open_evaluation(sent=sent, now=at, **asked)
        for number in range(1, looks + 1):
            look(number=made.number, expected=number, now=at + number * BETWEEN, **asked)
        return made.number

    def crown(self, evaluation: int, at: datetime, *, deployment: int | None = None) -> None:
        """The lead promotes who won, and perhaps names the ticket that brings it into use."""
        self._promote({"kind": "evaluation", "evaluation": evaluation, "deployment": deployment}, at)

    def _promote(self, sent: dict[str, Any], at: datetime) -> None:
        promote(project=self.project, model=plan.MODEL, sent=sent, actor=self.people["lead"], now=at)

    def _uid(self, candidate: str) -> str:
        return str(Candidate.objects.get(ticket__project=self.project, name=candidate).uid)
