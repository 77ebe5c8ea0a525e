"""Who is told of a project's changes: its webhooks, how each does, and every attempt to tell one."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from agileml.journal.actions import sending
from agileml.journal.models import Delivery, Endpoint
from agileml.journal.queries import endpoints_of, stuck_at
from agileml.journal.rules import webhooks as rules
from agileml.projects.actions.webhooks import edit_webhook, make_webhook, remove_webhook, rotate_secret
from agileml.projects.doors import Access, Hidden
from agileml.projects.rules import Need
from agileml.projects.settings import BadSettings
from agileml.tasks.webhooks import tell
from agileml.web.project import enter, frame

ATTEMPTS = 50
NOTHING: dict[str, Any] = {"url": "", "description": "", "kinds": []}


@login_required
@require_GET
def show(request: HttpRequest, key: str) -> HttpResponse:
    """Every webhook and how it does, and a form for one more."""
    return _list(request, enter(request, key, need=Need.LEAD), NOTHING, {})


@login_required
@never_cache
@require_POST
def add(request: HttpRequest, key: str) -> HttpResponse:
    """Make one; the answer shows its secret, this once."""
    access = enter(request, key, need=Need.LEAD)
    sent = _sent(request.POST)
    try:
        row, secret = make_webhook(project=access.project, sent=sent, actor=access.user, now=timezone.now())
    except BadSettings as bad:
        return _list(request, access, sent, {error.name: error.message for error in bad.errors})
    return _secret(request, access, row, secret, made=True)


@login_required
@require_http_methods(["GET", "POST"])
def endpoint(request: HttpRequest, key: str, uid: UUID) -> HttpResponse:
    """One webhook with its attempts, newest first; and its settings."""
    access = enter(request, key, need=Need.LEAD)
    row = _row(access, uid)
    if request.method == "GET":
        return _one(request, access, row, {name: getattr(row, name) for name in NOTHING}, {})
    sent = _sent(request.POST)
    try:
        edit_webhook(project=access.project, webhook=uid, sent=sent, actor=access.user, now=timezone.now())
    except BadSettings as bad:
        return _one(request, access, row, sent, {error.name: error.message for error in bad.errors})
    tell([row.pk])
    messages.success(request, "The webhook is saved.")
    return redirect("webhooks_endpoint", key, uid)


@login_required
@never_cache
@require_POST
def act(request: HttpRequest, key: str, uid: UUID) -> HttpResponse:
    """Ping a webhook, pause or resume it, leave out the event at which it is stuck, give it a new secret, remove it."""
    access = enter(request, key, need=Need.LEAD)
    row = _row(access, uid)
    now = timezone.now()
    who: dict[str, Any] = {"project": access.project, "webhook": uid, "actor": access.user, "now": now}
    match request.POST.get("do", ""):
        case "ping":
            _told(request, sending.ping(endpoint=row, now=now))
        case "pause":
            edit_webhook(sent={"state": "paused"}, **who)
        case "resume":
            edit_webhook(sent={"state": "active"}, **who)
            tell([row.pk])
        case "skip":
            revision = request.POST.get("revision", "")
            if revision != str(stuck_at(row)):
                messages.info(request, "It is not stuck there any more.")
            else:
                edit_webhook(sent={"cursor": int(revision)}, **who)
                tell([row.pk])
                messages.success(request, "That event is left out.")
        case "rotate":
            row, secret = rotate_secret(keep_old=request.POST.get("old") != "drop", **who)
            return _secret(request, access, row, secret, made=False)
        case "remove":
            remove_webhook(**who)
            messages.success(request, "The webhook is removed.")
            return redirect("webhooks", key)
        case do:
            raise Hidden(do)
    return redirect("webhooks_endpoint", key, uid)


@login_required
@require_POST
def redeliver(request: HttpRequest, key: str, uid: UUID, delivery: UUID) -> HttpResponse:
    """Send what an attempt was about once more."""
    access = enter(request, key, need=Need.LEAD)
    row = Delivery.objects.select_related("endpoint").filter(endpoint=_row(access, uid), uid=delivery).first()
    if row is None:
        raise Hidden(delivery)
    _told(request, sending.redeliver(delivery=row, now=timezone.now()))
    return redirect("webhooks_endpoint", key, uid)


def _row(access: Access, uid: UUID) -> Endpoint:
    row = endpoints_of(access.project.stream_id).filter(uid=uid).first()
    if row is None:
        raise Hidden(uid)
    return row


def _sent(post: QueryDict) -> dict[str, Any]:
    return {
        "url": post.get("url", ""),
        "description": post.get("description", ""),
        "kinds": post.getlist("kinds"),
    }


def _told(request: HttpRequest, row: Delivery) -> None:
    what = "The ping" if row.type == rules.PING else "The event"
    if row.error:
        messages.error(request, f"{what} did not arrive. {row.error}")
    else:
        messages.success(request, f"{what} arrived: {row.status} after {row.took_ms} ms.")


def _shown(access: Access, row: Endpoint) -> dict[str, Any]:
    return {"row": row, "behind": max(access.project.stream.revision - row.cursor, 0)}


def _list(request: HttpRequest, access: Access, draft: dict[str, Any], wrong: dict[str, str]) -> HttpResponse:
    rows = [_shown(access, row) for row in endpoints_of(access.project.stream_id).order_by("pk")]
    context = frame(access, "webhooks", webhooks=rows, draft=draft, wrong=wrong, kinds=rules.KINDS)
    return render(request, "webhooks/page.html", context, status=422 if wrong else 200)


def _one(
    request: HttpRequest, access: Access, row: Endpoint, draft: dict[str, Any], wrong: dict[str, str]
) -> HttpResponse:
    rows = Delivery.objects.filter(endpoint=row)
    failed = request.GET.get("failed") == "yes"
    if failed:
        rows = rows.exclude(error="")
    before = request.GET.get("before", "")
    if before.isascii() and before.isdecimal() and len(before) < 19:
        rows = rows.filter(pk__lt=int(before))
    found = list(rows.order_by("-pk")[: ATTEMPTS + 1])
    context = frame(
        access, "webhooks", attempts=found[:ATTEMPTS], older=found[ATTEMPTS - 1].pk if len(found) > ATTEMPTS else None,
        failed=failed, first=not before, draft=draft, wrong=wrong, kinds=rules.KINDS, stuck=stuck_at(row),
        **_shown(access, row),
    )  # fmt: skip
    return render(request, "webhooks/endpoint.html", context, status=422 if wrong else 200)


def _secret(request: HttpRequest, access: Access, row: Endpoint, secret: str, *, made: bool) -> HttpResponse:
    context = frame(access, "webhooks", row=row, secret=secret, made=made, drops=request.POST.get("old") == "drop")
    return render(request, "webhooks/secret.html", context)
