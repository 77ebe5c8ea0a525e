"""What people write on a ticket: findings, opinions, comments."""

from collections import defaultdict
from typing import Any
from uuid import UUID

from rest_framework.request import Request
from rest_framework.response import Response

from agileml.api import columns, elsewhere, paging
from agileml.api.views import ProjectView
from agileml.lib import fields
from agileml.metrics.models import Citation
from agileml.planning.actions import notes
from agileml.projects.doors import Hidden
from agileml.projects.models import read_refs
from agileml.work import actions, shapes
from agileml.work.fields import external_refs
from agileml.work.models import Comment, Finding, ReviewOpinion, Ticket

COMMENT: dict[str, fields.Check] = {"text": lambda value: value, "external_refs": external_refs}


class OnTicket(ProjectView):
    """A list that hangs on a ticket."""

    takes = {"get": paging.PAGE}
    number: int

    def ticket(self, number: int) -> Ticket:
        """The ticket. Raises Hidden when there is none."""
        row = Ticket.objects.alive().filter(project=self.project, number=number).first()
        if row is None:
            raise Hidden(number)
        return row


class Findings(OnTicket):
    """What was learned on a ticket."""

    follows_history = True
    takes = {"get": (*paging.PAGE, *elsewhere.NAMES)}

    def get(self, request: Request, key: str, number: int) -> Response:
        """List it."""
        rows = Finding.objects.filter(ticket=self.ticket(number)).select_related("author", "ticket")
        rows = elsewhere.by_name(request, self.project, rows)
        return self.vouched(paging.page(request, rows, findings, columns.FINDING, by="pk"))

    def post(self, request: Request, key: str, number: int) -> Response:
        """Write a finding down."""
        row = notes.write_finding(ticket=number, sent=self.sent(), **self.doing())
        return Response(findings([row])[0], status=201)


class Opinions(OnTicket):
    """What reviewers say of a ticket."""

    follows_history = True

    def get(self, request: Request, key: str, number: int) -> Response:
        """List it."""
        rows = ReviewOpinion.objects.filter(ticket=self.ticket(number)).select_related("author", "ticket")
        return self.vouched(paging.page(request, rows, _opinions, columns.OPINION, by="pk"))

    def post(self, request: Request, key: str, number: int) -> Response:
        """Give an opinion."""
        row = notes.give_opinion(ticket=number, sent=self.sent(), **self.doing())
        return Response(shapes.opinion(row, ticket=number), status=201)


class Comments(OnTicket):
    """Remarks on a ticket."""

    follows_history = True
    takes = {"get": (*paging.PAGE, *elsewhere.NAMES)}

    def get(self, request: Request, key: str, number: int) -> Response:
        """List them."""
        rows = Comment.objects.filter(ticket=self.ticket(number)).select_related("author", "ticket")
        rows = elsewhere.by_name(request, self.project, rows)
        return self.vouched(paging.page(request, rows, _comments, columns.COMMENT, by="pk"))

    def post(self, request: Request, key: str, number: int) -> Response:
        """Make a remark."""
        sent = fields.clean(self.sent(), fields=COMMENT, required=("text",))
        row = actions.add_comment(ticket=number, **sent, **self.doing())
        return Response(shapes.comment(row, ticket=number), status=201)


class OneFinding(OnTicket):
    """A finding on a ticket."""

    takes = {}

    def get(self, request: Request, key: str, number: int, uid: UUID) -> Response:
        """Read it."""
        rows = Finding.objects.filter(ticket=self.ticket(number), uid=uid).select_related("author", "ticket")
        return self.vouched(Response(_only(findings(list(rows)))))

    def patch(self, request: Request, key: str, number: int, uid: UUID) -> Response:
        """Say what it is called in other systems."""
        row = actions.call_elsewhere(ticket=number, model=Finding, uid=uid, sent=self.sent(), **self.doing())
        return Response(_only(findings([row])))


class OneComment(OnTicket):
    """A remark on a ticket."""

    takes = {}

    def get(self, request: Request, key: str, number: int, uid: UUID) -> Response:
        """Read it."""
        rows = Comment.objects.filter(ticket=self.ticket(number), uid=uid).select_related("author", "ticket")
        return self.vouched(Response(_only(_comments(list(rows)))))

    def patch(self, request: Request, key: str, number: int, uid: UUID) -> Response:
        """Say what it is called in other systems."""
        row = actions.call_elsewhere(ticket=number, model=Comment, uid=uid, sent=self.sent(), **self.doing())
        return Response(_only(_comments([row])))


def findings(rows: list[Finding]) -> list[dict[str, Any]]:
    """Findings as clients see them, in the order of `rows`; two queries. The rows need author and ticket loaded."""
    read_refs(rows)
    cited: dict[int, list[dict[str, str]]] = defaultdict(list)
    told = Citation.objects.filter(finding__in=rows).order_by("pk")
    for finding, snapshot, evaluation in told.values_list("finding", "snapshot__uid", "evaluation__uid"):
        cited[finding].append({"snapshot": str(snapshot)} if snapshot else {"evaluation": str(evaluation)})
    return [shapes.finding(row, ticket=row.ticket.number, cites=cited.get(row.pk, [])) for row in rows]


def _only(found: list[dict[str, Any]]) -> dict[str, Any]:
    if not found:
        raise Hidden
    return found[0]


def _opinions(rows: list[ReviewOpinion]) -> list[dict[str, Any]]:
    return [shapes.opinion(row, ticket=row.ticket.number) for row in rows]


def _comments(rows: list[Comment]) -> list[dict[str, Any]]:
    read_refs(rows)
    return [shapes.comment(row, ticket=row.ticket.number) for row in rows]
