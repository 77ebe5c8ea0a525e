"""The backlog: what waits, in order; what of it goes into which sprint; what is not worth doing any more."""

from collections.abc import Mapping, Sequence
from itertools import groupby
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.views.decorators.http import require_http_methods

from agileml.lib.fields import Invalid
from agileml.lib.htmx import varies, wants_fragment
from agileml.lib.numbers import whole
from agileml.planning.actions.bulk import edit_many
from agileml.planning.actions.decide import Why, decide
from agileml.planning.actions.progress import progress
from agileml.planning.actions.sprints import draft_some
from agileml.planning.actions.tickets import create_ticket
from agileml.planning.models import Decision, Sprint
from agileml.planning.queries import backlog as queries
from agileml.planning.queries import history
from agileml.planning.queries import replan as replans
from agileml.planning.queries.backlog import Filters
from agileml.planning.queries.wording import how_many
from agileml.planning.rules.moves import Refusal, Refused, parse
from agileml.planning.rules.wip import WipLimit
from agileml.projects.doors import Access, Hidden
from agileml.projects.rules import Need
from agileml.web import new_form
from agileml.web.project import enter, frame
from agileml.web.telling import Teller
from agileml.work.models import Ticket
from agileml.work.types import TicketType

SKIPS_BECAUSE = ("priority", "data_problem", "blocked", "other")
SET_ALL = ("type", "story", "component", "assignee", "estimate")
EMPTY = "-"
RANKS = ("up", "down", "place")


@login_required
@require_http_methods(["GET", "POST"])
def show(request: HttpRequest, key: str) -> HttpResponse:
    """The list, filtered by the query string; a POST does one thing with what is ticked and comes back."""
    access = enter(request, key, need=Need.WORK if request.method == "POST" else Need.READ)
    filters = _filters(request.GET)
    if request.method == "GET":
        return _page(request, access, filters)
    doing = request.POST.get("do", "")
    picked = [number for text in request.POST.getlist("pick") if (number := whole(text))]
    if doing == "skip" and "reason" not in request.POST and picked:
        return _ask_why(request, access, picked)
    try:
        said = _do(request, access, filters, doing, picked)
    except Refused as refused:
        errors = [refusal.message for refusal in refused.refusals]
        if doing == "skip":
            return _ask_why(request, access, picked, errors=errors)
        return _page(request, access, filters, errors=errors, picked=picked)
    except Invalid as invalid:
        return _page(request, access, filters, wrong=new_form.wrong_of(invalid))
    if said:
        messages.success(request, said)
    verb, _, about = doing.partition(":")
    row = f"#ticket-{about}" if verb in RANKS and whole(about) else ""  # the row that moved is marked there
    return redirect(request.get_full_path() + row)


def _filters(data: QueryDict) -> Filters:
    kind = data.get("type", "")
    return Filters(
        text=data.get("text", "").strip()[:200],
        type=kind if kind in TicketType.values else "",
        label=data.get("label", "").strip()[:40],
        story=whole(data.get("story")),
        show="skipped" if data.get("show") == "skipped" else "open",
        group="rank" if data.get("group") == "rank" else "story",
        within=_story(data.get("within")),
        unfold=_story(data.get("unfold")),
    )


def _story(said: str | None) -> int | None:
    """A story's number, 0 for what is in none."""
    return 0 if said == "0" else whole(said)


def _do(request: HttpRequest, access: Access, filters: Filters, doing: str, picked: Sequence[int]) -> str:
    """Do what was asked, and say so. Raises what the actions raise."""
    by: dict[str, Any] = {"project": access.project, "actor": access.user, "now": timezone.now()}
    verb, _, number = doing.partition(":")
    if verb in {"up", "down"}:
        return _rank(access, filters, whole(number), up=verb == "up", by=by)
    if verb == "place":
        return _place(request, whole(number), by)
    if doing == "new":
        return _create(request, access, by)
    if not picked or not doing:
        if doing:
            messages.info(request, "Tick the tickets first that this is about.")
        return ""
    if doing == "edit":
        return _edit(request, access, picked, by)
    if doing == "draft":
        row = draft_some(number=whole(request.POST.get("sprint")) or 0, add=picked, **by)
        return f"{how_many(len(picked), 'ticket')} put into {row.name}."
    if doing == "undraft":
        homes = queries.drafted(access.project, picked)
        for sprint in sorted({home for home, _ in homes}):
            draft_some(number=sprint, drop=[number for home, number in homes if home == sprint], **by)
        return f"{how_many(len(homes), 'ticket')} taken out of the draft."
    if doing in {"skip", "restore"}:
        return _decide(request, access, doing, picked, by)
    raise Hidden(doing)


def _rank(access: Access, filters: Filters, number: int | None, *, up: bool, by: Mapping[str, Any]) -> str:
    found = Ticket.objects.alive().filter(project=access.project, number=number or 0)
    ticket = found.first()
    beside = queries.neighbour(access.project, filters, ticket.number, up=up) if ticket else None
    if ticket is None or beside is None:
        return ""  # it is first or last already, or somebody took it away meanwhile
    by = {**by, ("before" if up else "after"): beside}
    progress(number=ticket.number, to=None, **by)
    return ""


def _place(request: HttpRequest, number: int | None, by: Mapping[str, Any]) -> str:
    """Put a ticket where it was dropped: right before or right after another one."""
    beside: dict[str, Any] = {name: found for name in ("before", "after") if (found := whole(request.POST.get(name)))}
    try:
        progress(number=number or 0, to=None, **beside, **by)
    except Invalid as gone:  # somebody deleted the neighbour meanwhile
        raise Refused([Refusal("unknown_ticket", error.message, number) for error in gone.errors]) from None
    return ""


def _edit(request: HttpRequest, access: Access, picked: Sequence[int], by: Mapping[str, Any]) -> str:
    sent = _changes(request.POST)
    if not sent:
        messages.info(request, "Say first what to change.")
        return ""
    notes: list[str] = []
    try:
        changed = edit_many(numbers=picked, sent=sent, override=request.POST.get("override", ""), told=notes, **by)
    except WipLimit as limit:
        raise Refused([Refusal("wip_limit", one.message) for one in limit.crossed]) from None
    except Invalid as invalid:
        wrong = [f"{error.pointer.strip('/').split('/')[0].capitalize()}: {error.message}" for error in invalid.errors]
        raise Refused([Refusal("invalid", words) for words in wrong]) from None
    said = f"{how_many(len(changed), 'ticket')} changed." if changed else "All of them were so already."
    return " ".join([said, *notes])


def _changes(data: QueryDict) -> dict[str, Any]:
    """What the form says to set; a field left empty is left as it is, and a lone dash empties it."""
    said = {name: words for name in SET_ALL if (words := data.get(f"set_{name}", "").strip())}
    sent: dict[str, Any] = {}
    for name, words in said.items():
        if words == EMPTY:
            sent[name] = "" if name == "component" else None
        elif name == "story":
            sent[name] = whole(words) or 0
        elif name == "estimate":
            sent[name] = _number(words)
        else:
            sent[name] = words
    labels = {way: _words(data.get(f"labels_{way}", "")) for way in ("add", "remove")}
    return sent | ({"labels": labels} if any(labels.values()) else {})


def _number(words: str) -> float | str:
    """What stands there as a number; words that are none stay words, and are refused as such."""
    try:
        return float(words.replace(",", "."))
    except ValueError:
        return words


def _words(text: str) -> list[str]:
    return [word.strip() for word in text.split(",") if word.strip()]


def _create(request: HttpRequest, access: Access, by: Mapping[str, Any]) -> str:
    sent = new_form.sent_of(request.POST)
    sprint = whole(request.POST.get("into"))
    row = create_ticket(sent=sent, sprint=sprint, **by)
    url = reverse("ticket", args=[access.project.key, row.number])
    place = f"the draft of sprint {sprint}" if sprint else "the backlog, as its last"
    return format_html('<a href="{}">{}-{}</a> is in {}.', url, access.project.key, row.number, place)


def _decide(request: HttpRequest, access: Access, doing: str, picked: Sequence[int], by: Mapping[str, Any]) -> str:
    access.require(Need.DECIDE)
    revisit = {"revisit_if": request.POST.get("revisit_if", "")} if doing == "skip" else {}
    code = request.POST.get("code", "") if doing == "skip" else "priority"
    decision = decide(
        sprint=None,
        base_version=None,
        why=Why(code=code, text=request.POST.get("reason", "")),
        moves=parse([{"move": doing, "ticket": number, **revisit} for number in picked]),
        **by,
    )
    url = reverse("take_back", args=[access.project.key, decision.uid])
    done = "skipped" if doing == "skip" else "restored"
    return format_html('{} {}. <a href="{}">Take back</a>', how_many(len(picked), "ticket"), done, url)


def _ask_why(request: HttpRequest, access: Access, picked: Sequence[int], errors: Sequence[str] = ()) -> HttpResponse:
    access.require(Need.DECIDE)
    rows = queries.waiting(access.project).filter(number__in=picked).order_by("rank", "number")
    context = {
        "tickets": list(rows),
        "codes": [choice for choice in Decision.Reason.choices if choice[0] in SKIPS_BECAUSE],
        "code": request.POST.get("code", "priority"),
        "reason": request.POST.get("reason", ""),
        "revisit_if": request.POST.get("revisit_if", ""),
        "errors": errors,
        "back": request.get_full_path(),
    }
    return render(request, "backlog/skip.html", frame(access, "backlog", **context), status=422 if errors else 200)


def _page(
    request: HttpRequest,
    access: Access,
    filters: Filters,
    *,
    errors: Sequence[str] = (),
    wrong: Mapping[str, str] | None = None,
    picked: Sequence[int] = (),
) -> HttpResponse:
    project = access.project
    page = queries.page(project, filters, after=request.GET.get("after", ""))
    stories = replans.stories(project)
    opened = queries.open_sprints(project)
    planned = [row for row in opened if row.state == Sprint.State.PLANNED]
    context = {
        "filters": filters,
        "filtered": bool(filters.text or filters.type or filters.label or filters.story is not None),
        "groups": _groups(request, access, filters, page),
        "next": _query(request, after=page.after) if page.after and filters.within is None else "",
        "first": _query(request, after="", within="") if request.GET.get("after") else "",
        "order_url": _order_url(request, filters),
        "views": _views(request, filters),
        "people": queries.people(project) if Need.WORK in access.can else [],
        "planned": planned,
        "nav_sprint": next((row.number for row in opened if row.state == Sprint.State.ACTIVE), None),
        "into": request.POST.get("sprint") or (str(planned[0].number) if planned else ""),
        "picked": picked,
        "errors": errors,
        "wrong": wrong or {},
        **new_form.offered(project, request.POST, stories=stories),
        "may_work": Need.WORK in access.can,
        "may_decide": Need.DECIDE in access.can,
        "here": request.get_full_path(),
        "decisions": _decisions(access) if filters.show == "skipped" else [],
    }
    template = "backlog/_backlog.html" if wants_fragment(request) else "backlog/page.html"
    status = 422 if errors or wrong else 200
    return varies(render(request, template, frame(access, "backlog", **context), status=status))


def _views(request: HttpRequest, filters: Filters) -> list[tuple[str, str, bool]]:
    said = [
        ("By story", {"show": "", "group": ""}, filters.show == "open" and filters.group == "story"),
        ("In order", {"show": "", "group": "rank"}, filters.show == "open" and filters.group == "rank"),
        ("Skipped", {"show": "skipped", "group": ""}, filters.show == "skipped"),
    ]
    return [
        (words, _query(request, after="", within="", unfold="", **change), current) for words, change, current in said
    ]


def _query(request: HttpRequest, **change: str) -> str:
    """The address of this page with some of its query changed."""
    query = request.GET.copy()
    for name, value in change.items():
        query[name] = value
        if not value:
            del query[name]
    return f"?{query.urlencode()}"


def _groups(request: HttpRequest, access: Access, filters: Filters, page: queries.Page) -> list[dict[str, Any]]:
    hands = Teller(access.project).hand_overs(page.tickets)
    lines = [(row, hands.get(row.pk)) for row in page.tickets]
    if filters.group != "story":
        return [{"title": "", "tickets": lines}] if lines else []
    totals = queries.totals(access.project, filters, page.tickets)
    groups = []
    for story, rows in groupby(lines, key=lambda line: line[0].story):
        shown, number = list(rows), story.number if story else 0
        rest = page.after if filters.within is not None else page.cut.get(number, "")
        groups.append(
            {
                "title": story.title if story else "In no story",
                "tickets": shown,
                "many": totals.get(story.pk if story else None, len(shown)),
                "more": _query(request, within=str(number), after=rest, unfold="") if rest else "",
            }
        )
    return groups


def _order_url(request: HttpRequest, filters: Filters) -> str:
    """Where moving a row up or down leads a browser with a script: the rest of a story was added to the whole list."""
    if filters.within is None:
        return request.get_full_path()
    return f"{request.path}{_query(request, within='', after='', unfold=str(filters.within))}"


def _decisions(access: Access) -> list[dict[str, Any]]:
    """The newest decisions about the backlog alone, which are in no sprint's history."""
    rows = Decision.objects.filter(project=access.project, sprint=None).select_related("actor", "reverts", "sprint")
    lines = []
    for past in history.pasts(rows.order_by("-pk")[:10]):
        line = Teller(access.project).decision(past)
        if Need.DECIDE in access.can and past.reverted_by is None:
            line["take_back_url"] = reverse("take_back", args=[access.project.key, past.row.uid])
        lines.append(line)
    return lines
