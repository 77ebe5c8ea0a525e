"""Feedback becomes work: a ticket, or a finding on the ticket that was shown; once, however often it is clicked."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from agileml.accounts.models import User
from agileml.demos.actions import rows
from agileml.demos.actions.answers import store_feedback
from agileml.demos.models import Feedback
from agileml.demos.rules.becoming import Words, ticket_of, words_of
from agileml.metrics.rules.refusing import CannotBe
from agileml.planning.actions.notes import write_finding
from agileml.planning.actions.tickets import create_ticket
from agileml.projects.doors import together, writing
from agileml.projects.models import Project
from agileml.projects.rules import Need


def feedback_to_ticket(
    *,
    project: Project,
    demo: int,
    feedback: UUID,
    sent: Mapping[str, Any] | None = None,
    actor: User,
    now: datetime,
    origin: str = "",
) -> Feedback:
    """Make a ticket in the backlog of what was said; `sent` holds fields that are to be other than proposed.

    What became something already is left as it is. Raises Hidden, Invalid.
    """
    who: dict[str, Any] = {"project": project, "actor": actor, "now": now, "origin": origin}
    with together(project):
        row = _said(demo, feedback, who)
        if row.became is None:
            made = create_ticket(sent=ticket_of(_words(row)) | dict(sent or {}), **who)
            row = _became(demo, feedback, {"ticket": made.number}, who)
    return row


def feedback_to_finding(
    *, project: Project, demo: int, feedback: UUID, kind: str = "surprise", actor: User, now: datetime, origin: str = ""
) -> Feedback:
    """Write what was said down as a finding of the ticket that it was said of.

    What became something already is left as it is. Raises Hidden, Invalid, CannotBe `no_ticket` where what was said is
    about the whole demo or an item of its own.
    """
    who: dict[str, Any] = {"project": project, "actor": actor, "now": now, "origin": origin}
    with together(project):
        row = _said(demo, feedback, who)
        if row.became is None:
            if row.item is None or row.item.ticket is None:
                raise CannotBe("no_ticket", "This was said of no ticket: make a ticket of it instead.")
            text = words_of(_words(row))
            finding = write_finding(ticket=row.item.ticket.number, sent={"kind": kind, "text": text}, **who)
            row = _became(demo, feedback, {"finding": str(finding.uid)}, who)
    return row


def _said(demo: int, feedback: UUID, who: Mapping[str, Any]) -> Feedback:
    with writing(need=Need.WORK, **who) as w:
        return rows.feedback_row(w, rows.demo_row(w, demo), feedback)


def _became(demo: int, feedback: UUID, what: dict[str, Any], who: Mapping[str, Any]) -> Feedback:
    with writing(need=Need.WORK, **who) as w:
        of = rows.demo_row(w, demo)
        return store_feedback(w, of, rows.feedback_row(w, of, feedback), {"became": what})


def _words(row: Feedback) -> Words:
    story = row.item.ticket.story if row.item and row.item.ticket else None
    return Words(
        kind=row.kind,
        text=row.text,
        by=row.user.name if row.user else row.guest_name,
        demo=row.demo.title,
        headline=row.item.headline if row.item else "",
        story=story.number if story and story.deleted_at is None else None,
    )
