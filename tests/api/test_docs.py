"""docs/api.md and docs/webhooks.md are true: their examples work as they stand, and they name every address."""

import json
import re
from dataclasses import dataclass
from typing import Any

import pytest

from agileml.api import columns, problems
from tests.api.client import Api
from tests.api.routes import ROUTES, patterns, view_of
from tests.factories import Cast
from tests.source import ROOT

TEXT = "".join((ROOT / "docs" / name).read_text() for name in ("api.md", "webhooks.md"))


@dataclass(frozen=True)
class Example:
    """One call that the document shows."""

    method: str
    path: str
    if_match: str
    sent: str

    def call(self, api: Api, known: dict[str, str]) -> Any:
        """Make it, with the uids that earlier ones gave in place of their names."""

        def named(text: str) -> str:
            return re.sub(r"<(\w+)>", lambda match: known[match[1]], text)

        headers = {"if_match": self.if_match} if self.if_match else {}
        body = [json.loads(named(self.sent))] if self.sent else []
        return api(self.method, named(self.path), *body, **headers)


EXAMPLES = [
    Example(method, path, if_match or "", sent.strip())
    for method, path, if_match, sent in re.findall(
        r"^```\n(GET|POST|PUT|PATCH|DELETE) (\S+)\n(?:If-Match: (\S+)\n)?(.*?)```$", TEXT, re.MULTILINE | re.DOTALL
    )
]


def test_every_example_works_where_it_stands(cast: Cast):
    api = Api(cast.lead)
    known: dict[str, str] = {}
    for example in EXAMPLES:
        answer = example.call(api, known)
        assert answer.status_code < 300, (example, answer.content)
        made = answer.json() if answer.content else {}
        if example.path.endswith("findings/"):
            known["finding"] = made["uid"]
        elif example.path.endswith("snapshots/"):
            known["snapshot"] = made["points"][0]["snapshot"]
        elif example.path.endswith("proposals/"):
            known["proposal"] = made["uid"]
        elif example.path == "decisions/":
            known["decision"] = made["uid"]
    assert len(EXAMPLES) == TEXT.count("\n```\n") // 2


def address(route: str) -> str:
    """How the document writes an address."""
    return re.sub(r"\d+", "{n}", route)


def test_every_address_is_named():
    shown = {address(path) for example in EXAMPLES for path in [example.path.partition("?")[0]]}
    told = set(re.findall(r"`(?:\w+ )?([\w/{}-]+/)`", TEXT))
    lists = {f"tickets/{{n}}/{name}/" for name in ("findings", "opinions", "comments")}
    told |= shown | lists
    for pattern in patterns():
        path = str(pattern.pattern)
        assert any(path in name or not path for name in map(_plain, told)), path


def _plain(name: str) -> str:
    return (
        name.replace("{n}", "<number:number>")
        .replace("{version}", "<number:version>")
        .replace("{uid}", "<uuid:uid>")
        .replace("{proposal}", "<uuid:proposal>")
        .replace("{member}", "<uuid:member>")
        .replace("{token}", "<uuid:token>")
        .replace("{source}", "<uuid:source>")
        .replace("{binding}", "<uuid:binding>")
        .replace("{webhook}", "<uuid:webhook>")
        .replace("{delivery}", "<uuid:delivery>")
        .replace("{item}", "<uuid:item>")
        .replace("{image}", "<uuid:image>")
        .replace("{edition}", "<number:edition>")
        .replace("{feedback}", "<uuid:feedback>")
        .replace("{link}", "<uuid:link>")
        .replace("{slug}", "<slug:slug>")
        .replace("{KEY-n}", "<key:key>-<number:number>")
        .removeprefix("/api/")
    )


def test_every_parameter_is_named():
    missing = {
        name
        for route in ROUTES
        for pattern in patterns()
        if pattern.name == route.name
        for name in view_of(pattern).takes.get(route.method, ())
        if not re.search(rf"`[^`]*\b{name}\b[^`]*`|[?&]{name}=", TEXT)
    }
    assert missing == set()


@pytest.mark.parametrize(
    "name",
    [
        "TICKET", "SNAPSHOT", "SPRINT", "DECISION", "METRIC", "EPIC", "PROPOSAL", "MODEL", "POLICY", "EVALUATION",
        "PROMOTION", "CANDIDATE", "BASELINE", "MEMBER", "TOKEN", "WEBHOOK", "DELIVERY", "DEMO", "DEMO_ITEM",
        "EDITION", "FEEDBACK", "GOAL_ANSWER", "SHARE_LINK",
    ],
)  # fmt: skip
def test_every_field_is_named(name: str):
    assert [field for field in getattr(columns, name) if not re.search(rf"\b{field}\b", TEXT)] == []


def test_every_code_of_a_problem_is_told():
    source = (ROOT / "agileml" / "api").rglob("*.py")
    given = {code for path in source for code in re.findall(r'(?:Problem|Wrong)\(\s*\d+, "(\w+)"', path.read_text())}
    assert {code for code in given if f"`{code}`" not in TEXT} - {"bad_request"} == set()
    assert problems.CONTENT_TYPE in TEXT
