"""What a share link shows, to people without an account: one demo as it was published, and a place to answer."""

from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.loader import render_to_string
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_safe

from agileml.demos.actions.answers import guest_answer_goal, guest_feedback
from agileml.demos.actions.sharing import unlocks
from agileml.demos.queries import visited
from agileml.demos.queries.visited import Visit
from agileml.lib import rates
from agileml.lib.fields import Invalid
from agileml.lib.numbers import whole
from agileml.lib.pictures import picture
from agileml.metrics.rules.refusing import CannotBe
from agileml.projects.doors import Hidden
from agileml.web.by_link import by_link, is_open, keep_open, kept, seen, wait

FEEDBACK = ("kind", "item", "text", "key")
JUDGEMENT = ("epic", "verdict", "note", "key")


@require_http_methods(["GET", "HEAD", "POST"])
@by_link
def show(request: HttpRequest, visit: Visit) -> HttpResponse:
    """The demo with what its team answered; a POST gives the passphrase, says something, or answers for a goal."""
    if request.POST.get("do") == "unlock":
        return _unlock(request, visit)
    if not is_open(request, visit.link):
        return HttpResponse(render_to_string("shared/passphrase.html"))
    if request.method == "POST":
        return _said(request, visit)
    page = kept(visit, "page", lambda: _page(visit))
    if request.method == "GET":
        seen(visit.link)
    return HttpResponse(page)


@require_safe
@by_link
def image(request: HttpRequest, visit: Visit, uid: UUID) -> HttpResponse:
    """A picture of the edition that the link shows, which nobody's browser takes for anything else."""
    if not is_open(request, visit.link):
        raise Hidden("picture")
    named = kept(visit, "pictures", lambda: visited.pictured(visited.edition(visit.edition).body))
    if str(uid) not in named:
        raise Hidden("picture")
    return picture(visited.picture(visit.edition, uid))


def _page(visit: Visit, **more: Any) -> str:
    edition = visited.edition(visit.edition)
    body = dict(edition.body)
    body["goals"] = [{**goal, "place": str(goal["epic"])} for goal in body["goals"]]
    context = {
        "body": body,
        "edition": edition.number,
        "present": "present/",
        "pictures": {uid: f"images/{uid}/" for uid in visited.pictured(body)},
        "answered": visited.answered(edition) if visit.answers else {},
    }
    return render_to_string("shared/guest.html", context | more)


def _again(visit: Visit, request: HttpRequest, about: str, wrong: list[str]) -> HttpResponse:
    """The page with what was written and what is wrong with it; what is about nothing on it, beside the whole."""
    body = visited.edition(visit.edition).body
    items = {item["uid"] for section in body["sections"] for item in section["items"]}
    goals = {f"goal-{goal['epic']}" for goal in body["goals"]}
    place = about if about in items | goals else "all"
    return HttpResponse(_page(visit, about=place, wrong=wrong, draft=request.POST), status=422)


def _unlock(request: HttpRequest, visit: Visit) -> HttpResponse:
    """Open the link to this browser. Failures are counted by address, and for the link by all of them together."""
    guesses = (("failed", f"{visit.link.uid}-{rates.address_of(request)}"), ("unlock", str(visit.link.uid)))
    for kind, who in guesses:
        rate = rates.look(kind, who)
        if rate is not None and rate.used >= rate.limit:
            return wait(rate.reset)
    if not unlocks(visit.link, request.POST.get("passphrase", "")[:200]):
        for kind, who in guesses:
            rates.count(kind, who)
        return HttpResponse(render_to_string("shared/passphrase.html", {"wrong": True}), status=422)
    answer = HttpResponseRedirect("./", status=303)
    keep_open(answer, request, visit.link)
    return answer


def _said(request: HttpRequest, visit: Visit) -> HttpResponse:
    judges = request.POST.get("do") == "judge"
    sent: dict[str, Any] = {
        name: request.POST[name] for name in (JUDGEMENT if judges else FEEDBACK) if request.POST.get(name)
    }
    name, now = request.POST.get("name", ""), timezone.now()
    demo = request.POST.get("demo")
    about = f"goal-{whole(request.POST.get('epic'))}" if judges else _uid(request.POST.get("item", ""))
    if demo and demo != str(visited.edition(visit.edition).demo.number):
        return _again(visit, request, about, ["This link leads to another demo by now: look at that one first."])
    try:
        if judges:
            sent["epic"] = whole(sent.get("epic"))
            guest_answer_goal(token=visit.token, name=name, sent=sent, now=now)
        else:
            guest_feedback(token=visit.token, name=name, sent=sent, now=now)
    except Invalid as invalid:
        wrong = list(dict.fromkeys(error.message for error in invalid.errors))
    except CannotBe as refused:
        wrong = [str(refused)]
    else:
        return HttpResponseRedirect(f"./#thanks-{about}", status=303)
    return _again(visit, request, about, wrong)


def _uid(text: str) -> str:
    """The item that something is said of, as its place on the page is named: "all" for the whole."""
    try:
        return str(UUID(text))
    except ValueError:
        return "all"
