"""How demos, what is in them and what was said of them are shown to clients: one function a resource."""

from collections.abc import Sequence
from typing import Any

from agileml.demos.models import Demo, DemoImage, DemoItem, Edition, Feedback, GoalAnswer, Said, ShareLink
from agileml.lib.times import maybe_rfc3339, rfc3339
from agileml.projects.shapes import person

Shape = dict[str, Any]


def demo(row: Demo) -> Shape:
    """A demo as clients see it: its draft's own words, and which edition is the newest. Needs `sprint` loaded."""
    return {
        "uid": str(row.uid),
        "number": row.number,
        "sprint": row.sprint.number,
        "title": row.title,
        "intro": row.intro,
        "state": row.state,
        "edition": row.edition,
        "created_at": rfc3339(row.created_at),
        "published_at": maybe_rfc3339(row.published_at),
        "version": row.version,
        "revision": row.revision,
    }


def edition(row: Edition) -> Shape:
    """A published edition as clients see it, with all that a viewer sees. Needs `demo` and `actor` loaded."""
    return {
        "demo": row.demo.number,
        "edition": row.number,
        "at": rfc3339(row.at),
        "actor": person(row.actor),
        "body": row.body,
    }


def item(row: DemoItem, *, demo: int, images: Sequence[DemoImage]) -> Shape:
    """An item of the draft as clients see it, with its pictures. Needs `ticket` and `presenter` loaded."""
    return {
        "uid": str(row.uid),
        "demo": demo,
        "ticket": row.ticket.number if row.ticket else None,
        "section": row.section,
        "headline": row.headline,
        "story": row.story,
        "findings": row.findings,
        "charts": row.charts,
        "evaluations": row.evaluations,
        "presenter": person(row.presenter),
        "rank": row.rank,
        "left_out": row.left_out,
        "images": [image(one) for one in images],
        "version": row.version,
        "revision": row.revision,
    }


def image(row: DemoImage) -> Shape:
    """A picture as clients see it, without its bytes."""
    return {
        "uid": str(row.uid),
        "name": row.name,
        "alt": row.alt,
        "media_type": row.media_type,
        "size": row.size,
    }


def feedback(row: Feedback, *, demo: int) -> Shape:
    """What was said, as clients see it. Needs `item`, `user` and `answered_by` loaded."""
    return {
        "uid": str(row.uid),
        "demo": demo,
        "edition": row.edition,
        "item": str(row.item.uid) if row.item else None,
        "kind": row.kind,
        "text": row.text,
        **_by(row),
        "at": rfc3339(row.at),
        "answer": row.answer,
        "answered_by": person(row.answered_by),
        "answered_at": maybe_rfc3339(row.answered_at),
        "became": row.became,
        "revision": row.revision,
    }


def goal_answer(row: GoalAnswer, *, demo: int) -> Shape:
    """An answer to "is the goal still right?", as clients see it. Needs `epic` and `user` loaded."""
    return {
        "uid": str(row.uid),
        "demo": demo,
        "edition": row.edition,
        "epic": row.epic.number,
        "verdict": row.verdict,
        "note": row.note,
        **_by(row),
        "at": rfc3339(row.at),
        "revision": row.revision,
    }


def share_link(row: ShareLink) -> Shape:
    """A link as leads see it, without its address, which is shown once. Needs `demo` and `actor` loaded."""
    return {
        "id": str(row.uid),
        "demo": row.demo.number if row.demo else None,
        "passphrase": bool(row.passphrase),
        "expires_at": rfc3339(row.expires_at),
        "revoked_at": maybe_rfc3339(row.revoked_at),
        "views": row.views,
        "actor": person(row.actor),
        "created_at": rfc3339(row.created_at),
    }


def _by(row: Said) -> Shape:
    return {"user": person(row.user), "guest": row.guest_name or None}
