"""Writing who takes part in a project, and in which role: what leads do."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import Q

from agileml.accounts.actions import rename, set_active
from agileml.accounts.models import User
from agileml.journal.actions import audit
from agileml.projects import checks, shapes
from agileml.projects.actions.tokens import revoke_token
from agileml.projects.checks import Unfit, checked
from agileml.projects.doors import Hidden, ProjectWriting, writing
from agileml.projects.models import Membership, Project, Token
from agileml.projects.rules import Need

UNKNOWN = "Nobody whom you share a project with has this address. Make an invitation instead."


class LastLead(Exception):
    """A project without a lead could never be led again."""

    def __init__(self) -> None:
        super().__init__("This is the project's only lead: make somebody else lead first.")


def add_member(*, project: Project, user: User, role: str, actor: User, now: datetime, origin: str = "") -> Membership:
    """Let a person take part; raises IntegrityError if she does already, ValueError for an unknown role."""
    with writing(project, actor=actor, now=now, need=Need.LEAD, origin=origin) as w:
        if user.kind == User.Kind.SERVICE:
            raise ValueError("A service account belongs to one project.")
        return admit(w, user=user, role=role)


def let_in(*, project: Project, sent: Mapping[str, Any], actor: User, now: datetime, origin: str = "") -> Membership:
    """Let somebody take part by her `email`, in a `role`: somebody whom the lead can see in a project already.

    Raises Unfit. About everybody else the answer is the same, whether she has an account here or not: who works in
    other projects is not a lead's to find out.
    """
    values = checked(sent, checks.NEWCOMER, needs=("email", "role"))
    with writing(project, actor=actor, now=now, need=Need.LEAD, origin=origin) as w:
        known = User.objects.filter(kind=User.Kind.PERSON, is_active=True, email=values["email"])
        user = known.filter(memberships__project__memberships__user=actor).distinct().first()
        if user is None:
            raise Unfit.at("email", UNKNOWN)
        if Membership.objects.filter(project=w.project, user=user).exists():
            raise Unfit.at("email", f"{user.name} takes part already.")
        return admit(w, user=user, role=values["role"])


def admit(w: ProjectWriting, *, user: User, role: str) -> Membership:
    """A membership, recorded: inside a write."""
    membership = Membership(
        project=w.project, user=user, role=Membership.Role(role), joined_at=w.now, revision=w.revision
    )
    membership.save(force_insert=True)
    w.journal.record("member", "created", membership, resource=shapes.member(membership))
    _note(w, "member added", membership, role=membership.role)
    return membership


def edit_member(
    *, project: Project, member: UUID, sent: Mapping[str, Any], actor: User, now: datetime, origin: str = ""
) -> Membership:
    """Change a participant's `role`, and of a service account its `name` and whether it is `active`.

    What is sent as it is already is no change. Stopping a service account ends its tokens for good. Raises Hidden where
    there is none, Unfit, LastLead.
    """
    with writing(project, actor=actor, now=now, need=Need.LEAD, origin=origin) as w:
        row = _row(w, Q(uid=member))
        user, is_service = row.user, row.user.kind == User.Kind.SERVICE
        values = checked(sent, checks.EDIT_SERVICE if is_service else checks.EDIT_PERSON)
        before = shapes.member(row)
        if values.get("role", row.role) != row.role:
            _keeps_a_lead(w, row)
            row.role = values["role"]
        if "name" in values:
            rename(user=user, name=values["name"])
        if values.get("active", user.is_active) != user.is_active:
            set_active(user=user, active=values["active"])
            if not user.is_active:
                _end_tokens(w, user)
        after = shapes.member(row)
        diff = {name: [before[name], after[name]] for name in after if after[name] != before[name]}
        if not diff:
            return row
        row.revision = w.revision
        row.save(update_fields=["role", "revision"])
        w.journal.record("member", "updated", row, diff=diff)
        _note(w, "member changed", row, change=diff)
    return row


def remove_member(
    *,
    project: Project,
    user: User | None = None,
    member: UUID | None = None,
    actor: User,
    now: datetime,
    origin: str = "",
) -> None:
    """End a membership, named by its `user` or by its own uid; raises Hidden when there is none, LastLead.

    A service account ends with its only membership, and so do its tokens; a person's tokens find nothing any more.
    """
    with writing(project, actor=actor, now=now, need=Need.LEAD, origin=origin) as w:
        row = _row(w, Q(uid=member) if user is None else Q(user=user))
        _keeps_a_lead(w, row)
        if row.user.kind == User.Kind.SERVICE:
            set_active(user=row.user, active=False)
            _end_tokens(w, row.user)
        w.journal.record("member", "deleted", row)
        row.delete()
        _note(w, "member removed", row)


def _row(w: ProjectWriting, named: Q) -> Membership:
    row = Membership.objects.select_related("user").filter(named, project=w.project).first()
    if row is None:
        raise Hidden(named)
    return row


def _keeps_a_lead(w: ProjectWriting, row: Membership) -> None:
    """Somebody who can log in must stay who leads: a service account cannot. Raises LastLead."""
    if row.role != Membership.Role.LEAD or row.user.kind == User.Kind.SERVICE:
        return
    leads = Membership.objects.filter(project=w.project, role=Membership.Role.LEAD).exclude(pk=row.pk)
    if not leads.filter(user__kind=User.Kind.PERSON, user__is_active=True).exists():
        raise LastLead


def _end_tokens(w: ProjectWriting, user: User) -> None:
    for token in Token.objects.filter(user=user, revoked_at=None).select_related("user", "project__stream"):
        revoke_token(token=token, now=w.now, actor=w.actor)


def _note(w: ProjectWriting, action: str, row: Membership, **more: Any) -> None:
    audit(action=action, actor=w.actor, now=w.now, stream=w.journal.stream, detail={"user": str(row.user.uid)} | more)
