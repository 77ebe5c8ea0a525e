"""Epics, and the stories under them."""

from typing import Any

from rest_framework.request import Request
from rest_framework.response import Response

from agileml.api import columns, paging
from agileml.api.views import ProjectView, tagged
from agileml.projects.doors import Hidden
from agileml.work import actions, shapes
from agileml.work.models import Epic, Story


class Epics(ProjectView):
    """The epics of a project."""

    takes = {"get": paging.PAGE}

    def get(self, request: Request, key: str) -> Response:
        """List them."""
        rows = Epic.objects.filter(project=self.project, deleted_at=None)
        return self.vouched(paging.page(request, rows, lambda found: list(map(shapes.epic, found)), columns.EPIC))

    def post(self, request: Request, key: str) -> Response:
        """Make one."""
        row = actions.create_epic(sent=self.sent(), **self.doing())
        return tagged(shapes.epic(row), status=201, location=f"{request.path}{row.number}/")


class OneEpic(ProjectView):
    """An epic."""

    def get(self, request: Request, key: str, number: int) -> Response:
        """Read it."""
        row = Epic.objects.filter(project=self.project, number=number, deleted_at=None).first()
        if row is None:
            raise Hidden(number)
        return self.vouched(tagged(shapes.epic(row)))


class Stories(ProjectView):
    """The stories of a project."""

    takes = {"get": (*paging.PAGE, "epic")}

    def get(self, request: Request, key: str) -> Response:
        """List them, of one epic if it is named."""
        rows = Story.objects.filter(project=self.project, deleted_at=None).select_related("epic")
        epic = paging.number(request, "epic")
        if epic is not None:
            rows = rows.filter(epic__number=epic)
        return self.vouched(paging.page(request, rows, _stories, columns.STORY))

    def post(self, request: Request, key: str) -> Response:
        """Make one."""
        row = actions.create_story(sent=self.sent(), **self.doing())
        return tagged(shapes.story(row), status=201, location=f"{request.path}{row.number}/")


class OneStory(ProjectView):
    """A story."""

    def get(self, request: Request, key: str, number: int) -> Response:
        """Read it."""
        row = Story.objects.filter(project=self.project, number=number, deleted_at=None).select_related("epic").first()
        if row is None:
            raise Hidden(number)
        return self.vouched(tagged(shapes.story(row)))


def _stories(rows: list[Story]) -> list[dict[str, Any]]:
    return [shapes.story(row) for row in rows]
