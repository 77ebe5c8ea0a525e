"""Tickets: list, create, read, edit, delete, and their progress."""

from typing import Any

from django.db.models import Exists, OuterRef
from rest_framework.request import Request
from rest_framework.response import Response

from agileml.api import columns, elsewhere, paging
from agileml.api.reasons import apart
from agileml.api.views import ProjectView, expected_version, tagged
from agileml.lib import fields
from agileml.lib.fields import FieldError, Invalid
from agileml.planning import shapes
from agileml.planning.actions import links, progress, tickets
from agileml.planning.models import Assignment
from agileml.planning.queries import plans
from agileml.planning.queries.handover import parked
from agileml.planning.queries.tried import matching, words_of
from agileml.projects.doors import Hidden
from agileml.projects.models import Project
from agileml.work.models import Ticket
from agileml.work.queries import HasLabel
from agileml.work.types import TicketType

FILTERS = (
    "status", "type", "assignee", "story", "epic", "sprint", "label", "component", "updated_since", "search", "parked",
    *elsewhere.NAMES,
)  # fmt: skip
NOBODY = "none"
STATUS: dict[str, fields.Check] = {
    "from": fields.one_of(*Ticket.Status.values),
    "to": fields.one_of(*Ticket.Status.values),
    "outcome": fields.text(20),
    "override": fields.text(2_000),
    "external": fields.yes_or_no,
    "finding": lambda value: value,  # these three are checked by what writes them
    "opinion": lambda value: value,
    "link": lambda value: value,
}
PUSH: dict[str, fields.Check] = {"text": lambda value: value} | {
    name: lambda value: value for name in links.LINK_FIELDS
}
RANK: dict[str, fields.Check] = {"before": fields.reference, "after": fields.reference}


class Tickets(ProjectView):
    """The tickets of a project."""

    follows_history = True
    takes = {"get": (*paging.PAGE, *FILTERS)}

    def get(self, request: Request, key: str) -> Response:
        """List them, in number order."""
        return self.vouched(paging.page(request, _filtered(request, self.project), self._shapes, columns.TICKET))

    def post(self, request: Request, key: str) -> Response:
        """Make one, in the backlog or in a sprint."""
        sent, why = apart(self.sent())
        target = fields.clean({"sprint": sent.pop("sprint", None)}, fields={"sprint": fields.maybe(fields.reference)})
        if target["sprint"] is not None:
            plans.named_sprint(self.project, target["sprint"])
        row = tickets.create_ticket(sent=sent, sprint=target["sprint"], why=why, **self.doing())
        return tagged(shape_of(self.project, row.number), status=201, location=f"{request.path}{row.number}/")

    def _shapes(self, rows: list[Ticket]) -> list[shapes.Shape]:
        return shapes.tickets(rows, key=self.project.key)


class OneTicket(ProjectView):
    """A ticket."""

    def get(self, request: Request, key: str, number: int) -> Response:
        """Read it."""
        return self.vouched(tagged(shape_of(self.project, number)))

    def patch(self, request: Request, key: str, number: int) -> Response:
        """Change some of its fields; `decision` in the body makes a decision of what is plan."""
        version = expected_version(request)
        sent, why = apart(self.sent())
        override = fields.clean({"override": sent.pop("override", "")}, fields={"override": STATUS["override"]})
        notes: list[str] = []
        tickets.edit_ticket(
            number=number, sent=sent, expected_version=version, why=why, told=notes, **override, **self.doing()
        )
        return tagged(shape_of(self.project, number) | ({"notes": notes} if notes else {}))

    def delete(self, request: Request, key: str, number: int) -> Response:
        """Delete it, unless history names it."""
        tickets.delete_ticket(number=number, expected_version=expected_version(request), **self.doing())
        return Response(status=204)


class Status(ProjectView):
    """Where a ticket stands."""

    def post(self, request: Request, key: str, number: int) -> Response:
        """Move it to another status."""
        values = fields.clean(self.sent(), fields=STATUS, required=("to",))
        notes: list[str] = []
        progress.progress(
            number=number,
            told=notes,
            to=values["to"],
            from_status=values.get("from"),
            outcome=values.get("outcome", ""),
            override=values.get("override", ""),
            external=values.get("external", False),
            written=progress.Written(*(values.get(name) for name in ("finding", "opinion", "link"))),
            **self.doing(),
        )
        return tagged(shape_of(self.project, number) | ({"notes": notes} if notes else {}))


class Links(ProjectView):
    """The links of a ticket."""

    takes = {"delete": ("url",)}

    def post(self, request: Request, key: str, number: int) -> Response:
        """Attach one, or rename the one to the same address."""
        links.add_link(ticket=number, sent=self.sent(), **self.doing())
        return tagged(shape_of(self.project, number))

    def delete(self, request: Request, key: str, number: int) -> Response:
        """Take the one to an address away."""
        links.remove_link(ticket=number, url=paging.text(request, "url") or "", **self.doing())
        return Response(status=204)


class PushedLinks(ProjectView):
    """A link for whatever tickets a text names: the title of a pull request, a commit's message."""

    def post(self, request: Request, key: str) -> Response:
        """Attach it to each of them, once."""
        values = fields.clean(self.sent(), fields=PUSH, required=("text", "url"))
        pushed = links.push_link(text=values.pop("text"), sent=values, **self.doing())
        told = {
            name: [f"{self.project.key}-{number}" for number in getattr(pushed, name)]
            for name in ("linked", "unchanged", "unknown", "full")
        }
        return Response(pushed.link | told)


class Rank(ProjectView):
    """A ticket's place in the order of all."""

    def post(self, request: Request, key: str, number: int) -> Response:
        """Move it right before or right after another ticket."""
        values = fields.clean(self.sent(), fields=RANK)
        if len(values) != 1:
            raise Invalid([FieldError("", "invalid", "Name one ticket, that before or after which it comes.")])
        progress.progress(number=number, to=None, **values, **self.doing())
        return tagged(shape_of(self.project, number))


def shape_of(project: Project, number: int) -> shapes.Shape:
    """A ticket as clients see it. Raises Hidden when there is none."""
    row = shapes.flat().filter(project=project, number=number, deleted_at=None).first()
    if row is None:
        raise Hidden(number)
    return shapes.tickets([row], key=project.key)[0]


def _filtered(request: Request, project: Project) -> Any:
    rows = elsewhere.by_name(request, project, shapes.flat().filter(project=project, deleted_at=None))
    status = paging.words(request, "status", Ticket.Status.values)
    kinds = paging.words(request, "type", TicketType.values)
    wanted: dict[str, Any] = {
        "status__in": status,
        "type__in": kinds,
        "story__number": paging.number(request, "story"),
        "story__epic__number": paging.number(request, "epic"),
        "component": paging.text(request, "component"),
        "updated_at__gte": paging.time(request, "updated_since"),
    }
    rows = rows.filter(**{name: value for name, value in wanted.items() if value is not None})
    sprint = paging.number(request, "sprint")
    if sprint is not None:
        inside = Assignment.objects.filter(ticket=OuterRef("pk"), sprint__number=sprint, ended_by=None)
        rows = rows.filter(Exists(inside))
    label = paging.text(request, "label")
    if label is not None:
        rows = rows.filter(HasLabel(label))
    search = paging.text(request, "search")
    if search is not None:
        rows = rows.filter(matching(words_of(search)))
    if paging.flag(request, "parked"):
        rows = rows.filter(pk__in=parked(project).values("pk"))
    assignee = paging.text(request, "assignee")
    if assignee == NOBODY:
        rows = rows.filter(assignee=None)
    elif assignee is not None:
        rows = rows.filter(assignee__uid=paging.uid(request, "assignee"))
    return rows
