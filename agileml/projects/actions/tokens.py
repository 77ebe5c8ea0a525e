"""Writing tokens. The secret leaves here once, as what the maker is given; only its hash is kept."""

import hashlib
import secrets
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import Q

from agileml.accounts.models import User
from agileml.journal.actions import audit
from agileml.projects import checks
from agileml.projects.checks import Unfit, checked
from agileml.projects.doors import Hidden
from agileml.projects.models import Project, Token

USED_AT_MOST_EVERY = timedelta(minutes=1)
MOST_TOKENS = 100  # that work at once


def issue_token(
    *,
    user: User,
    name: str,
    scope: str,
    now: datetime,
    project: Project | None = None,
    expires_at: datetime | None = None,
    actor: User | None = None,
) -> str:
    """Make a token and return its secret, the only time that it exists outside of its holder's hands.

    `scope` is "read", "write" (which reads too) or "metrics" (which only pushes); `actor` is who makes it, unless that
    is its holder.
    """
    return issue(
        user=user, name=name, scope=scope, now=now, project=project, expires_at=expires_at, actor=actor or user
    )[1]


def issue(
    *,
    user: User,
    name: str,
    scope: str,
    now: datetime,
    project: Project | None,
    expires_at: datetime | None,
    actor: User,
) -> tuple[Token, str]:
    """Make a token of what has been checked: its row, and its secret."""
    secret = f"{Token.BEGINS}{secrets.token_urlsafe(Token.RANDOM_BYTES)}"
    with transaction.atomic():
        token = Token.objects.create(
            user=user,
            name=name,
            project=project,
            prefix=secret[:8],
            digest=digest(secret),
            scope=Token.Scope(scope),
            created_at=now,
            expires_at=expires_at,
        )
        audit(
            action="token issued",
            actor=actor,
            now=now,
            stream=project.stream if project else None,
            detail={"token": str(token.uid), "scope": token.scope, "holder": str(user.uid)},
        )
    return token, secret


def make_token(*, holder: User, sent: Mapping[str, Any], now: datetime) -> tuple[Token, str]:
    """Make a token for oneself, of `name`, `scope`, and if wanted `project` (a key) and `expires_at`.

    Gives its row and its secret. Raises Unfit with everything that is wrong; a project that one takes no part in is the
    same as one that does not exist.
    """
    values = checked(sent, checks.TOKEN, needs=("name", "scope"))
    project = None
    if values.get("project") is not None:
        project = Project.objects.visible_to(holder).select_related("stream").filter(key=values["project"]).first()
        if project is None:
            raise Unfit.at("project", checks.NO_PROJECT)
    fits(holder, values, now)
    return issue(
        user=holder, name=values["name"], scope=values["scope"], now=now, project=project,
        expires_at=values.get("expires_at"), actor=holder,
    )  # fmt: skip


def fits(holder: User, values: Mapping[str, Any], now: datetime) -> None:
    """Whether a token of this name and end can be added to those that its holder has. Raises Unfit.

    Names of working tokens differ, so that one knows which to end; it also keeps a form that is sent twice from
    making two.
    """
    expires_at = values.get("expires_at")
    if expires_at is not None and expires_at <= now:
        raise Unfit.at("expires_at", "This has passed already.")
    names = list(Token.objects.working(now).filter(user=holder).values_list("name", flat=True))
    if values["name"] in names:
        raise Unfit.at("name", "There is a token of this name already.")
    if len(names) >= MOST_TOKENS:
        raise Unfit.at("name", f"There are {MOST_TOKENS} tokens already: revoke some that nobody uses.")


def end_token(*, holder: User, uid: UUID, now: datetime) -> Token:
    """Revoke a token of one's own. Raises Hidden for any other."""
    token = Token.objects.select_related("project__stream").filter(user=holder, uid=uid).first()
    if token is None:
        raise Hidden(uid)
    revoke_token(token=token, now=now)
    return token


def revoke_token(*, token: Token, now: datetime, actor: User | None = None) -> None:
    """End a token; ending it twice is the same as once. `actor` is who does, unless that is its holder."""
    with transaction.atomic():
        if Token.objects.filter(pk=token.pk, revoked_at=None).update(revoked_at=now):
            audit(
                action="token revoked",
                actor=actor or token.user,
                now=now,
                stream=token.project.stream if token.project else None,
                detail={"token": str(token.uid), "holder": str(token.user.uid)},
            )


def touch_token(*, token: Token, now: datetime) -> None:
    """Note that a token was used, at most once a minute so that reading stays a read."""
    due = now - USED_AT_MOST_EVERY
    if token.last_used_at is None or token.last_used_at <= due:
        # Of a hundred requests that come at once only the first finds it due.
        stale = Q(last_used_at=None) | Q(last_used_at__lte=due)
        Token.objects.filter(stale, pk=token.pk).update(last_used_at=now)


def digest(secret: str) -> str:
    """SHA-256 of a token: its 256 random bits need no slow hash.

    It is looked up by this: how long an index takes tells something about the hash, and nothing about the secret.
    """
    return hashlib.sha256(secret.encode()).hexdigest()
