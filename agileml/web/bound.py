"""What is bound to a ticket by hand, for runs that do not name their ticket."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from agileml.ingest.actions import bind, refresh_ticket, unbind
from agileml.ingest.models import Binding
from agileml.ingest.queries import bindings_of
from agileml.lib.fields import Invalid
from agileml.planning.queries.ticket import where_is
from agileml.projects.doors import Access, Hidden
from agileml.projects.rules import Need
from agileml.tasks.ingest import look_at
from agileml.web.project import enter, frame


@login_required
@require_http_methods(["GET", "POST"])
def show(request: HttpRequest, key: str, number: int) -> HttpResponse:
    """What is bound; a POST binds what was pasted, takes a binding away, or looks at all of them now."""
    access = enter(request, key, need=Need.WORK if request.method == "POST" else Need.READ)
    if request.method == "GET":
        return _page(request, access, number, [])
    do = request.POST.get("do", "")
    who: dict[str, Any] = {"project": access.project, "actor": access.user, "now": timezone.now()}
    where_is(access.project, number)
    try:
        match do:
            case "bind":
                row = bind(ticket=number, sent=_sent(request), **who)
                look_at([row.source_id])
                messages.success(request, "It is bound, and looked at now.")
            case "unbind":
                unbind(binding=_uid(request.POST.get("binding", "")), **who)
            case "refresh":
                look_at(refresh_ticket(ticket=number, **who))
                messages.success(request, "It is being looked at.")
            case _:
                raise Hidden(do)
    except Invalid as invalid:
        return _page(request, access, number, [error.message for error in invalid.errors], status=422)
    return redirect("bound", key, number)


def _sent(request: HttpRequest) -> dict[str, Any]:
    step = request.POST.get("step", "").strip()
    sent: dict[str, Any] = {"text": request.POST.get("text", ""), "reduce": request.POST.get("reduce", "latest")}
    if step:
        sent["step"] = int(step) if step.isascii() and step.isdecimal() and len(step) < 19 else step
    return sent


def _uid(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise Hidden(text) from None


def _page(request: HttpRequest, access: Access, number: int, errors: list[str], *, status: int = 200) -> HttpResponse:
    where = where_is(access.project, number)
    context = frame(
        access, "board", where=where, bindings=bindings_of(where.ticket), reduces=Binding.Reduce.choices,
        works=Need.WORK in access.can, errors=errors, sent=request.POST,
    )  # fmt: skip
    return render(request, "bound/page.html", context, status=status)
