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
    """Tells of one line of models; `line` is how it is registered, `dataset` name and digest of the hold-out."""

    project: Project
    people: dict[str, User]
    line: dict[str, Any]
    dataset: dict[str, str]

    def begin(self, first: str, policy: dict[str, Any], at: datetime) -> None:
        """The line is registered with its first policy, and a baseline becomes its first champion."""
        register_model(project=self.project, sent=self.line, actor=self.people["lead"], now=at)
        self.agree(policy, at)
        self._promote({"kind": "first", "candidate": self._uid(first)}, at + BETWEEN)

    def agree(self, policy: dict[str, Any], at: datetime) -> None:
        """The team agrees how challengers are compared from now on."""
        sent = {"dataset": self.dataset, "split": "test"} | policy
        set_policy(sent=sent, actor=self.people["lead"], now=at, **self._here())

    def challenge(self, challenger: str, who: str, at: datetime, *, looks: int) -> int:
        """Somebody registers a comparison and looks so many times; its number."""
        asked = self._here() | {"actor": self.people[who]}
        sent = {"challenger": self._uid(challenger), "expects": plan.EXPECTS[self.line["slug"]][challenger]}
        made = open_evaluation(sent=sent, now=at, **asked)
        for number in range(1, looks + 1):
            look(number=made.number, expected=number, now=at + number * BETWEEN, **asked)
        return made.number

    def crown(self, evaluation: int, at: datetime, *, deployment: int | None = None) -> None:
        """The lead promotes who won, and perhaps names the ticket that brings it into use."""
        self._promote({"kind": "evaluation", "evaluation": evaluation, "deployment": deployment}, at)

    def _promote(self, sent: dict[str, Any], at: datetime) -> None:
        promote(sent=sent, actor=self.people["lead"], now=at, **self._here())

    def _here(self) -> dict[str, Any]:
        return {"project": self.project, "model": self.line["slug"]}

    def _uid(self, candidate: str) -> str:
        return str(Candidate.objects.get(ticket__project=self.project, name=candidate).uid)
