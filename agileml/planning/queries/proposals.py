"""Proposals as people look at them: what each would do to the plan as it is now."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from django.db.models import Case, Q, QuerySet, Value, When

from agileml.accounts.models import User
from agileml.planning.actions.proposals import fit_of, why_of
from agileml.planning.models import Proposal, Sprint
from agileml.planning.queries import history
from agileml.planning.queries.preview import Preview, preview
from agileml.planning.rules.fitting import Fit
from agileml.planning.rules.moves import MoveRequest, parse
from agileml.projects.doors import Access, Hidden
from agileml.projects.models import Project

AT_MOST = 12  # lines on the home page
OPEN_FIRST = Case(When(state=Proposal.State.OPEN, then=Value(0)), default=Value(1))


@dataclass(frozen=True)
class Looked:
    """A proposal on the plan as it is.

    `seen` is what the moves that still fit would do; `pasts` are all the sprint's decisions.
    """

    moves: Sequence[MoveRequest]
    fit: Fit
    seen: Preview
    pasts: Sequence[history.Past]


def loaded(project: Project) -> QuerySet[Proposal]:
    """The project's proposals with all that is shown of them."""
    return Proposal.objects.filter(sprint__project=project).select_related(
        "sprint", "author", "answered_by", "decision"
    )


def named(project: Project, uid: UUID) -> Proposal:
    """The proposal with this uid; raises Hidden when there is none."""
    row = loaded(project).filter(uid=uid).first()
    if row is None:
        raise Hidden(uid)
    return row


def of_sprint(sprint: Sprint) -> list[Proposal]:
    """A sprint's proposals: those that are open first, then the newest."""
    return list(loaded(sprint.project).filter(sprint=sprint).order_by(OPEN_FIRST, "-at", "-pk"))


def look(access: Access, row: Proposal, *, today: date) -> Looked:
    """Try a proposal on the plan as it is now; `today` is a date of the project's.

    What fits is found as it is when a part is decided. Raises Invalid when the moves cannot be read any more.
    """
    moves, why = parse(row.moves), why_of(row)
    fit = fit_of(access.project, row.sprint, moves, why)
    return Looked(
        moves=moves,
        fit=fit,
        seen=preview(access, row.sprint.number, [moves[at] for at in fit.stay], today=today),
        pasts=history.of_sprint(row.sprint),
    )


def for_home(user: User, *, projects: Sequence[Project], decides: Sequence[Project], since: datetime) -> list[Proposal]:
    """What a person, who is in `projects`, is to see of proposals, in one query: those of others that wait for an
    answer where she `decides`, the oldest first, and her own that others have answered since then, newest first."""
    waits = Q(state=Proposal.State.OPEN, sprint__state=Sprint.State.ACTIVE, sprint__project__in=decides)
    answered = Q(author=user, answered_at__gte=since, sprint__project__in=projects)
    answered &= Q(state__in=[Proposal.State.DECIDED, Proposal.State.DECLINED])
    rows = Proposal.objects.filter((waits & ~Q(author=user)) | (answered & ~Q(answered_by=user)))
    rows = rows.select_related("sprint__project", "author", "answered_by", "decision")
    return list(rows.order_by(OPEN_FIRST, "-answered_at", "at", "pk")[:AT_MOST])
