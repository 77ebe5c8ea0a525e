"""What every address of the API starts with: who asks, what may be asked, and the project's door."""

import hashlib
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, TypeVar

from django.conf import settings
from django.http.response import HttpResponseBase
from django.utils import timezone
from django.utils.http import parse_etags
from rest_framework.negotiation import BaseContentNegotiation
from rest_framework.parsers import BaseParser
from rest_framework.permissions import SAFE_METHODS
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from agileml.accounts.models import User
from agileml.api.idempotency import key_of, once
from agileml.api.problems import Wrong, one
from agileml.journal.queries import Head
from agileml.lib.rates import Rate
from agileml.projects import doors
from agileml.projects.calendar import day_of
from agileml.projects.doors import Access, Hidden
from agileml.projects.models import Project, Token

Answer = TypeVar("Answer", bound=HttpResponseBase)


class OnlyJson(BaseContentNegotiation):
    """There is one format; what the Accept header asks for changes nothing."""

    def select_parser(self, request: Request, parsers: Iterable[BaseParser]) -> BaseParser | None:
        """The parser of the body's type, None for another type (415)."""
        kind = (request.content_type or "").partition(";")[0].strip().lower()
        return next((parser for parser in parsers if parser.media_type == kind), None)

    def select_renderer(
        self, request: Request, renderers: Iterable[BaseRenderer], format_suffix: str | None = None
    ) -> tuple[BaseRenderer, str]:
        """JSON."""
        renderer = next(iter(renderers))
        return renderer, str(renderer.media_type)


class ApiView(APIView):
    """One address. `takes` names the query parameters of each method; any other is an error, never ignored."""

    content_negotiation_class = OnlyJson
    metadata_class = None
    takes: Mapping[str, tuple[str, ...]] = {}
    rate: Rate | None = None

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """Ask who it is and look at the query before the view does anything."""
        super().initial(request, *args, **kwargs)
        self.now: datetime = timezone.now()
        self.request_key = key_of(request)
        if "HTTP_TRANSFER_ENCODING" in request.META and not request.META.get("CONTENT_LENGTH"):
            # WSGI cannot say where such a body ends: it would be taken for none, and a push would vanish quietly.
            raise Wrong(411, "length_required", "Send the body whole, with its Content-Length.")
        allowed = self.takes.get((request.method or "").lower().replace("head", "get"), ())
        strange = [name for name in request.query_params if name not in allowed]
        doubled = [name for name, values in request.query_params.lists() if len(values) > 1]
        errors = [one(f"?{name}", "unknown_parameter", "There is no such parameter.") for name in strange]
        errors += [one(f"?{name}", "twice", "This is given more than once.") for name in doubled]
        if errors:
            raise Wrong(400, errors[0]["code"], "The query cannot be understood.", errors)

    def finalize_response(self, request: Request, response: Any, *args: Any, **kwargs: Any) -> Any:
        """Nothing keeps an answer by itself: the ETag is a version for If-Match, and says nothing of progress."""
        response = super().finalize_response(request, response, *args, **kwargs)
        response["Cache-Control"] = "no-store"
        for name, value in (self.rate.headers if self.rate else {}).items():
            response[name] = value
        return response

    @property
    def person(self) -> User:
        """Whoever asks."""
        assert isinstance(self.request.user, User)
        return self.request.user

    @property
    def token(self) -> Token | None:
        """The token that is used; None in a browser's session."""
        return self.request.auth if isinstance(self.request.auth, Token) else None

    @property
    def origin(self) -> str:
        """What the journal writes beside a change, by which a client knows its own: its token and the request's key."""
        token = str(self.token.uid) if self.token else ""
        return f"{token}:{self.request_key}" if self.request_key else token

    def enter(self, key: str) -> Access:
        """Pass a project's door. Raises Hidden to outsiders, and to a token that is held to another project."""
        if self.token and self.token.project and self.token.project.key != key:
            raise Hidden(key)
        return doors.enter(self.person, key)

    def sent(self) -> dict[str, Any]:
        """The body, which must be an object. Raises Wrong (422)."""
        if not isinstance(self.request.data, dict):
            raise Wrong(422, "invalid", "What was sent cannot be stored.", [one("", "invalid", "Send an object.")])
        return self.request.data


class Unchanged(Exception):
    """What the client has is still the answer."""


class ProjectView(ApiView):
    """An address inside a project. Whatever is posted to it is done once a key, unless the view says otherwise.

    `done_once` is False where a POST asks other machines: the project's lock is not held for those.
    `follows_history` is True where all that a GET answers follows from the project's history, the day, who asks and
    what: such an answer carries a validator, and a client that has it is told so (304) before anything is read.
    """

    access: Access
    done_once = True
    follows_history = False
    validator = ""

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if cls.done_once and "post" in cls.__dict__:
            cls.post = once(cls.post)  # type: ignore[attr-defined]

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """Pass the project's door first: its revision and epoch are read before anything that they vouch for."""
        super().initial(request, *args, **kwargs)
        self.access = self.enter(kwargs["key"])
        if self.follows_history and request.method in SAFE_METHODS:
            self.validator = self._validator()
            if self.validator in parse_etags(request.META.get("HTTP_IF_NONE_MATCH", "")):
                raise Unchanged

    def handle_exception(self, exc: Exception) -> Response:
        """The answer to an error, or that nothing has changed."""
        return self.vouched(Response(status=304)) if isinstance(exc, Unchanged) else super().handle_exception(exc)

    def finalize_response(self, request: Request, response: Any, *args: Any, **kwargs: Any) -> Any:
        """What can be asked for again is kept by who asked, and asked for again each time."""
        response = super().finalize_response(request, response, *args, **kwargs)
        if self.validator and response.status_code in (200, 304):
            response["ETag"] = self.validator
            response["Cache-Control"] = "private, no-cache"
        return response

    def _validator(self) -> str:
        """Weak, so that it can never pass for a version in If-Match, which compares strongly."""
        stream = self.project.stream
        grounds = [
            settings.RELEASE, stream.epoch, stream.revision, self.person.pk, self.person.name, self.origin,
            self.access.role,
            day_of(self.now, self.project.time_zone), self.request.build_absolute_uri(),
        ]  # fmt: skip
        return f'W/"{hashlib.sha256(repr(grounds).encode()).hexdigest()[:32]}"'

    @property
    def project(self) -> Project:
        """The project that was entered."""
        return self.access.project

    @property
    def history(self) -> Head:
        """Where the project's history stood when its door was passed."""
        return Head(epoch=self.project.stream.epoch, revision=self.project.stream.revision)

    def doing(self) -> dict[str, Any]:
        """What every action is told of who does it, when, where and through what."""
        return {"project": self.project, "actor": self.person, "now": self.now, "origin": self.origin}

    def vouched(self, response: Answer) -> Answer:
        """The answer with the revision and epoch that were read before its rows."""
        response["X-Project-Revision"] = str(self.project.stream.revision)
        response["X-Project-Epoch"] = self.project.stream.epoch
        return response


def expected_version(request: Request) -> int:
    """The version that an edit was made for, from If-Match. Raises Wrong: 428 without one, 400 for no version."""
    tag = request.META.get("HTTP_IF_MATCH", "").strip()
    if not tag:
        raise Wrong(428, "if_match_required", 'Name the version that you saw: If-Match: "<version>".')
    digits = tag[1:-1] if len(tag) > 2 and tag[0] == tag[-1] == '"' else ""
    if not (digits.isascii() and digits.isdigit() and len(digits) < 20):
        raise Wrong(400, "bad_if_match", 'If-Match takes one version, as the ETag has it: "3".')
    return int(digits)


def tagged(shape: Mapping[str, Any], *, status: int = 200, location: str = "") -> Response:
    """A single resource with its version as ETag."""
    headers = {"ETag": f'"{shape["version"]}"'} | ({"Location": location} if location else {})
    return Response(shape, status=status, headers=headers)
