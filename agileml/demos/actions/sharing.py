"""Links by which anybody sees a demo. The token leaves here once, as what the maker is given; only its hash is kept."""

import secrets
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.contrib.auth.hashers import check_password, make_password
from django.db.models import F

from agileml.accounts.models import User
from agileml.demos.actions import rows
from agileml.demos.models import Demo, ShareLink
from agileml.journal.actions import audit
from agileml.lib import fields
from agileml.lib.fields import FieldError, Invalid
from agileml.metrics.rules.refusing import CannotBe
from agileml.projects.actions.tokens import digest
from agileml.projects.doors import Hidden, writing
from agileml.projects.models import Project
from agileml.projects.rules import Need

TOKEN_BYTES = 32
LONGEST_DAYS = 365
MOST_LINKS = 50  # of a project that work at once


@fields.takes(type="integer", minimum=1, maximum=2**31 - 1)
def _days(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 0 < value < 2**31:
        fields.refuse(f"A whole number of days, from 1 to {LONGEST_DAYS}.")
    return value


LINK_FIELDS: dict[str, fields.Check] = {
    "expires_in_days": _days,
    "passphrase": fields.maybe(fields.text(200)),
}


def share(
    *, project: Project, demo: int | None, sent: Mapping[str, Any], actor: User, now: datetime
) -> tuple[ShareLink, str]:
    """Make a link to a demo (its number), or with None to whatever the project published last: its row and its token.

    `sent` holds expires_in_days (7 unless said) and passphrase (none unless said). Raises Hidden, Invalid, CannotBe
    `not_published`.
    """
    values = fields.clean(sent, fields=LINK_FIELDS)
    days = values.get("expires_in_days", 7)
    if days > LONGEST_DAYS:
        raise Invalid([FieldError("/expires_in_days", "too_long", f"At most {LONGEST_DAYS} days.")])
    phrase = values.get("passphrase") or ""
    if sent.get("passphrase") and not phrase:  # whoever typed it would take the link for a guarded one
        raise Invalid([FieldError("/passphrase", "required", "A passphrase is more than space.")])
    slow = make_password(phrase) if phrase else ""  # made before the lock is taken
    with writing(project, actor=actor, now=now, need=Need.LEAD) as w:
        of = None if demo is None else rows.demo_row(w, demo)
        if of is not None and of.state != Demo.State.PUBLISHED:
            raise CannotBe("not_published", "Publish this demo first: a link shows what was published.")
        if ShareLink.objects.working(w.now).filter(project=w.project).count() >= MOST_LINKS:
            raise Invalid([FieldError("", "too_many", f"There are {MOST_LINKS} links already: revoke some.")])
        token = secrets.token_urlsafe(TOKEN_BYTES)
        row = ShareLink.objects.create(
            project=w.project,
            demo=of,
            digest=digest(token),
            passphrase=slow,
            expires_at=w.now + timedelta(days=days),
            actor=actor,
            created_at=w.now,
        )
        detail = {"link": str(row.uid), "demo": of.number if of else None, "passphrase": bool(phrase)}
        audit(action="demo shared", actor=actor, now=w.now, stream=w.journal.stream, detail=detail)
    return row, token


def revoke(*, project: Project, link: UUID, actor: User, now: datetime) -> None:
    """End a link at once; one that has ended is left as it is. Raises Hidden where there is none."""
    with writing(project, actor=actor, now=now, need=Need.LEAD) as w:
        row = ShareLink.objects.filter(project=w.project, uid=link).first()
        if row is None:
            raise Hidden(link)
        if row.revoked_at is None:
            row.revoked_at = w.now
            row.save(update_fields=["revoked_at"])
            detail = {"link": str(row.uid)}
            audit(action="demo link revoked", actor=actor, now=w.now, stream=w.journal.stream, detail=detail)


def unlocks(link: ShareLink, passphrase: str) -> bool:
    """Whether a passphrase opens a link; a link without one is open. Slow on purpose: count who asks.

    Space around it means nothing, as where it was set.
    """
    return not link.passphrase or check_password(passphrase.strip(), link.passphrase)


def count_views(*, link: UUID, many: int = 1) -> None:
    """Add to how often a link was looked at. Nobody is counted, only looks."""
    ShareLink.objects.filter(uid=link).update(views=F("views") + many)
