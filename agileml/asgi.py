"""What granian serves: streams on an event loop, all else through WSGI threads, which cost less than Django's ASGI."""

import re
from collections.abc import Mapping
from typing import Any

from a2wsgi import WSGIMiddleware
from django.utils import timezone

from agileml.wsgi import application as wsgi_application

# Models can be imported only once wsgi has set Django up.
from agileml.lib.sse import Streams  # isort: skip
from agileml.projects.following import still_good  # isort: skip

LARGEST = 16 * 1024 * 1024  # bytes of a body: more than any view takes
STREAM = re.compile(r"/api/v1/projects/[^/]+/changes/stream/|/events/[^/]+/")

pages = WSGIMiddleware(wsgi_application, workers=8)  # type: ignore[arg-type]  # its answers are iterated
streams = Streams(wsgi_application, still_good=lambda grants: still_good(grants, now=timezone.now()))


def unmistakable(scope: Mapping[str, Any]) -> dict[str, Any]:
    """A request without headers that WSGI takes for others: to it X_Forwarded_For, which no proxy sets or takes off, is
    X-Forwarded-For, and whoever sends it would say herself where she comes from.
    """
    return {**scope, "headers": [(name, value) for name, value in scope["headers"] if b"_" not in name]}


def length_of(scope: Mapping[str, Any]) -> int:
    """How long a request says that its body is; what says nothing has none, as for WSGI."""
    length = next((value for name, value in scope["headers"] if name == b"content-length"), b"0")
    return int(length) if length.isdigit() else 0


async def whole(length: int, receive: Any) -> bytes | None:
    """The body of a request, so many bytes; None when who sends it went away before it was all there.

    It is waited for here, where that costs next to nothing: in the threads a few who send slowly would keep everybody
    else out, and half of a form would be taken for a form.
    """
    told = bytearray()
    while len(told) < length:
        message = await receive()
        if message["type"] == "http.disconnect":
            return None
        told += message.get("body", b"")
        if not message.get("more_body", False):
            break
    return bytes(told)


async def application(scope: Any, receive: Any, send: Any) -> None:
    """Hand a request on.

    granian's `receive` returns an awaitable that is no coroutine, and what reads bodies from threads takes nothing
    else: without this every form and every push would end in a TypeError.
    """

    async def body() -> Any:
        return await receive()

    scope = unmistakable(scope)
    if scope["method"] in {"GET", "HEAD"} and STREAM.fullmatch(scope["path"]):
        await streams.serve(scope, body, send)
        return
    if (length := length_of(scope)) > LARGEST:
        await send({"type": "http.response.start", "status": 413, "headers": [(b"content-type", b"text/plain")]})
        await send({"type": "http.response.body", "body": b"The body is too large."})
        return
    told = await whole(length, receive)
    if told is None:
        return

    async def at_once() -> Any:
        return {"type": "http.request", "body": told, "more_body": False}

    await pages(scope, at_once, send)
