"""Metrics, and the snapshots of them on a ticket."""

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from rest_framework.parsers import BaseParser
from rest_framework.request import Request
from rest_framework.response import Response

from agileml.api import columns, paging
from agileml.api.notes import OnTicket
from agileml.api.views import OnlyJson, ProjectView
from agileml.ingest.actions.pushes import Received, receive_push
from agileml.ingest.rules.bodies import MOST_PUSHED_BYTES
from agileml.metrics import shapes
from agileml.metrics.actions.corrections import correct
from agileml.metrics.actions.settings import edit_metric, remove_baseline, set_baseline_as_sent
from agileml.metrics.models import Baseline, Judgement, Metric, Snapshot, SnapshotCorrection


class Metrics(ProjectView):
    """The metrics of a project."""

    follows_history = True
    takes = {"get": paging.PAGE}

    def get(self, request: Request, key: str) -> Response:
        """List them."""
        rows = Metric.objects.filter(project=self.project)
        return self.vouched(paging.page(request, rows, _metrics, columns.METRIC, by="pk"))


class OneMetric(ProjectView):
    """A metric of a project."""

    def patch(self, request: Request, key: str, uid: UUID) -> Response:
        """Say which way is better (or none: not watched), its unit, and the smallest difference that matters."""
        return Response(shapes.metric(edit_metric(metric=str(uid), sent=self.sent(), **self.doing())))


class Baselines(ProjectView):
    """What metrics are worth without the work."""

    follows_history = True
    takes = {"get": paging.PAGE}

    def get(self, request: Request, key: str) -> Response:
        """List it."""
        rows = Baseline.objects.filter(project=self.project).select_related("metric", "candidate__ticket")
        return self.vouched(paging.page(request, rows, _baselines, columns.BASELINE, by="pk"))

    def post(self, request: Request, key: str) -> Response:
        """Set one, in place of the one for the same metric, dataset and split; what is judged by it is judged anew."""
        row = set_baseline_as_sent(sent=self.sent(), **self.doing())
        return Response(shapes.baseline(row), status=201)


class OneBaseline(ProjectView):
    """A baseline."""

    def delete(self, request: Request, key: str, uid: UUID) -> Response:
        """Take it away; what was judged against it is judged anew."""
        remove_baseline(baseline=uid, **self.doing())
        return Response(status=204)


class OrAsCurlSays(OnlyJson):
    """`curl --data @metrics.json` calls what it sends a form; what arrives is the file."""

    def select_parser(self, request: Request, parsers: Iterable[BaseParser]) -> BaseParser | None:
        """The JSON parser for JSON and for what claims to be a form."""
        if (request.content_type or "").startswith("application/x-www-form-urlencoded"):
            return next(iter(parsers))
        return super().select_parser(request, parsers)


class Snapshots(OnTicket):
    """What was measured on a ticket, superseded values included."""

    follows_history = True
    content_negotiation_class = OrAsCurlSays
    takes = {"get": (*paging.PAGE, "metric")}
    takes_metrics = True
    largest = MOST_PUSHED_BYTES

    def get(self, request: Request, key: str, number: int) -> Response:
        """List it, of one metric if it is named."""
        rows = Snapshot.objects.filter(ticket=self.ticket(number)).select_related(
            "metric", "candidate", "supersedes", "ticket"
        )
        metric = paging.text(request, "metric")
        if metric is not None:
            rows = rows.filter(metric__key=metric)
        return self.vouched(paging.page(request, rows, _snapshots, columns.SNAPSHOT, by="pk"))

    def post(self, request: Request, key: str, number: int) -> Response:
        """Push: attach what was measured. Safe to send again; one refused value refuses no other."""
        received = receive_push(ticket=number, body=request.data, **self.doing())
        return Response(_received_shape(received))


class Corrections(OnTicket):
    """What people say of a ticket's runs in place of what the runs said themselves."""

    follows_history = True

    def get(self, request: Request, key: str, number: int) -> Response:
        """List it."""
        rows = SnapshotCorrection.objects.filter(ticket=self.ticket(number))
        rows = rows.select_related("candidate", "actor", "ticket")
        return self.vouched(paging.page(request, rows, _corrections, columns.CORRECTION, by="pk"))

    def post(self, request: Request, key: str, number: int) -> Response:
        """Say to which candidate, pair or split a run belongs; what was said of this run before is replaced."""
        row = correct(ticket=number, sent=self.sent(), **self.doing())
        return Response(shapes.correction(row, ticket=number), status=201)


class Judgements(OnTicket):
    """How a ticket's criteria were judged, those that have gone included."""

    follows_history = True
    takes = {"get": (*paging.PAGE, "criterion")}

    def get(self, request: Request, key: str, number: int) -> Response:
        """List it, of one criterion if it is named."""
        rows = Judgement.objects.filter(criterion__ticket=self.ticket(number))
        criterion = paging.uid(request, "criterion")
        if criterion is not None:
            rows = rows.filter(criterion__uid=criterion)
        rows = rows.select_related("criterion__ticket", "candidate")
        return self.vouched(paging.page(request, rows, _judgements, columns.JUDGEMENT, by="pk"))


def _metrics(rows: list[Metric]) -> list[dict[str, Any]]:
    return [shapes.metric(row) for row in rows]


def _baselines(rows: list[Baseline]) -> list[dict[str, Any]]:
    return [shapes.baseline(row) for row in rows]


def _corrections(rows: list[SnapshotCorrection]) -> list[dict[str, Any]]:
    return [shapes.correction(row, ticket=row.ticket.number) for row in rows]


def _judgements(rows: list[Judgement]) -> list[dict[str, Any]]:
    return [shapes.judgement(row, ticket=row.criterion.ticket.number) for row in rows]


def _snapshots(rows: list[Snapshot]) -> list[dict[str, Any]]:
    return [shapes.snapshot(row, ticket=row.ticket.number) for row in rows]


def _received_shape(received: Received) -> dict[str, Any]:
    return {
        "external_id": received.external_id,
        **{result: received.count(result) for result in ("created", "unchanged", "superseded", "refused")},
        "points": [
            {
                "metric": answer.metric,
                "step": answer.step,
                "pair_key": answer.pair_key,
                "result": answer.result,
                "why": answer.why,
                "snapshot": str(answer.snapshot.uid) if answer.snapshot else None,
            }
            for answer in received.answers
        ],
        "warnings": list(received.warnings),
    }
