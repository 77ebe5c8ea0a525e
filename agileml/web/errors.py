"""How the doors' answers look to a person in a browser."""

from collections.abc import Callable

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render, resolve_url
from django.utils import timezone

from agileml.lib.htmx import wants_fragment
from agileml.projects.doors import Forbidden, Hidden

Answer = Callable[[HttpRequest], HttpResponse]


class DoorsMiddleware:
    """Turns the doors' typed errors into pages: what may not be seen looks like what does not exist.

    A door also sets the clock by which the page behind it tells times; it ends with the request.
    """

    def __init__(self, get_response: Answer) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        try:
            response = self.get_response(request)
        finally:
            timezone.deactivate()
        asks_to_log_in = response.headers.get("Location", "").startswith(f"{resolve_url(settings.LOGIN_URL)}?")
        if asks_to_log_in and wants_fragment(request):
            # Followed, the redirect would put the log-in page into the middle of the page that stands.
            return HttpResponse(status=401)
        return response

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        if isinstance(exception, Hidden | Http404):
            return render(request, "errors/404.html", status=404)
        if isinstance(exception, Forbidden):
            return render(request, "errors/403.html", {"message": str(exception)}, status=403)
        return None
