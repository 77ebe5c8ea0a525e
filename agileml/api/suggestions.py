"""Suggested re-plans: what a running sprint's results suggest, and putting it aside."""

from typing import Any

from rest_framework.request import Request
from rest_framework.response import Response

from agileml.api.views import ProjectView
from agileml.lib import fields
from agileml.planning import shapes
from agileml.planning.actions.suggestions import dismiss
from agileml.planning.queries import suggestions
from agileml.planning.queries.plans import sprint_of
from agileml.projects.models import Project

DISMISS: dict[str, fields.Check] = {"key": fields.text(120, least=1)}


class Suggestions(ProjectView):
    """The suggestions of a sprint."""

    def get(self, request: Request, key: str, number: int) -> Response:
        """Read them, and what was put aside."""
        return self.vouched(Response(_told(self.project, number)))


class Dismiss(ProjectView):
    """Saying "not now" to a suggestion."""

    def post(self, request: Request, key: str, number: int) -> Response:
        """Put one aside, and read what is left. A key that means nothing does nothing."""
        values = fields.clean(self.sent(), fields=DISMISS, required=("key",))
        dismiss(sprint=number, key=values["key"], **self.doing())
        return Response(_told(self.project, number))


def _told(project: Project, number: int) -> dict[str, Any]:
    sprint = sprint_of(project, number)
    found = suggestions.of_sprint(project, sprint)
    evidence = suggestions.evidence(found)
    return {
        "suggestions": [shapes.suggestion(one, evidence=evidence.get(one.key, [])) for one in found],
        "dismissed": [shapes.dismissal(row) for row in suggestions.dismissals(sprint)],
    }
