"""The people and service accounts of a project: who takes part, in which role, and what its machines act with."""

from collections import defaultdict
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from agileml.accounts.models import User
from agileml.projects.actions import (
    LastLead,
    call_back,
    edit_member,
    invite,
    let_in,
    make_service,
    make_service_token,
    remove_member,
    revoke_service_token,
)
from agileml.projects.checks import Unfit
from agileml.projects.doors import Access, Hidden
from agileml.projects.models import Invitation, Membership, Token
from agileml.projects.rules import Need
from agileml.web.project import enter, frame
from agileml.web.tokens import LIVES, SCOPES, USUAL_LIFE, sent_of

ROLES = (
    ("lead", "Lead", "plans, decides, sets up"),
    ("member", "Member", "does the work, and re-plans where the project says so"),
    ("stakeholder", "Stakeholder", "reads and comments"),
)


@login_required
@never_cache
@require_http_methods(["GET", "POST"])
def show(request: HttpRequest, key: str) -> HttpResponse:
    """Everybody; a POST lets somebody in by her e-mail address."""
    access = enter(request, key, need=Need.READ if request.method == "GET" else Need.LEAD)
    if request.method == "GET":
        return _page(request, access)
    sent = {"email": request.POST.get("email", ""), "role": request.POST.get("role", "")}
    try:
        row = let_in(sent=sent, **_doing(access))
    except Unfit as unfit:
        return _page(request, access, form="let-in", unfit=unfit)
    messages.success(request, f"{row.user.name} takes part now.")
    return redirect("members", key)


@login_required
@never_cache
@require_POST
def invitation(request: HttpRequest, key: str) -> HttpResponse:
    """Make an invitation; the answer is the only page that shows its link."""
    access = enter(request, key, need=Need.LEAD)
    try:
        row, secret = invite(sent={"role": request.POST.get("role", "")}, **_doing(access))
    except Unfit as unfit:
        return _page(request, access, form="invite", unfit=unfit)
    link = request.build_absolute_uri(f"{reverse('join')}?key={secret}")
    return _page(request, access, invited=row, link=link)


@login_required
@require_POST
def uninvite(request: HttpRequest, key: str, uid: UUID) -> HttpResponse:
    """Call an invitation back."""
    access = enter(request, key, need=Need.LEAD)
    call_back(invitation=uid, **_doing(access))
    messages.success(request, "The invitation is called back.")
    return redirect("members", key)


@login_required
@require_POST
def service(request: HttpRequest, key: str) -> HttpResponse:
    """Make a service account."""
    access = enter(request, key, need=Need.LEAD)
    sent = {"name": request.POST.get("name", ""), "role": request.POST.get("role", "")}
    try:
        row = make_service(sent=sent, **_doing(access))
    except Unfit as unfit:
        return _page(request, access, form="service", unfit=unfit)
    messages.success(request, f"{row.user.name} is there. Give it a token.")
    return redirect("members", key)


@login_required
@require_POST
def act(request: HttpRequest, key: str, uid: UUID) -> HttpResponse:
    """Change somebody's role, show her out, or rename or stop a service account."""
    access = enter(request, key, need=Need.LEAD)
    told = {"member": uid, **_doing(access)}
    name = _named(access, uid)
    try:
        match request.POST.get("do", ""):
            case "role":
                edit_member(sent={"role": request.POST.get("role", "")}, **told)
                text = f"{name}’s role is changed."
            case "rename":
                row = edit_member(sent={"name": request.POST.get("name", "")}, **told)
                text = f"{name} is called {row.user.name} now."
            case "stop":
                edit_member(sent={"active": False}, **told)
                text = f"{name} is stopped, and its tokens have ended."
            case "wake":
                edit_member(sent={"active": True}, **told)
                text = f"{name} can act again. It needs a new token."
            case "remove":
                remove_member(**told)
                text = f"{name} takes no part any more."
            case other:
                raise Hidden(other)
    except Unfit as unfit:
        return _page(request, access, form=str(uid), unfit=unfit)
    except LastLead as last:
        return _page(request, access, form=str(uid), refused=str(last))
    messages.success(request, text)
    # Whoever showed herself out would find nothing here.
    still_leads = Membership.objects.filter(project=access.project, user=access.user).exists()
    return redirect("members", key) if still_leads else redirect("home")


@login_required
@never_cache
@require_POST
def token(request: HttpRequest, key: str, uid: UUID) -> HttpResponse:
    """Make a token for a service account; the answer is the only page that shows its secret."""
    access = enter(request, key, need=Need.LEAD)
    try:
        row, secret = make_service_token(member=uid, sent=sent_of(request.POST, timezone.now()), **_doing(access))
    except Unfit as unfit:
        return _page(request, access, form=f"token-{uid}", unfit=unfit)
    return _page(request, access, made=row, secret=secret)


@login_required
@require_POST
def untoken(request: HttpRequest, key: str, uid: UUID, token: UUID) -> HttpResponse:
    """Revoke a service account's token."""
    access = enter(request, key, need=Need.LEAD)
    row = revoke_service_token(member=uid, token=token, **_doing(access))
    messages.success(request, f"{row.name} is revoked.")
    return redirect("members", key)


def _doing(access: Access) -> dict[str, Any]:
    return {"project": access.project, "actor": access.user, "now": timezone.now()}


def _named(access: Access, uid: UUID) -> str:
    row = Membership.objects.select_related("user").filter(project=access.project, uid=uid).first()
    if row is None:
        raise Hidden(uid)
    return row.user.name


def _page(
    request: HttpRequest,
    access: Access,
    *,
    form: str = "",
    unfit: Unfit | None = None,
    refused: str = "",
    **made: Any,
) -> HttpResponse:
    """The page; `form` is the one that was sent, with what is wrong with it and what was written."""
    now, leads = timezone.now(), Need.LEAD in access.can
    rows = list(Membership.objects.filter(project=access.project).select_related("user").order_by("user__name", "pk"))
    people = [row for row in rows if row.user.kind == User.Kind.PERSON]
    services = [row for row in rows if row.user.kind == User.Kind.SERVICE]
    held: dict[int, list[Token]] = defaultdict(list)
    if leads:
        working = Token.objects.working(now).filter(user__in=[row.user_id for row in services])
        for found in working.select_related("project").order_by("pk"):
            held[found.user_id].append(found)
    open_ones = Invitation.objects.open(now).filter(project=access.project).select_related("made_by")
    wrong = {error.name: error.message for error in unfit.errors} if unfit else {}
    context = frame(
        access, "members", people=people, leads=leads, roles=ROLES, scopes=SCOPES, lives=LIVES, form=form, wrong=wrong,
        services=[{"row": row, "tokens": held[row.user_id], "form": f"token-{row.uid}"} for row in services],
        refused=refused,
        invitations=open_ones.order_by("-pk") if leads else [], draft=request.POST if form else {},
        fresh={"life": USUAL_LIFE, "scope": "metrics"}, address=request.build_absolute_uri("/api/v1/"),
    )  # fmt: skip
    status = 422 if unfit else 409 if refused else 200
    return render(request, "members/page.html", context | made, status=status)
