"""Pictures that people put into demos, sent so that a browser takes them for nothing else."""

from django.http import HttpResponse

from agileml.demos.models import DemoImage

# An SVG that is opened by itself is a document of this site: it gets nothing to run, and nowhere to ask.
NOTHING = "default-src 'none'; style-src 'unsafe-inline'; sandbox"


def picture(row: DemoImage) -> HttpResponse:
    """The bytes, which never change under their address, kept by the browser of whoever may see them."""
    answer = HttpResponse(bytes(row.content), content_type=row.media_type)
    answer["Content-Security-Policy"] = NOTHING
    answer["X-Content-Type-Options"] = "nosniff"
    answer["Content-Disposition"] = "inline"
    answer["Cache-Control"] = "private, max-age=3600, immutable"
    return answer
