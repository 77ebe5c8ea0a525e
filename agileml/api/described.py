"""The description of the API, for machines."""

from functools import cache

from django.http import HttpResponse
from drf_spectacular.settings import spectacular_settings
from rest_framework.request import Request

from agileml.api.render import dumps
from agileml.api.views import ApiView


class OpenApi(ApiView):
    """The whole API in OpenAPI 3.1. It is nobody's secret: who asks, and with what, changes nothing."""

    authentication_classes = ()
    permission_classes = ()
    throttle_classes = ()

    def get(self, request: Request) -> HttpResponse:
        """Read it."""
        return HttpResponse(_document(), content_type="application/json")


@cache
def _document() -> bytes:
    return dumps(spectacular_settings.DEFAULT_GENERATOR_CLASS().get_schema(public=True))
