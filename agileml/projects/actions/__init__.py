"""Writing projects, their people and their tokens."""

import hashlib
import secrets
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db.models import Q, QuerySet

from agileml.accounts.models import User
from agileml.journal.actions import audit
from agileml.journal.actions import writing as journal_writing
from agileml.journal.models import Stream
from agileml.journal.queries import refuse_stale
from agileml.journal.rules.edits import Wanted
from agileml.projects import shapes
from agileml.projects.doors import Hidden, ProjectWriting, writing
from agileml.projects.models import ExternalRef, KnownElsewhere, Membership, Project, Token
from agileml.projects.rules import Need, Ref, named, refs_after
from agileml.projects.settings import SETTINGS, checked

WEEKDAYS = [0, 1, 2, 3, 4]
USED_AT_MOST_EVERY = timedelta(minutes=1)


class LastLead(Exception):
    """A project without a lead could never be led again."""


def create_project(
    *, key: str, name: str, lead: User, now: datetime, time_zone: str = "UTC", **settings: Any
) -> Project:
    """Make a project with its stream and first lead.

    `settings` are further columns of Project. Raises ValidationError for a bad key or a taken one.
    """
    stream = Stream.objects.create(last_at=now)
    project = Project(
        stream=stream, key=key, name=name, time_zone=time_zone, working_days=WEEKDAYS, created_at=now, **settings
    )
    project.full_clean(exclude=["stream", "holidays", "wip_limits"])
    with journal_writing(stream.pk, actor=lead, now=now) as w:
        project.revision = w.revision
        project.save(force_insert=True)
        w.record("project", "created", project, resource=shapes.project(project))
        membership = Membership(
            project=project, user=lead, role=Membership.Role.LEAD, joined_at=w.now, revision=w.revision
        )
        membership.save(force_insert=True)
        w.record("member", "created", membership, resource=shapes.member(membership))
    return project


def edit_project(
    *,
    project: Project,
    sent: Mapping[str, Any],
    expected_version: int | None,
    actor: User,
    now: datetime,
    origin: str = "",
) -> Project:
    """Change a project's settings, which leads may; what is sent as it is already is no change.

    Changes of other settings since `expected_version` merge with it (None: whatever there is). Raises BadSettings with
    all that is wrong, Stale when somebody changed the same ones since.
    """
    values = checked(sent)
    with writing(project, actor=actor, now=now, need=Need.LEAD, origin=origin) as w:
        row = w.project
        refuse_stale(row.stream_id, row, expected_version, Wanted(shapes.project(row), SETTINGS, values))
        diff = {name: [getattr(row, name), value] for name, value in values.items() if getattr(row, name) != value}
        if not diff:
            return row
        for name in diff:
            setattr(row, name, values[name])
        row.version += 1
        row.revision = w.revision
        row.save(update_fields=[*diff, "version", "revision"])
        w.journal.record("project", "updated", row, diff=diff)
        audit(action="settings changed", actor=actor, now=w.now, stream=w.journal.stream, detail={"settings": diff})
    return row


def add_member(*, project: Project, user: User, role: str, actor: User, now: datetime) -> Membership:
    """Let a user take part; raises IntegrityError if she does already, ValueError for an unknown role."""
    with writing(project, actor=actor, now=now, need=Need.LEAD) as w:
        membership = Membership(
            project=project, user=user, role=Membership.Role(role), joined_at=w.now, revision=w.revision
        )
        membership.save(force_insert=True)
        w.journal.record("member", "created", membership, resource=shapes.member(membership))
        audit(
            action="member added",
            actor=actor,
            now=w.now,
            stream=w.journal.stream,
            detail={"user": str(user.uid), "role": membership.role},
        )
    return membership


def remove_member(*, project: Project, user: User, actor: User, now: datetime) -> None:
    """End a membership; raises Hidden when there is none, LastLead for the only lead."""
    with writing(project, actor=actor, now=now, need=Need.LEAD) as w:
        membership = Membership.objects.select_related("user").filter(project=project, user=user).first()
        if membership is None:
            raise Hidden(user)
        leads = Membership.objects.filter(project=project, role=Membership.Role.LEAD).count()
        if membership.role == Membership.Role.LEAD and leads == 1:
            raise LastLead("This is the project's only lead: make somebody else lead first.")
        w.journal.record("member", "deleted", membership)
        membership.delete()
        audit(
            action="member removed",
            actor=actor,
            now=w.now,
            stream=w.journal.stream,
            detail={"user": str(user.uid)},
        )


def issue_token(
    *,
    user: User,
    name: str,
    scope: str,
    now: datetime,
    project: Project | None = None,
    expires_at: datetime | None = None,
) -> str:
    """Make a token and return its secret, the only time that it exists outside of its holder's hands.

    `scope` is "read", "write" (which reads too) or "metrics" (which only pushes).
    """
    secret = f"aml_{secrets.token_urlsafe(32)}"
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
        actor=user,
        now=now,
        stream=project.stream if project else None,
        detail={"token": str(token.uid), "scope": token.scope},
    )
    return secret


def revoke_token(*, token: Token, now: datetime) -> None:
    """End a token; ending it twice is the same as once."""
    if Token.objects.filter(pk=token.pk, revoked_at=None).update(revoked_at=now):
        audit(action="token revoked", actor=token.user, now=now, detail={"token": str(token.uid)})


def touch_token(*, token: Token, now: datetime) -> None:
    """Note that a token was used, at most once a minute so that reading stays a read."""
    if token.last_used_at is None or now - token.last_used_at >= USED_AT_MOST_EVERY:
        Token.objects.filter(pk=token.pk).update(last_used_at=now)


def digest(secret: str) -> str:
    """SHA-256 of a token: its 256 random bits need no slow hash."""
    return hashlib.sha256(secret.encode()).hexdigest()


@dataclass(frozen=True)
class TakenLine:
    """One name that is taken; `pointer` leads to it in what was sent, `number` is the holder's, if it has one."""

    pointer: str
    message: str
    uid: UUID
    number: int | None


class Taken(Exception):
    """Some of these names belong to something else of the project; `lines` say which, and whose they are."""

    def __init__(self, lines: Sequence[TakenLine]) -> None:
        super().__init__("; ".join(line.message for line in lines))
        self.lines = list(lines)


def keep_refs(
    w: ProjectWriting, row: KnownElsewhere, wanted: Sequence[Ref], *, new: bool = False, pointer: str = ""
) -> None:
    """Set what something is called in other systems, inside a write; whoever calls records it.

    `new` is something that was stored just now. Raises Taken: a system's name for things of a kind means one of them.
    """
    had: list[Ref] = [] if new else row.external_refs
    row.__dict__["external_refs"] = after = refs_after(had, wanted)
    known = {named(ref): ref for ref in had}
    fresh = [ref for ref in after if named(ref) not in known]
    moved = [ref for ref in after if named(ref) in known and known[named(ref)]["url"] != ref["url"]]
    gone = known.keys() - {named(ref) for ref in after}
    all_refs = ExternalRef.objects.filter(project=w.project, kind=row.known_as)
    if fresh:
        _refuse_taken(w, row, all_refs.filter(_any_of(map(named, fresh))), [named(ref) for ref in wanted], pointer)
    if gone:
        all_refs.filter(_any_of(gone)).delete()
    for ref in moved:
        all_refs.filter(_any_of([named(ref)])).update(url=ref["url"])
    ExternalRef.objects.bulk_create(
        ExternalRef(
            project=w.project,
            kind=row.known_as,
            object_uid=row.uid,
            system=ref["system"],
            external_id=ref["id"],
            url=ref["url"],
        )
        for ref in fresh
    )


def forget_refs(w: ProjectWriting, row: KnownElsewhere) -> None:
    """Free the names of something that is deleted, inside the write that deletes it."""
    ExternalRef.objects.filter(project=w.project, kind=row.known_as, object_uid=row.uid).delete()


def _any_of(names: Iterable[tuple[str, str]]) -> Q:
    found = Q(pk__in=[])
    for system, external_id in names:
        found |= Q(system=system, external_id=external_id)
    return found


def _refuse_taken(
    w: ProjectWriting, row: KnownElsewhere, taken: QuerySet[ExternalRef], order: Sequence[tuple[str, str]], pointer: str
) -> None:
    model: Any = type(row)
    lines = []
    for ref in taken:
        holder = model.objects.get(uid=ref.object_uid)
        at = order.index((ref.system, ref.external_id))
        message = f"{ref.system} {ref.external_id} is {holder.called(w.project.key)} already."
        number = getattr(holder, "number", None)
        lines.append(TakenLine(f"{pointer}/external_refs/{at}", message, ref.object_uid, number))
    if lines:
        raise Taken(sorted(lines, key=lambda line: line.pointer))
