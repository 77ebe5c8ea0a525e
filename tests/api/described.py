"""Every answer of the API that a test sees is held against its description: status, headers and shape."""

import json
from functools import cache
from typing import Any
from urllib.parse import unquote

import jsonschema_rs
from django.urls import Resolver404, resolve
from drf_spectacular.settings import spectacular_settings

from agileml.api.problems import CONTENT_TYPE

Schema = dict[str, Any]
NOT_ANSWERED = 405
JSON = "application/json"


@cache
def document() -> dict[str, Any]:
    """The description as the product gives it."""
    found: dict[str, Any] = spectacular_settings.DEFAULT_GENERATOR_CLASS().get_schema(public=True)
    return found


@cache
def operations() -> dict[str, dict[str, Any]]:
    """Each operation by its id."""
    return {one["operationId"]: one for methods in document()["paths"].values() for one in methods.values()}


def operation_of(method: str, path: str) -> tuple[str, dict[str, Any]] | None:
    """The id and the operation of a call; None where there is none: no address of the API, or not its method."""
    try:
        match = resolve(unquote(path))
    except Resolver404:
        return None
    verb = "get" if method == "HEAD" else method.lower()
    name = f"{verb}_{(match.url_name or '').replace('-', '_')}"
    return (name, operations()[name]) if match.app_names[:1] == ["api"] and name in operations() else None


def takes(method: str, address: str) -> str:
    """The media type of the body that a call takes; JSON where it takes none."""
    found = operation_of(method, _path(address))
    body = found[1].get("requestBody", {}) if found else {}
    return next(iter(body.get("content", {})), JSON)


def _path(address: str) -> str:
    return address.removeprefix("http://testserver").partition("?")[0]


@cache
def validator(name: str, status: int | None) -> jsonschema_rs.Validator | None:
    """Checks the body of an answer of an operation, or with None what it takes; None for what has no body."""
    operation = operations()[name]
    told = operation["requestBody"] if status is None else _answer(operation, status)
    for content in told.get("content", {}).values():
        components = {"components": {"schemas": document()["components"]["schemas"]}}
        return jsonschema_rs.Draft202012Validator({**components, "allOf": [_strict(operation, content["schema"])]})
    return None


def _answer(operation: dict[str, Any], status: int) -> dict[str, Any]:
    told: dict[str, Any] = operation["responses"][str(status)]
    if "$ref" in told:
        told = document()["components"]["responses"][told["$ref"].rpartition("/")[2]]
    return told


def _strict(operation: dict[str, Any], schema: Schema) -> Schema:
    """A list's rows are whole: nobody asked for some columns."""
    rows = schema.get("properties", {}).get("results")
    if "anyOf" not in (rows or {}).get("items", {}):
        return schema
    return {**schema, "properties": schema["properties"] | {"results": rows | {"items": rows["items"]["anyOf"][0]}}}


def check(method: str, address: str, sent: Any, answer: Any) -> None:
    """Fail where an answer is not as it is described, or where a body that worked is not."""
    path, query = _path(address), address.partition("?")[2]
    found = operation_of(method, path)
    if found is None:
        assert answer.status_code >= 400, f"{method} {path} answers {answer.status_code}, and is described nowhere."
        return
    name, operation = found
    status = answer.status_code
    assert str(status) in operation["responses"], f"{name} answers {status}, which it is not said to: {answer.content}"
    told = _answer(operation, status)
    missing = [
        name for name, one in told.get("headers", {}).items() if one.get("required") and name not in answer.headers
    ]
    assert not missing, f"{name} answers {status} without {missing}."
    if method != "HEAD" and "fields=" not in query:
        _check_body(name, status, answer)
    if sent is not None and status < 300:
        takes = validator(name, None)
        assert takes is not None, f"{name} takes a body, and is not said to."
        _fail_on(takes, sent, f"{name} took what it is not said to take")


def _check_body(name: str, status: int, answer: Any) -> None:
    told = validator(name, status)
    if told is None:
        assert not answer.content, f"{name} answers {status} with a body, which it is not said to."
        return
    kinds = [CONTENT_TYPE] if status >= 400 else list(_answer(operations()[name], status)["content"])
    assert answer.headers["Content-Type"] in kinds
    if kinds[0] in {JSON, CONTENT_TYPE}:  # a stream has no end that one could read to, and a picture says nothing
        _check_json(told, name, answer)


def _check_json(told: jsonschema_rs.Validator, name: str, answer: Any) -> None:
    status = answer.status_code
    _fail_on(told, json.loads(answer.content), f"{name} answers {status} in a shape that it is not said to")


def _fail_on(told: jsonschema_rs.Validator, value: Any, words: str) -> None:
    wrong = [f"{list(error.instance_path)}: {error.message[:600]}" for error in told.iter_errors(value)]
    assert not wrong, f"{words}: {wrong[:3]}"
