"""Demos: what a sprint shows, its editions, and the links by which others see them."""

from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from django.urls import reverse
from rest_framework.request import Request
from rest_framework.response import Response

from agileml.api import columns, paging
from agileml.api.views import ProjectView, expected_version, tagged
from agileml.demos import shapes
from agileml.demos.actions import begin, edit, publish, sharing
from agileml.demos.models import Demo, Edition, ShareLink
from agileml.demos.queries import listed, shown
from agileml.demos.queries.drafted import drafted, to_show
from agileml.lib import fields
from agileml.lib.times import rfc3339
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


class Publish(OfDemo):
    """What others see of a demo."""

    def post(self, request: Request, key: str, number: int) -> Response:
        """Freeze what the draft shows as the next edition, unless there is another than `expected` already."""
        values = fields.clean(self.sent(), fields=PUBLISH)
        row = publish.publish(demo=number, expected=values.get("expected"), **self.doing())
        return Response(shapes.edition(row), status=201)


class Preview(OfDemo):
    """What the next edition of a demo would show, for those who write it."""

    def get(self, request: Request, key: str, number: int) -> Response:
        """Read it, with the numbers of this moment; nothing is frozen."""
        self.access.require(Need.WORK)
        row = self.demo(number)
        body = drafted(self.project, row, to_show(row), at=self.now)
        return self.vouched(
            Response({"demo": number, "edition": row.edition + 1, "at": rfc3339(self.now), "body": body})
        )


class Editions(OfDemo):
    """All editions of a demo: what was shown, and when."""

    follows_history = True
    takes = {"get": paging.PAGE}

    def get(self, request: Request, key: str, number: int) -> Response:
        """List them, the first one first."""
        return self.vouched(paging.page(request, listed.editions(self.demo(number)), _editions, columns.EDITION))


class OneEdition(OfDemo):
    """An edition of a demo, as viewers saw it."""

    follows_history = True

    def get(self, request: Request, key: str, number: int, edition: int) -> Response:
        """Read it."""
        return self.vouched(Response(shapes.edition(shown.edition(self.project, number, number=edition))))


class NewestEdition(OfDemo):
    """The newest edition of a demo, as viewers see it."""

    follows_history = True

    def get(self, request: Request, key: str, number: int) -> Response:
        """Read it."""
        return self.vouched(Response(shapes.edition(shown.edition(self.project, number))))


class OfLinks(ProjectView):
    """An address at which leads, and they alone, see links, make them and end them."""

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """Pass the project's door, as a lead. Raises Forbidden."""
        super().initial(request, *args, **kwargs)
        self.access.require(Need.LEAD)

    def listed(self, request: Request, rows: QuerySet[ShareLink]) -> Response:
        """Links, without their addresses."""
        return self.vouched(paging.page(request, rows, _links, columns.SHARE_LINK, by="pk"))

    def shared(self, request: Request, demo: int | None) -> Response:
        """The answer to making one: the only one that holds its address."""
        row, token = sharing.share(project=self.project, demo=demo, sent=self.sent(), actor=self.person, now=self.now)
        url = request.build_absolute_uri(reverse("shared", args=[token]))
        return Response({**shapes.share_link(row), "url": url}, status=201)

    def ended(self, link: UUID) -> Response:
        """The answer to ending one."""
        sharing.revoke(project=self.project, link=link, actor=self.person, now=self.now)
        return Response(status=204)


class ShareLinks(OfLinks, OfDemo):
    """The links by which anybody sees a demo."""

    takes = {"get": paging.PAGE}

    def get(self, request: Request, key: str, number: int) -> Response:
        """List them, without their addresses."""
        return self.listed(request, listed.links(self.project).filter(demo=self.demo(number)))

    def post(self, request: Request, key: str, number: int) -> Response:
        """Make one. The answer is the only one that holds its address."""
        return self.shared(request, number)


class OneShareLink(OfLinks, OfDemo):
    """A link to a demo."""

    def delete(self, request: Request, key: str, number: int, link: UUID) -> Response:
        """End it, at once."""
        if not listed.links(self.project).filter(demo=self.demo(number), uid=link).exists():
            raise Hidden(link)
        return self.ended(link)


class AllShareLinks(OfLinks):
    """All links of a project, those to whatever was published last among them."""

    takes = {"get": paging.PAGE}

    def get(self, request: Request, key: str) -> Response:
        """List them, without their addresses."""
        return self.listed(request, listed.links(self.project))

    def post(self, request: Request, key: str) -> Response:
        """Make one that always shows the newest demo. The answer is the only one that holds its address."""
        return self.shared(request, None)


class AnyShareLink(OfLinks):
    """A link of a project, whatever it shows."""

    def delete(self, request: Request, key: str, link: UUID) -> Response:
        """End it, at once."""
        return self.ended(link)


def _demos(rows: list[Demo]) -> list[dict[str, Any]]:
    return [shapes.demo(row) for row in rows]


def _editions(rows: list[Edition]) -> list[dict[str, Any]]:
    return [shapes.edition(row) for row in rows]


def _links(rows: list[ShareLink]) -> list[dict[str, Any]]:
    return [shapes.share_link(row) for row in rows]
