"""What of a demo is shown: its newest edition, to participants and to whoever has a link."""

from datetime import datetime
from uuid import UUID

from agileml.demos.models import Demo, DemoImage, Edition, ShareLink
from agileml.demos.queries.visited import pictured
from agileml.projects.actions.tokens import digest
from agileml.projects.doors import Hidden
from agileml.projects.models import Project


def working_link(token: str, *, now: datetime) -> ShareLink:
    """The link of a token that was not revoked and has not expired; one query.

    Raises Hidden for every other, whatever is wrong with it.
    """
    row = None
    if token.isascii():
        found = ShareLink.objects.working(now).select_related("project__stream", "demo")
        row = found.filter(digest=digest(token)).first()
    if row is None:
        raise Hidden("link")
    return row


def of_link(link: ShareLink) -> Edition:
    """The edition that a link shows: the newest of its demo, or of the demo that was published last; one query.

    Raises Hidden where nothing was published.
    """
    rows = Edition.objects.select_related("demo__sprint", "actor")
    if link.demo_id is not None:
        row = rows.filter(demo=link.demo_id).order_by("-number").first()
    else:
        row = rows.filter(demo__project=link.project_id).order_by("-demo__sprint__number", "-number").first()
    if row is None:
        raise Hidden("link")
    return row


def edition(project: Project, demo: int, *, number: int | None = None) -> Edition:
    """An edition of a demo (its number), None for the newest; one query. Raises Hidden when there is none."""
    rows = Edition.objects.select_related("demo__sprint", "actor").filter(demo__project=project, demo__number=demo)
    if number is not None:
        rows = rows.filter(number=number)
    row = rows.order_by("-number").first()
    if row is None:
        raise Hidden(demo)
    return row


def image(shown: Edition, uid: str) -> DemoImage:
    """A picture that an edition shows, with its bytes, also where it was taken off since. Raises Hidden."""
    row = DemoImage.objects.filter(item__demo=shown.demo_id, uid=uid).first() if uid in pictured(shown.body) else None
    if row is None:
        raise Hidden(uid)
    return row


def picture(demo: Demo, item: UUID, uid: UUID, *, draft: bool) -> DemoImage:
    """A picture of an item that an edition shows, or with `draft` that the draft does, with its bytes.

    Raises Hidden. Two queries at most.
    """
    row = DemoImage.objects.filter(item__demo=demo, item__uid=item, uid=uid).first()
    if row is None or not ((draft and row.removed_at is None) or _was_shown(demo, str(uid))):
        raise Hidden(uid)
    return row


def _was_shown(demo: Demo, uid: str) -> bool:
    return any(uid in pictured(body) for body in Edition.objects.filter(demo=demo).values_list("body", flat=True))


def images(shown: Edition) -> list[DemoImage]:
    """All pictures that an edition shows, with their bytes; one query."""
    return list(DemoImage.objects.filter(item__demo=shown.demo_id, uid__in=pictured(shown.body)))


def unpublished(demo: Demo) -> bool:
    """Whether the draft was changed since it was published, or never was published; two queries at most."""
    newest = Edition.objects.filter(demo=demo).order_by("-number").values_list("revision", flat=True).first()
    if newest is None or demo.revision > newest:
        return True
    return demo.items.filter(revision__gt=newest).exists()
