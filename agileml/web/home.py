"""Where everybody begins."""

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from agileml.demos.queries.home import showings
from agileml.planning.queries.home import home
from agileml.planning.queries.wording import headline
from agileml.web.project import person


@login_required
@require_safe
def show(request: HttpRequest) -> HttpResponse:
    """My tickets across projects, the sprints that run, what was decided lately; to stakeholders what was shown."""
    user, now = person(request), timezone.now()
    shown = home(user, now)
    decided = [(past.row, headline(past)) for past in shown.decisions]
    told = showings(user, shown.members, now=now)
    return render(request, "home/page.html", {"home": shown, "decided": decided, "told": told})
