"""A form in several parts, for what JSON cannot hold: a file, with a few words beside it."""

from collections.abc import Mapping
from typing import Any

from django.core.files.uploadedfile import UploadedFile
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request

from agileml.api.render import TooLarge
from agileml.lib import fields
from agileml.lib.fields import FieldError, Invalid

BESIDE = 64 * 1024  # bytes of a form that are not its file
NAME_AT_MOST = 120


class FormParser(MultiPartParser):
    """A form whose file is at most the view's `largest`; of a larger one nothing is read.

    Raises ParseError (400), or TooLarge (413).
    """

    def parse(self, stream: Any, media_type: str | None = None, parser_context: Mapping[str, Any] | None = None) -> Any:
        """What a form says."""
        context = parser_context or {}
        size, largest = int(context["request"].META["CONTENT_LENGTH"]), context["view"].largest
        if size > largest + BESIDE:
            raise _too_large(largest)
        return super().parse(stream, media_type, parser_context)


def taken(
    request: Request, *, file: str, texts: dict[str, fields.Check], largest: int
) -> tuple[UploadedFile, dict[str, Any]]:
    """The file of a form, by its name there, and its texts. Raises Invalid, TooLarge (413)."""
    strange = (request.POST.keys() | request.FILES.keys()) - {*texts, file}
    doubled = [name for sent in (request.POST, request.FILES) for name, many in sent.lists() if len(many) > 1]
    doubled += sorted(request.POST.keys() & request.FILES.keys())
    errors = [FieldError(f"/{name}", "unknown_field", "There is no such field.") for name in sorted(strange)]
    errors += [FieldError(f"/{name}", "invalid", "Send this as text.") for name in texts if name in request.FILES]
    errors += [FieldError(f"/{name}", "twice", "This is given more than once.") for name in doubled]
    found = request.FILES.get(file)
    if found is None:
        errors.append(FieldError(f"/{file}", "required", "Send a file."))
    if errors or found is None:
        raise Invalid(errors)
    if (found.size or 0) > largest:
        raise _too_large(largest)
    return found, fields.clean({name: request.POST[name] for name in texts if name in request.POST}, fields=texts)


def name_of(file: UploadedFile) -> str:
    """What a file is called; of a long name the end."""
    return (file.name or "")[-NAME_AT_MOST:]


def _too_large(largest: int) -> TooLarge:
    return TooLarge(f"At most {largest // 1024**2} MB.")
