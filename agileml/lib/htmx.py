"""How views answer a page that is open already, and a browser without a script, in the same breath."""

from collections.abc import Iterable
from urllib.parse import urlsplit

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.cache import patch_vary_headers
from django.utils.http import url_has_allowed_host_and_scheme
from django_htmx.http import HttpResponseClientRedirect, trigger_client_event
from django_htmx.middleware import HtmxDetails


def wants_fragment(request: HttpRequest) -> bool:
    """Whether the answer goes into a page that stands: a restored page of the history needs the whole one."""
    htmx: HtmxDetails | None = getattr(request, "htmx", None)  # none before the middleware has run
    return htmx is not None and bool(htmx) and not htmx.boosted and not htmx.history_restore_request


def varies(response: HttpResponse) -> HttpResponse:
    """Tell caches that page and fragment share an address."""
    patch_vary_headers(response, ["HX-Request"])
    return response


def done(
    request: HttpRequest,
    *,
    to: str,
    text: str,
    events: Iterable[str] = (),
    tone: str = "success",
    shown: bool = True,
) -> HttpResponse:
    """The answer to a write that went well: `text` and `events` for the page that stands, else the page `to`.

    `text` is read out, and shown in the corner unless what happened is to be seen anyway (`shown` is false).
    """
    if not wants_fragment(request):
        messages.add_message(request, _LEVELS[tone], text)
        return HttpResponseRedirect(to)
    response = HttpResponse(status=204)
    trigger_client_event(response, "announce", {"value": text})
    if shown:
        trigger_client_event(response, "toast", {"text": text, "tone": tone})
    for event in events:
        trigger_client_event(response, event, {})
    return varies(response)


def go(request: HttpRequest, to: str) -> HttpResponse:
    """Lead the browser to another page, also out of a fragment.

    To the page that is open it goes without the part after "#": with it a browser only scrolls, and shows old news.
    """
    if not wants_fragment(request):
        return varies(HttpResponseRedirect(to))
    page, _, _ = to.partition("#")
    current = urlsplit(request.headers.get("HX-Current-URL", "")).path
    return varies(HttpResponseClientRedirect(page if urlsplit(page).path == current else to))


def own_path(wanted: str, otherwise: str) -> str:
    """`wanted` if it is a path of this site, else `otherwise`: an address in a form must not lead elsewhere."""
    if wanted.startswith("/") and url_has_allowed_host_and_scheme(wanted, allowed_hosts=None):
        return wanted
    return otherwise


_LEVELS = {
    "success": messages.SUCCESS,
    "info": messages.INFO,
    "warning": messages.WARNING,
    "error": messages.ERROR,
}
