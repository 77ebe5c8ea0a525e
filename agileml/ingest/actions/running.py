"""Which tickets wait on a run, by what their sources say."""

from collections.abc import Sequence

from agileml.ingest.models import Binding, Source
from agileml.planning.actions.waiting import set_waiting
from agileml.projects.doors import ProjectWriting
from agileml.work.models import Ticket


def tell_tickets(w: ProjectWriting, tickets: Sequence[int]) -> None:
    """Let these tickets (by key) wait on a run, or no longer, after a run of theirs has begun or ended."""
    if not tickets:
        return
    key = w.project.key
    numbers = dict(Ticket.objects.filter(pk__in=tickets).values_list("pk", "number"))
    bound = set(
        Binding.objects.filter(ticket__in=tickets, state=Binding.State.ACTIVE, running=True).values_list(
            "ticket", flat=True
        )
    )
    alive = Source.objects.filter(project=w.project).exclude(state=Source.State.REMOVED)
    tagged = {name for names in alive.values_list("running", flat=True) for name in names}
    waits = {pk for pk, number in numbers.items() if pk in bound or f"{key}-{number}" in tagged}
    set_waiting(w, waits, waiting=True)
    set_waiting(w, numbers.keys() - waits, waiting=False)
