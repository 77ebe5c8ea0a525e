"""The doors: every read and every write of a project passes one of these, and asks who may.

Whoever may not see a project cannot tell that it exists: the answer is `Hidden` (404), never "forbidden".
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime

from agileml.accounts.models import User
from agileml.journal.actions import Writing
from agileml.journal.actions import together as journal_together
from agileml.journal.actions import writing as journal_writing
from agileml.projects.models import Membership, Project
from agileml.projects.rules import Need, capabilities


class Hidden(Exception):
    """There is no such thing, or the asker may not know of it; the two must look the same."""


class Forbidden(Exception):
    """The asker sees the project but may not do this."""

    def __init__(self, need: Need) -> None:
        super().__init__(FORBIDDEN_BECAUSE[need])
        self.need = need


FORBIDDEN_BECAUSE = {
    Need.READ: "You may not read this project.",
    Need.COMMENT: "Your role may not comment here.",
    Need.WORK: "Stakeholders read and comment; changing the work needs a member.",
    Need.DECIDE: "In this project only leads decide re-plans.",
    Need.LEAD: "Only a lead may do this.",
}


@dataclass(frozen=True)
class Access:
    """A person inside a project, with what she may do there."""

    project: Project
    user: User
    role: str
    can: frozenset[Need]

    def require(self, need: Need) -> None:
        """Raise Forbidden unless the role grants `need`."""
        if need not in self.can:
            raise Forbidden(need)


def enter(user: User, key: str, *, need: Need = Need.READ) -> Access:
    """The door for reads: one query. Raises Hidden to outsiders, Forbidden where the role does not reach."""
    membership = (
        Membership.objects.select_related("project", "project__stream")
        .filter(user=user, user__is_active=True, project__key=key)
        .first()
    )
    if membership is None:
        raise Hidden(key)
    access = _access(membership, user)
    access.require(need)
    return access


@contextmanager
def writing(
    project: Project, *, actor: User, now: datetime, need: Need, origin: str = ""
) -> Iterator["ProjectWriting"]:
    """The door for writes: lock the stream, then read project and role again, since both may have changed since.

    Raises Hidden when the actor has been removed meanwhile, Forbidden when the role no longer reaches.
    """
    with journal_writing(project.stream_id, actor=actor, now=now, origin=origin) as w:
        membership = (
            Membership.objects.select_related("project")
            .filter(user=actor, user__is_active=True, project_id=project.pk)
            .first()
        )
        if membership is None:
            raise Hidden(project.key)
        access = _access(membership, actor)
        access.require(need)
        yield ProjectWriting(journal=w, access=access)


@contextmanager
def writing_as_guest(project: Project, *, actor: User, now: datetime) -> Iterator["ProjectWriting"]:
    """The door for whoever comes with an invitation; whether that still holds is for the caller to look at."""
    with journal_writing(project.stream_id, actor=actor, now=now) as w:
        project = Project.objects.get(pk=project.pk)
        yield ProjectWriting(journal=w, access=None, _project=project)


@contextmanager
def writing_as_job(project: Project, *, now: datetime, origin: str) -> Iterator["ProjectWriting"]:
    """The door for jobs, which act for the project itself and have no membership: metrics that arrive by a source."""
    with journal_writing(project.stream_id, actor=None, now=now, origin=origin) as w:
        project = Project.objects.get(pk=project.pk)
        yield ProjectWriting(journal=w, access=None, _project=project)


@contextmanager
def together(project: Project, *, patience: float | None = None) -> Iterator[None]:
    """Make one of all writes of a project inside: all are committed, or none. Each still asks who may.

    For the API, where one request may be many writes or one that must come with its answer; an action is one write and
    needs no unit. `patience`: seconds to wait for the project's lock, after which Busy is raised; None waits as long as
    any write does.
    """
    with journal_together(project.stream_id, patience=patience):
        yield


@dataclass
class ProjectWriting:
    """A write under way: the journal's side of it, and who is at it (None for a job)."""

    journal: Writing
    access: Access | None
    _project: Project | None = None

    @property
    def project(self) -> Project:
        project = self.access.project if self.access else self._project
        assert project is not None
        return project

    @property
    def now(self) -> datetime:
        return self.journal.now

    @property
    def actor(self) -> User | None:
        return self.journal.actor

    @property
    def revision(self) -> int:
        return self.journal.revision


def _access(membership: Membership, user: User) -> Access:
    project = membership.project
    return Access(
        project=project,
        user=user,
        role=membership.role,
        can=capabilities(membership.role, replanners=project.replanners),
    )
