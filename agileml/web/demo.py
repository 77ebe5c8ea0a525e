"""A published demo as its viewers see it, what they say of it and of the goals, and the links that lead guests here."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from agileml.demos.actions.answers import answer_feedback, answer_goal, give_feedback
from agileml.demos.actions.becoming import feedback_to_finding, feedback_to_ticket
from agileml.demos.actions.sharing import revoke as revoke_link
from agileml.demos.actions.sharing import share as make_link
from agileml.demos.models import Demo, DemoItem, Edition, Feedback, GoalAnswer, ShareLink
from agileml.demos.queries import choices, listed
from agileml.demos.queries import shown as published
from agileml.demos.queries.threads import NEWEST, Thread, thread
from agileml.demos.queries.visited import pictured
from agileml.lib.fields import Invalid
from agileml.lib.numbers import whole
from agileml.lib.pictures import picture
from agileml.metrics.rules.refusing import CannotBe
from agileml.projects.doors import Access, Hidden
from agileml.projects.rules import Need
from agileml.web.project import enter, frame

LIVES = (("7", "a week"), ("30", "30 days"), ("90", "90 days"), ("365", "a year"))
ENDED_SHOWN = 5


@login_required
@require_GET
def show(request: HttpRequest, key: str, number: int) -> HttpResponse:
    """The newest edition with what was said of it; a draft leads those who work on it to its builder."""
    access = enter(request, key)
    row = listed.demo(access, number)
    if row.edition == 0:
        return redirect("builder", access.project.key, number)
    return _page(request, access, row)


@login_required
@require_POST
def say(request: HttpRequest, key: str, number: int) -> HttpResponse:
    """Say something of an item, or of the whole."""
    access = enter(request, key, need=Need.COMMENT)
    item = request.POST.get("item", "")
    sent = {name: request.POST.get(name, "") for name in ("kind", "text", "key")} | {"item": item or None}
    return _do(request, access, number, f"thread-{item or 'whole'}", lambda by: give_feedback(sent=sent, **by))


@login_required
@require_POST
def goal(request: HttpRequest, key: str, number: int) -> HttpResponse:
    """Say whether an epic is still the right goal."""
    access = enter(request, key, need=Need.COMMENT)
    sent: dict[str, Any] = {name: request.POST.get(name, "") for name in ("verdict", "note", "key")}
    epic = whole(request.POST.get("epic")) or 0
    sent["epic"] = epic
    return _do(request, access, number, f"goal-{epic}", lambda by: answer_goal(sent=sent, **by))


@login_required
@require_POST
def answer(request: HttpRequest, key: str, number: int, uid: UUID) -> HttpResponse:
    """Answer what was said."""
    access = enter(request, key, need=Need.WORK)
    text = request.POST.get("text", "")
    return _do(request, access, number, f"said-{uid}", lambda by: answer_feedback(feedback=uid, text=text, **by))


@login_required
@require_POST
def become(request: HttpRequest, key: str, number: int, uid: UUID) -> HttpResponse:
    """Make a ticket or a finding of what was said."""
    access = enter(request, key, need=Need.WORK)
    finding = request.POST.get("what") == "finding"
    act: Callable[..., Any] = feedback_to_finding if finding else feedback_to_ticket
    return _do(request, access, number, f"said-{uid}", lambda by: act(feedback=uid, **by))


@login_required
@never_cache
@require_POST
def share(request: HttpRequest, key: str, number: int) -> HttpResponse:
    """Make a link that guests open: the answer is the page itself, the only one that shows the address."""
    access = enter(request, key, need=Need.LEAD)
    row = listed.demo(access, number)
    post = request.POST
    sent = {"expires_in_days": whole(post.get("days")) or 7, "passphrase": post.get("passphrase") or None}
    of = None if post.get("newest") else number
    try:
        made, token = make_link(
            project=access.project, demo=of, sent=sent, actor=access.user, now=timezone.now()
        )  # fmt: skip
    except (Invalid, CannotBe) as refused:
        return _again(request, access, row, "links", refused)
    return _page(request, access, row, made=made, address=request.build_absolute_uri(reverse("shared", args=[token])))


@login_required
@require_POST
def revoke(request: HttpRequest, key: str, number: int, uid: UUID) -> HttpResponse:
    """End a link at once."""
    access = enter(request, key, need=Need.LEAD)
    revoke_link(project=access.project, link=uid, actor=access.user, now=timezone.now())
    messages.success(request, "The link is revoked: whoever opens it sees nothing any more.")
    return redirect(_at(access, number, "links"))


@login_required
@require_GET
def image(request: HttpRequest, key: str, number: int, uid: UUID) -> HttpResponse:
    """A picture that the newest edition shows; those who build the demo see the draft's too."""
    access = enter(request, key)
    row = listed.demo(access, number)
    newest = published.edition(access.project, number) if row.edition else None
    if Need.WORK in access.can:
        return picture(choices.picture(row.pk, str(uid), newest))
    if newest is None:
        raise Hidden(number)
    return picture(published.image(newest, str(uid)))


def _do(
    request: HttpRequest, access: Access, number: int, place: str, act: Callable[[Mapping[str, Any]], Any]
) -> HttpResponse:
    """Act, and come back to the place where it is seen; what was refused comes back with what was written."""
    row = listed.demo(access, number)
    by = {"project": access.project, "demo": number, "actor": access.user, "now": timezone.now()}
    try:
        act(by)
    except (Invalid, CannotBe) as refused:
        return _again(request, access, row, place, refused)
    return redirect(_at(access, number, place))


def _at(access: Access, number: int, place: str) -> str:
    return f"{reverse('demo', args=[access.project.key, number])}#{place}"


def _again(request: HttpRequest, access: Access, row: Demo, place: str, refused: Invalid | CannotBe) -> HttpResponse:
    said = [error.message for error in refused.errors] if isinstance(refused, Invalid) else [str(refused)]
    if row.edition == 0:  # nobody could have been asked to say anything of it
        raise Hidden(row.number)
    return _page(request, access, row, errors=said, refused=place, draft=request.POST, status=422)


def _page(request: HttpRequest, access: Access, row: Demo, *, status: int = 200, **more: Any) -> HttpResponse:
    edition = published.edition(access.project, row.number)
    said, whole = list(listed.feedback(row)), request.GET.get("said") == "all"
    context = frame(
        access,
        "demos",
        demo=row,
        body=edition.body,
        edition=edition.number,
        key=access.project.key,
        pictures=pictures(access.project.key, row.number, edition.body),
        foot="demo/_thread.html",
        threads=_threads(said, edition, whole=whole),
        elsewhere=thread(_elsewhere(said, edition), whole=whole),
        goals=_goals(row, edition, whole=whole),
        kinds=Feedback.Kind.choices,
        verdicts=GoalAnswer.Verdict.choices,
        nonce=uuid4(),
        may_say=Need.COMMENT in access.can,
        may_work=Need.WORK in access.can,
        unpublished=Need.WORK in access.can and published.unpublished(row),
        with_ticket=_with_ticket(said),
        **(_links(access, row) if Need.LEAD in access.can else {}),
        **more,
    )
    return render(request, "demo/page.html", context, status=status)


def pictures(key: str, demo: int, body: Mapping[str, Any]) -> dict[str, str]:
    """Where participants find the pictures of what is shown, by their uids."""
    return {uid: reverse("demo_image", args=[key, demo, uid]) for uid in pictured(body)}


def _in_it(edition: Edition) -> set[str]:
    return {item["uid"] for section in edition.body["sections"] for item in section["items"]}


def _threads(said: Sequence[Feedback], edition: Edition, *, whole: bool) -> dict[str, Thread]:
    """What was said, by the item that it is shown under; "whole" is about the demo."""
    found = listed.by_item(said)
    found = {"whole": found.get("", [])} | {uid: found[uid] for uid in _in_it(edition) & found.keys()}
    return {about: thread(rows, whole=whole) for about, rows in found.items()}


def _elsewhere(said: Sequence[Feedback], edition: Edition) -> list[Feedback]:
    """What was said of items that an earlier edition showed, and this one does not."""
    there = _in_it(edition)
    return [one for one in said if one.item and str(one.item.uid) not in there]


def _with_ticket(said: Sequence[Feedback]) -> dict[int, int]:
    """The number of the ticket that was shown, for those that were said of one: they can become its finding."""
    items = {one.item_id for one in said if one.item_id}
    numbers = dict(DemoItem.objects.filter(pk__in=items, ticket__isnull=False).values_list("pk", "ticket__number"))
    return {one.pk: numbers[one.item_id] for one in said if one.item_id in numbers}


def _goals(row: Demo, edition: Edition, *, whole: bool) -> list[dict[str, Any]]:
    """The goals that the edition asks about, each with how it was answered for."""
    tallies = {tally.epic.number: tally for tally in listed.tallies(row)}
    goals = []
    for asked in edition.body["goals"]:
        tally = tallies.get(asked["epic"])
        notes = tally.notes if tally else []
        shown = notes if whole else notes[:NEWEST]
        told = {"counts": tally.said if tally else [], "notes": shown, "earlier": len(notes) - len(shown)}
        goals.append({**asked, "place": f"goal-{asked['epic']}", **told})
    return goals


def _links(access: Access, row: Demo) -> dict[str, Any]:
    now = timezone.now()
    rows = list(listed.links(access.project, demo=row))
    working = [one for one in rows if _works(one, now)]
    ended = [one for one in rows if not _works(one, now)][:ENDED_SHOWN]
    return {"may_lead": True, "working": working, "ended": ended, "lives": LIVES}


def _works(link: ShareLink, now: datetime) -> bool:
    return link.revoked_at is None and link.expires_at > now
