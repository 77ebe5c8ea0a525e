"""The door of those who come by a share link: no account, one edition, and nothing that tells more.

The link's token is its whole secret, so no page holds it (their addresses are relative), no address that they lead to
learns it (they send no referrer), and no log has it (agileml/lib/logs.py). For the same reason their forms need no
token against forgery: whoever could make a guest send one knows the link, and may say what she likes herself.
"""

from collections.abc import Callable
from contextlib import suppress
from functools import wraps
from typing import Any, Concatenate, ParamSpec

from django.conf import settings
from django.core.cache import cache
from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt

from agileml.demos.actions.sharing import count_views
from agileml.demos.models import ShareLink
from agileml.demos.queries import visited
from agileml.demos.queries.visited import Visit
from agileml.lib import rates
from agileml.projects.doors import Hidden

COOKIE, SALT = "agileml_link", "share link"
UNLOCKED_SECONDS = 12 * 3600
KEPT_SECONDS = 300
BITE_SECONDS = 1
HEADERS = {
    "Referrer-Policy": "no-referrer",
    "X-Robots-Tag": "noindex, nofollow",
    "Cache-Control": "private, no-cache",
}

More = ParamSpec("More")
View = Callable[Concatenate[HttpRequest, Visit, More], HttpResponse]


def by_link(view: View[More]) -> Callable[..., HttpResponse]:
    """A view of what a link shows, for `<str:token>`: found by its token, asked not too often, and kept to itself."""

    @csrf_exempt
    @wraps(view)
    def answer(request: HttpRequest, token: str, *args: More.args, **more: More.kwargs) -> HttpResponse:
        response = too_often(request, "say" if request.method == "POST" else "look")
        if response is None:
            try:
                response = view(request, visited.visit(token, now=timezone.now()), *args, **more)
            except Hidden:
                response = HttpResponse(render_to_string("shared/ended.html"), status=404)
        for name, value in HEADERS.items():
            response[name] = value
        return response

    return answer


def too_often(request: HttpRequest, kind: str) -> HttpResponse | None:
    """The answer to an address that asks too often; None while it may go on."""
    rate = rates.count(kind, rates.address_of(request))
    return wait(rate.reset) if rate is not None and rate.exceeded else None


def wait(seconds: int) -> HttpResponse:
    """The answer that asks for patience."""
    page = render_to_string("shared/patience.html", {"seconds": seconds})
    return HttpResponse(page, status=429, headers={"Retry-After": str(seconds)})


def is_open(request: HttpRequest, link: ShareLink) -> bool:
    """Whether a link needs no passphrase, or this browser gave it."""
    if not link.passphrase:
        return True
    given = request.get_signed_cookie(COOKIE, default="", salt=SALT, max_age=UNLOCKED_SECONDS)
    return given == str(link.uid)


def keep_open(response: HttpResponse, request: HttpRequest, link: ShareLink) -> None:
    """Let this browser see what a link shows without asking again for a while, there and nowhere else."""
    response.set_signed_cookie(
        COOKIE,
        str(link.uid),
        salt=SALT,
        max_age=UNLOCKED_SECONDS,
        path=request.path,
        secure=settings.HTTPS,
        httponly=True,
        samesite="Lax",
    )


def kept(visit: Visit, what: str, make: Callable[[], Any]) -> Any:
    """Something of what a visit shows, made once for a link, an edition and its answers, while the cache keeps it.

    In the place of what the link showed before: a cache in memory forgets nothing that nobody asks for.
    """
    key, shows = f"shown:{settings.RELEASE}:{what}:{visit.link.uid}", (visit.edition, visit.answers)
    try:
        found = cache.get(key)
    except rates.CACHE_TROUBLE:
        return make()
    if found is None or found[0] != shows:
        found = (shows, make())
        with suppress(*rates.CACHE_TROUBLE):
            cache.set(key, found, KEPT_SECONDS)
    return found[1]


def seen(link: ShareLink) -> None:
    """Count a look, but write at most once a second: what came in between is added with the next."""
    key, many = f"views:{link.uid}", 1
    try:
        cache.add(key, 0, None)
        waiting = cache.incr(key)
        if not cache.add(f"{key}:written", 1, BITE_SECONDS):
            return
        cache.decr(key, waiting)
        many = waiting
    except (ValueError, *rates.CACHE_TROUBLE):
        pass  # it forgot the count, or does not answer: at least this look is known
    count_views(link=link.uid, many=many)
