"""Light, dark, or as the system has it: kept with the person, not with the browser."""

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import require_POST

from agileml.accounts.actions import set_theme
from agileml.accounts.models import User
from agileml.lib.htmx import own_path
from agileml.web.project import person


@login_required
@require_POST
def keep(request: HttpRequest) -> HttpResponse:
    """Keep the theme and go back to where the person was."""
    chosen = request.POST.get("theme", "")
    if chosen not in User.Theme.values:
        return HttpResponse(status=422)
    set_theme(user=person(request), theme=chosen)
    return redirect(own_path(request.POST.get("next", ""), reverse("home")))
