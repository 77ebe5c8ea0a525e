"""Reading sources."""

from datetime import datetime

from django.db.models import Exists, OuterRef, Q

from agileml.ingest.models import Binding, Source

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
