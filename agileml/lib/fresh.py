"""Answering "nothing new" (304) to a page that is asked for again and again.

The validator hashes all that a page is made of without reading its rows: the revision of the data, who looks, the
day, the product itself, the address. Whatever a page shows must follow from what goes into it.
"""

import hashlib
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path

from django.conf import settings
from django.contrib.messages import get_messages
from django.contrib.staticfiles.storage import staticfiles_storage
from django.http import HttpRequest, HttpResponse, HttpResponseNotModified
from django.middleware.csrf import get_token
from django.utils.cache import patch_cache_control
from django.utils.http import parse_etags


@lru_cache
def look() -> str:
    """A hash of the release and of every template: a page kept by a browser must not outlive what draws it."""
    found = hashlib.sha256(settings.RELEASE.encode())
    found.update(getattr(staticfiles_storage, "manifest_hash", "").encode())
    for folder in settings.TEMPLATES[0]["DIRS"]:
        for path in sorted(Path(str(folder)).rglob("*.html")):
            found.update(path.read_bytes())
    return found.hexdigest()


def validator(request: HttpRequest, *parts: object) -> str:
    """A weak validator of this request's answer: `parts`, and what the frame around every page depends on.

    Weak, because the page and its fragment say the same in different bytes. The secret of the forms' tokens counts:
    a page with tokens of an older one could not post.
    """
    user = request.user
    get_token(request)  # which makes the secret where there is none yet
    grounds = [
        look(), request.get_full_path(), getattr(user, "pk", None), getattr(user, "name", ""),
        getattr(user, "theme", ""), request.session.session_key, request.META["CSRF_COOKIE"],
        *parts,
    ]  # fmt: skip
    return f'W/"{hashlib.sha256(repr(grounds).encode()).hexdigest()[:32]}"'


def if_new(request: HttpRequest, tag: str, answer: Callable[[], HttpResponse]) -> HttpResponse:
    """`answer()` marked with its validator, or 304 when the browser has that very answer.

    A page that carries a message to be seen once is neither kept nor answered from what is kept.
    """
    waiting = len(get_messages(request))
    known = parse_etags(request.headers.get("If-None-Match", ""))
    response = HttpResponseNotModified() if not waiting and tag in known else answer()
    if not waiting:
        response.headers["ETag"] = tag
    patch_cache_control(response, private=True, no_cache=True, no_store=bool(waiting))
    return response
