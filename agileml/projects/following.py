"""Who may go on following a project: what an open stream was opened with is asked again while it is open."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from django.contrib.sessions.models import Session
from django.db.models import Q

from agileml.accounts.models import User
from agileml.projects.models import Membership, Project, Token


@dataclass(frozen=True)
class Grant:
    """What a stream was opened with: a person in a project, by a token or by a browser's session.

    password: the hash of that moment, since another password ends all sessions.
    """

    user: int
    project: int
    token: int | None = None
    session: str | None = None
    password: str = ""


def grant(user: User, project: Project, *, token: Token | None, session: str | None) -> Grant:
    """What a person holds who has just passed a project's door by a token, or else by her session."""
    if token is not None:
        return Grant(user=user.pk, project=project.pk, token=token.pk)
    return Grant(user=user.pk, project=project.pk, session=session, password=user.password)


def still_good(grants: Collection[Grant], *, now: datetime) -> set[Grant]:
    """Those of `grants` whose person, membership, and token or session are still what they must be: three queries."""
    people = {held.user for held in grants}
    members = {
        (user, project): password
        for user, project, password in Membership.objects.filter(
            user__in=people, user__is_active=True, project__in={held.project for held in grants}
        ).values_list("user", "project", "user__password")
    }
    tokens = Token.objects.filter(Q(expires_at=None) | Q(expires_at__gt=now), revoked_at=None)
    tokens = tokens.exclude(scope=Token.Scope.METRICS)
    good_tokens = set(
        tokens.filter(pk__in={held.token for held in grants if held.token}).values_list("pk", "user", "project")
    )
    sessions = {held.session for held in grants if held.session}
    good_sessions = set(Session.objects.filter(pk__in=sessions, expire_date__gt=now).values_list("pk", flat=True))

    def good(held: Grant) -> bool:
        if (held.user, held.project) not in members:
            return False
        if held.token is not None:
            return bool({(held.token, held.user, None), (held.token, held.user, held.project)} & good_tokens)
        return held.session in good_sessions and members[held.user, held.project] == held.password

    return {held for held in grants if good(held)}
