"""Rows of a demo, read under the lock, and how a change of them is stored and recorded."""

from collections.abc import Iterable, Mapping
from typing import Any
from uuid import UUID

from agileml.demos import shapes
from agileml.demos.models import Demo, DemoImage, DemoItem, Feedback
from agileml.projects.doors import Hidden, ProjectWriting


def demo_row(w: ProjectWriting, number: int) -> Demo:
    """A demo of the project being written, read after the lock. Raises Hidden when there is none."""
    row = Demo.objects.select_related("sprint", "project").filter(project=w.project, number=number).first()
    if row is None:
        raise Hidden(number)
    return row


def item_row(w: ProjectWriting, demo: Demo, uid: UUID) -> DemoItem:
    """An item of a demo, read after the lock. Raises Hidden when there is none."""
    row = DemoItem.objects.select_related("ticket", "presenter").filter(demo=demo, uid=uid).first()
    if row is None:
        raise Hidden(uid)
    return row


def feedback_row(w: ProjectWriting, demo: Demo, uid: UUID) -> Feedback:
    """What was said of a demo, read after the lock. Raises Hidden when there is none."""
    found = (
        Feedback.objects.select_related("item__ticket__story", "user", "answered_by", "demo")
        .filter(demo=demo, uid=uid)
        .first()
    )
    if found is None:
        raise Hidden(uid)
    return found


def images_of(item: DemoItem) -> list[DemoImage]:
    """The pictures of an item, oldest first, without their bytes."""
    return list(DemoImage.objects.filter(item=item, removed_at=None).defer("content").order_by("pk"))


def item_shape(demo: Demo, item: DemoItem) -> shapes.Shape:
    """An item as the feed shows it; one query."""
    return shapes.item(item, demo=demo.number, images=images_of(item))


def created(w: ProjectWriting, demo: Demo, items: Iterable[DemoItem]) -> None:
    """Record items that were just stored, each with a change of its own."""
    for row in items:
        row.revision = w.revision
        shape = shapes.item(row, demo=demo.number, images=())
        w.journal.record("demo_item", "created", row, parent=("demo", demo.uid), resource=shape)
    DemoItem.objects.bulk_update(list(items), ["revision"])


def store_item(
    w: ProjectWriting, demo: Demo, row: DemoItem, values: Mapping[str, Any], *, was: shapes.Shape, counts: bool = True
) -> DemoItem:
    """Set columns of an item and record what that changes of its shape `was`; nothing where that is nothing.

    `counts` says whether this is an edit, which moves its version, and not only a place in the order.
    """
    for name, value in values.items():
        setattr(row, name, value)
    now = shapes.item(row, demo=demo.number, images=()) | {"images": was["images"]}
    diff = {name: [was[name], now[name]] for name in now if name != "revision" and was[name] != now[name]}
    if not diff:
        return row
    row.version += counts
    row.revision = w.revision
    row.save(update_fields=[*values, "version", "revision"])
    w.journal.record("demo_item", "updated", row, parent=("demo", demo.uid), diff=diff)
    return row
