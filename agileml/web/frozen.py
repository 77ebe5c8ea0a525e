"""The pictures of an edition: where they are on a page, and how they are given out so that they do nothing."""

from base64 import b64encode
from collections.abc import Callable, Mapping
from typing import Any

from django.http import HttpResponse

from agileml.demos.models import DemoImage
from agileml.demos.queries.visited import pictured

# Whatever a picture holds and however it is opened, it runs nothing and asks nobody for anything.
INERT = "sandbox; default-src 'none'; style-src 'unsafe-inline'"


def pictures(body: Mapping[str, Any], address: Callable[[str], str]) -> dict[str, str]:
    """The addresses of what an edition shows, by uid, as templates/demo/_body.html takes them."""
    return {uid: address(uid) for uid in pictured(body)}


def served(image: DemoImage) -> HttpResponse:
    """The bytes of a picture, so that no browser takes them for anything else."""
    answer = HttpResponse(bytes(image.content), content_type=image.media_type)
    answer["Content-Security-Policy"] = INERT
    answer["X-Content-Type-Options"] = "nosniff"
    answer["Cache-Control"] = "private, no-cache"
    return answer


def inlined(image: DemoImage) -> str:
    """A picture as an address that holds all of it."""
    return f"data:{image.media_type};base64,{b64encode(bytes(image.content)).decode()}"
