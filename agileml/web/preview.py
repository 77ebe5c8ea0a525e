"""A draft as its viewers would see it, for those who write it, before it is published."""

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from agileml.demos.queries import listed
from agileml.demos.queries.drafted import drafted, to_show
from agileml.demos.queries.shown import unpublished
from agileml.projects.rules import Need
from agileml.web.demo import pictures
from agileml.web.project import enter, frame


@login_required
@require_safe
def show(request: HttpRequest, key: str, number: int) -> HttpResponse:
    """What the next edition would show with the numbers of this moment; nothing is written."""
    access = enter(request, key, need=Need.WORK)
    row = listed.demo(access, number)
    body = drafted(access.project, row, to_show(row), at=timezone.now())
    context = frame(
        access,
        "demos",
        demo=row,
        body=body,
        edition=row.edition + 1,
        key=access.project.key,
        pictures=pictures(access.project.key, number, body),
        to_publish=unpublished(row),
    )
    return render(request, "preview/page.html", context)
