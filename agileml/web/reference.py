"""The API's reference, and its guides."""

import re
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
LINK = re.compile(r"\[([^]]+)\]\(([\w./-]+)\)")  # to a file, by its path


@require_safe
def reference(request: HttpRequest) -> HttpResponse:
    """Every call, with its fields and an example. It is the same for everybody, logged in or not."""
    return render(request, "reference/page.html", {"body": _body(), "guides": GUIDES})


@require_safe
def guide(request: HttpRequest, name: str) -> HttpResponse:
    """A guide. Raises Http404 for one that there is not."""
    if name not in GUIDES:
        raise Http404
    return render(request, "reference/guide.html", {"title": GUIDES[name], "body": _text(name), "guides": GUIDES})


@cache
def _body() -> SafeString:
    document = spectacular_settings.DEFAULT_GENERATOR_CLASS().get_schema(public=True)
    return render_to_string("reference/_body.html", {"reference": told(document)})


@cache
def _text(name: str) -> SafeString:
    told = (Path(settings.BASE_DIR) / "docs" / f"{name}.md").read_text()
    return markdown.html(LINK.sub(_as_here, told), wrapped=True)


def _as_here(link: re.Match[str]) -> str:
    """A link from file to file leads from guide to guide here, and to nothing where the file is no guide."""
    words, name = link[1], link[2].removesuffix(".md")
    return f"[{words}](../{name}/)" if name in GUIDES else words
