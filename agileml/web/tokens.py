"""A person's own tokens: what her scripts act with in her name. The secret is in the answer that made it, and gone."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from agileml.lib.times import rfc3339
from agileml.projects.actions import end_token, make_token
from agileml.projects.checks import Unfit
from agileml.projects.models import Project, Token
from agileml.web.project import person

SCOPES = (
    ("read", "Read", "sees all that the role shows"),
    ("write", "Read and write", "does all that the role allows, settings and people included"),
    ("metrics", "Push metrics", "sends measurements and sees nothing"),
)
LIVES = (("7", "A week"), ("30", "30 days"), ("90", "90 days"), ("365", "A year"), ("", "Until it is revoked"))
USUAL_LIFE = "90"
ENDED_SHOWN = 20


@login_required
@never_cache
@require_http_methods(["GET", "POST"])
def show(request: HttpRequest) -> HttpResponse:
    """The tokens, and making one: the answer to that is the page itself, the only one that shows the secret."""
    if request.method == "GET":
        return _page(request, {"life": USUAL_LIFE, "scope": "read"}, {})
    now = timezone.now()
    sent = sent_of(request.POST, now) | {"project": request.POST.get("project") or None}
    try:
        row, secret = make_token(holder=person(request), sent=sent, now=now)
    except Unfit as unfit:
        return _page(request, request.POST, {error.name: error.message for error in unfit.errors})
    return _page(request, {"life": USUAL_LIFE, "scope": "read"}, {}, made=row, secret=secret)


@login_required
@require_POST
def revoke(request: HttpRequest, uid: UUID) -> HttpResponse:
    """End a token of one's own."""
    row = end_token(holder=person(request), uid=uid, now=timezone.now())
    messages.success(request, f"{row.name} is revoked.")
    return redirect("tokens")


def sent_of(post: QueryDict, now: datetime) -> dict[str, Any]:
    """What a form says about a token, as the actions take it; what is no number of days is refused by its name."""
    life = post.get("life", "")
    good = life in dict(LIVES)
    ends: Any = rfc3339(now + timedelta(days=int(life))) if life and good else None if good else life
    return {"name": post.get("name", ""), "scope": post.get("scope", ""), "expires_at": ends}


def _page(request: HttpRequest, draft: Any, wrong: dict[str, str], **made: Any) -> HttpResponse:
    user, now = person(request), timezone.now()
    rows = Token.objects.filter(user=user).select_related("project").order_by("-pk")
    working = list(rows.filter(pk__in=Token.objects.working(now)))
    ended = list(rows.exclude(pk__in=Token.objects.working(now))[:ENDED_SHOWN])
    context = {
        "working": working, "ended": ended, "draft": draft, "wrong": wrong, "scopes": SCOPES, "lives": LIVES,
        "projects": Project.objects.visible_to(user).order_by("key"), "address": request.build_absolute_uri("/api/v1/"),
    }  # fmt: skip
    return render(request, "tokens/page.html", context | made, status=422 if wrong else 200)
