"""Epics with their reviews, and the stories under them."""

from typing import Any

from rest_framework.request import Request
from rest_framework.response import Response

from agileml.api import columns, elsewhere, paging
from agileml.api.views import ProjectView, expected_version, tagged
from agileml.journal.rules.edits import Stale
from agileml.lib import fields
from agileml.lib.fields import FieldError, Invalid
from agileml.metrics.actions.settings import set_target
from agileml.planning import shapes as planning_shapes
from agileml.planning.actions import alignment
from agileml.planning.models import AlignmentReview
from agileml.planning.queries.epics import epic_shapes, story_of
from agileml.projects.doors import Hidden
from agileml.projects.models import Project, read_refs
from agileml.work import actions, shapes
from agileml.work.models import Epic, Story

RANK: dict[str, fields.Check] = {"before": fields.reference, "after": fields.reference}
TARGET: dict[str, fields.Check] = {
    "metric": fields.text(200, least=1),
    "op": fields.one_of(">=", "<="),
    "value": fields.number,
}


class Epics(ProjectView):
    """The epics of a project."""

    follows_history = True
    takes = {"get": (*paging.PAGE, *elsewhere.NAMES)}

    def get(self, request: Request, key: str) -> Response:
        """List them."""
        rows = elsewhere.by_name(request, self.project, Epic.objects.filter(project=self.project, deleted_at=None))
        return self.vouched(paging.page(request, rows, epic_shapes, columns.EPIC))

    def post(self, request: Request, key: str) -> Response:
        """Make one; `template` lays out stories and tickets under it."""
        sent = dict(self.sent())
        template = sent.pop("template", None)
        if template is None:
            row = actions.create_epic(sent=sent, **self.doing())
        else:
            row = alignment.begin_epic(template=template, sent=sent, **self.doing())
        return tagged(shapes.epic(row), status=201, location=f"{request.path}{row.number}/")


class OneEpic(ProjectView):
    """An epic."""

    def get(self, request: Request, key: str, number: int) -> Response:
        """Read it."""
        return self.vouched(tagged(epic_of(self.project, number)))

    def patch(self, request: Request, key: str, number: int) -> Response:
        """Change some of its fields."""
        version = expected_version(request)
        try:
            actions.edit_epic(number=number, sent=self.sent(), expected_version=version, **self.doing())
        except Stale as stale:
            raise Stale(
                epic_of(self.project, number), stale.conflicts
            ) from None  # with its target, which the action does not know
        return tagged(epic_of(self.project, number))

    def delete(self, request: Request, key: str, number: int) -> Response:
        """Delete it, unless stories are under it."""
        version = expected_version(request)
        try:
            actions.delete_epic(number=number, expected_version=version, **self.doing())
        except Stale as stale:
            raise self._with_target(stale, number) from None
        return Response(status=204)

    def _with_target(self, stale: Stale, number: int) -> Stale:
        return Stale(epic_of(self.project, number), stale.conflicts)  # which the action does not know


class EpicRank(ProjectView):
    """An epic's place in the order of all."""

    def post(self, request: Request, key: str, number: int) -> Response:
        """Move it right before or right after another epic."""
        actions.rank_epic(number=number, **_beside(self.sent()), **self.doing())
        return tagged(epic_of(self.project, number))


class EpicTarget(ProjectView):
    """Where an epic wants a metric to be."""

    def put(self, request: Request, key: str, number: int) -> Response:
        """Say so."""
        values = fields.clean(self.sent(), fields=TARGET, required=tuple(TARGET))
        epic_of(self.project, number)
        set_target(epic=number, **values, **self.doing())
        return tagged(epic_of(self.project, number))


class Reviews(ProjectView):
    """The reviews of an epic's alignment."""

    follows_history = True
    takes = {"get": paging.PAGE}

    def get(self, request: Request, key: str, number: int) -> Response:
        """List them, in the order that they were made."""
        epic_of(self.project, number)
        rows = AlignmentReview.objects.filter(epic__project=self.project, epic__number=number)
        rows = rows.select_related("epic", "sprint", "author")
        return self.vouched(paging.page(request, rows, _reviews, columns.REVIEW, by="pk"))

    def post(self, request: Request, key: str, number: int) -> Response:
        """Review it."""
        row = alignment.review_epic(epic=number, sent=self.sent(), **self.doing())
        return Response(planning_shapes.review(row), status=201)


class Stories(ProjectView):
    """The stories of a project."""

    follows_history = True
    takes = {"get": (*paging.PAGE, "epic", *elsewhere.NAMES)}

    def get(self, request: Request, key: str) -> Response:
        """List them, of one epic if it is named."""
        rows = Story.objects.filter(project=self.project, deleted_at=None).select_related("epic")
        epic = paging.number(request, "epic")
        if epic is not None:
            rows = rows.filter(epic__number=epic)
        rows = elsewhere.by_name(request, self.project, rows)
        return self.vouched(paging.page(request, rows, _stories, columns.STORY))

    def post(self, request: Request, key: str) -> Response:
        """Make one."""
        row = actions.create_story(sent=self.sent(), **self.doing())
        return tagged(shapes.story(row), status=201, location=f"{request.path}{row.number}/")


class OneStory(ProjectView):
    """A story."""

    def get(self, request: Request, key: str, number: int) -> Response:
        """Read it."""
        return self.vouched(tagged(shapes.story(story_of(self.project, number))))

    def patch(self, request: Request, key: str, number: int) -> Response:
        """Change some of its fields."""
        version = expected_version(request)
        row = actions.edit_story(number=number, sent=self.sent(), expected_version=version, **self.doing())
        return tagged(shapes.story(row))

    def delete(self, request: Request, key: str, number: int) -> Response:
        """Delete it, unless it has tickets."""
        actions.delete_story(number=number, expected_version=expected_version(request), **self.doing())
        return Response(status=204)


class StoryRank(ProjectView):
    """A story's place in the order of all."""

    def post(self, request: Request, key: str, number: int) -> Response:
        """Move it right before or right after another story."""
        row = actions.rank_story(number=number, **_beside(self.sent()), **self.doing())
        return tagged(shapes.story(row))


def epic_of(project: Project, number: int) -> dict[str, Any]:
    """An epic as clients see it. Raises Hidden when there is none."""
    row = Epic.objects.filter(project=project, number=number, deleted_at=None).first()
    if row is None:
        raise Hidden(number)
    return epic_shapes([row])[0]


def _beside(sent: dict[str, Any]) -> dict[str, Any]:
    values = fields.clean(sent, fields=RANK)
    if len(values) != 1:
        raise Invalid([FieldError("", "invalid", "Name one, that before or after which it comes.")])
    return values


def _reviews(rows: list[AlignmentReview]) -> list[dict[str, Any]]:
    return [planning_shapes.review(row) for row in rows]


def _stories(rows: list[Story]) -> list[dict[str, Any]]:
    read_refs(rows)
    return [shapes.story(row) for row in rows]
