"""Proposals as people look at them: what each would do to the plan as it is now."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from django.db.models import Case, QuerySet, Value, When

from agileml.planning.actions.proposals import why_of
from agileml.planning.models import Proposal, Sprint
from agileml.planning.queries import history
from agileml.planning.queries.preview import Preview, preview
from agileml.planning.rules.moves import MoveRequest, parse
from agileml.projects.doors import Access, Hidden
from agileml.projects.models import Project


@dataclass(frozen=True)
class Looked:
    """A proposal on the plan as it is: its moves, what they would do, and what was decided since it was made."""

    moves: Sequence[MoveRequest]
    seen: Preview
    since: Sequence[history.Past]


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
    waiting = Case(When(state=Proposal.State.OPEN, then=Value(0)), default=Value(1))
    return list(loaded(sprint.project).filter(sprint=sprint).order_by(waiting, "-at", "-pk"))


def look(access: Access, row: Proposal) -> Looked:
    """Try a proposal on the plan as it is now. Raises Invalid when it names what exists no more."""
    moves = parse(row.moves)
    return Looked(
        moves=moves,
        seen=preview(access, row.sprint.number, moves, why_of(row)),
        since=history.since(row.sprint, row.base_version),
    )
