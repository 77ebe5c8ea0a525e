"""Sprints as a list, with how far each is, and what one that is about to start or close holds."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field

from django.db.models import Count

from agileml.planning.actions import decide, ledger
from agileml.planning.models import Assignment, Sprint
from agileml.planning.rules.moves import Refusal
from agileml.planning.rules.starting import start_refusals
from agileml.projects.models import Project
from agileml.work.models import Ticket


@dataclass(frozen=True)
class Listed:
    """A sprint, and how many tickets it holds now by status; a planned one's are its draft."""

    sprint: Sprint
    counts: Counter[str] = field(default_factory=Counter)

    @property
    def total(self) -> int:
        """All tickets in it."""
        return sum(self.counts.values())


def listed(project: Project) -> list[Listed]:
    """The sprints of a project: running ones, then planned ones, the next first, then closed ones, the last first."""
    rows = list(Sprint.objects.filter(project=project).order_by("start", "number"))
    counts: dict[int, Counter[str]] = defaultdict(Counter)
    inside = Assignment.objects.filter(sprint__project=project, ended_by=None).order_by()
    for sprint, status, count in inside.values_list("sprint", "ticket__status").annotate(count=Count("pk")):
        counts[sprint][status] = count
    by_state = {state: [row for row in rows if row.state == state] for state in Sprint.State.values}
    ordered = by_state["active"] + by_state["planned"] + by_state["closed"][::-1]
    return [Listed(row, counts[row.pk]) for row in ordered]


def drafted(sprint: Sprint) -> list[Ticket]:
    """The tickets of a planned sprint's draft, by rank."""
    inside = Assignment.objects.filter(sprint=sprint, opened_by=None).values("ticket")
    return list(
        Ticket.objects.alive().filter(pk__in=inside).select_related("story", "assignee").order_by("rank", "number")
    )


def left(sprint: Sprint) -> list[Ticket]:
    """The tickets of an active sprint that are neither done nor skipped, by rank: each goes somewhere at its close."""
    inside = Assignment.objects.filter(sprint=sprint, opened_by__isnull=False, ended_by=None).values("ticket")
    rows = Ticket.objects.alive().filter(pk__in=inside).exclude(status__in=[Ticket.Status.DONE, Ticket.Status.SKIPPED])
    return list(rows.select_related("assignee").order_by("rank", "number"))


def why_not_start(sprint: Sprint, tickets: Sequence[Ticket]) -> list[Refusal]:
    """Every reason why a sprint cannot start with these tickets, as far as they say."""
    touched = ledger.read(sprint.project, [ticket.number for ticket in tickets])
    return start_refusals(decide.facts_of(sprint), decide.ticket_facts(touched).values())
