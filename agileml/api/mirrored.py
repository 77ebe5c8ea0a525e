"""Tickets that another system keeps in step: one made or edited under its name there, and many at once."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from django.urls import reverse
from rest_framework.request import Request
from rest_framework.response import Response

from agileml.api import paging
from agileml.api.problems import ANSWERS, Problem, Wrong, problem_of
from agileml.api.reasons import apart
from agileml.api.views import ProjectView, expected_version, tagged
from agileml.lib import fields
from agileml.lib.fields import FieldError, Invalid
from agileml.planning import shapes
from agileml.planning.actions import tickets
from agileml.planning.actions.decide import Why
from agileml.planning.actions.mirroring import edit_but_plan
from agileml.planning.queries import plans
from agileml.projects import doors
from agileml.projects.models import Project
from agileml.projects.rules import Need
from agileml.work.models import Ticket
from agileml.work.queries import ticket_called

MOST = 200  # tickets of one batch
BESIDE: dict[str, fields.Check] = {"sprint": fields.maybe(fields.reference), "override": fields.text(2_000)}
NAME: dict[str, fields.Check] = {"system": fields.text(64, least=1), "id": fields.text(255, least=1)}
WHICH: dict[str, fields.Check] = {
    "number": fields.reference,
    "external": fields.record(NAME, required=("system", "id"), defaults={}),
    "version": fields.reference,
}
BATCH: dict[str, fields.Check] = {"atomic": fields.yes_or_no, "tickets": lambda value: value}
# What refuses one line of a batch and lets the others be; trouble with the request or the database is everybody's.
REFUSALS = tuple(kind for kind in ANSWERS if kind.__module__.startswith("agileml."))


@dataclass(frozen=True)
class Asked:
    """What a client says of one ticket: which (none is a new one), the version that it saw, and the fields."""

    sent: dict[str, Any]
    ticket: Ticket | None
    version: int | None
    why: Why | None
    sprint: int | None
    names_sprint: bool
    override: str


@dataclass(frozen=True)
class Done:
    """What became of it: the ticket's number, whether it was made, and what was held or is to be said."""

    number: int
    made: bool
    held: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    sprint: tuple[int | None] | None = None  # the one that an edit named, in a tuple of its own since it may be none

    def shown(self, shape: shapes.Shape) -> shapes.Shape:
        """The ticket with what was not taken over. To be in a sprint is plan, so an edit never moves it."""
        held = list(self.held)
        if self.sprint and self.sprint[0] not in ({shape["sprint"], shape["planned_sprint"]} - {None} or {None}):
            held.append("sprint")
        return shape | {"held": held} | ({"notes": self.notes} if self.notes else {})


class ByExternal(ProjectView):
    """A ticket by what another system calls it."""

    takes = {"put": ("system", "id")}

    def put(self, request: Request, key: str) -> Response:
        """Make it, or edit the version that was seen; what is plan of an active sprint is held."""
        name = {part: paging.text(request, part, most=most) or "" for part, most in (("system", 64), ("id", 255))}
        missing = [part for part, value in name.items() if not value]
        if missing:
            raise paging.bad(missing[0], "Name the ticket by `system` and `id`.")
        sent, may_match = self.sent(), request.META.get("HTTP_IF_MATCH", "").strip()
        with doors.together(self.project):
            row = ticket_called(self.project, system=name["system"], external_id=name["id"])
            if row is None and may_match:
                raise Wrong(412, "stale", "There is no such ticket any longer.", more={"current": None})
            if row is not None and request.META.get("HTTP_IF_NONE_MATCH", "").strip() == "*":
                raise Wrong(412, "exists", "There is such a ticket already.", more={"current": self._now(row)})
            version = expected_version(request) if row is not None else None
            done = _do(self, _asked(sent, ticket=row, version=version, name=name))
        shape = done.shown(_shapes(self.project, [done.number])[done.number])
        location = reverse("api:ticket", kwargs={"key": self.project.key, "number": done.number})
        return tagged(shape, status=201 if done.made else 200, location=location if done.made else "")

    def _now(self, row: Ticket) -> shapes.Shape:
        return _shapes(self.project, [row.number])[row.number]


class Batch(ProjectView):
    """Many tickets at once."""

    def post(self, request: Request, key: str) -> Response:
        """Make or edit each of them, in order: all or none, or as many as can be."""
        self.access.require(Need.WORK)
        values = fields.clean(self.sent(), fields=BATCH, required=("tickets",))
        listed = values["tickets"]
        if not isinstance(listed, list) or len(listed) > MOST:
            raise Invalid([FieldError("/tickets", "too_many", f"Send a list of at most {MOST} tickets.")])
        with doors.together(self.project):
            lines = [self._line(item) for item in listed]
            if values.get("atomic", True):
                _refuse_all(lines)
        found = _shapes(self.project, [line.number for line in lines if isinstance(line, Done)])
        return Response({"results": [_result(line, found) for line in lines]})

    def _line(self, item: Any) -> Done | Problem:
        try:
            return _do(self, self._asked(item))
        except REFUSALS as refusal:
            problem = problem_of(refusal)
            assert problem is not None
            return problem

    def _asked(self, item: Any) -> Asked:
        sent = fields.clean(item, fields={}) if not isinstance(item, dict) else dict(item)
        which = fields.clean({part: sent.pop(part) for part in WHICH if part in sent}, fields=WHICH)
        number, name, version = (which.get(part) for part in WHICH)
        if number is not None and name is not None:
            raise Invalid([FieldError("/external", "invalid", "Name the ticket in one way, not in two.")])
        row = None
        if number is not None:
            row = Ticket.objects.alive().filter(project=self.project, number=number).first()
        elif name is not None:
            row = ticket_called(self.project, system=name["system"], external_id=name["id"])
        if row is None and (number is not None or version is not None):
            raise doors.Hidden(number or name)
        if row is not None and version is None:
            raise Wrong(428, "if_match_required", "There is such a ticket: name the `version` that you saw.")
        return _asked(sent, ticket=row, version=version, name=name)


def _asked(sent: Mapping[str, Any], *, ticket: Ticket | None, version: int | None, name: Any) -> Asked:
    """What a body says, `name` being the ticket's elsewhere. Raises Invalid."""
    rest, why = apart(sent)
    beside = fields.clean({part: rest.pop(part) for part in BESIDE if part in rest}, fields=BESIDE)
    if name is not None and (ticket is None or "external_refs" in rest):
        rest["external_refs"] = _with_name(rest.get("external_refs", []), name)
    return Asked(
        sent=rest,
        ticket=ticket,
        version=version,
        why=why,
        sprint=beside.get("sprint"),
        names_sprint="sprint" in beside,
        override=beside.get("override", ""),
    )


def _with_name(refs: Any, name: Mapping[str, str]) -> Any:
    """The names as sent, with the one by which the ticket goes; what is no list is left to be refused."""
    if not isinstance(refs, list):
        return refs
    had = any(
        isinstance(ref, dict) and (ref.get("system"), ref.get("id")) == (name["system"], name["id"]) for ref in refs
    )
    return refs if had else [*refs, {"system": name["system"], "id": name["id"]}]


def _do(view: ProjectView, asked: Asked) -> Done:
    if asked.ticket is None:
        if asked.sprint is not None:
            plans.named_sprint(view.project, asked.sprint)
        row = tickets.create_ticket(sent=asked.sent, sprint=asked.sprint, why=asked.why, **view.doing())
        return Done(row.number, made=True)
    assert asked.version is not None
    edited = edit_but_plan(
        number=asked.ticket.number,
        sent=asked.sent,
        expected_version=asked.version,
        why=asked.why,
        override=asked.override,
        **view.doing(),
    )
    named = (asked.sprint,) if asked.names_sprint else None
    return Done(edited.ticket.number, made=False, held=edited.held, notes=edited.notes, sprint=named)


def _shapes(project: Project, numbers: list[int]) -> dict[int, shapes.Shape]:
    rows = shapes.loaded().filter(project=project, number__in=numbers)
    return {shape["number"]: shape for shape in shapes.tickets(rows, key=project.key)}


def _result(line: Done | Problem, found: Mapping[int, shapes.Shape]) -> dict[str, Any]:
    if isinstance(line, Problem):
        return {"status": line.status, "problem": line.body()}
    return {"status": 201 if line.made else 200, "body": line.shown(found[line.number])}


def _refuse_all(lines: list[Done | Problem]) -> None:
    """Raise Wrong when some line was refused: then none is kept, and the others are told that it was not for them."""
    refused = {at: line for at, line in enumerate(lines) if isinstance(line, Problem)}
    if not refused:
        return
    errors = []
    for at, line in refused.items():
        listed = line.errors or [{"pointer": "", "code": line.code, "message": line.detail}]
        errors += [{**error, "pointer": f"/tickets/{at}{error['pointer']}"} for error in listed]
    results = [
        {"status": line.status, "problem": line.body()} if isinstance(line, Problem) else {"status": 424}
        for line in lines
    ]
    raise Wrong(409, "batch_refused", "Some of these cannot be, so none was done.", errors, more={"results": results})
