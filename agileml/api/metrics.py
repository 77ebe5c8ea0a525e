"""Metrics, and the snapshots of them on a ticket."""

from typing import Any

from rest_framework.request import Request
from rest_framework.response import Response

from agileml.api import columns, paging
from agileml.api.notes import OnTicket
from agileml.api.views import ProjectView
from agileml.metrics import shapes
from agileml.metrics.models import Metric, Snapshot


class Metrics(ProjectView):
    """The metrics of a project."""

    takes = {"get": paging.PAGE}

    def get(self, request: Request, key: str) -> Response:
        """List them."""
        rows = Metric.objects.filter(project=self.project)
        return self.vouched(paging.page(request, rows, _metrics, columns.METRIC, by="pk"))


class Snapshots(OnTicket):
    """What was measured on a ticket, superseded values included."""

    takes = {"get": (*paging.PAGE, "metric")}

    def get(self, request: Request, key: str, number: int) -> Response:
        """List it, of one metric if it is named."""
        rows = Snapshot.objects.filter(ticket=self.ticket(number)).select_related(
            "metric", "candidate", "supersedes", "ticket"
        )
        metric = paging.text(request, "metric")
        if metric is not None:
            rows = rows.filter(metric__key=metric)
        return self.vouched(paging.page(request, rows, _snapshots, columns.SNAPSHOT, by="pk"))


def _metrics(rows: list[Metric]) -> list[dict[str, Any]]:
    return [shapes.metric(row) for row in rows]


def _snapshots(rows: list[Snapshot]) -> list[dict[str, Any]]:
    return [shapes.snapshot(row, ticket=row.ticket.number) for row in rows]
