"""Accepting an invitation: as who one is, or with an account that is made for it.

The secret of its link is in the query and in the form, never in the path: that is what logs of errors name.
"""

from django.contrib import messages
from django.contrib.auth import login
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from agileml.lib import rates
from agileml.projects.actions import TAKEN, invited, join, join_anew
from agileml.projects.checks import Unfit
from agileml.web.login import wait_for
from agileml.web.project import person

BACKEND = "django.contrib.auth.backends.ModelBackend"


@never_cache
@require_http_methods(["GET", "POST"])
def show(request: HttpRequest) -> HttpResponse:
    """What one is invited to, and a button; a link that is followed ahead uses nothing up."""
    now = timezone.now()
    secret = request.GET.get("key", "") if request.method == "GET" else request.POST.get("key", "")
    row = invited(secret=secret, now=now)
    context = {"invitation": row, "secret": secret, "wrong": {}, "draft": request.POST}
    if request.method == "GET":
        return render(request, "join/page.html", context)
    if slow := wait_for(request):
        return slow
    if request.user.is_authenticated:
        project = join(secret=secret, user=person(request), now=now)
    else:
        sent = {"name": request.POST.get("name", ""), "email": request.POST.get("email", "")}
        try:
            user = join_anew(secret=secret, sent=sent, password=request.POST.get("password", ""), now=now)
        except Unfit as unfit:
            wrong = {error.name: error.message for error in unfit.errors}
            if wrong.get("email") == TAKEN:
                rates.count("failed", rates.address_of(request))  # nobody tries one address after the other
            return render(request, "join/page.html", context | {"wrong": wrong}, status=422)
        login(request, user, backend=BACKEND)
        project = row.project
    messages.success(request, f"You take part in {project.name} now.")
    return redirect("board", project.key)
