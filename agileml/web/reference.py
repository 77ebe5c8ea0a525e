"""The API's reference, and its guides."""

from functools import cache
from pathlib import Path

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.template.loader import render_to_string
from django.utils.safestring import SafeString
from django.views.decorators.http import require_safe
from drf_spectacular.settings import spectacular_settings

from agileml.lib import markdown
from agileml.web.reference_words import reference as told

GUIDES = {
    "api": "The REST API",
    "syncing": "Syncing",
    "webhooks": "Webhooks",
    "metrics": "Metrics",
    "mlflow": "MLflow",
    "verdicts": "Verdicts",
}


@require_safe
def reference(request: HttpRequest) -> HttpResponse:
    """Every call, with its fields and an example. It is the same for everybody, logged in or not."""
    return render(request, "reference/page.html", {"body": _body(), "guides": _guides()})


@require_safe
def guide(request: HttpRequest, name: str) -> HttpResponse:
    """A guide. Raises Http404 for one that there is not."""
    if name not in _guides():
        raise Http404
    return render(request, "reference/guide.html", {"title": GUIDES[name], "body": _text(name), "guides": _guides()})


@cache
def _body() -> SafeString:
    document = spectacular_settings.DEFAULT_GENERATOR_CLASS().get_schema(public=True)
    return render_to_string("reference/_body.html", {"reference": told(document)})


@cache
def _text(name: str) -> SafeString:
    return markdown.html(_path(name).read_text(), wrapped=True)


@cache
def _guides() -> dict[str, str]:
    return {name: title for name, title in GUIDES.items() if _path(name).exists()}


def _path(name: str) -> Path:
    return Path(settings.BASE_DIR) / "docs" / f"{name}.md"
