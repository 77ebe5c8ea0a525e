"""The API's description in the words of its page: pure, from the OpenAPI document alone."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from agileml.lib.markdown import html

Schema = Mapping[str, Any]
METHODS = ("get", "post", "put", "patch", "delete")
BASE = "/api/v1"
DEEPEST = 3
PLAIN = {"integer": "whole number", "number": "number", "boolean": "true or false", "object": "object", "null": "null"}
FORMATS = {"uuid": "uid", "date-time": "time", "date": "day", "uri": "web address", "binary": "file"}
FORM = "multipart/form-data"


@dataclass(frozen=True)
class Kind:
    """What a value is: words, the shape that they lead to if there is one, and more words."""

    before: str = ""
    shape: str = ""
    after: str = ""

    @property
    def words(self) -> str:
        """All of it as text."""
        return f"{self.before}{self.shape}{self.after}"


@dataclass(frozen=True)
class Field:
    """One line of a table of fields; `choices` are the words that it may be."""

    name: str
    kind: Kind
    required: bool
    words: str
    choices: tuple[str, ...] = ()


@dataclass(frozen=True)
class Failure:
    """A status that is an error, with its words."""

    status: str
    words: str


@dataclass(frozen=True)
class Call:
    """One method of one address."""

    id: str
    method: str
    path: str
    summary: str
    words: str
    parameters: tuple[Field, ...]
    takes: Kind | None
    fields: tuple[Field, ...]
    request: str
    status: str
    answers: Kind | None
    answer: str
    failures: tuple[Failure, ...]


@dataclass(frozen=True)
class Part:
    """The calls about one thing."""

    id: str
    name: str
    words: str
    calls: tuple[Call, ...]


@dataclass(frozen=True)
class Shape:
    """A named shape; `ways` are its alternatives, each with its fields, one where there is no choice."""

    name: str
    words: str
    ways: tuple[tuple[Field, ...], ...]


@dataclass(frozen=True)
class Reference:
    """All of it."""

    parts: tuple[Part, ...]
    shapes: tuple[Shape, ...]


def reference(document: Schema) -> Reference:
    """The page of an OpenAPI document."""
    parts = []
    for tag in document["tags"]:
        calls = tuple(
            _call(document, path, method, methods[method])
            for path, methods in document["paths"].items()
            for method in METHODS
            if method in methods and tag["name"] in methods[method]["tags"]
        )
        parts.append(Part(slug(tag["name"]), tag["name"], tag["description"], calls))
    shapes = tuple(
        Shape(name, html(schema.get("description", "")), tuple(tuple(fields(way)) for way in _ways(schema)))
        for name, schema in sorted(document["components"]["schemas"].items())
    )
    return Reference(tuple(parts), shapes)


def slug(name: str) -> str:
    """A name as an anchor."""
    return "-".join("".join(c if c.isalnum() else " " for c in name.lower()).split())


def kind(schema: Schema) -> Kind:
    """What a schema allows, in words."""
    if "$ref" in schema:
        return Kind(shape=schema["$ref"].rpartition("/")[2])
    ways = [one for one in (*schema.get("anyOf", ()), *schema.get("oneOf", ())) if one.get("type") != "null"]
    null = " or null" if len(ways) < len(schema.get("anyOf", ())) else ""
    if ways:
        first, *others = [kind(way) for way in ways]
        return Kind(first.before, first.shape, first.after + "".join(f" or {one.words}" for one in others) + null)
    if "const" in schema:
        return Kind(json.dumps(schema["const"]))
    said = schema.get("type", "object" if "properties" in schema else "anything")
    types = [said] if isinstance(said, str) else list(said)
    null = " or null" if len(types) > 1 and "null" in types else ""
    if types[0] == "array":
        inside = kind(schema["items"]) if schema.get("items") else Kind("anything")
        return Kind(f"list of {inside.before}", inside.shape, inside.after + null)
    if types[0] == "string":
        most = f", at most {schema['maxLength']:,} characters" if "maxLength" in schema else ""
        return Kind(f"{'one of' if 'enum' in schema else FORMATS.get(schema.get('format', ''), 'text')}{most}{null}")
    values = schema.get("additionalProperties")
    if isinstance(values, Mapping):
        held = kind(values)
        return Kind(f"object of {held.before}", held.shape, held.after + null)
    return Kind(PLAIN.get(types[0], types[0]) + _between(schema) + null)


def fields(schema: Schema, before: str = "", depth: int = 1) -> Iterator[Field]:
    """The members of an object, those of objects inside it after it; what has a name of its own is not taken apart."""
    for name, inside in schema.get("properties", {}).items():
        here = f"{before}{name}"
        choices = tuple(json.dumps(word) if word is None else str(word) for word in _plain(inside).get("enum", ()))
        required = name in schema.get("required", ())
        yield Field(here, kind(inside), required, html(inside.get("description", "")), choices)
        held = _plain(inside)
        if held.get("type") == "array":
            here, held = f"{here}[]", _plain(held.get("items", {}))
        if depth < DEEPEST:
            yield from fields(held, f"{here}.", depth + 1)


def _plain(schema: Schema) -> Schema:
    """The schema without "or null"."""
    ways = [one for one in schema.get("anyOf", ()) if one.get("type") != "null"]
    return ways[0] if len(ways) == 1 else schema


def _between(schema: Schema) -> str:
    least, most = schema.get("minimum"), schema.get("maximum")
    if least is not None and most is not None and most < 2**31 - 1:
        return f" from {least:,} to {most:,}"
    return f" from {least:,}" if least else ""


def _ways(schema: Schema) -> list[Schema]:
    ways: list[Schema] = schema.get("oneOf") or schema.get("anyOf") or [schema]
    return ways


def _named(document: Schema, told: Schema) -> Schema:
    while "$ref" in told:
        found: Any = document
        for name in told["$ref"].split("/")[1:]:
            found = found[name]
        told = found
    return told


def _call(document: Schema, path: str, method: str, operation: Schema) -> Call:
    parameters = [_named(document, one) for one in operation["parameters"]]
    told = tuple(_parameter(one) for one in parameters if one["in"] != "path")
    body = _content(operation.get("requestBody"))
    is_form = FORM in operation.get("requestBody", {}).get("content", {})
    status = next(iter(operation["responses"]))
    answer = _content(operation["responses"][status])
    failures = tuple(
        Failure(code, html(_named(document, one)["description"]))
        for code, one in sorted(operation["responses"].items())
        if code >= "4"
    )
    takes = kind(body["schema"]) if body else None
    return Call(
        id=operation["operationId"],
        method=method.upper(),
        path=path,
        summary=operation["summary"],
        words=html(operation.get("description", "")),
        parameters=told,
        takes=takes if takes and takes.shape else None,
        fields=tuple(fields(body["schema"])) if body else (),
        request=_curl(path, method, parameters, body, is_open=not operation["security"], is_form=is_form),
        status=status,
        answers=kind(answer["schema"]) if answer else None,
        answer=_shown(answer["example"]) if answer else "",
        failures=failures,
    )


def _parameter(told: Schema) -> Field:
    schema = told["schema"]
    words = told.get("description", "") or schema.get("description", "")
    required = bool(told.get("required"))
    return Field(told["name"], kind(schema), required, html(words), tuple(schema.get("enum", ())))


def _content(told: Schema | None) -> Schema | None:
    for content in (told or {}).get("content", {}).values():
        found: Schema = content
        return found
    return None


def _shown(value: Any) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False)


def _curl(
    path: str, method: str, parameters: list[Schema], body: Schema | None, *, is_open: bool, is_form: bool
) -> str:
    """A call that somebody can paste, where AGILEML is the address of the API and TOKEN a token."""
    for one in parameters:
        if one["in"] == "path":
            path = path.replace(f"{{{one['name']}}}", str(_example(one)))
    query = "&".join(
        f"{one['name']}={_example(one)}" for one in parameters if one["in"] == "query" and one.get("required")
    )
    verb = "" if method == "get" else f"-X {method.upper()} "
    address = path.removeprefix(BASE) + (f"?{query}" if query else "")
    lines = [f'curl {verb}"$AGILEML{address}"']
    if not is_open:
        lines.append('-H "Authorization: Bearer $TOKEN"')
    lines += [
        f"-H '{one['name']}: {one['example']}'" for one in parameters if one["in"] == "header" and one.get("required")
    ]
    if body and is_form:
        lines += [f"-F {_quoted(f'{name}={value}')}" for name, value in body["example"].items()]
    elif body:
        sent = json.dumps(body["example"], ensure_ascii=False)
        lines += ["-H 'Content-Type: application/json'", f"-d {_quoted(sent)}"]
    return " \\\n  ".join(lines)


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "'\\''") + "'"


def _example(parameter: Schema) -> Any:
    examples = parameter["schema"].get("examples", [1])
    return examples[0]
