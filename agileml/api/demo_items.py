"""What a demo shows, in its draft: the items, their order, and their pictures."""

from typing import Any
from uuid import UUID

from django.http import HttpResponse
from rest_framework.request import Request
from rest_framework.response import Response

from agileml.api import columns, forms, paging
from agileml.api.demos import OfDemo
from agileml.api.views import expected_version, tagged
from agileml.demos import shapes
from agileml.demos.actions import begin, edit, images
from agileml.demos.queries import listed, shown
from agileml.demos.rules.images import LARGEST
from agileml.lib import fields
from agileml.lib.fields import FieldError, Invalid
from agileml.lib.pictures import picture
from agileml.projects.doors import Hidden
from agileml.projects.rules import Need

RANK: dict[str, fields.Check] = {
    "before": fields.uid,
    "after": fields.uid,
    "section": edit.ITEM_FIELDS["section"],
}
LEFT_OUT: dict[str, fields.Check] = {"left_out": fields.yes_or_no}
PICTURE = "picture"  # what a form calls the file
SAID: dict[str, fields.Check] = {"alt": images.IMAGE_FIELDS["alt"]}


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


class RefreshItems(OfDemo):
    """The tickets that ended since a demo began."""

    def post(self, request: Request, key: str, number: int) -> Response:
        """Take them in, at the end; what is there stays as it was written."""
        fields.clean(self.sent(), fields={})
        rows = begin.refresh_items(demo=number, **self.doing())
        return Response({"items": [shapes.item(row, demo=number, images=[]) for row in rows]})


class OfItem(OfDemo):
    """An address of one thing that a demo shows."""

    def shape(self, number: int, item: UUID) -> shapes.Shape:
        """It, as clients see it. Raises Hidden."""
        row: Any = listed.items_of(self.demo(number)).filter(uid=item).first()  # no type checker knows `shown_images`
        if row is None:
            raise Hidden(item)
        return shapes.item(row, demo=number, images=row.shown_images)


class OneItem(OfItem):
    """One thing that a demo shows."""

    def get(self, request: Request, key: str, number: int, item: UUID) -> Response:
        """Read it."""
        return self.vouched(tagged(self.shape(number, item)))

    def patch(self, request: Request, key: str, number: int, item: UUID) -> Response:
        """Change its section, its words, and what it shows of its ticket."""
        version = expected_version(request)
        edit.edit_item(demo=number, item=item, sent=self.sent(), expected_version=version, **self.doing())
        return tagged(self.shape(number, item))


class ItemRank(OfItem):
    """An item's place in the order of all that a demo shows."""

    def post(self, request: Request, key: str, number: int, item: UUID) -> Response:
        """Move it right before or right after another item, and perhaps into another section."""
        values = fields.clean(self.sent(), fields=RANK)
        section = values.pop("section", None)
        if len(values) != 1:
            raise Invalid([FieldError("", "invalid", "Name one item, that before or after which it comes.")])
        beside: dict[str, Any] = {name: UUID(uid) for name, uid in values.items()}
        edit.move_item(demo=number, item=item, section=section, **beside, **self.doing())
        return tagged(self.shape(number, item))


class ItemLeftOut(OfItem):
    """Whether the next edition leaves an item out."""

    def post(self, request: Request, key: str, number: int, item: UUID) -> Response:
        """Leave it out, or take it back."""
        values = fields.clean(self.sent(), fields=LEFT_OUT, required=("left_out",))
        edit.leave_out(demo=number, item=item, out=values["left_out"], **self.doing())
        return tagged(self.shape(number, item))


class Images(OfDemo):
    """The pictures of an item, which are listed with it."""

    parser_classes = (forms.FormParser,)
    largest = LARGEST

    def post(self, request: Request, key: str, number: int, item: UUID) -> Response:
        """Put one on it: a form with the file as `picture`, and `alt`."""
        file, said = forms.taken(request, file=PICTURE, texts=SAID, largest=self.largest)
        name = forms.name_of(file)
        row = images.add_image(demo=number, item=item, name=name, content=file.read(), **said, **self.doing())
        return Response(shapes.image(row), status=201, headers={"Location": f"{request.path}{row.uid}/"})


class OneImage(OfDemo):
    """A picture of an item."""

    def get(self, request: Request, key: str, number: int, item: UUID, image: UUID) -> HttpResponse:
        """Its bytes, where an edition shows it, or the draft that those who work on it see."""
        draft = Need.WORK in self.access.can
        return self.vouched(picture(shown.picture(self.demo(number), item, image, draft=draft)))

    def patch(self, request: Request, key: str, number: int, item: UUID, image: UUID) -> Response:
        """Say what is on it."""
        values = fields.clean(self.sent(), fields=SAID, required=("alt",))
        row = images.describe_image(demo=number, item=item, image=image, alt=values["alt"], **self.doing())
        return Response(shapes.image(row))

    def delete(self, request: Request, key: str, number: int, item: UUID, image: UUID) -> Response:
        """Take it off; an edition that shows it goes on to."""
        images.remove_image(demo=number, item=item, image=image, **self.doing())
        return Response(status=204)
