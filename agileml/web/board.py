"""The sprint board."""

from datetime import date
from functools import lru_cache
from typing import Any

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.template.loader import get_template
from django.urls import reverse
from django.utils import timezone
from django.utils.safestring import SafeString, mark_safe
from django.views.decorators.http import require_POST, require_safe

from agileml.ingest.actions import refresh
from agileml.lib.fresh import if_new, validator
from agileml.lib.htmx import done, varies, wants_fragment
from agileml.planning.actions.suggestions import dismiss
from agileml.planning.models import Sprint
from agileml.planning.queries.board import LANES, Filters, board, next_planned, sprint_to_show
from agileml.planning.queries.cards import Card
from agileml.projects.calendar import day_of
from agileml.projects.doors import Access
from agileml.projects.rules import Need
from agileml.tasks.ingest import look_at
from agileml.web.project import enter, frame
from agileml.work.types import TicketType

MOST_SUGGESTED = 2  # in sight; the rest is folded


@login_required
@require_safe
def show(request: HttpRequest, key: str, number: int | None = None) -> HttpResponse:
    """The board of a sprint; without a number that of the active one last opened here, else the one that ends first."""
    access = enter(request, key)
    today = day_of(timezone.now(), access.project.time_zone)
    last = _remembered(request, key)
    stream = access.project.stream  # read with the door, and so before any row that its revision is to vouch for
    tag = validator(request, stream.epoch, stream.revision, access.role, access.project.replanners, today, last)
    return varies(if_new(request, tag, lambda: _answer(request, access, number, last=last, today=today, tag=tag)))


def _answer(
    request: HttpRequest, access: Access, number: int | None, *, last: int | None, today: date, tag: str
) -> HttpResponse:
    project = access.project
    sprint, active = sprint_to_show(project, number, last=last)
    if sprint is None:
        return render(request, "board/nothing.html", frame(access, "board", planned=next_planned(project)))
    if sprint.state == Sprint.State.CLOSED:
        return redirect("history", project.key, sprint.number)
    filters = Filters(**{name: request.GET.get(name, "")[:200] for name in ("type", "assignee", "text", "lanes")})
    shown = board(access, sprint, active, filters=filters, today=today)
    context: dict[str, Any] = {
        "sprint": sprint, "board": shown, "filters": filters, "validator": tag, "types": TicketType.choices,
        "lane_names": LANES, "active": sprint.state == Sprint.State.ACTIVE,
        "lanes": [(lane, [(column, _html(column.cards)) for column in lane.columns]) for lane in shown.lanes],
        "skipped": _html(shown.skipped),
        "suggested": shown.suggestions[:MOST_SUGGESTED], "also_suggested": shown.suggestions[MOST_SUGGESTED:],
        "can_add": _may_add(access, sprint), "can_look": Need.WORK in access.can,
    }  # fmt: skip
    template = "board/_board.html" if wants_fragment(request) else "board/page.html"
    response = render(request, template, frame(access, "board", **context))
    if number is not None and number != last and len(active) > 1:
        # In the browser, not in the session: a page that is only looked at must not write to the database.
        response.set_cookie(_cookie(project.key), str(number), max_age=30 * 24 * 3600, httponly=True, samesite="Lax")
    return response


def _may_add(access: Access, sprint: Sprint) -> bool:
    return (Need.DECIDE if sprint.state == Sprint.State.ACTIVE else Need.WORK) in access.can


@login_required
@require_POST
def look(request: HttpRequest, key: str) -> HttpResponse:
    """Have the project's sources looked at now, for somebody who cannot wait for the next look."""
    access = enter(request, key, need=Need.WORK)
    sources = refresh(project=access.project, actor=access.user, now=timezone.now())
    look_at(sources)
    text = "Looking for runs: what is new attaches itself." if sources else "This project has no source of runs yet."
    return done(request, to=reverse("board", args=[key]), text=text, tone="info")


@login_required
@require_POST
def not_now(request: HttpRequest, key: str, number: int) -> HttpResponse:
    """Put a suggested re-plan aside, for everybody."""
    access = enter(request, key, need=Need.WORK)
    dismiss(
        project=access.project,
        sprint=number,
        key=request.POST.get("key", ""),
        actor=access.user,
        now=timezone.now(),
    )
    text = "Put aside for everybody. It comes back only for a new reason."
    answer = done(request, to=reverse("board_sprint", args=[key, number]), text=text, tone="info")
    if wants_fragment(request):
        answer.status_code = 200  # with 204 the suggestion would stay where it is
    return answer


def _cookie(key: str) -> str:
    return f"sprint_{key}"


def _remembered(request: HttpRequest, key: str) -> int | None:
    said = request.COOKIES.get(_cookie(key), "")
    return int(said) if said.isascii() and said.isdecimal() and len(said) < 9 else None


def _html(cards: tuple[Card, ...]) -> SafeString:
    return mark_safe("".join(map(rendered, cards)))  # noqa: S308 -- each is a rendered template


@lru_cache(maxsize=20_000)
def rendered(card: Card) -> SafeString:
    """A card's HTML, kept for as long as the very same card is asked for: there is nothing to invalidate."""
    return SafeString(get_template("shared/_card.html").render({"card": card}))
