"""Reading sources."""

from dataclasses import dataclass
from datetime import datetime

from django.db.models import Exists, OuterRef, Q

from agileml.ingest.connectors.registry import connector_for
from agileml.ingest.models import Binding, Poll, Source
from agileml.work.models import Ticket

AT_ONCE = 500


def due_sources(*, now: datetime) -> list[int]:
    """The keys of active sources that have something due and that no worker is looking at, longest due first.

    A source that failed is left alone with all that is bound of it until its pause is over. One query, which looks at
    one row of what is bound for each source, however much of it is due.
    """
    free = Q(leased_until=None) | Q(leased_until__lte=now)
    bound = Binding.objects.filter(source=OuterRef("pk"), state=Binding.State.ACTIVE, due_at__lte=now)
    due = Q(due_at__lte=now) | Q(Exists(bound), failures=0)
    rows = Source.objects.filter(free, due, state=Source.State.ACTIVE)
    return list(rows.order_by("due_at", "pk").values_list("pk", flat=True)[:AT_ONCE])


@dataclass(frozen=True)
class Bound:
    """A binding with where a person can look at what it names, and its last look."""

    row: Binding
    url: str
    last: Poll | None


def bindings_of(ticket: Ticket) -> list[Bound]:
    """What is bound to a ticket, the newest first; two queries."""
    rows = list(
        Binding.objects.filter(ticket=ticket)
        .exclude(state=Binding.State.REMOVED)
        .select_related("source", "ticket")
        .order_by("-pk")
    )
    last: dict[int | None, Poll] = {}
    for look in Poll.objects.filter(binding__in=rows).order_by("at", "pk"):
        last[look.binding_id] = look
    found = []
    for row in rows:
        connector = connector_for(row.source.kind)
        found.append(Bound(row, connector.url(row.source.config, row.ref) if connector else "", last.get(row.pk)))
    return found
