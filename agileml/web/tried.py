"""Have we tried this? What came of ideas before, so that nobody has to find it out twice."""

from typing import Any

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from agileml.lib.htmx import varies, wants_fragment
from agileml.planning.queries.tried import MOST, Tried, tried, words_of
from agileml.planning.queries.wording import short
from agileml.web.project import enter, frame
from agileml.web.telling import Teller

HINTS = 3
LEAST = 4  # letters, before a title that is being typed says enough to look for


@login_required
@require_safe
def show(request: HttpRequest, key: str) -> HttpResponse:
    """The page, by the words in `q`; for a form in which a title is being typed the nearest few of `title`."""
    access = enter(request, key)
    teller = Teller(access.project)
    if wants_fragment(request) and "title" in request.GET:
        words = [word for word in words_of(request.GET["title"]) if len(word) >= LEAST]
        found = tried(access.project, words, most=HINTS) if words else []
        context = frame(access, "", found=[_line(teller, one) for one in found])
        return varies(render(request, "tried/_hint.html", context))
    said = request.GET.get("q", "").replace("\0", "")[:200]
    found = tried(access.project, words_of(said))
    lines = [_line(teller, one) for one in found]
    context = frame(access, "tried", q=said, found=lines, most=MOST if len(lines) == MOST else None)
    return varies(render(request, "tried/page.html", context))


def _line(teller: Teller, one: Tried) -> dict[str, Any]:
    ticket, skip = one.ticket, one.skipped
    return {
        "key": f"{teller.project.key}-{ticket.number}",
        "url": teller.ticket_url(ticket.number),
        "type": ticket.type,
        "title": ticket.title,
        "state": ticket.get_outcome_display() or ticket.get_status_display(),
        "when": teller.when(one.at),
        "reason": skip.decision.reason if skip else "",
        "revisit_if": (skip.after or {}).get("revisit_if", "") if skip else "",
        "hand": teller.hand_over(one.deferred) if one.deferred else None,
        "findings": [{"kind": row.get_kind_display(), "text": short(row.text, 240)} for row in one.findings],
        "lights": one.lights,
    }
