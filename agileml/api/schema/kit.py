"""The words in which the API is described: JSON Schemas of what goes in and out, and what a call takes and answers."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields, is_dataclass
from types import NoneType, UnionType
from typing import Any, get_args, get_origin, get_type_hints

from agileml.lib.fields import Check, object_of, or_null, schema_of

Schema = dict[str, Any]

JSON = "application/json"

ANYTHING: Schema = {}
TEXT: Schema = {"type": "string"}
BOOL: Schema = {"type": "boolean"}
DOUBLE: Schema = {"type": "number"}
BYTES: Schema = {"type": "string", "format": "binary", "examples": ["(the bytes of a file)"]}
UID: Schema = {"type": "string", "format": "uuid", "examples": ["0f8fad5b-d9cb-469f-a165-708677289501"]}
MOMENT: Schema = {"type": "string", "format": "date-time", "examples": ["2026-11-27T09:30:00.000000Z"]}
DAY: Schema = {"type": "string", "format": "date", "examples": ["2026-11-27"]}
ADDRESS: Schema = {"type": "string", "format": "uri", "examples": ["https://example.com/pull/1"]}
NUMBER: Schema = {"type": "integer", "minimum": 1, "examples": [17]}
COUNT: Schema = {"type": "integer", "minimum": 0, "examples": [3]}
OBJECT: Schema = {"type": "object"}
REVISION = COUNT | {"description": "The project's revision at its last change.", "examples": [41]}
VERSION = NUMBER | {"description": "Counts its edits; what `If-Match` names.", "examples": [3]}


def ref(name: str) -> Schema:
    """The shape with this name."""
    return {"$ref": f"#/components/schemas/{name}"}


def maybe(schema: Schema) -> Schema:
    """The same, or null."""
    told = {name: schema[name] for name in ("description", "examples") if name in schema}
    return or_null({name: value for name, value in schema.items() if name not in told}) | told


def one_of(*words: str) -> Schema:
    """One of some words."""
    return {"type": "string", "enum": list(words)}


def many(schema: Schema) -> Schema:
    """A list of these."""
    return {"type": "array", "items": schema}


def by_name(schema: Schema) -> Schema:
    """An object that holds such a thing under each of its names."""
    return {"type": "object", "additionalProperties": schema}


def obj(required: Mapping[str, Schema], **perhaps: Schema) -> Schema:
    """An object with these members, those that may be absent as keywords, and no others."""
    return {
        "type": "object",
        "properties": {**required, **perhaps},
        "required": list(required),
        "additionalProperties": False,
    }


def shape(columns: Sequence[str], **members: Schema) -> Schema:
    """A resource with exactly these columns. Raises ValueError where a column or a member has no counterpart."""
    if set(columns) != set(members):
        raise ValueError(f"The shape and its columns differ in {sorted(set(columns) ^ set(members))}.")
    return obj({name: members[name] for name in columns})


def says(schema: Schema, words: str, *examples: Any) -> Schema:
    """The same with words on what it means, and examples."""
    return {**schema, "description": words} | ({"examples": list(examples)} if examples else {})


def body(checks: Mapping[str, Check], required: Sequence[str] = (), /, **known: Schema) -> Schema:
    """What is sent, from the checks that it has to pass; `known` are members of which the checks do not say enough."""
    schema = object_of(checks, required)
    schema["properties"] |= known
    return schema


def of_check(check: Check) -> Schema:
    """What a single check takes."""
    return schema_of(check)


def of_dataclass(kind: Any) -> Schema:
    """A dataclass as `asdict` gives it; all of its fields are there."""
    hints = get_type_hints(kind)
    return obj({one.name: _of_hint(hints[one.name]) for one in fields(kind)})


PLAIN: dict[Any, Schema] = {str: TEXT, int: {"type": "integer"}, float: DOUBLE, bool: BOOL, Any: ANYTHING}


def _of_hint(hint: Any) -> Schema:
    if hint in PLAIN:
        return PLAIN[hint]
    if is_dataclass(hint):
        return of_dataclass(hint)
    inside = get_args(hint)
    if get_origin(hint) is UnionType:
        (only,) = (one for one in inside if one is not NoneType)
        return maybe(_of_hint(only))
    if issubclass(get_origin(hint), Mapping):
        return by_name(_of_hint(inside[1]))
    if get_origin(hint) is tuple and Ellipsis not in inside:
        parts = [_of_hint(one) for one in inside]
        return {"type": "array", "prefixItems": parts, "minItems": len(parts), "maxItems": len(parts)}
    return many(_of_hint(inside[0]))


ELSEWHERE = says(many(obj({"system": TEXT, "id": TEXT, "url": TEXT})), "What it is called in other systems.")


@dataclass(frozen=True)
class Call:
    """One method of one address.

    `answers` are the schemas of what it answers when it works, by status (None: no body); `conflicts` the codes of its
    409, and `gone` whether it may answer 410. `body` is what it takes, None for nothing; `needs_version` asks for
    If-Match, `tagged` answers with an ETag. `lists` names the columns of a list's rows. `words` says what the summary
    does not, in Markdown; `example` is a body that works. `is_open` is for everybody; `upserts` takes If-Match where
    there is such a thing; `streams` answers for as long as one listens. `takes` is the media type of the body, `makes`
    are those of what it answers.
    """

    summary: str
    answers: Mapping[int, Schema | None]
    body: Schema | None = None
    example: Any = None
    words: str = ""
    conflicts: Sequence[str] = ()
    needs_version: bool = False
    tagged: bool = False
    located: bool = False
    gone: bool = False
    upserts: bool = False
    is_open: bool = False
    streams: bool = False
    lists: Sequence[str] = ()
    takes: str = JSON
    makes: Sequence[str] = (JSON,)
    query: Mapping[str, Schema] = field(default_factory=dict)


def listed(summary: str, row: str, columns: Sequence[str], *, words: str = "", **query: Schema) -> Call:
    """The call that lists rows of this shape; `query` says of its filters what their names do not."""
    picked = says(
        {"type": "object", "propertyNames": {"enum": list(columns)}, "minProperties": 1},
        "Only the columns that `fields` picked.",
    )
    page = obj({"results": many({"anyOf": [ref(row), picked]}), "next": maybe(ADDRESS)})
    return Call(summary, {200: page}, words=words, lists=columns, query=query)
