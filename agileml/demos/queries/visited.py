"""What somebody who came by a link may see: which link it is, and which edition it shows."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import Case, OuterRef, Subquery, When

from agileml.demos.models import DemoImage, Edition, ShareLink
from agileml.projects.actions.tokens import digest
from agileml.projects.doors import Hidden

_OF_DEMO = Edition.objects.filter(demo=OuterRef("demo")).order_by("-number")
_NEWEST = Edition.objects.filter(demo__project=OuterRef("project")).order_by("-demo__sprint__number", "-number")


@dataclass(frozen=True)
class Visit:
    """A link that works, the id of the edition that it shows at this moment, and the token that opened it."""

    link: ShareLink
    edition: int
    token: str = field(repr=False)


def visit(token: str, *, now: datetime) -> Visit:
    """What the link of a token shows; one query. Raises Hidden for every link that shows nothing, whyever."""
    if not token.isascii():
        raise Hidden("link")
    shows = Case(When(demo=None, then=Subquery(_NEWEST.values("pk")[:1])), default=Subquery(_OF_DEMO.values("pk")[:1]))
    rows = ShareLink.objects.working(now).filter(digest=digest(token)).annotate(shows=shows)
    row = rows.exclude(shows=None).first()
    if row is None:
        raise Hidden("link")
    return Visit(row, row.shows, token)


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
