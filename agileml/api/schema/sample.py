"""An example of what a schema allows, the same each time."""

from collections.abc import Mapping
from typing import Any

from agileml.api.schema.kit import Schema

PLAIN: Mapping[str, Any] = {"string": "", "integer": 1, "number": 0.5, "boolean": False, "null": None}


def sample(schema: Schema, shapes: Mapping[str, Schema]) -> Any:
    """One value that is valid, with every member that must be there; `shapes` are those that it refers to by name."""
    if "$ref" in schema:
        return sample(shapes[schema["$ref"].rpartition("/")[2]], shapes)
    if schema.get("examples"):
        return schema["examples"][0]
    for name in ("const", "default"):
        if name in schema:
            return schema[name]
    if "enum" in schema:
        return next((word for word in schema["enum"] if word), schema["enum"][0])
    if "allOf" in schema:
        return {name: value for part in schema["allOf"] for name, value in sample(part, shapes).items()}
    for name in ("oneOf", "anyOf"):
        if name in schema:
            return sample(schema[name][0], shapes)
    kind = schema.get("type", "object" if "properties" in schema else "null")
    kind = kind if isinstance(kind, str) else kind[0]
    if kind == "object":
        members = schema.get("properties", {})
        return {name: sample(members[name], shapes) for name in schema.get("required", list(members))}
    if kind == "array" and "prefixItems" in schema:
        return [sample(part, shapes) for part in schema["prefixItems"]]
    if kind == "array":
        return [sample(schema["items"], shapes)] if schema.get("items") else []
    return PLAIN[kind]
