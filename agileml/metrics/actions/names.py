"""Metrics come into being by being named."""

from collections.abc import Set as AbstractSet

from agileml.metrics import shapes
from agileml.metrics.models import Metric
from agileml.projects.doors import ProjectWriting


def metrics_by_key(w: ProjectWriting, keys: AbstractSet[str]) -> dict[str, Metric]:
    """The project's metrics of these keys, inside an open write; a name that is new is stored, unwatched."""
    found = {row.key: row for row in Metric.objects.filter(project=w.project, key__in=keys)}
    made = []
    for key in sorted(keys - found.keys()):
        row = Metric(project=w.project, key=key, created_at=w.now, revision=w.revision)
        w.journal.record("metric", "created", row, resource=shapes.metric(row))
        made.append(row)
    if made:
        Metric.objects.bulk_create(made)
        found.update((row.key, row) for row in made)
    return found
