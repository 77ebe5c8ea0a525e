"""Where metrics come from, and what is bound to tickets by hand."""

from typing import Any
from uuid import UUID

from django.db.models import OuterRef, Subquery
from rest_framework.request import Request
from rest_framework.response import Response

from agileml.api import columns, paging
from agileml.api.notes import OnTicket
from agileml.api.views import ProjectView, tagged
from agileml.ingest import actions, shapes
from agileml.ingest.checks import check_source
from agileml.ingest.models import Binding, Poll, Source
from agileml.lib import fields
from agileml.projects.doors import Hidden
from agileml.projects.rules import Need
from agileml.tasks.ingest import look_at


def _config(value: Any) -> Any:
    """An object; its connector's schema says what may be in it."""
    return value if isinstance(value, dict) else fields.record({}, defaults={})(value)


NEW: dict[str, fields.Check] = {"kind": fields.text(40, least=1), "name": fields.text(120, least=1), "config": _config}
EDIT: dict[str, fields.Check] = {
    "name": fields.text(120, least=1),
    "config": _config,
    "state": fields.one_of("active", "paused"),
}


class OfSource(ProjectView):
    """Something that hangs on a source."""

    def source(self, uid: UUID) -> Source:
        """The source. Raises Hidden when there is none."""
        row = Source.objects.filter(project=self.project, uid=uid).exclude(state=Source.State.REMOVED).first()
        if row is None:
            raise Hidden(uid)
        return row


class Sources(ProjectView):
    """The sources of a project."""

    takes = {"get": paging.PAGE}

    def get(self, request: Request, key: str) -> Response:
        """List them, secrets left out."""
        rows = Source.objects.filter(project=self.project).exclude(state=Source.State.REMOVED)
        return self.vouched(paging.page(request, rows, _sources, columns.SOURCE, by="pk"))

    def post(self, request: Request, key: str) -> Response:
        """Set one up, to be looked at now."""
        values = fields.clean(self.sent(), fields=NEW, required=("kind", "name", "config"))
        row = actions.make_source(**values, **self.doing())
        look_at([row.pk])
        return tagged(_sources([row])[0], status=201, location=f"{request.path}{row.uid}/")


class OneSource(OfSource):
    """A source."""

    def get(self, request: Request, key: str, source: UUID) -> Response:
        """Read it, secrets left out."""
        return self.vouched(tagged(_sources([self.source(source)])[0]))

    def patch(self, request: Request, key: str, source: UUID) -> Response:
        """Set it up anew, pause or resume it; a secret that is left out stays as it is."""
        values = fields.clean(self.sent(), fields=EDIT)
        row = self.source(source)
        if "config" in values or "name" in values:
            config = values.get("config", row.config)
            row = actions.edit_source(source=source, config=config, name=values.get("name"), **self.doing())
        if "state" in values and values["state"] != row.state:
            row = (actions.resume if values["state"] == "active" else actions.pause)(source=source, **self.doing())
        return tagged(_sources([row])[0])

    def delete(self, request: Request, key: str, source: UUID) -> Response:
        """Take it away; what it brought stays."""
        actions.remove(source=source, **self.doing())
        return Response(status=204)


class CheckSource(OfSource):
    """Whether a source can be read as it is set up."""

    done_once = False

    def post(self, request: Request, key: str, source: UUID) -> Response:
        """Try it, and say what to do if it cannot."""
        self.access.require(Need.LEAD)
        fields.clean(self.sent(), fields={})
        advice = check_source(self.source(source))
        return Response({"good": advice.good, "message": advice.message})


class RefreshSources(ProjectView):
    """A look at all sources now."""

    def post(self, request: Request, key: str) -> Response:
        """Have them looked at, for somebody who cannot wait for the next look."""
        fields.clean(self.sent(), fields={})
        due = actions.refresh(project=self.project, actor=self.person, now=self.now)
        look_at(due)
        return Response({"sources": len(due)}, status=202)


class Polls(OfSource):
    """The looks at a source, those of what is bound included."""

    takes = {"get": paging.PAGE}

    def get(self, request: Request, key: str, source: UUID) -> Response:
        """List them, the oldest first."""
        rows = Poll.objects.filter(source=self.source(source))
        return self.vouched(paging.page(request, rows, _polls, columns.POLL, by="pk"))


class Bindings(OnTicket):
    """What is bound to a ticket by hand."""

    def get(self, request: Request, key: str, number: int) -> Response:
        """List it."""
        rows = Binding.objects.filter(ticket=self.ticket(number)).exclude(state=Binding.State.REMOVED)
        rows = rows.select_related("ticket", "source")
        return self.vouched(paging.page(request, rows, _bindings, columns.BINDING, by="pk"))

    def post(self, request: Request, key: str, number: int) -> Response:
        """Bind a run, a filter, a file or an expression."""
        row = actions.bind(ticket=number, sent=self.sent(), **self.doing())
        look_at([row.source_id])
        return Response(shapes.binding(row), status=201)


class OneBinding(ProjectView):
    """A binding."""

    def delete(self, request: Request, key: str, binding: UUID) -> Response:
        """Look at it no more; what it brought stays."""
        actions.unbind(binding=binding, **self.doing())
        return Response(status=204)


def _sources(rows: list[Source]) -> list[dict[str, Any]]:
    last = Poll.objects.filter(source=OuterRef("source")).order_by("-at", "-pk").values("pk")[:1]
    newest = {look.source_id: look for look in Poll.objects.filter(source__in=rows, pk=Subquery(last))}
    return [shapes.source(row, newest.get(row.pk)) for row in rows]


def _polls(rows: list[Poll]) -> list[dict[str, Any]]:
    return [shapes.poll(row) for row in rows]


def _bindings(rows: list[Binding]) -> list[dict[str, Any]]:
    return [shapes.binding(row) for row in rows]
