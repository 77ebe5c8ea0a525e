"""Decisions: re-plan (or look at what it would do), list, take back."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import QuerySet
from rest_framework.request import Request
from rest_framework.response import Response

from agileml.api import columns, paging
from agileml.api.reasons import REASON, why_of
from agileml.api.sprints import decision_shape
from agileml.api.views import ProjectView
from agileml.lib import fields
from agileml.lib.fields import FieldError, Invalid
from agileml.planning import shapes
from agileml.planning.actions import decide, take_back
from agileml.planning.actions.decide import Why
from agileml.planning.models import Decision
from agileml.planning.queries import plans
from agileml.planning.queries.preview import Preview, preview
from agileml.planning.rules import moves as rules
from agileml.planning.rules.moves import MoveRequest, Refusal
from agileml.projects.calendar import day_of
from agileml.projects.doors import Hidden
from agileml.projects.models import Project
from agileml.projects.rules import Need

DECIDE: dict[str, fields.Check] = {
    "sprint": fields.maybe(fields.reference),
    "base_version": fields.maybe(lambda value: 0 if value == 0 else fields.reference(value)),
    "moves": lambda value: value,
    **dict.fromkeys(REASON, lambda value: value),
}
REVERT: dict[str, fields.Check] = {"reason": fields.text(10_000), "partial": fields.yes_or_no}


@dataclass(frozen=True)
class Asked:
    """What somebody wants to decide: `sprint` None is the backlog alone; `sent_moves` are the moves as they came."""

    sprint: int | None
    base_version: int | None
    why: Why
    moves: list[MoveRequest]
    sent_moves: list[dict[str, Any]]


class Decisions(ProjectView):
    """All decisions of a project, those about the backlog alone included."""

    follows_history = True
    takes = {"get": (*paging.PAGE, "sprint"), "post": ("dry_run",)}

    def get(self, request: Request, key: str) -> Response:
        """List them, of one sprint if it is named, in the order in which they were made."""
        return self.listed(paging.number(request, "sprint"))

    def post(self, request: Request, key: str) -> Response:
        """Decide; `sprint` is a number, null for the backlog alone."""
        sent = self.sent()
        if "sprint" not in sent:
            raise Invalid([FieldError("/sprint", "required", "Name the sprint, or null for the backlog alone.")])
        return self.decided(sent)

    def listed(self, sprint: int | None) -> Response:
        """A page of decisions, of one sprint or of all."""
        rows: QuerySet[Decision] = Decision.objects.filter(project=self.project)
        if sprint is not None:
            rows = rows.filter(sprint__number=sprint)
        rows = rows.select_related("actor", "sprint", "reverts")
        return self.vouched(paging.page(self.request, rows, shapes.decisions, columns.DECISION, by="pk"))

    def decided(self, sent: dict[str, Any]) -> Response:
        """Make a decision, or look at what it would do."""
        wanted = asked(self.project, sent)
        sprint, base, why, moves = wanted.sprint, wanted.base_version, wanted.why, wanted.moves
        if paging.flag(self.request, "dry_run"):
            self.access.require(Need.DECIDE)
            today = day_of(self.now, self.project.time_zone)
            return Response(preview_shape(preview(self.access, sprint, moves, why, base_version=base, today=today)))
        decision = decide.decide(sprint=sprint, base_version=base, why=why, moves=moves, **self.doing())
        return Response(decision_shape(decision), status=201)


class SprintDecisions(Decisions):
    """The decisions of one sprint: its plan versions."""

    takes = {"get": paging.PAGE, "post": ("dry_run",)}

    def get(self, request: Request, key: str, number: int) -> Response:  # type: ignore[override]
        """List them."""
        return self.listed(plans.sprint_of(self.project, number).number)

    def post(self, request: Request, key: str, number: int) -> Response:  # type: ignore[override]
        """Decide about this sprint."""
        plans.sprint_of(self.project, number)
        return self.decided(of_sprint(self.sent(), number))


class Revert(ProjectView):
    """The taking back of a decision, named by its uid."""

    def post(self, request: Request, key: str, uid: str) -> Response:
        """Take it back."""
        return self.reverted(str(uid))

    def reverted(self, uid: str) -> Response:
        """Take back the decision with this uid."""
        values = fields.clean(self.sent(), fields=REVERT)
        decision = take_back.take_back(
            decision=uid, reason=values.get("reason", ""), partial=values.get("partial", False), **self.doing()
        )
        return Response(decision_shape(decision), status=201)


class SprintRevert(Revert):
    """The taking back of a decision, named by the plan version that it made."""

    def post(self, request: Request, key: str, number: int, version: int) -> Response:  # type: ignore[override]
        """Take it back."""
        row = Decision.objects.filter(project=self.project, sprint__number=number, version=version).first()
        if row is None:
            raise Hidden(version)
        return self.reverted(str(row.uid))


def of_sprint(sent: dict[str, Any], number: int) -> dict[str, Any]:
    """What was sent to a sprint's address, with the sprint named in it. Raises Invalid when it names another."""
    if sent.get("sprint", number) != number:
        raise Invalid([FieldError("/sprint", "invalid", "The address names another sprint.")])
    return {**sent, "sprint": number}


def asked(project: Project, sent: dict[str, Any]) -> Asked:
    """Read what somebody wants to decide or to propose. Raises Invalid."""
    values = fields.clean(sent, fields=DECIDE, required=("moves",))
    why = why_of({name: values[name] for name in REASON if name in values})
    moves = rules.parse(values["moves"])
    sprint, base = values.get("sprint"), values.get("base_version")
    if sprint is not None:
        plans.named_sprint(project, sprint)
    if sprint is not None and base is None:
        raise Invalid([FieldError("/base_version", "required", "Name the plan version that this was made for.")])
    return Asked(sprint, base, why, moves, values["moves"])


def preview_shape(seen: Preview, *, refusals: Sequence[Refusal] | None = None) -> dict[str, Any]:
    """What a decision would do, as clients see it; `refusals` are others than those that the preview found."""
    return {
        "would": {
            "from": seen.version,
            "to": None if seen.version is None else seen.version + 1,
            **plans.diff_shape(seen.diff),
            "new": [{"type": fresh["type"], "title": fresh["title"]} for fresh in seen.new],
        },
        "consequences": [
            {"code": item.code, "level": item.level, "ticket": item.ticket, "message": item.message}
            for item in seen.consequences
        ],
        "refusals": [
            {"pointer": item.pointer, "code": item.code, "ticket": item.ticket, "message": item.message}
            for item in (seen.refusals if refusals is None else refusals)
        ],
    }
