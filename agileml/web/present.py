"""A demo on the big screen: one item a screen, moved through by the arrow keys, all of it loaded with the page.

It is asked for once and then needs the server no more. Participants see with each item what was said of it, also what
comes while they present, as long as there is a network.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.template.loader import render_to_string
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from agileml.demos.models import Edition
from agileml.demos.queries import listed, shown, visited
from agileml.demos.queries.threads import Thread, thread
from agileml.demos.queries.visited import Visit, pictured
from agileml.web.by_link import by_link as for_guests
from agileml.web.by_link import is_open, kept
from agileml.web.project import enter


@login_required
@never_cache
@require_safe
def show(request: HttpRequest, key: str, number: int) -> HttpResponse:
    """The newest edition of a demo, for its project's people."""
    access = enter(request, key)
    edition = shown.edition(access.project, number)
    said = listed.by_item(list(listed.feedback(edition.demo)))
    context = _context(edition, said={about: thread(rows) for about, rows in said.items()}) | {
        "back": "../",
        "theme": access.user.theme,
        "events": reverse("events", args=[access.project.key]),
        "revision": access.project.stream.revision,  # read with the door, and so before what was said
    }
    return render(request, "present/page.html", context)


@require_safe
@for_guests
def by_link(request: HttpRequest, visit: Visit) -> HttpResponse:
    """What a share link shows, on the big screen."""
    if not is_open(request, visit.link):
        return HttpResponseRedirect("../")
    return HttpResponse(kept(visit, "present", lambda: _for_guests(visit)))


def _for_guests(visit: Visit) -> str:
    edition = visited.edition(visit.edition)
    return render_to_string("present/page.html", _context(edition, said={}) | {"back": "../"})


def _context(edition: Edition, *, said: Mapping[str, Thread]) -> dict[str, Any]:
    body = edition.body
    return {
        "body": body,
        "edition": edition.number,
        "pictures": {uid: f"../images/{uid}/" for uid in pictured(body)},
        "slides": list(_slides(body, said)),
        "of_all": said.get(""),
    }


def _slides(body: Mapping[str, Any], said: Mapping[str, Thread]) -> Iterator[dict[str, Any]]:
    """The items one after the other, each with its section and what was said of it."""
    for section in body["sections"]:
        for item in section["items"]:
            yield {"section": section["title"], "code": section["code"], "item": item, "said": said.get(item["uid"])}
