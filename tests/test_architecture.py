"""The house rules that a reader would otherwise have to remember."""

import ast
import re
from pathlib import Path

import pytest
from django.urls import URLPattern, URLResolver, get_resolver
from importlinter import cli

from tests.source import ROOT, Module, modules, templates

LONGEST = 600

# Primitives write inside a transaction that somebody else opened (they take it as `w`); so a primitive may be used only
# where such transactions are opened. Whose primitives may be used by the actions of which apps:
PRIMITIVES = {
    "work": {"work", "metrics", "planning"},
    "metrics": {"metrics", "planning", "ingest"},
    "planning": {"planning", "ingest"},
}

# What opens the journal without asking who may: only the doors do, and what makes a project before it has doors.
BARE_WRITING = {"agileml.journal.actions.writing", "agileml.journal.actions.together"}
MAY_WRITE_BARE = {"agileml/projects/doors.py", "agileml/projects/actions/projects.py"}


def test_imports_only_point_down(capsys: pytest.CaptureFixture[str]):
    assert cli.lint_imports(config_filename=str(ROOT / "pyproject.toml"), no_cache=True) == 0, capsys.readouterr().out


def test_no_file_is_longer_than_anyone_wants_to_read():
    files = [module.path for module in modules()]
    files += (ROOT / "templates").rglob("*.html")
    files += (ROOT / "static").rglob("*.js")
    lengths = {path.relative_to(ROOT).as_posix(): len(path.read_text().splitlines()) for path in files}
    assert {name: length for name, length in lengths.items() if length > LONGEST} == {}


def test_above_the_projects_nobody_opens_the_journal_without_the_doors():
    users = {module.where for module in modules() if BARE_WRITING & module.uses and module.app != "journal"}
    assert users - MAY_WRITE_BARE == set()


def test_only_the_api_and_what_is_said_of_a_demo_make_one_of_several_writes():
    """An action is one write already; what joins several holds the project's lock for all of them.

    Feedback that becomes a ticket or a finding is two: what planning does, and the word that it was done.
    """
    users = {module.app for module in modules() if "agileml.projects.doors.together" in module.uses}
    assert users == {"api", "demos"}


def primitives() -> dict[str, str]:
    """Every primitive writer in full, and the app that owns it."""
    return {
        f"{module.name}.{function.name}": module.app
        for module in modules()
        if module.writes and module.app in PRIMITIVES
        for function in module.functions()
        if "w" in [argument.arg for argument in function.args.args + function.args.kwonlyargs]
    }


def test_primitive_writers_are_used_only_where_transactions_are_opened():
    owners = primitives()
    assert owners, "no primitive was found: this test looks for the wrong thing"
    misused = [
        f"{module.where} uses {used}"
        for module in modules()
        for used in module.uses & set(owners)
        if not module.writes or module.app not in PRIMITIVES[owners[used]]
    ]
    assert misused == []


WRITES = re.compile(r"\.(save|bulk_create|bulk_update|get_or_create|update_or_create)$|\.objects\.create$")


def test_only_actions_write():
    writers = [
        f"{module.where}:{line} calls {call}"
        for module in modules()
        if not module.writes
        for call, line in module.calls()
        if WRITES.search(call)
    ]
    assert writers == []


def test_actions_take_the_time_and_never_read_the_clock():
    clocks = {"datetime.datetime.now", "datetime.date.today", "django.utils.timezone.now", "time.time"}
    readers = [module.where for module in modules() if module.writes and module.uses & clocks]
    readers += [module.where for module in modules() if ".rules" in module.name and module.uses & clocks]
    assert readers == []


def test_rules_are_pure():
    def is_rules(module: Module) -> bool:
        return "rules" in module.name.split(".")

    impure = [
        f"{module.where} imports {used}"
        for module in modules()
        if is_rules(module)
        for used in module.imported.values()
        if used.startswith(("django.db", "django.http")) or ".models" in used or ".actions" in used
    ]
    assert impure == []


def test_no_model_does_something_when_it_is_saved():
    overrides = [
        f"{module.where}:{node.lineno}"
        for module in modules()
        if "models" in module.name.split(".")
        for cls in ast.walk(module.tree)
        if isinstance(cls, ast.ClassDef)
        for node in cls.body
        if isinstance(node, ast.FunctionDef) and node.name in ("save", "delete", "full_clean")
    ]
    assert overrides == []


def test_nothing_happens_behind_a_signal():
    signals = ("django.db.models.signals", "django.dispatch", "django.core.signals", "django.contrib.auth.signals")
    assert [module.where for module in modules() if any(used.startswith(signals) for used in module.uses)] == []


def test_only_what_is_expected_is_caught():
    def too_wide(handler: ast.ExceptHandler) -> bool:
        names = {node.id for node in ast.walk(handler.type) if isinstance(node, ast.Name)} if handler.type else {""}
        return bool(names & {"", "Exception", "BaseException"})

    wide = [
        f"{module.where}:{node.lineno}"
        for module in modules()
        for node in ast.walk(module.tree)
        if isinstance(node, ast.ExceptHandler) and too_wide(node)
    ]
    assert wide == []


# What the content security policy would block, or what would need a hole in it.
INLINE = {
    "a script in the page": re.compile(r"<script(?![^>]*\bsrc=)", re.IGNORECASE),
    "a style sheet in the page": re.compile(r"<style\b", re.IGNORECASE),
    "a style attribute": re.compile(r"""<[^>]*\sstyle\s*=\s*["'{]""", re.IGNORECASE),
    "an event handler": re.compile(r"<[^>]*\s(on[a-z]+|hx-on[^\s=]*)\s*=", re.IGNORECASE),
    "a script address": re.compile(r"javascript:", re.IGNORECASE),
    "something from elsewhere": re.compile(r"""<(script|link|img|iframe)\b[^>]*(src|href)\s*=\s*["'](https?:)?//"""),
}


# A file to keep is opened from a disk, where there is no style sheet beside it; it brings a policy of its own.
ALONE = {("a style sheet in the page", "export/page.html")}


@pytest.mark.parametrize("what", INLINE)
def test_no_template_holds(what: str):
    drawn = {name: re.sub(r"{%.*?%}|{{.*?}}|{#.*?#}", "", text) for name, text in templates().items()}
    assert [name for name, text in drawn.items() if INLINE[what].search(text) and (what, name) not in ALONE] == []


@pytest.mark.parametrize("what", ["a script in the page", "a style sheet in the page", "a style attribute"])
def test_no_code_draws(what: str):
    drawing = [
        f"{module.where}:{node.lineno}"
        for module in modules()
        for node in ast.walk(module.tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and INLINE[what].search(node.value)
    ]
    assert drawing == []


def test_every_script_is_our_own():
    def looks_borrowed(path: Path) -> bool:
        text = path.read_text()
        return ".min." in path.name or "@license" in text or "/*!" in text or max(map(len, text.splitlines())) > 400

    assert [path.name for path in (ROOT / "static").rglob("*.js") if looks_borrowed(path)] == []


def pages() -> dict[str, str]:
    """Every url name of web/, and the module of the view that it leads to."""

    def walk(patterns: list[URLPattern | URLResolver]) -> dict[str, str]:
        found: dict[str, str] = {}
        for pattern in patterns:
            if isinstance(pattern, URLResolver):
                found |= walk(pattern.url_patterns)
            elif pattern.name and pattern.callback is not None:
                view = getattr(pattern.callback, "view_class", pattern.callback)
                found[pattern.name] = view.__module__
        return found

    return {name: module for name, module in walk(get_resolver().url_patterns).items() if ".web." in module}


def test_a_url_name_begins_with_the_module_that_answers():
    strays = {
        name: module for name, module in pages().items() if re.split(r"[-_:]", name)[0] != module.rpartition(".")[2]
    }
    assert strays == {}


def page_modules() -> list[Module]:
    """The modules of web/ that a url leads to; the others help them."""
    return [module for module in modules() if module.name in set(pages().values())]


def test_a_page_renders_templates_of_its_own_folder():
    strays = [
        f"{module.where} renders {node.value}"
        for module in page_modules()
        for node in ast.walk(module.tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value.endswith(".html")
        if node.value.split("/")[0] not in (module.path.stem, "shared")
    ]
    assert strays == []


def test_every_template_folder_belongs_to_a_page():
    stems = {module.path.stem for module in page_modules()}
    folders = {name.split("/")[0] for name in templates() if "/" in name}
    assert folders - stems - {"shared", "errors"} == set()


def test_every_page_has_its_test():
    missing = [
        module.where
        for module in page_modules()
        if not (ROOT / "tests" / "web" / f"test_{module.path.stem}.py").exists()
    ]
    assert missing == []


def test_every_template_that_is_named_exists():
    named = {
        node.value: module.where
        for module in modules()
        for node in ast.walk(module.tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
        if re.fullmatch(r"[a-z_/]+\.html", node.value)
    }
    included = {
        found: name
        for name, text in templates().items()
        for found in re.findall(r"""{%\s*(?:include|extends)\s+["']([^"']+)["']""", text)
    }
    assert {name: where for name, where in (named | included).items() if name not in templates()} == {}


def test_the_repository_names_no_package_index():
    files = [ROOT / name for name in ("requirements.txt", "requirements-dev.txt", "pyproject.toml")]
    assert [
        path.name for path in files if re.search(r"https?://|file://|--index-url|--find-links", path.read_text())
    ] == []
    forbidden = ("uv.lock", "pylock.toml", "poetry.lock", "Pipfile.lock")
    assert [name for name in forbidden if (ROOT / name).exists()] == []


def test_where_the_readme_sends_its_readers_there_is_something():
    readme = (ROOT / "README.md").read_text()
    rows = readme.split("## Where is …?")[1].split("\n## ")[0].splitlines()[4:]
    named = {path for row in rows for path in re.findall(r"`([^`]+)`", row)}
    assert len(named) > 10
    assert {path for path in named if not (ROOT / path).exists()} == set()


def test_every_test_that_a_promise_names_exists():
    named = {
        path
        for page in (ROOT / "docs").glob("*.md")
        for path in re.findall(r"`(tests/[\w/]+\.py|agileml/[\w/]+\.py)`", page.read_text())
    }
    assert len(named) > 10
    assert {path for path in named if not (ROOT / path).exists()} == set()
