"""What granian serves: the pages and the API through WSGI threads, which cost less than Django under ASGI."""

from a2wsgi import WSGIMiddleware

from agileml.wsgi import application as wsgi_application

application = WSGIMiddleware(wsgi_application, workers=8)  # type: ignore[arg-type]  # its answers are iterated
