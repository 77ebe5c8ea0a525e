"""What of one description of the API breaks clients that were written for another."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

Schema = Mapping[str, Any]
METHODS = ("get", "post", "put", "patch", "delete")
LOWER_IS_NARROWER = ("maxLength", "maximum", "maxItems", "maxProperties")
HIGHER_IS_NARROWER = ("minLength", "minimum", "minItems", "minProperties")


def breaks(old: Schema, new: Schema) -> list[str]:
    """Every promise of `old` that `new` does not keep, in words; both are whole OpenAPI documents.

    Clients may go on to send what they sent, and to find in an answer what they found there, of the same types. What is
    new breaks nothing: addresses, what may be sent beside, what is answered beside, more words of an enumeration.
    """
    return list(Comparison(old, new).operations())


@dataclass(frozen=True)
class Comparison:
    """Two documents."""

    old: Schema
    new: Schema

    def operations(self) -> Iterator[str]:
        """What breaks, address by address."""
        for path, methods in self.old["paths"].items():
            for method in METHODS:
                if method not in methods:
                    continue
                where = f"{method.upper()} {path}"
                operation = self.new["paths"].get(path, {}).get(method)
                if operation is None:
                    yield f"{where} is gone"
                else:
                    yield from self.operation(where, methods[method], operation)

    def operation(self, where: str, old: Schema, new: Schema) -> Iterator[str]:
        """What breaks of one method of one address."""
        before, after = _parameters(self.old, old), _parameters(self.new, new)
        for name, parameter in after.items():
            if parameter.get("required") and not before.get(name, {}).get("required"):
                yield f"{where}: {name} has become required"
        for name, parameter in before.items():
            if name not in after:
                yield f"{where}: {name} is gone"
            else:
                yield from self.sent(f"{where} {name}", parameter["schema"], after[name]["schema"])
        bodies = [_content(one.get("requestBody")) for one in (old, new)]
        if bodies[1] is not None:
            if bodies[0] is None:
                yield f"{where} has come to need a body"
            else:
                yield from self.sent(f"{where} body", bodies[0], bodies[1])
        for status, told in old["responses"].items():
            if status >= "4":
                continue
            if status not in new["responses"]:
                yield f"{where} answers {status} no more"
                continue
            was, now = _content(told), _content(new["responses"][status])
            if was is not None:
                yield from self.answered(f"{where} {status}", was, now or {}, ())

    def sent(self, where: str, old: Schema, new: Schema, seen: tuple[str, ...] = ()) -> Iterator[str]:
        """What was taken, and is taken no more."""
        old, new, seen = self._resolved(old, new, seen)
        if seen and seen[-1] in seen[:-1]:
            return
        if lost := _types(new) and _types(old) - _types(new):
            yield f"{where} takes {', '.join(sorted(lost))} no more"
        if lost := _words(new) and _words(old) - _words(new):
            yield f"{where} takes {', '.join(sorted(map(str, lost)))} no more"
        yield from _narrower(where, old, new)
        properties = new.get("properties", {})
        for name in set(new.get("required", ())) - set(old.get("required", ())):
            yield f"{where}/{name} has become required"
        for name, schema in old.get("properties", {}).items():
            if name in properties:
                yield from self.sent(f"{where}/{name}", schema, properties[name], seen)
            elif new.get("additionalProperties") is False:
                yield f"{where}/{name} is taken no more"
        yield from self._inside(where, old, new, seen, self.sent)
        known = _alternatives(new)
        for name, schema in _alternatives(old).items():
            if name in known:
                yield from self.sent(f"{where} ({name})", schema, known[name], seen)
            elif known:
                yield f"{where} ({name}) is taken no more"

    def answered(self, where: str, old: Schema, new: Schema, seen: tuple[str, ...] = ()) -> Iterator[str]:
        """What an answer held, and holds no more, or in another type."""
        old, new, seen = self._resolved(old, new, seen)
        if seen and seen[-1] in seen[:-1]:
            return
        if _types(old) and (other := _types(new) - _types(old) or ({"anything"} if not _types(new) else set())):
            yield f"{where} may have become {', '.join(sorted(other))}"
        properties = new.get("properties", {})
        for name, schema in old.get("properties", {}).items():
            if name not in properties:
                yield f"{where}/{name} is gone"
                continue
            if name in old.get("required", ()) and name not in new.get("required", ()):
                yield f"{where}/{name} is no longer always there"
            yield from self.answered(f"{where}/{name}", schema, properties[name], seen)
        yield from self._inside(where, old, new, seen, self.answered)
        known = _alternatives(new)
        for name, schema in _alternatives(old).items():
            if name in known:
                yield from self.answered(f"{where} ({name})", schema, known[name], seen)

    def _inside(self, where: str, old: Schema, new: Schema, seen: tuple[str, ...], compare: Any) -> Iterator[str]:
        for name in ("items", "additionalProperties"):
            if isinstance(old.get(name), Mapping) and isinstance(new.get(name), Mapping):
                yield from compare(f"{where}/*", old[name], new[name], seen)

    def _resolved(self, old: Schema, new: Schema, seen: tuple[str, ...]) -> tuple[Schema, Schema, tuple[str, ...]]:
        name = str(old.get("$ref", ""))
        return _named(self.old, old), _named(self.new, new), (*seen, name) if name else seen


def _named(document: Schema, schema: Schema) -> Schema:
    if "$ref" not in schema:
        return schema
    found: Schema = document["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
    return found


def _parameters(document: Schema, operation: Schema) -> dict[str, Schema]:
    shared = document["components"].get("parameters", {})
    found = [shared[one["$ref"].rpartition("/")[2]] if "$ref" in one else one for one in operation["parameters"]]
    return {f"{one['in']} {one['name']}": one for one in found}


def _content(told: Schema | None) -> Schema | None:
    for content in (told or {}).get("content", {}).values():
        schema: Schema = content["schema"]
        return schema
    return None


def _types(schema: Schema) -> set[str]:
    """The types that it says; none where it says none, or several ways to be."""
    said = schema.get("type", [])
    return {said} if isinstance(said, str) else set(said)


def _words(schema: Schema) -> set[Any]:
    return set(schema.get("enum", ()))


def _alternatives(schema: Schema) -> dict[str, Schema]:
    """The ways to be, each by its name: that of its shape, its constants, or its type."""
    found = {}
    for at, one in enumerate([*schema.get("anyOf", ()), *schema.get("oneOf", ())]):
        constants = [str(told["const"]) for told in one.get("properties", {}).values() if "const" in told]
        name = one.get("$ref", "").rpartition("/")[2] or ",".join(constants) or f"{one.get('type', 'way')} {at}"
        found[name] = one
    return found


def _narrower(where: str, old: Schema, new: Schema) -> Iterator[str]:
    for name in (*LOWER_IS_NARROWER, *HIGHER_IS_NARROWER):
        if name in new and (
            name not in old or (new[name] < old[name] if name in LOWER_IS_NARROWER else new[name] > old[name])
        ):
            yield f"{where} has {name} {new[name]} now"
    if "pattern" in new and new["pattern"] != old.get("pattern"):
        yield f"{where} has the pattern {new['pattern']} now"
