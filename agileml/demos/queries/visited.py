"""What somebody who came by a link may see: which link it is, and which edition it shows."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import Aggregate, Case, Count, Max, OuterRef, QuerySet, Subquery, When

from agileml.demos.models import DemoImage, Edition, Feedback, ShareLink
from agileml.demos.queries.listed import by_item
from agileml.projects.actions.tokens import digest
from agileml.projects.doors import Hidden

_OF_DEMO = Edition.objects.filter(demo=OuterRef("demo")).order_by("-number")
_NEWEST = Edition.objects.filter(demo__project=OuterRef("project")).order_by("-demo__sprint__number", "-number")


@dataclass(frozen=True)
class Visit:
    """A link that works, what it shows at this moment, and the token that opened it.

    `edition` is an id. `answers` names the answers of the team that are shown with it, empty where it gave none: how
    many there are and the newest revision among them. No others have both, since to answer anew takes a newer revision.
    """

    link: ShareLink
    edition: int
    answers: str
    token: str = field(repr=False)


def visit(token: str, *, now: datetime) -> Visit:
    """What the link of a token shows; one query. Raises Hidden for every link that shows nothing, whyever."""
    if not token.isascii():
        raise Hidden("link")
    shows = Case(When(demo=None, then=Subquery(_NEWEST.values("pk")[:1])), default=Subquery(_OF_DEMO.values("pk")[:1]))
    rows = ShareLink.objects.working(now).filter(digest=digest(token)).annotate(shows=shows)
    row = rows.exclude(shows=None).annotate(many=_of_answers(Count("pk")), newest=_of_answers(Max("revision"))).first()
    if row is None:
        raise Hidden("link")
    return Visit(row, row.shows, f"{row.many}-{row.newest}" if row.many else "", token)


def _answered() -> QuerySet[Feedback]:
    return Feedback.objects.exclude(answer="")


def _of_answers(what: Aggregate) -> Subquery:
    """One figure of the answers that are shown with the edition of a link."""
    rows = _answered().filter(demo__editions=OuterRef("shows")).order_by()
    return Subquery(rows.values("demo").annotate(figure=what).values("figure"))


def answered(shown: Edition) -> dict[str, list[Feedback]]:
    """What was said of a demo and answered by its team, by the uid of the item, "whole" for the whole; one query.

    Nothing else that was said is for other guests: by answering the team says what everybody reads.
    """
    rows = _answered().filter(demo=shown.demo_id).select_related("item", "user", "answered_by").order_by("pk")
    return {uid or "whole": said for uid, said in by_item(list(rows)).items()}


def edition(pk: int) -> Edition:
    """The edition of a visit; one query."""
    return Edition.objects.select_related("demo__project").get(pk=pk)


def picture(edition: int, uid: UUID) -> DemoImage:
    """A picture of the demo whose edition a visit shows, with its bytes; one query. Raises Hidden."""
    row = DemoImage.objects.filter(item__demo__editions=edition, uid=uid).first()
    if row is None:
        raise Hidden("picture")
    return row


def pictured(body: Mapping[str, Any]) -> frozenset[str]:
    """The uids of the pictures that an edition shows."""
    items = [item for section in body["sections"] for item in section["items"]]
    return frozenset(image["uid"] for item in items for image in item["images"])
