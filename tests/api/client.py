"""A client of the API as the tests use it: a token, JSON in, JSON out."""

import json
from typing import Any

from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.test.client import BOUNDARY, MULTIPART_CONTENT, encode_multipart

from agileml.accounts.models import User
from agileml.projects.actions import issue_token
from agileml.projects.models import Project
from tests.api import described
from tests.factories import NOW

UNSENT = object()


class Api:
    """Speaks for one person with a token of her own, below /api/v1/projects/{KEY}/ unless a path starts with /."""

    def __init__(
        self, user: User | None, key: str = "TST", *, scope: str = "write", project: Project | None = None
    ) -> None:
        self.client = Client()
        self.base = f"/api/v1/projects/{key}/"
        self.headers: dict[str, str] = {}
        self.secret = ""
        if user is not None:
            self.secret = issue_token(user=user, name="test", scope=scope, now=NOW, project=project)
            self.headers["Authorization"] = f"Bearer {self.secret}"

    def __call__(self, method: str, path: str = "", sent: Any = UNSENT, **headers: str) -> Any:
        """Ask, and give the answer with its JSON at hand; `if_match` and the like become headers."""
        more = {name.replace("_", "-"): value for name, value in headers.items()}
        address = path if path.startswith(("/", "http")) else self.base + path
        body: dict[str, Any] = {} if sent is UNSENT else {"data": json.dumps(sent), "content_type": "application/json"}
        if isinstance(sent, dict) and described.takes(method, address) == MULTIPART_CONTENT.partition(";")[0]:
            sent = as_texts(sent)
            body = as_form(sent)
        answer = self.client.generic(method, address, **body, headers={**self.headers, **more})
        described.check(method, address, None if sent is UNSENT else sent, answer)
        return answer

    def get(self, path: str = "", **headers: str) -> Any:
        """GET, and its JSON; it must be there."""
        answer = self("GET", path, **headers)
        assert answer.status_code == 200, answer.content
        return answer.json()

    def post(self, path: str, sent: Any = UNSENT, *, status: int = 201, **headers: str) -> Any:
        """POST, and its JSON; it must answer with `status`."""
        answer = self("POST", path, {} if sent is UNSENT else sent, **headers)
        assert answer.status_code == status, answer.content
        return answer.json()

    def patch(self, path: str, sent: Any, *, version: int, status: int = 200) -> Any:
        """PATCH for a version that was seen, and its JSON."""
        answer = self("PATCH", path, sent, if_match=f'"{version}"')
        assert answer.status_code == status, answer.content
        return answer.json()

    def walk(self, path: str) -> list[dict[str, Any]]:
        """Every row of a list, page after page."""
        rows: list[dict[str, Any]] = []
        following: str | None = path
        while following:
            page = self.get(following)
            rows += page["results"]
            following = page["next"]
        return rows


def as_texts(sent: dict[str, Any]) -> dict[str, str]:
    """What a form holds, in which all is text."""
    return {name: value if isinstance(value, str) else json.dumps(value) for name, value in sent.items()}


def as_form(texts: dict[str, str]) -> dict[str, Any]:
    """The body of a form: `picture` is a file, its bytes written as text of one byte a character."""
    parts = {
        name: SimpleUploadedFile("point.png", text.encode("latin-1", "replace")) if name == "picture" else text
        for name, text in texts.items()
    }
    return {"data": encode_multipart(BOUNDARY, parts), "content_type": MULTIPART_CONTENT}


def codes(problem: dict[str, Any]) -> list[str]:
    """The codes of everything that a problem lists."""
    return [error["code"] for error in problem["errors"]]
