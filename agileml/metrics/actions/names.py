"""Metrics come into being by being named."""

from collections.abc import Set as AbstractSet
from typing import Any

from django.db.models import Exists, OuterRef

from agileml.metrics import shapes
from agileml.metrics.models import Criterion, Metric
from agileml.projects.doors import ProjectWriting


def metrics_by_key(w: ProjectWriting, keys: AbstractSet[str]) -> dict[str, Metric]:
    """The project's metrics of these keys, inside an open write; a name that is new is stored, unwatched.

    Each brings along whether any criterion `is_judged_by` it.
    """
    judged = Criterion.objects.alive().filter(metric=OuterRef("pk"))
    known: Any = Metric.objects.filter(project=w.project, key__in=keys)  # the type checker knows no annotated columns
    found: dict[str, Metric] = {row.key: row for row in known.annotate(is_judged_by=Exists(judged))}
    made = []
    for key in sorted(keys - found.keys()):
        row = Metric(project=w.project, key=key, created_at=w.now, revision=w.revision)
        row.is_judged_by = False
        w.journal.record("metric", "created", row, resource=shapes.metric(row))
        made.append(row)
    if made:
        Metric.objects.bulk_create(made)
        found.update((row.key, row) for row in made)
    return found
