"""Who takes part in a project: people, and the service accounts that its machines act as."""

from typing import Any
from uuid import UUID

from rest_framework.request import Request
from rest_framework.response import Response

from agileml.api import columns, paging
from agileml.api.views import ProjectView
from agileml.projects import shapes
from agileml.projects.actions import edit_member, let_in, make_service, remove_member
from agileml.projects.doors import Hidden
from agileml.projects.models import Membership


class Members(ProjectView):
    """The participants of a project."""

    follows_history = True
    takes = {"get": paging.PAGE}

    def get(self, request: Request, key: str) -> Response:
        """List them."""
        rows = Membership.objects.filter(project=self.project).select_related("user")
        return self.vouched(paging.page(request, rows, _members, columns.MEMBER, by="pk"))

    def post(self, request: Request, key: str) -> Response:
        """Let somebody in by her address, or make a service account of a name."""
        sent = self.sent()
        act = let_in if "email" in sent else make_service
        return Response(shapes.member(act(sent=sent, **self.doing())), status=201)


class OneMember(ProjectView):
    """A participant."""

    def get(self, request: Request, key: str, member: UUID) -> Response:
        """Read it."""
        row = Membership.objects.select_related("user").filter(project=self.project, uid=member).first()
        if row is None:
            raise Hidden(member)
        return self.vouched(Response(shapes.member(row)))

    def patch(self, request: Request, key: str, member: UUID) -> Response:
        """Change the role, and of a service account the name and whether it is active."""
        return Response(shapes.member(edit_member(member=member, sent=self.sent(), **self.doing())))

    def delete(self, request: Request, key: str, member: UUID) -> Response:
        """End it."""
        remove_member(member=member, **self.doing())
        return Response(status=204)


def _members(rows: list[Membership]) -> list[dict[str, Any]]:
    return [shapes.member(row) for row in rows]
