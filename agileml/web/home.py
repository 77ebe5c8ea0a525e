"""Where everybody begins."""

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from agileml.planning.queries.home import home
from agileml.planning.queries.wording import headline
from agileml.web.project import person


@login_required
@require_safe
def show(request: HttpRequest) -> HttpResponse:
    """My tickets across projects, the sprints that run, and what was decided lately."""
    shown = home(person(request), timezone.now())
    decided = [(past.row, headline(past)) for past in shown.decisions]
    return render(request, "home/page.html", {"home": shown, "decided": decided})
