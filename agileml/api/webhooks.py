"""Webhooks: who is told of a project's changes, and every attempt to tell them. For leads alone."""

from typing import Any
from uuid import UUID

from rest_framework.request import Request
from rest_framework.response import Response

from agileml.api import columns, paging
from agileml.api.views import ProjectView
from agileml.journal import shapes
from agileml.journal.actions import sending
from agileml.journal.models import Delivery, Endpoint
from agileml.journal.queries import endpoints_of
from agileml.lib import fields
from agileml.projects.actions import webhooks
from agileml.projects.doors import Hidden
from agileml.projects.rules import Need
from agileml.tasks.webhooks import tell


class OfWebhooks(ProjectView):
    """An address that leads alone may ask: where a project's changes go is as secret as what is in them."""

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """Pass the project's door, as a lead. Raises Forbidden."""
        super().initial(request, *args, **kwargs)
        self.access.require(Need.LEAD)

    def row(self, uid: UUID) -> Endpoint:
        """One of them. Raises Hidden."""
        row = endpoints_of(self.project.stream_id).filter(uid=uid).first()
        if row is None:
            raise Hidden(uid)
        return row

    def shown(self, row: Endpoint) -> dict[str, Any]:
        """One of them as clients see it."""
        return shapes.endpoint(row, head=self.project.stream.revision)


class Webhooks(OfWebhooks):
    """The webhooks of a project."""

    takes = {"get": paging.PAGE}

    def get(self, request: Request, key: str) -> Response:
        """List them, secrets left out."""
        found = endpoints_of(self.project.stream_id)
        answer = paging.page(request, found, lambda rows: [self.shown(row) for row in rows], columns.WEBHOOK, by="pk")
        return self.vouched(answer)

    def post(self, request: Request, key: str) -> Response:
        """Make one. The answer is the only one that holds its secret."""
        row, secret = webhooks.make_webhook(sent=self.sent(), **self.doing())
        return Response(
            {**self.shown(row), "secret": secret}, status=201, headers={"Location": f"{request.path}{row.uid}/"}
        )


class OneWebhook(OfWebhooks):
    """A webhook."""

    def get(self, request: Request, key: str, webhook: UUID) -> Response:
        """Read it, its secret left out."""
        return self.vouched(Response(self.shown(self.row(webhook))))

    def patch(self, request: Request, key: str, webhook: UUID) -> Response:
        """Change it, pause or resume it, or let it go on after another revision."""
        row = webhooks.edit_webhook(webhook=webhook, sent=self.sent(), **self.doing())
        if row.state == Endpoint.State.ACTIVE:
            tell([row.pk])
        return Response(self.shown(row))

    def delete(self, request: Request, key: str, webhook: UUID) -> Response:
        """Take it away."""
        webhooks.remove_webhook(webhook=webhook, **self.doing())
        return Response(status=204)


class RotateSecret(OfWebhooks):
    """The secret of a webhook."""

    def post(self, request: Request, key: str, webhook: UUID) -> Response:
        """Give it a new one. The answer is the only one that holds it."""
        values = fields.clean(self.sent(), fields={"keep_old": fields.yes_or_no})
        row, secret = webhooks.rotate_secret(webhook=webhook, keep_old=values.get("keep_old", True), **self.doing())
        return Response({**self.shown(row), "secret": secret})


class PingWebhook(OfWebhooks):
    """A test of a webhook."""

    done_once = False

    def post(self, request: Request, key: str, webhook: UUID) -> Response:
        """Send it an event that is in no journal, and wait for what it says."""
        fields.clean(self.sent(), fields={})
        return Response(shapes.delivery(sending.ping(endpoint=self.row(webhook), now=self.now)), status=201)


class Deliveries(OfWebhooks):
    """Every attempt to tell a webhook of something."""

    takes = {"get": (*paging.PAGE, "event")}

    def get(self, request: Request, key: str, webhook: UUID) -> Response:
        """List them, the oldest first."""
        rows = Delivery.objects.filter(endpoint=self.row(webhook))
        event = paging.text(request, "event")
        if event is not None:
            rows = rows.filter(event=event)
        return self.vouched(
            paging.page(request, rows, lambda found: [shapes.delivery(row) for row in found], columns.DELIVERY, by="pk")
        )


class Redeliver(OfWebhooks):
    """One attempt."""

    done_once = False

    def post(self, request: Request, key: str, webhook: UUID, delivery: UUID) -> Response:
        """Send the same event once more, under the same id, and wait for what comes of it."""
        fields.clean(self.sent(), fields={})
        row = Delivery.objects.select_related("endpoint").filter(endpoint=self.row(webhook), uid=delivery).first()
        if row is None:
            raise Hidden(delivery)
        return Response(shapes.delivery(sending.redeliver(delivery=row, now=self.now)), status=201)
