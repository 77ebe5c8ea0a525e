"""Sprints: list, create, read, edit, draft, start, close, their boards and plans."""

from typing import Any

from django.db.models import QuerySet
from rest_framework.request import Request
from rest_framework.response import Response

from agileml.api import columns, elsewhere, paging
from agileml.api.reasons import apart
from agileml.api.views import ProjectView, expected_version, tagged
from agileml.lib import fields
from agileml.lib.fields import FieldError, Invalid
from agileml.planning import shapes
from agileml.planning.actions import sprints
from agileml.planning.models import Assignment, Decision, Sprint
from agileml.planning.queries import plans
from agileml.planning.queries import report as reports
from agileml.planning.rules import retro
from agileml.planning.rules.moves import RESUME_COSTS
from agileml.planning.rules.starting import Destination
from agileml.projects.models import read_refs

DRAFT: dict[str, fields.Check] = {"tickets": fields.many(fields.reference, most=500)}
CLOSE: dict[str, fields.Check] = {
    "destinations": lambda value: value,
    "retro": lambda value: value,
    "reason": fields.text(10_000),
}
DESTINATION: dict[str, fields.Check] = {
    "to": fields.one_of("backlog", "sprint", "skip"),
    "sprint": fields.maybe(fields.reference),
    "to_base_version": fields.maybe(fields.reference),
    "note": fields.text(2_000),
    "resume_cost": fields.one_of(*RESUME_COSTS),
    "revisit_if": fields.text(500),
}
MOST_DESTINATIONS = 500
LONGEST_NUMBER = 9


class Sprints(ProjectView):
    """The sprints of a project."""

    follows_history = True
    takes = {"get": (*paging.PAGE, "state", *elsewhere.NAMES)}

    def get(self, request: Request, key: str) -> Response:
        """List them."""
        rows: QuerySet[Sprint] = Sprint.objects.filter(project=self.project)
        state = paging.words(request, "state", Sprint.State.values)
        if state is not None:
            rows = rows.filter(state__in=state)
        rows = elsewhere.by_name(request, self.project, rows)
        return self.vouched(paging.page(request, rows, _sprints, columns.SPRINT))

    def post(self, request: Request, key: str) -> Response:
        """Plan one."""
        row = sprints.create_sprint(sent=self.sent(), **self.doing())
        return tagged(shapes.sprint(row), status=201, location=f"{request.path}{row.number}/")


class OneSprint(ProjectView):
    """A sprint."""

    def get(self, request: Request, key: str, number: int) -> Response:
        """Read it."""
        return self.vouched(tagged(shapes.sprint(plans.sprint_of(self.project, number))))

    def patch(self, request: Request, key: str, number: int) -> Response:
        """Change some of its fields; `decision` in the body makes a decision of what is plan."""
        version = expected_version(request)
        sent, why = apart(self.sent())
        sprints.edit_sprint(number=number, sent=sent, expected_version=version, why=why, **self.doing())
        return tagged(shapes.sprint(plans.sprint_of(self.project, number)))


class Draft(ProjectView):
    """What a planned sprint is to hold."""

    def put(self, request: Request, key: str, number: int) -> Response:
        """Make these tickets, and no others, its draft."""
        values = fields.clean(self.sent(), fields=DRAFT, required=("tickets",))
        sprints.draft(number=number, tickets=values["tickets"], **self.doing())
        row = plans.sprint_of(self.project, number)
        drafted = Assignment.objects.filter(sprint=row, opened_by=None).order_by("ticket__number")
        return Response(
            {"sprint": shapes.sprint(row), "tickets": list(drafted.values_list("ticket__number", flat=True))}
        )


class Board(ProjectView):
    """The board of a sprint."""

    follows_history = True

    def get(self, request: Request, key: str, number: int) -> Response:
        """Read it."""
        return self.vouched(Response(plans.board_shape(plans.sprint_of(self.project, number), self.project)))


class Start(ProjectView):
    """The start of a sprint."""

    def post(self, request: Request, key: str, number: int) -> Response:
        """Start it: its draft becomes plan v1."""
        fields.clean(self.sent(), fields={})
        return Response(decision_shape(sprints.start_sprint(number=number, **self.doing())), status=201)


class Close(ProjectView):
    """The close of a sprint."""

    def post(self, request: Request, key: str, number: int) -> Response:
        """Close it, sending each ticket that is left to its destination, with what the team says of it."""
        values = fields.clean(self.sent(), fields=CLOSE)
        decision = sprints.close_sprint(
            number=number,
            destinations=_destinations(values.get("destinations", {})),
            retro=retro.parse(values.get("retro", [])),
            reason=values.get("reason", ""),
            **self.doing(),
        )
        return Response(decision_shape(decision), status=201)


class SprintReport(ProjectView):
    """The report of a closed sprint."""

    follows_history = True

    def get(self, request: Request, key: str, number: int) -> Response:
        """Read it, as it was frozen at the close; there is none before."""
        return self.vouched(Response(reports.of_sprint(plans.sprint_of(self.project, number)).body))


class SprintPlan(ProjectView):
    """The plan of a sprint at one version."""

    follows_history = True
    takes = {"get": ("version",)}

    def get(self, request: Request, key: str, number: int) -> Response:
        """Read it."""
        plan = plans.plan_at(plans.sprint_of(self.project, number), paging.number(request, "version"))
        return self.vouched(Response(plans.plan_shape(plan, self.project)))


class SprintPlanDiff(ProjectView):
    """What lies between two versions of a plan."""

    follows_history = True
    takes = {"get": ("from", "to")}

    def get(self, request: Request, key: str, number: int) -> Response:
        """Compare them."""
        old, new = paging.number(request, "from"), paging.number(request, "to")
        if old is None or new is None:
            raise paging.bad("from" if old is None else "to", "Name the two versions to compare, as from and to.")
        sprint = plans.sprint_of(self.project, number)
        return self.vouched(Response(plans.difference_shape(sprint, plans.difference(sprint, old, new))))


def decision_shape(row: Decision) -> dict[str, Any]:
    """One decision as clients see it."""
    return shapes.decisions([row])[0]


def _sprints(rows: list[Sprint]) -> list[dict[str, Any]]:
    read_refs(rows)
    return [shapes.sprint(row) for row in rows]


def _destinations(sent: Any) -> dict[int, Destination]:
    """Where each ticket goes, by its number, as clients send it. Raises Invalid."""
    if not isinstance(sent, dict) or len(sent) > MOST_DESTINATIONS:
        raise Invalid([FieldError("/destinations", "invalid", "Name the destination of each ticket by its number.")])
    found: dict[int, Destination] = {}
    errors: list[FieldError] = []
    for name, item in sent.items():
        pointer = f"/destinations/{name}"
        if not (name.isascii() and name.isdigit() and len(name) <= LONGEST_NUMBER):
            errors.append(FieldError(pointer, "invalid", "This must be the number of a ticket."))
            continue
        try:
            values = fields.clean(item, fields=DESTINATION, required=("to",), pointer=pointer)
        except Invalid as invalid:
            errors += invalid.errors
            continue
        if (values["to"] == "sprint") != (values.get("sprint") is not None):
            errors.append(FieldError(f"{pointer}/sprint", "invalid", "Name a sprint if and only if it goes to one."))
        found[int(name)] = Destination(**values)
    if errors:
        raise Invalid(errors)
    return found
