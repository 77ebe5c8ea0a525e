"""The demos of a project, newest first: what was learned, sprint by sprint; and beginning the next one."""

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from agileml.demos.actions.begin import begin_demo
from agileml.demos.queries.listed import demos
from agileml.demos.queries.told import chapters, without
from agileml.lib.numbers import whole
from agileml.metrics.rules.refusing import CannotBe
from agileml.projects.doors import Access
from agileml.projects.rules import Need
from agileml.web.project import enter, frame


@login_required
@require_http_methods(["GET", "POST"])
def show(request: HttpRequest, key: str) -> HttpResponse:
    """The list, or with `?sprint=` the demo of that sprint where there is one to see.

    A POST begins the demo of a sprint, or finds the one it has, and leads to its builder.
    """
    access = enter(request, key, need=Need.WORK if request.method == "POST" else Need.READ)
    if request.method == "GET":
        wanted = whole(request.GET.get("sprint"))
        there = demos(access).filter(sprint__number=wanted).first() if wanted else None
        return redirect("demo", access.project.key, there.number) if there else _page(request, access)
    sprint = whole(request.POST.get("sprint")) or 0
    try:
        row = begin_demo(project=access.project, sprint=sprint, actor=access.user, now=timezone.now())
    except CannotBe as refused:
        return _page(request, access, [str(refused)])
    return redirect("builder", access.project.key, row.number)


def _page(request: HttpRequest, access: Access, errors: list[str] | None = None) -> HttpResponse:
    may_work = Need.WORK in access.can
    context = frame(
        access,
        "demos",
        chapters=chapters(access),
        without=without(access.project) if may_work else [],
        may_work=may_work,
        errors=errors,
    )
    return render(request, "demos/page.html", context, status=422 if errors else 200)
