"""Pictures of a demo's items: kept as bytes, known by their bytes, and never taken for anything else."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import Sum

from agileml.accounts.models import User
from agileml.demos import shapes
from agileml.demos.actions import rows
from agileml.demos.models import Demo, DemoImage, DemoItem
from agileml.demos.rules.images import LARGEST, LARGEST_TOGETHER, MOST, MOST_PIXELS, media_type_of, pixels_of
from agileml.lib import fields
from agileml.lib.fields import FieldError, Invalid
from agileml.projects.doors import Hidden, ProjectWriting, writing
from agileml.projects.models import Project
from agileml.projects.rules import Need

IMAGE_FIELDS: dict[str, fields.Check] = {"name": fields.text(120, least=1), "alt": fields.text(300)}


def add_image(
    *,
    project: Project,
    demo: int,
    item: UUID,
    name: Any,
    content: bytes,
    alt: Any = "",
    actor: User,
    now: datetime,
    origin: str = "",
) -> DemoImage:
    """Put a picture on an item; `alt` says what is on it. What it is, its bytes say. Raises Hidden, Invalid."""
    values = fields.clean({"name": name, "alt": alt}, fields=IMAGE_FIELDS)
    if len(content) > LARGEST:
        raise Invalid([FieldError("/picture", "too_long", f"At most {LARGEST // 1024**2} MB.")])
    media_type = media_type_of(content)
    if media_type is None:
        raise Invalid([FieldError("/picture", "invalid", "This is no PNG, JPEG, GIF, WebP or SVG.")])
    pixels = pixels_of(content)
    if pixels is None:
        raise Invalid([FieldError("/picture", "invalid", "This picture is damaged: it does not say how large it is.")])
    if pixels > MOST_PIXELS:
        raise Invalid([FieldError("/picture", "too_long", f"At most {MOST_PIXELS // 1_000_000} million pixels.")])
    with writing(project, actor=actor, now=now, need=Need.WORK, origin=origin) as w:
        of = rows.demo_row(w, demo)
        on = rows.item_row(w, of, item)
        there = rows.images_of(on)
        if len(there) >= MOST:
            raise Invalid([FieldError("", "too_many", f"At most {MOST} pictures.")])
        all_of = DemoImage.objects.filter(item__demo=of, removed_at=None).aggregate(size=Sum("size"))
        if (all_of["size"] or 0) + len(content) > LARGEST_TOGETHER:
            raise Invalid([FieldError("", "too_many", f"At most {LARGEST_TOGETHER // 1024**2} MB in a demo.")])
        row = DemoImage(item=on, media_type=media_type, size=len(content), content=content, created_at=w.now, **values)
        row.save(force_insert=True)
        was = [shapes.image(one) for one in there]
        _record(w, of, on, was, [*was, shapes.image(row)])
    return row


def describe_image(
    *, project: Project, demo: int, item: UUID, image: UUID, alt: Any, actor: User, now: datetime, origin: str = ""
) -> DemoImage:
    """Say what is on a picture; what was published goes on to say what it said. Raises Hidden, Invalid."""
    said = fields.clean({"alt": alt}, fields=IMAGE_FIELDS)["alt"]
    with writing(project, actor=actor, now=now, need=Need.WORK, origin=origin) as w:
        of = rows.demo_row(w, demo)
        on = rows.item_row(w, of, item)
        there, row = _among(on, image)
        if row.alt != said:
            was = [shapes.image(one) for one in there]
            row.alt = said
            row.save(update_fields=["alt"])
            _record(w, of, on, was, [shapes.image(one) for one in there])
    return row


def remove_image(
    *, project: Project, demo: int, item: UUID, image: UUID, actor: User, now: datetime, origin: str = ""
) -> None:
    """Take a picture off an item; an edition that shows it goes on to. Raises Hidden."""
    with writing(project, actor=actor, now=now, need=Need.WORK, origin=origin) as w:
        of = rows.demo_row(w, demo)
        on = rows.item_row(w, of, item)
        there, row = _among(on, image)
        DemoImage.objects.filter(pk=row.pk).update(removed_at=w.now)
        was = [shapes.image(one) for one in there]
        _record(w, of, on, was, [shapes.image(one) for one in there if one.pk != row.pk])


def _among(on: DemoItem, image: UUID) -> tuple[list[DemoImage], DemoImage]:
    """The pictures of an item, and one of them. Raises Hidden."""
    there = rows.images_of(on)
    row = next((one for one in there if one.uid == image), None)
    if row is None:
        raise Hidden(image)
    return there, row


def _record(
    w: ProjectWriting, demo: Demo, on: DemoItem, was: Sequence[shapes.Shape], now: Sequence[shapes.Shape]
) -> None:
    on.revision = w.revision
    on.save(update_fields=["revision"])
    w.journal.record("demo_item", "updated", on, parent=("demo", demo.uid), diff={"images": [was, now]})
