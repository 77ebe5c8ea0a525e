"""Demos: what a sprint shows, what was said of it, and the links by which others see it."""

from typing import Any
from uuid import UUID

from django.urls import reverse
from rest_framework.request import Request
from rest_framework.response import Response

from agileml.api import columns, paging
from agileml.api.views import ProjectView, expected_version, tagged
from agileml.demos import shapes
from agileml.demos.actions import answers, begin, edit, publish, sharing
from agileml.demos.models import Demo, Feedback, GoalAnswer, ShareLink
from agileml.demos.queries import listed, shown
from agileml.lib import fields
from agileml.projects.doors import Hidden
from agileml.projects.rules import Need

BEGIN: dict[str, fields.Check] = {"sprint": fields.reference}
PUBLISH: dict[str, fields.Check] = {"expected": fields.count}


class Demos(ProjectView):
    """The demos of a project."""

    follows_history = True
    takes = {"get": paging.PAGE}

    def get(self, request: Request, key: str) -> Response:
        """List them, drafts too."""
        return self.vouched(paging.page(request, listed.all_of(self.project), _demos, columns.DEMO))

    def post(self, request: Request, key: str) -> Response:
        """Begin the demo of a sprint, from what it ended; the one that there is, if there is one."""
        values = fields.clean(self.sent(), fields=BEGIN, required=("sprint",))
        row = begin.begin_demo(sprint=values["sprint"], **self.doing())
        return tagged(shapes.demo(row), status=201, location=f"{request.path}{row.number}/")


class OfDemo(ProjectView):
    """An address below a demo."""

    def demo(self, number: int) -> Demo:
        """The demo. Raises Hidden."""
        row = listed.all_of(self.project).filter(number=number).first()
        if row is None:
            raise Hidden(number)
        return row


class OneDemo(OfDemo):
    """A demo."""

    def get(self, request: Request, key: str, number: int) -> Response:
        """Read it."""
        return self.vouched(tagged(shapes.demo(self.demo(number))))

    def patch(self, request: Request, key: str, number: int) -> Response:
        """Change its title or introduction."""
        version = expected_version(request)
        row = edit.edit_demo(demo=number, sent=self.sent(), expected_version=version, **self.doing())
        return tagged(shapes.demo(row))


class Items(OfDemo):
    """What a demo shows, in its draft."""

    follows_history = True
    takes = {"get": paging.PAGE}

    def get(self, request: Request, key: str, number: int) -> Response:
        """List it; `rank` is the order in which it is shown."""
        rows = listed.items_of(self.demo(number))

        def shaped(found: list[Any]) -> list[dict[str, Any]]:
            return [shapes.item(row, demo=number, images=row.shown_images) for row in found]

        return self.vouched(paging.page(request, rows, shaped, columns.DEMO_ITEM, by="pk"))

    def post(self, request: Request, key: str, number: int) -> Response:
        """Add something that is no ticket, at the end."""
        row = edit.add_item(demo=number, sent=self.sent(), **self.doing())
        return tagged(shapes.item(row, demo=number, images=[]), status=201)


class OneItem(OfDemo):
    """One thing that a demo shows."""

    def patch(self, request: Request, key: str, number: int, item: UUID) -> Response:
        """Change its section, its words, and what it shows of its ticket."""
        version = expected_version(request)
        row = edit.edit_item(demo=number, item=item, sent=self.sent(), expected_version=version, **self.doing())
        told: Any = listed.items_of(row.demo).get(pk=row.pk)  # the type checker knows no prefetched attribute
        return tagged(shapes.item(told, demo=number, images=told.shown_images))


class Publish(OfDemo):
    """What others see of a demo."""

    def post(self, request: Request, key: str, number: int) -> Response:
        """Freeze what the draft shows as the next edition, unless there is another than `expected` already."""
        values = fields.clean(self.sent(), fields=PUBLISH)
        row = publish.publish(demo=number, expected=values.get("expected"), **self.doing())
        return Response(shapes.edition(row), status=201)


class NewestEdition(OfDemo):
    """The newest edition of a demo, as viewers see it."""

    follows_history = True

    def get(self, request: Request, key: str, number: int) -> Response:
        """Read it."""
        return self.vouched(Response(shapes.edition(shown.edition(self.project, number))))


class FeedbackOnDemo(OfDemo):
    """What was said of a demo."""

    follows_history = True
    takes = {"get": paging.PAGE}

    def get(self, request: Request, key: str, number: int) -> Response:
        """List it."""

        def shaped(found: list[Feedback]) -> list[dict[str, Any]]:
            return [shapes.feedback(row, demo=number) for row in found]

        rows = listed.feedback(self.demo(number)).order_by()
        return self.vouched(paging.page(request, rows, shaped, columns.FEEDBACK, by="pk"))

    def post(self, request: Request, key: str, number: int) -> Response:
        """Say something of the newest edition."""
        row = answers.give_feedback(demo=number, sent=self.sent(), **self.doing())
        return Response(shapes.feedback(row, demo=number), status=201)


class AnswerFeedback(OfDemo):
    """The answer to what was said of a demo."""

    def post(self, request: Request, key: str, number: int, feedback: UUID) -> Response:
        """Give it, or give it anew."""
        values = fields.clean(self.sent(), fields=answers.ANSWER_FIELDS, required=("text",))
        row = answers.answer_feedback(demo=number, feedback=feedback, text=values["text"], **self.doing())
        return Response(shapes.feedback(row, demo=number))


class Goals(OfDemo):
    """Whether the goals are still the right ones, as those say who saw a demo."""

    follows_history = True
    takes = {"get": paging.PAGE}

    def get(self, request: Request, key: str, number: int) -> Response:
        """List what they say."""

        def shaped(found: list[GoalAnswer]) -> list[dict[str, Any]]:
            return [shapes.goal_answer(row, demo=number) for row in found]

        rows = listed.goal_answers(self.demo(number)).order_by()
        return self.vouched(paging.page(request, rows, shaped, columns.GOAL_ANSWER, by="pk"))

    def post(self, request: Request, key: str, number: int) -> Response:
        """Say it of an epic."""
        row = answers.answer_goal(demo=number, sent=self.sent(), **self.doing())
        return Response(shapes.goal_answer(row, demo=number), status=201)


class ShareLinks(OfDemo):
    """The links by which anybody sees a demo. For leads alone."""

    takes = {"get": paging.PAGE}

    def get(self, request: Request, key: str, number: int) -> Response:
        """List them, without their addresses."""
        self.access.require(Need.LEAD)
        rows = ShareLink.objects.filter(demo=self.demo(number)).select_related("demo", "actor")
        return self.vouched(paging.page(request, rows, _links, columns.SHARE_LINK, by="pk"))

    def post(self, request: Request, key: str, number: int) -> Response:
        """Make one. The answer is the only one that holds its address."""
        row, token = sharing.share(project=self.project, demo=number, sent=self.sent(), actor=self.person, now=self.now)
        url = request.build_absolute_uri(reverse("shared", args=[token]))
        return Response({**shapes.share_link(row), "url": url}, status=201)


class OneShareLink(OfDemo):
    """A link to a demo."""

    def delete(self, request: Request, key: str, number: int, link: UUID) -> Response:
        """End it, at once."""
        self.access.require(Need.LEAD)
        if not ShareLink.objects.filter(demo=self.demo(number), uid=link).exists():
            raise Hidden(link)
        sharing.revoke(project=self.project, link=link, actor=self.person, now=self.now)
        return Response(status=204)


def _demos(rows: list[Demo]) -> list[dict[str, Any]]:
    return [shapes.demo(row) for row in rows]


def _links(rows: list[ShareLink]) -> list[dict[str, Any]]:
    return [shapes.share_link(row) for row in rows]
