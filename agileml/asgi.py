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

STREAM = re.compile(r"/api/v1/projects/[^/]+/changes/stream/|/events/[^/]+/")

pages = WSGIMiddleware(wsgi_application, workers=8)  # type: ignore[arg-type]  # its answers are iterated
streams = Streams(wsgi_application, still_good=lambda grants: still_good(grants, now=timezone.now()))


def unmistakable(scope: Mapping[str, Any]) -> dict[str, Any]:
    """A request without headers that WSGI takes for others: to it X_Forwarded_For, which no proxy sets or takes off, is
    X-Forwarded-For, and whoever sends it would say herself where she comes from.
    """
    return {**scope, "headers": [(name, value) for name, value in scope["headers"] if b"_" not in name]}


async def application(scope: Any, receive: Any, send: Any) -> None:
    """Hand a request on.

    granian's `receive` returns an awaitable that is no coroutine, and a2wsgi, which reads bodies from its threads,
    takes nothing else: without this every form and every push would end in a TypeError.
    """

    async def body() -> Any:
        return await receive()

    scope = unmistakable(scope)
    if scope["method"] in {"GET", "HEAD"} and STREAM.fullmatch(scope["path"]):
        await streams.serve(scope, body, send)
    else:
        await pages(scope, body, send)
