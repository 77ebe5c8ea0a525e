"""Writing invitations: how somebody comes in whom the lead cannot name, because she has no account or shares nothing.

An invitation is a link that works once, for some days, and only while whoever made it still leads. It says nothing of
who has an account here: the guest herself logs in, or makes one.
"""

import secrets
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.core.exceptions import ValidationError
from django.db import IntegrityError

from agileml.accounts.actions import prepare_person, save_person
from agileml.accounts.models import User
from agileml.journal.actions import audit
from agileml.projects import checks
from agileml.projects.actions.members import admit
from agileml.projects.actions.tokens import digest
from agileml.projects.checks import Unfit, checked
from agileml.projects.doors import Hidden, writing, writing_as_guest
from agileml.projects.models import Invitation, Membership, Project
from agileml.projects.rules import Need

LASTS = timedelta(days=7)
MOST_OPEN = 50  # a project
TAKEN = "This address cannot be used for a new account. If it is yours, log in instead."


def invite(*, project: Project, sent: Mapping[str, Any], actor: User, now: datetime) -> tuple[Invitation, str]:
    """Make an invitation into a `role`: its row, and the secret of its link, which is not kept. Raises Unfit."""
    values = checked(sent, checks.INVITATION, needs=("role",))
    with writing(project, actor=actor, now=now, need=Need.LEAD) as w:
        if Invitation.objects.open(w.now).filter(project=w.project).count() >= MOST_OPEN:
            raise Unfit.at("role", f"There are {MOST_OPEN} open invitations already.")
        secret = secrets.token_urlsafe(32)
        row = Invitation.objects.create(
            project=w.project, role=values["role"], digest=digest(secret), made_by=actor, created_at=w.now,
            expires_at=w.now + LASTS,
        )  # fmt: skip
        detail = {"invitation": str(row.uid), "role": row.role}
        audit(action="invitation made", actor=actor, now=w.now, stream=w.journal.stream, detail=detail)
        return row, secret


def call_back(*, project: Project, invitation: UUID, actor: User, now: datetime) -> None:
    """Revoke an invitation; one that ended is left as it is. Raises Hidden where there is none."""
    with writing(project, actor=actor, now=now, need=Need.LEAD) as w:
        row = Invitation.objects.filter(project=w.project, uid=invitation).first()
        if row is None:
            raise Hidden(invitation)
        if row.used_at is None and row.revoked_at is None:
            row.revoked_at = w.now
            row.save(update_fields=["revoked_at"])
            detail = {"invitation": str(row.uid)}
            audit(action="invitation revoked", actor=actor, now=w.now, stream=w.journal.stream, detail=detail)


def invited(*, secret: str, now: datetime) -> Invitation:
    """The invitation of a link that still works. Raises Hidden for every other, whatever is wrong with it."""
    if not secret.isascii():
        raise Hidden(secret)
    row = Invitation.objects.open(now).select_related("project").filter(digest=digest(secret)).first()
    if row is None:
        raise Hidden("invitation")
    return row


def join(*, secret: str, user: User, now: datetime) -> Project:
    """Accept an invitation; whoever is in already uses none up. Raises Hidden."""
    row = invited(secret=secret, now=now)
    with writing_as_guest(row.project, actor=user, now=now) as w:
        row = invited(secret=secret, now=w.now)
        if not Membership.objects.filter(project=w.project, user=user).exists():
            admit(w, user=user, role=row.role)
            _use(row, user, w.now)
    return row.project


def join_anew(*, secret: str, sent: Mapping[str, Any], password: str, now: datetime) -> User:
    """Make an account of a `name` and an `email`, and accept an invitation with it. Raises Hidden, Unfit."""
    row = invited(secret=secret, now=now)
    values = checked(sent, checks.PERSON, needs=("name", "email"))
    try:
        user = prepare_person(password=password, now=now, **values)  # its slow hash is made before the lock is taken
        with writing_as_guest(row.project, actor=user, now=now) as w:
            row = invited(secret=secret, now=w.now)
            save_person(user)
            admit(w, user=user, role=row.role)
            _use(row, user, w.now)
    except ValidationError as weak:
        raise Unfit.at("password", " ".join(weak.messages)) from None
    except IntegrityError:
        raise Unfit.at("email", TAKEN) from None
    return user


def _use(row: Invitation, user: User, now: datetime) -> None:
    row.used_at, row.used_by = now, user
    row.save(update_fields=["used_at", "used_by"])
