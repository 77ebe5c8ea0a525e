"""Proposals: what somebody would decide, shown to those who may; and their answers."""

from uuid import UUID

from rest_framework.request import Request
from rest_framework.response import Response

from agileml.api import columns, paging
from agileml.api.decisions import asked, of_sprint, preview_shape
from agileml.api.sprints import decision_shape
from agileml.api.views import ProjectView
from agileml.lib import fields
from agileml.planning import shapes
from agileml.planning.actions import proposals
from agileml.planning.models import Proposal
from agileml.planning.queries import plans
from agileml.planning.queries import proposals as queries
from agileml.planning.queries.preview import preview
from agileml.projects.calendar import day_of
from agileml.projects.doors import Hidden
from agileml.projects.models import Project
from agileml.projects.rules import Need

DECIDE: dict[str, fields.Check] = {"partial": fields.yes_or_no, "base_version": fields.maybe(fields.reference)}
DECLINE: dict[str, fields.Check] = {"answer": fields.text(10_000)}


class Proposals(ProjectView):
    """The proposals for one sprint."""

    follows_history = True
    takes = {"get": (*paging.PAGE, "state"), "post": ("dry_run",)}

    def get(self, request: Request, key: str, number: int) -> Response:
        """List them, in the order in which they were made."""
        rows = queries.loaded(self.project).filter(sprint=plans.sprint_of(self.project, number))
        state = paging.words(request, "state", Proposal.State.values)
        if state is not None:
            rows = rows.filter(state__in=state)
        return self.vouched(paging.page(request, rows, _shapes, columns.PROPOSAL, by="pk"))

    def post(self, request: Request, key: str, number: int) -> Response:
        """Propose a re-plan of this sprint, or look at what it would do."""
        plans.sprint_of(self.project, number)
        wanted = asked(self.project, of_sprint(self.sent(), number))
        base = wanted.base_version
        assert base is not None  # a sprint was named, so that its version was asked for
        if paging.flag(request, "dry_run"):
            self.access.require(Need.WORK)
            today = day_of(self.now, self.project.time_zone)
            seen = preview(self.access, number, wanted.moves, wanted.why, base_version=base, today=today)
            return Response(preview_shape(seen))
        row = proposals.propose(
            sprint=number, base_version=base, why=wanted.why, moves=wanted.sent_moves, **self.doing()
        )
        return Response(shapes.proposal(row), status=201, headers={"Location": f"{request.path}{row.uid}/"})


class OneProposal(ProjectView):
    """A proposal."""

    def get(self, request: Request, key: str, number: int, proposal: UUID) -> Response:
        """Read it."""
        return self.vouched(Response(shapes.proposal(_named(self.project, number, proposal))))


class Decide(ProjectView):
    """The decision of what is proposed."""

    takes = {"post": ("dry_run",)}

    def post(self, request: Request, key: str, number: int, proposal: UUID) -> Response:
        """Decide it; or look at what of it still fits, and what that would do."""
        row = _named(self.project, number, proposal)
        values = fields.clean(self.sent(), fields=DECIDE)
        if paging.flag(request, "dry_run"):
            self.access.require(Need.DECIDE)
            looked = queries.look(self.access, row, today=day_of(self.now, self.project.time_zone))
            return Response(preview_shape(looked.seen, refusals=looked.fit.refusals))
        made = proposals.decide_proposal(
            proposal=str(proposal),
            seen_version=values.get("base_version"),
            partial=values.get("partial", False),
            **self.doing(),
        )
        return Response(decision_shape(made), status=201)


class Decline(ProjectView):
    """The declining of what is proposed."""

    def post(self, request: Request, key: str, number: int, proposal: UUID) -> Response:
        """Decline it with a word."""
        _named(self.project, number, proposal)
        values = fields.clean(self.sent(), fields=DECLINE)
        row = proposals.decline(proposal=str(proposal), answer=values.get("answer", ""), **self.doing())
        return Response(shapes.proposal(row))


class Withdraw(ProjectView):
    """The withdrawing of what one has proposed."""

    def post(self, request: Request, key: str, number: int, proposal: UUID) -> Response:
        """Withdraw it."""
        _named(self.project, number, proposal)
        fields.clean(self.sent(), fields={})
        return Response(shapes.proposal(proposals.withdraw(proposal=str(proposal), **self.doing())))


def _named(project: Project, number: int, uid: UUID) -> Proposal:
    """The proposal of this sprint with this uid. Raises Hidden."""
    row = queries.named(project, uid)
    if row.sprint.number != number:
        raise Hidden(uid)
    return row


def _shapes(rows: list[Proposal]) -> list[shapes.Shape]:
    return [shapes.proposal(row) for row in rows]
