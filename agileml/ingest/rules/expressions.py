"""JMESPath expressions of users, evaluated so that none takes long or grows without end."""

from collections.abc import Iterator
from typing import Any

import jmespath
from jmespath import exceptions, visitor

LONGEST = 500
MOST_STEPS = 200_000
MOST_ITEMS = 200_000
MOST_LISTS = 4  # places that build a list or an object: each can double what there is
REFUSED_FUNCTIONS = {"to_string"}  # writes out what is shared as often as it is met


class Unfit(Exception):
    """The expression cannot be used, or comes to nothing in bounded time."""


def check(expression: str) -> None:
    """Raises Unfit for what is no expression or might never end."""
    if not 1 <= len(expression) <= LONGEST:
        raise Unfit(f"An expression has 1 to {LONGEST} characters.")
    try:
        nodes = list(_nodes(jmespath.compile(expression).parsed))
    except (exceptions.JMESPathError, RecursionError, ValueError):
        raise Unfit("This is no JMESPath expression.") from None
    if sum(node["type"] in ("multi_select_list", "multi_select_dict") for node in nodes) > MOST_LISTS:
        raise Unfit(f"At most {MOST_LISTS} lists or objects are built in one expression.")
    if any(node["type"] == "function_expression" and node["value"] in REFUSED_FUNCTIONS for node in nodes):
        raise Unfit("to_string is not evaluated here.")


def evaluate(expression: str, content: Any) -> Any:
    """What the expression finds. Raises Unfit."""
    check(expression)
    try:
        return _Counted().visit(jmespath.compile(expression).parsed, content)
    except (exceptions.JMESPathError, RecursionError, TypeError, ValueError):
        raise Unfit("The expression does not fit what the server answers.") from None


class _Counted(visitor.TreeInterpreter):
    """Gives up after so many steps, and on what has become too large."""

    def __init__(self) -> None:
        super().__init__()
        self._left = MOST_STEPS

    def visit(self, node: Any, *args: Any, **kwargs: Any) -> Any:
        self._left -= 1
        result = super().visit(node, *args, **kwargs)
        self._left -= len(result) // 100 if isinstance(result, list) else 0
        if self._left < 0 or (isinstance(result, list | dict | str) and len(result) > MOST_ITEMS * 10):
            raise Unfit("The expression takes too long on what the server answers.")
        return result


def _nodes(node: Any) -> Iterator[dict[str, Any]]:
    yield node
    for child in node.get("children", ()):
        if isinstance(child, dict) and "type" in child:
            yield from _nodes(child)
