"""How a project, its participants and people are shown to clients: one function a resource, used everywhere."""

from typing import Any
from uuid import UUID

from agileml.accounts.models import User
from agileml.lib.times import maybe_rfc3339, rfc3339
from agileml.projects.models import Membership, Project, Token


def person(user: User | None) -> dict[str, Any] | None:
    """`{"id", "name"}`, or None for nobody."""
    return named(user.uid, user.name) if user else None


def named(uid: UUID | None, name: str | None) -> dict[str, Any] | None:
    """The same of a user's uid and name, both None for nobody."""
    return {"id": str(uid), "name": name} if uid else None


def project(row: Project) -> dict[str, Any]:
    """A project as clients see it."""
    return {
        "uid": str(row.uid),
        "key": row.key,
        "name": row.name,
        "time_zone": row.time_zone,
        "working_days": row.working_days,
        "holidays": row.holidays,
        "sprint_days": row.sprint_days,
        "estimate_mode": row.estimate_mode,
        "replanners": row.replanners,
        "wip_limits": row.wip_limits,
        "wip_per_person": row.wip_per_person,
        "wip_hard": row.wip_hard,
        "created_at": rfc3339(row.created_at),
        "version": row.version,
        "revision": row.revision,
    }


def member(row: Membership) -> dict[str, Any]:
    """A participant as clients see it."""
    return {
        "uid": str(row.uid),
        "user": person(row.user),
        "kind": row.user.kind,
        "role": row.role,
        "active": row.user.is_active,
        "joined_at": rfc3339(row.joined_at),
        "revision": row.revision,
    }


def token(row: Token) -> dict[str, Any]:
    """A token as its holder sees it; its secret is shown once, by whatever makes it, and is not in here."""
    return {
        "id": str(row.uid),
        "name": row.name,
        "begins": row.prefix,
        "scope": row.scope,
        "project": row.project.key if row.project else None,
        "created_at": rfc3339(row.created_at),
        "expires_at": maybe_rfc3339(row.expires_at),
        "revoked_at": maybe_rfc3339(row.revoked_at),
        "last_used_at": maybe_rfc3339(row.last_used_at),
    }
