"""Who one is, which projects one is in, and who else is."""

from rest_framework.request import Request
from rest_framework.response import Response

from agileml.api import columns, paging
from agileml.api.views import ApiView, ProjectView, expected_version, tagged
from agileml.lib.times import maybe_rfc3339
from agileml.projects import shapes
from agileml.projects.actions import edit_project
from agileml.projects.models import Membership, Project


class Me(ApiView):
    """The asker, her token, and the projects that it reaches."""

    def get(self, request: Request) -> Response:
        """Who one is here."""
        person, token = self.person, self.token
        member = Membership.objects.filter(user=person).order_by("project__key")
        if token and token.project:
            member = member.filter(project=token.project)
        held = {
            "id": str(token.uid),
            "name": token.name,
            "scope": token.scope,
            "project": token.project.key if token.project else None,
            "expires_at": maybe_rfc3339(token.expires_at),
        } if token else None  # fmt: skip
        return Response(
            {
                "id": str(person.uid),
                "name": person.name,
                "kind": person.kind,
                "email": person.email,
                "token": held,
                "projects": [{"key": key, "role": role} for key, role in member.values_list("project__key", "role")],
            }
        )


class Projects(ApiView):
    """The projects that one takes part in."""

    takes = {"get": paging.PAGE}

    def get(self, request: Request) -> Response:
        """List them."""
        rows = Project.objects.visible_to(self.person)
        if self.token and self.token.project:
            rows = rows.filter(pk=self.token.project.pk)
        return paging.page(request, rows, lambda found: list(map(shapes.project, found)), columns.PROJECT, by="pk")


class OneProject(ProjectView):
    """A project."""

    def get(self, request: Request, key: str) -> Response:
        """Read it."""
        return self.vouched(tagged(shapes.project(self.project)))

    def patch(self, request: Request, key: str) -> Response:
        """Change its settings, which leads may."""
        row = edit_project(sent=self.sent(), expected_version=expected_version(request), **self.doing())
        return tagged(shapes.project(row))
