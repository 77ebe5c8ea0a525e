"""Publishing freezes what the draft shows as the next edition, and what was only learned is demoed by it."""

from datetime import datetime

from agileml.accounts.models import User
from agileml.demos import shapes
from agileml.demos.actions import rows
from agileml.demos.models import Demo, DemoItem, Edition
from agileml.demos.queries.drafted import drafted, to_show
from agileml.lib.fields import FieldError, Invalid
from agileml.metrics.rules.refusing import CannotBe
from agileml.planning import shapes as planning_shapes
from agileml.projects.doors import ProjectWriting, writing
from agileml.projects.models import Project
from agileml.projects.rules import Need
from agileml.work.models import Ticket


def publish(
    *,
    project: Project,
    demo: int,
    expected: int | None = None,
    actor: User,
    now: datetime,
    origin: str = "",
) -> Edition:
    """Publish what the draft shows as the next edition.

    `expected` is the newest edition that the publisher knows (0 for none): where another was published since, that is
    the answer and nothing is written, so that two who press at once make one. None publishes whatever there is. Raises
    Hidden, CannotBe `nothing_to_show` where every item is left out, Invalid for an edition that never was.
    """
    with writing(project, actor=actor, now=now, need=Need.WORK, origin=origin) as w:
        row = rows.demo_row(w, demo)
        if expected is not None and expected > row.edition:
            raise Invalid([FieldError("/expected", "unknown", "There is no such edition.")])
        if expected is not None and expected < row.edition:
            return Edition.objects.select_related("demo__sprint", "actor").get(demo=row, number=row.edition)
        items = to_show(row)
        if not items:
            raise CannotBe("nothing_to_show", "Every item is left out: there is nothing to publish.")
        was = shapes.demo(row)
        images = _demoed(w, items)
        row.state, row.edition, row.published_at = Demo.State.PUBLISHED, row.edition + 1, w.now
        row.revision = w.revision
        row.save(update_fields=["state", "edition", "published_at", "revision"])
        made = Edition(
            demo=row,
            number=row.edition,
            body=drafted(w.project, row, items, at=w.now),
            at=w.now,
            actor=actor,
            revision=w.revision,
        )
        made.save(force_insert=True)
        now_shape = shapes.demo(row)
        diff = {name: [was[name], now_shape[name]] for name in ("state", "edition", "published_at")}
        diff = {name: pair for name, pair in diff.items() if pair[0] != pair[1]}
        w.journal.record("demo", "updated", row, diff=diff, tickets=images)
    return made


def _demoed(w: ProjectWriting, items: list[DemoItem]) -> list[planning_shapes.Shape]:
    """Turn what the shown tickets learned into demoed; the after-images of those that it changed."""
    learned = [
        item.ticket
        for item in items
        if item.ticket and item.ticket.outcome == Ticket.Outcome.LEARNED and item.ticket.deleted_at is None
    ]
    ids = [ticket.pk for ticket in learned]
    before = planning_shapes.images(ids, key=w.project.key)
    Ticket.objects.filter(pk__in=ids).update(outcome=Ticket.Outcome.DEMOED, revision=w.revision, updated_at=w.now)
    for ticket in learned:
        ticket.outcome = Ticket.Outcome.DEMOED
    return planning_shapes.after_images(before, planning_shapes.images(ids, key=w.project.key))
