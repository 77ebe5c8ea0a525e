"""Saying to which candidate, pair or split a run belongs, where the run itself said otherwise."""

from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode
from django.views.decorators.http import require_http_methods

from agileml.ingest.models import Source
from agileml.journal.rules.edits import Stale
from agileml.lib.fields import Invalid
from agileml.lib.figures import measured
from agileml.lib.numbers import whole
from agileml.metrics.actions.corrections import correct
from agileml.metrics.queries.corrections import Run, run_of
from agileml.planning.queries.ticket import Where, where_is
from agileml.projects.doors import Access, Hidden
from agileml.projects.rules import Need
from agileml.web.project import enter, frame

MEANWHILE = "Somebody corrected this run meanwhile: see below. What you wrote is kept; correct again if it still holds."


@login_required
@require_http_methods(["GET", "POST"])
def show(request: HttpRequest, key: str, number: int, uid: UUID) -> HttpResponse:
    """The run with what was said of it; a POST corrects it, or takes the correction back."""
    access = enter(request, key, need=Need.WORK if request.method == "POST" else Need.READ)
    where = where_is(access.project, number)
    run = run_of(where.ticket, uid)
    if request.method == "GET":
        return _page(request, access, where, run, _texts(run))
    do = request.POST.get("do", "")
    if do not in {"correct", "back"}:
        raise Hidden(do)
    draft = _texts(run) | {name: request.POST[name] for name in ("reason", *_parts(run)) if name in request.POST}
    sent = run.identity | {"reason": request.POST.get("reason", "")} | (_said(run, draft) if do == "correct" else {})
    try:
        correct(
            project=access.project, ticket=number, sent=sent, expected=whole(request.POST.get("was")) or 0,
            actor=access.user, now=timezone.now(),
        )  # fmt: skip
    except Invalid as invalid:
        return _page(request, access, where, run, draft, [error.message for error in invalid.errors], status=422)
    except Stale:
        return _page(request, access, where, run_of(where.ticket, uid), draft, [MEANWHILE], status=409)
    said = "The run is corrected" if do == "correct" else "The run is read as it was received"
    messages.success(request, f"{said}; what is judged by it was judged anew.")
    back = reverse("ticket", args=[key, number])
    return HttpResponseRedirect(f"{back}?{urlencode({'metric': run.row.metric.key})}#runs")


def _parts(run: Run) -> dict[str, tuple[str, str]]:
    """By field of the form: what was received, and what is read now."""
    row = run.row
    return {
        "candidate": (row.candidate.name, row.as_name),
        "pair_key": (row.pair_key, row.as_pair),
        "split": (row.split, row.as_split),
    }


def _texts(run: Run) -> dict[str, str]:
    return {name: now for name, (_, now) in _parts(run).items()} | {"reason": ""}


def _said(run: Run, draft: dict[str, str]) -> dict[str, str | None]:
    """What the form says of each part; None for what it leaves as it was received."""
    found: dict[str, str | None] = {}
    for name, (received, now) in _parts(run).items():
        text = _line(draft[name])
        found[name] = None if text == _line(received) else now if text == _line(now) else draft[name]
    return found


def _line(text: str) -> str:
    """A text as a browser's field of one line gives it back."""
    return text.replace("\r", "").replace("\n", "").strip()


def _page(
    request: HttpRequest, access: Access, where: Where, run: Run, draft: dict[str, str],
    errors: list[str] | None = None, *, status: int = 200,
) -> HttpResponse:  # fmt: skip
    row = run.row
    source = row.source
    if source != "push":
        named = Source.objects.filter(project=access.project, uid=source).values_list("name", flat=True)
        source = next(iter(named), "a source that is gone")
    context = frame(
        access, "", where=where, run=run, row=row, draft=draft, errors=errors,
        works=Need.WORK in access.can, source="pushed" if source == "push" else source,
        url=row.run_url if row.run_url.startswith(("https://", "http://")) else "",
        values=[(one.metric.key, measured(one.value, one.metric.unit, state=one.value_state)) for one in run.values],
    )  # fmt: skip
    return render(request, "correct/page.html", context, status=status)
