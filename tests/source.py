"""The product's own source, as the tests of its architecture read it."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path

ROOT = Path(__file__).parent.parent


@dataclass(frozen=True)
class Module:
    """One Python file of the product."""

    path: Path

    @property
    def where(self) -> str:
        """Its path from the root of the repository."""
        return self.path.relative_to(ROOT).as_posix()

    @cached_property
    def name(self) -> str:
        """As it is imported: `agileml.web.board`."""
        parts = self.path.relative_to(ROOT).with_suffix("").parts
        return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)

    @property
    def app(self) -> str:
        """`web` for `agileml.web.board`; empty for the glue."""
        parts = self.name.split(".")
        is_glue = len(parts) == 2 and self.path.name != "__init__.py"
        return "" if is_glue or len(parts) == 1 else parts[1]

    @property
    def writes(self) -> bool:
        """Whether it is one of those that may write: `actions.py`, or a module of an `actions` package."""
        return "actions" in self.name.split(".")

    @cached_property
    def tree(self) -> ast.Module:
        return ast.parse(self.path.read_text(), str(self.path))

    @cached_property
    def imported(self) -> dict[str, str]:
        """What each imported name stands for: {"decide": "agileml.planning.actions.decide"}."""
        found: dict[str, str] = {}
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Import):
                found |= {alias.asname or alias.name: alias.name for alias in node.names}
            elif isinstance(node, ast.ImportFrom):
                found |= {alias.asname or alias.name: f"{node.module}.{alias.name}" for alias in node.names}
        return found

    @cached_property
    def uses(self) -> set[str]:
        """Every imported thing that it names, and every attribute that it takes of one, in full."""
        found = set(self.imported.values())
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Attribute):
                dotted = _dotted(node)
                head, _, rest = dotted.partition(".")
                if head in self.imported:
                    found.add(f"{self.imported[head]}.{rest}")
        return found

    def functions(self) -> Iterator[ast.FunctionDef]:
        """The functions of the module itself."""
        return (node for node in self.tree.body if isinstance(node, ast.FunctionDef))

    def calls(self) -> Iterator[tuple[str, int]]:
        """What it calls, as written (`Ticket.objects.create`), and on which line."""
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Call):
                yield _dotted(node.func), node.lineno


def _dotted(node: ast.expr) -> str:
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        return f"{_dotted(node.value)}.{node.attr}"
    return "?"


@lru_cache
def modules() -> tuple[Module, ...]:
    """Every module of the product, migrations apart."""
    files = sorted((ROOT / "agileml").rglob("*.py"))
    return tuple(Module(path) for path in files if "migrations" not in path.parts)


@lru_cache
def templates() -> dict[str, str]:
    """The text of every template by its name, comments apart."""
    folder = ROOT / "templates"
    return {path.relative_to(folder).as_posix(): path.read_text() for path in sorted(folder.rglob("*.html"))}
