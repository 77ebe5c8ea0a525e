"""A demo to keep: one file that needs neither this server nor a network, nor a script."""

import re
from base64 import b64encode
from pathlib import Path
from typing import Any

from django.contrib.auth.decorators import login_required
from django.contrib.staticfiles import finders
from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.templatetags.static import static
from django.utils.safestring import mark_safe
from django.views.decorators.http import require_safe

from agileml.demos.models import DemoImage, Edition
from agileml.demos.queries import shown
from agileml.web.project import enter

SHEETS = ("tokens", "base", "components", "charts", "demo")
# What stands in the file too, since nobody sends this header when it is opened from a disk.
ALONE = "default-src 'none'; style-src 'unsafe-inline'; img-src data:"


@login_required
@require_safe
def show(request: HttpRequest, key: str, number: int) -> HttpResponse:
    """The newest edition as a file, with its styles and pictures in it."""
    access = enter(request, key)
    edition = shown.edition(access.project, number)
    answer = HttpResponse(page(edition))
    name = f"{access.project.key}-demo-{number}-edition-{edition.number}"
    answer["Content-Disposition"] = f'attachment; filename="{name}.html"'
    answer["Content-Security-Policy"] = f"sandbox; {ALONE}"
    answer["Cache-Control"] = "private, no-cache"
    return answer


def page(edition: Edition) -> str:
    """An edition as one file of HTML."""
    body = edition.body
    context: dict[str, Any] = {
        "body": body,
        "edition": edition.number,
        "pictures": {str(row.uid): _inlined(row) for row in shown.images(edition)},
        "policy": ALONE,
        # Safe: these are the product's own files.
        "styles": mark_safe("\n".join(_file(f"css/{name}.css") for name in SHEETS)),  # noqa: S308
        "icons": mark_safe(re.sub(r"<svg\b", "<svg hidden", _file("icons.svg"), count=1)),  # noqa: S308
    }
    return render_to_string("export/page.html", context).replace(f"{static('icons.svg')}#", "#")


def _file(name: str) -> str:
    found = finders.find(name)
    assert isinstance(found, str)
    return Path(found).read_text()


def _inlined(image: DemoImage) -> str:
    """A picture as an address that holds all of it."""
    return f"data:{image.media_type};base64,{b64encode(bytes(image.content)).decode()}"
