"""Pictures that people sent, answered so that a browser takes them for nothing else."""

from typing import Protocol

from django.http import HttpResponse

# An SVG that is opened by itself is a document of this site: it gets nothing to run, and nowhere to ask.
NOTHING = "default-src 'none'; style-src 'unsafe-inline'; sandbox"


class Picture(Protocol):
    """How a picture is kept."""

    @property
    def content(self) -> bytes | memoryview:
        """Its bytes, as the database gives them."""

    @property
    def media_type(self) -> str:
        """What these say that it is."""


def picture(row: Picture) -> HttpResponse:
    """The bytes, which never change under their address, kept by the browser of whoever may see them."""
    answer = HttpResponse(bytes(row.content), content_type=row.media_type)
    answer["Content-Security-Policy"] = NOTHING
    answer["X-Content-Type-Options"] = "nosniff"
    answer["Content-Disposition"] = "inline"
    answer["Cache-Control"] = "private, max-age=3600, immutable"
    return answer
