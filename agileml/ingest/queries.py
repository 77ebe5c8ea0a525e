"""Reading sources."""

from datetime import datetime

from django.db.models import Q

from agileml.ingest.models import Source

AT_ONCE = 500


def due_sources(*, now: datetime) -> list[int]:
    """The keys of active sources that are due and that no worker is looking at, longest due first."""
    free = Q(leased_until=None) | Q(leased_until__lte=now)
    rows = Source.objects.filter(free, state=Source.State.ACTIVE, due_at__lte=now)
    return list(rows.order_by("due_at", "pk").values_list("pk", flat=True)[:AT_ONCE])
