"""What granian serves: the pages and the API through WSGI threads, which cost less than Django under ASGI."""

from typing import Any

from a2wsgi import WSGIMiddleware

from agileml.wsgi import application as wsgi_application

pages = WSGIMiddleware(wsgi_application, workers=8)  # type: ignore[arg-type]  # its answers are iterated


async def application(scope: Any, receive: Any, send: Any) -> None:
    """Hand a request on.

    granian's `receive` returns an awaitable that is no coroutine, and a2wsgi, which reads bodies from its threads,
    takes nothing else: without this every form and every push would end in a TypeError.
    """

    async def body() -> Any:
        return await receive()

    await pages(scope, body, send)
