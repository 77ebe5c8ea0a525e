"""The description as OpenAPI 3.1, put together from the catalogue, the addresses and what the views take."""

import re
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from threading import Lock
from typing import Any

from django.urls import URLPattern, URLResolver, get_resolver
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.openapi import AutoSchema
from rest_framework.views import APIView

from agileml.api import paging
from agileml.api.idempotency import LONGEST
from agileml.api.schema import errors
from agileml.api.schema.catalogue import CALLS, PARTS, SHAPES, TAGS
from agileml.api.schema.kit import NUMBER, TEXT, UID, Call, Schema, says
from agileml.api.schema.projects import KEY
from agileml.api.schema.sample import sample
from agileml.api.views import ProjectView

CONVERTERS: Mapping[str, Schema] = {
    "key": KEY,
    "number": NUMBER | {"maximum": 999_999_999},
    "uuid": UID,
    "slug": {"type": "string", "pattern": "^[-a-zA-Z0-9_]+$", "examples": ["digit-reader"]},
}
PLACES: Mapping[str, str] = {
    "key": "The project's key.",
    "number": "Its number inside the project.",
    "version": "The plan version.",
    "slug": "The model's name in addresses.",
    "edition": "The edition's number, from 1.",
}
PAGE: Mapping[str, Schema] = {
    "limit": says(
        {"type": "integer", "minimum": 1, "maximum": paging.MOST, "default": paging.LIMIT}, "How many rows at once."
    ),
    "cursor": says(TEXT, "Where the page begins: follow `next` as it is."),
    "ext_system": says(TEXT, "Known to this system.", "jira"),
    "ext_id": says(TEXT, "By this name there.", "OCR-1"),
    "fields": says(TEXT, "The columns that are wanted, with commas.", "uid"),
}
IF_MATCH = {
    "name": "If-Match",
    "in": "header",
    "required": True,
    "description": "The version that was seen, as the `ETag` has it.",
    "schema": {"type": "string", "pattern": '^"[0-9]{1,9}"$'},
    "example": '"3"',
}
MAY_MATCH = IF_MATCH | {"required": False, "description": "The version that is edited, where there is one already."}
NONE_MATCHES = {
    "name": "If-None-Match",
    "in": "header",
    "description": "`*` where it is to be made, and must not be there.",
    "schema": {"const": "*"},
}
IF_NONE_MATCH = {
    "name": "If-None-Match",
    "in": "header",
    "description": "The `ETag` of an answer that one has: 304 while it is still the answer.",
    "schema": {"type": "string"},
}
IDEMPOTENCY_KEY = {
    "name": "Idempotency-Key",
    "in": "header",
    "description": "Done once a key, for 24 hours: the same again is answered the same, with `Idempotency-Replayed`.",
    "schema": {"type": "string", "pattern": "^[!-~]+$", "maxLength": LONGEST, "examples": ["5f0c1d9a"]},
}
PARAMETERS: Mapping[str, dict[str, Any]] = {
    "key": {"name": "key", "in": "path", "required": True, "description": PLACES["key"], "schema": KEY},
    "if_match": IF_MATCH,
    "if_none_match": IF_NONE_MATCH,
    "idempotency_key": IDEMPOTENCY_KEY,
    **{name: {"name": name, "in": "query", "schema": schema} for name, schema in PAGE.items()},
}
ETAG = {"ETag": {"description": "The version, for `If-Match`.", "required": True, "schema": {"type": "string"}}}
KEPT = {"ETag": {"description": "For `If-None-Match` alone.", "required": True, "schema": {"type": "string"}}}
LOCATION = {"Location": {"description": "Where it can be read.", "required": True, "schema": {"type": "string"}}}
REPLAYED = {
    "Idempotency-Replayed": {"description": "`true` on an answer that was given before.", "schema": {"const": "true"}}
}
VOUCHED = {
    "X-Project-Revision": {
        "description": "How far the project's history had come before this was read.",
        "required": True,
        "schema": {"type": "string", "pattern": "^[0-9]+$"},
    },
    "X-Project-Epoch": {"description": "Which history that is.", "required": True, "schema": {"type": "string"}},
}
SECURITY = {
    "token": {
        "type": "http",
        "scheme": "bearer",
        "description": "`Authorization: Bearer aml_…`, with the scope `read`, `write` or `metrics` (push only).",
    },
    "session": {
        "type": "apiKey",
        "in": "cookie",
        "name": "sessionid",
        "description": "A browser's own session; what writes needs its CSRF token as the header `X-CSRFToken`.",
    },
}


# The generator looks for what it knows of other packages when it first runs, and two at once trip over that.
ONE_AT_A_TIME = Lock()


class Described(AutoSchema):
    """Looks a view's method up in the catalogue. Raises KeyError for one that nobody described."""

    def get_operation(
        self, path: str, path_regex: str, path_prefix: str, method: str, registry: Any
    ) -> dict[str, Any] | None:
        """The operation as OpenAPI has it."""
        view, verb = type(self.view), method.lower()
        call = CALLS[view, verb]
        headers = [
            _shared(name)
            for name, is_taken in (
                ("if_match", call.needs_version),
                ("if_none_match", _is_kept(view, verb)),
                ("idempotency_key", _is_done_once(view, verb)),
            )
            if is_taken
        ]
        upserting = [MAY_MATCH, NONE_MATCHES] if call.upserts else []
        operation: dict[str, Any] = {
            "operationId": f"{verb}_{names()[path_regex].replace('-', '_')}",
            "summary": call.summary,
            "tags": [TAGS[view]],
            "security": [] if call.is_open else [{name: []} for name in SECURITY],
            "parameters": [*_places(path, path_regex), *_query(view, verb, call), *headers, *upserting],
            "responses": {**_answers(view, verb, call), **_errors(view, verb, call, named="{" in path)},
        }
        if call.words:
            operation["description"] = call.words
        if call.body is not None:
            content = {"schema": call.body, "example": call.example}
            operation["requestBody"] = {"required": True, "content": {call.takes: content}}
        return operation


class Generator(SchemaGenerator):
    """The whole document: the operations, with the shapes and errors that they share."""

    def get_schema(self, request: Any = None, public: bool = False) -> dict[str, Any]:
        """The document; it is the same for everybody."""
        with ONE_AT_A_TIME:
            document: dict[str, Any] = super().get_schema(request=None, public=True)
        document["components"] = {
            "schemas": SHAPES,
            "responses": errors.shared(),
            "parameters": PARAMETERS,
            "securitySchemes": SECURITY,
        }
        document["tags"] = [{"name": tag, "description": str(part.__doc__)} for tag, part in PARTS.items()]
        return document


@cache
def names() -> dict[str, str]:
    """The name of each address, by its pattern as the generator knows it."""

    def walk(found: Sequence[URLPattern | URLResolver], before: str) -> Iterator[tuple[str, str]]:
        for pattern in found:
            here = before + str(pattern.pattern)
            if isinstance(pattern, URLResolver):
                yield from walk(pattern.url_patterns, here)
            elif pattern.name:
                yield here, pattern.name

    return dict(walk(get_resolver().url_patterns, ""))


def _is_kept(view: type[APIView], verb: str) -> bool:
    """Whether an answer can be kept and asked for again."""
    return verb == "get" and issubclass(view, ProjectView) and view.follows_history


def _is_done_once(view: type[APIView], verb: str) -> bool:
    """Whether it takes an Idempotency-Key."""
    return verb == "post" and issubclass(view, ProjectView) and view.done_once


def _shared(name: str) -> dict[str, Any]:
    return {"$ref": f"#/components/parameters/{name}"}


def _places(path: str, path_regex: str) -> Iterator[dict[str, Any]]:
    kinds = {name: kind for kind, name in re.findall(r"<(\w+):(\w+)>", path_regex)}
    for name in re.findall(r"{(\w+)}", path):
        if name in PARAMETERS:
            yield _shared(name)
            continue
        words = PLACES.get(name, f"The {'decision' if name == 'uid' else name}'s uid.")
        schema = CONVERTERS[kinds[name]]
        yield {"name": name, "in": "path", "required": True, "description": words, "schema": schema}


def _query(view: type[APIView], verb: str, call: Call) -> Iterator[dict[str, Any]]:
    for name in getattr(view, "takes", {}).get(verb, ()):
        if name in PARAMETERS and name not in call.query:
            yield _shared(name)
            continue
        schema = dict(call.query[name])
        told: dict[str, Any] = {"name": name, "in": "query"}
        told |= {word: schema.pop(word) for word in ("required", "description") if word in schema}
        yield told | {"schema": schema}


def _answers(view: type[APIView], verb: str, call: Call) -> dict[str, Any]:
    headers: dict[str, Any] = {}
    if verb == "get" and issubclass(view, ProjectView):
        headers |= VOUCHED
    if call.tagged:
        headers |= ETAG
    if _is_kept(view, verb):
        headers |= KEPT
    if _is_done_once(view, verb):
        headers |= REPLAYED
    found: dict[str, Any] = {}
    for status, schema in call.answers.items():
        told: dict[str, Any] = {"description": "What was asked for." if status != 204 else "Done."}
        if schema is not None:
            content = {"schema": schema, "example": sample(schema, SHAPES)}
            told["content"] = dict.fromkeys(call.makes, content)
        if more := headers | (LOCATION if call.located and status == 201 else {}):
            told["headers"] = more
        found[str(status)] = told
    if _is_kept(view, verb):
        found["304"] = {"description": "What one has is still the answer.", "headers": KEPT}
    return found


def _errors(view: type[APIView], verb: str, call: Call, *, named: bool) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for status, codes in errors.codes_of(call, named=named, done_once=_is_done_once(view, verb)).items():
        shared = errors.name_of(status, codes)
        found[str(status)] = {"$ref": f"#/components/responses/{shared}"} if shared else errors.answer(status, codes)
    return found
