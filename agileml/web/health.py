"""Whether this process serves, for supervisors and load balancers: no database, no session, no secrets."""

from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_GET


@require_GET
def health(request: HttpRequest) -> HttpResponse:
    """Answer "ok"."""
    return HttpResponse("ok", content_type="text/plain")
