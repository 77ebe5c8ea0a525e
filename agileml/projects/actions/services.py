"""Writing service accounts: what a lead makes for machines, so that nightly jobs outlive the people who set them up.

Each belongs to one project, cannot log in, and acts under its own name with tokens that are held to the project. It is
renamed, stopped and removed like any participant: actions/members.py.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from agileml.accounts.actions import create_service
from agileml.accounts.models import User
from agileml.projects import checks
from agileml.projects.actions.members import admit
from agileml.projects.actions.tokens import fits, issue, revoke_token
from agileml.projects.checks import Unfit, checked
from agileml.projects.doors import Hidden, ProjectWriting, writing
from agileml.projects.models import Membership, Project, Token
from agileml.projects.rules import Need

MOST_SERVICES = 50  # a project


def make_service(
    *, project: Project, sent: Mapping[str, Any], actor: User, now: datetime, origin: str = ""
) -> Membership:
    """Make a service account with a `name` and a `role`; gives its membership. Raises Unfit."""
    values = checked(sent, checks.SERVICE, needs=("name", "role"))
    with writing(project, actor=actor, now=now, need=Need.LEAD, origin=origin) as w:
        there = Membership.objects.filter(project=w.project, user__kind=User.Kind.SERVICE)
        if there.count() >= MOST_SERVICES:
            raise Unfit.at("name", f"There are {MOST_SERVICES} service accounts already.")
        if there.filter(user__name=values["name"]).exists():
            raise Unfit.at("name", "There is a service account of this name already.")
        return admit(w, user=create_service(name=values["name"], now=w.now), role=values["role"])


def make_service_token(
    *, project: Project, member: UUID, sent: Mapping[str, Any], actor: User, now: datetime
) -> tuple[Token, str]:
    """Make a token of `name`, `scope` and if wanted `expires_at` for a service account: its row and its secret.

    Raises Hidden where there is no such account, Unfit for one that is stopped, and for what cannot be so.
    """
    values = checked(sent, checks.SERVICE_TOKEN, needs=("name", "scope"))
    with writing(project, actor=actor, now=now, need=Need.LEAD) as w:
        holder = _service(w, member)
        if not holder.is_active:
            raise Unfit.at("name", f"{holder.name} is stopped.")
        fits(holder, values, w.now)
        return issue(
            user=holder, name=values["name"], scope=values["scope"], now=w.now, project=w.project,
            expires_at=values.get("expires_at"), actor=actor,
        )  # fmt: skip


def revoke_service_token(*, project: Project, member: UUID, token: UUID, actor: User, now: datetime) -> Token:
    """End a service account's token. Raises Hidden where there is none."""
    with writing(project, actor=actor, now=now, need=Need.LEAD) as w:
        holder = _service(w, member)
        row = Token.objects.select_related("user", "project__stream").filter(user=holder, uid=token).first()
        if row is None:
            raise Hidden(token)
        revoke_token(token=row, now=w.now, actor=actor)
        return row


def _service(w: ProjectWriting, member: UUID) -> User:
    found = Membership.objects.select_related("user").filter(project=w.project, uid=member)
    row = found.filter(user__kind=User.Kind.SERVICE).first()
    if row is None:
        raise Hidden(member)
    return row.user
