"""What is sent is UTF-8, whatever it says itself: other encodings know characters that are no text."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse


def as_utf8(answer: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    """The middleware that has forms read so, before anything looks into one."""

    def read(request: HttpRequest) -> HttpResponse:
        request.encoding = "utf-8"
        return answer(request)

    return read
