"""From text to plain values: JSON and YAML that nobody vouches for.

Both keep what a metric needs (NaN and infinities) and refuse what could mean two things (a key that is there twice)
or what could exhaust the process (nesting without end, YAML aliases that multiply).
"""

import json
import re
from typing import Any

import yaml

DEEPEST = 50

# PyYAML follows YAML 1.1, where 1e-05 is text, `no` is false and 1:30 is ninety. These are the forms of YAML 1.2.
INTEGER = re.compile(r"[-+]?[0-9]+\Z")
FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?\Z")
WORDS: dict[str, Any] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL")),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
    **dict.fromkeys((".nan", ".NaN", ".NAN"), float("nan")),
    **{sign + word: float("inf") for sign in ("", "+") for word in (".inf", ".Inf", ".INF")},
    **{f"-{word}": float("-inf") for word in (".inf", ".Inf", ".INF")},
}
# The C parser is ten times as fast. Only its events are used: its composer crashes the process on deep nesting.
LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class Unreadable(Exception):
    """The text does not parse."""


class Ambiguous(Unreadable):
    """It parses, and the same key is there twice."""


def decode(content: bytes) -> str:
    """UTF-8 to text, with or without a byte order mark. Raises Unreadable."""
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise Unreadable("This is not text in UTF-8.") from None


def parse_json(text: str) -> Any:
    """JSON as Python writes it: NaN and Infinity may stand bare, and 1e400 is infinity. Raises Unreadable."""
    try:
        return json.loads(text, object_pairs_hook=_once_each)
    except json.JSONDecodeError as error:
        raise Unreadable(f"This is not whole JSON: {error.msg} in line {error.lineno}, column {error.colno}.") from None
    except RecursionError:
        raise Unreadable("This is nested too deeply.") from None
    except ValueError:
        raise Unreadable("A number here has too many digits.") from None


def parse_yaml(text: str) -> Any:
    """One YAML document, its scalars read by the rules of YAML 1.2. Raises Unreadable."""
    try:
        return _build(yaml.parse(text, Loader=LOADER))
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise Unreadable(f"This is not whole YAML: {error.problem} in line {line}.") from None
    except yaml.YAMLError:
        raise Unreadable("This holds characters that YAML forbids.") from None
    except ValueError:
        raise Unreadable("A number here has too many digits.") from None


def _once_each(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        keys = [key for key, _ in pairs]
        twice = next(key for key in keys if keys.count(key) > 1)
        raise Ambiguous(f"The key “{twice}” is here twice.")
    return found


def _build(events: Any) -> Any:
    """Put together what a stream of events describes, without recursion."""
    documents = 0
    open_nodes: list[tuple[str, list[Any]]] = []
    result: Any = None
    for event in events:
        if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None):
            raise Unreadable("Anchors and aliases are not read here.")
        if isinstance(event, yaml.DocumentStartEvent):
            documents += 1
            if documents > 1:
                raise Unreadable("Only one document a file is read.")
        elif isinstance(event, yaml.CollectionStartEvent):
            if len(open_nodes) == DEEPEST:
                raise Unreadable("This is nested too deeply.")
            open_nodes.append(("map" if isinstance(event, yaml.MappingStartEvent) else "list", []))
        elif isinstance(event, yaml.CollectionEndEvent | yaml.ScalarEvent):
            done = _scalar(event) if isinstance(event, yaml.ScalarEvent) else _closed(*open_nodes.pop())
            if open_nodes:
                open_nodes[-1][1].append(done)
            else:
                result = done
    return result


def _closed(kind: str, parts: list[Any]) -> Any:
    if kind == "list":
        return parts
    if any(isinstance(key, dict | list) for key in parts[::2]):
        raise Unreadable("A key here is not a plain word.")
    return _once_each([(_key(key), value) for key, value in zip(parts[::2], parts[1::2], strict=True)])


def _key(key: Any) -> str:
    if isinstance(key, bool) or key is None:
        return "" if key is None else str(key).lower()
    return str(key)


def _scalar(event: Any) -> Any:
    text: str = event.value
    if not event.implicit[0]:  # quoted, or tagged as text
        return text
    if text in WORDS:
        return WORDS[text]
    if INTEGER.match(text):
        return int(text)
    return float(text) if FLOAT.match(text) else text
