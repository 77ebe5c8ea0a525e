"""What the connectors that ask servers have in common: the fields for the log-in, and an answer's status in words."""

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from agileml.ingest.connectors.base import (
    SourceAuthError,
    SourceBadData,
    SourceError,
    SourceGone,
    SourceTransient,
)
from agileml.ingest.rules.texts import Unreadable, decode, parse_json
from agileml.lib.http import Answer, HttpError, Moved, NotAllowed, TooMuch, Web

TRY_LATER = {408, 429, 500, 502, 503, 504}
OURS = {"host", "content-length", "content-type", "transfer-encoding", "connection", "accept-encoding", "upgrade"}
LOOK_SECONDS = 35.0  # a look asks no more after this, so that it ends well within the claim on its source

URL_FIELD = {"type": "string", "pattern": r"^[Hh][Tt][Tt][Pp][Ss]?://[^\s\x00-\x1f]+$", "maxLength": 1000}
_PLAIN = r"^[\x20-\x7e]*$"
AUTH_FIELDS: dict[str, Any] = {
    "auth": {"type": "string", "title": "Log-in", "enum": ["none", "basic", "bearer", "header"], "default": "none"},
    "username": {"type": "string", "title": "User name", "maxLength": 200},
    "password": {"type": "string", "title": "Password", "maxLength": 500, "secret": True},
    "token": {"type": "string", "title": "Bearer token", "maxLength": 4000, "pattern": _PLAIN, "secret": True},
    "header_name": {
        "type": "string", "title": "Header", "maxLength": 100, "pattern": r"^[A-Za-z0-9-]*$",
        "description": "For a server that wants a header of its own, such as X-Api-Key.",
    },
    "header_value": {
        "type": "string", "title": "Value of the header", "maxLength": 4000, "pattern": _PLAIN, "secret": True,
    },
}  # fmt: skip


class TooLargeAnswer(SourceBadData):
    """An answer of more than is read at once; a smaller question may do."""


@dataclass
class Talk:
    """The questions of one look to one server, all with its log-in."""

    web: Web
    config: Mapping[str, Any]
    started: float = field(default_factory=time.monotonic)

    @property
    def is_late(self) -> bool:
        """Whether the look has taken so long that it should end here."""
        return time.monotonic() - self.started > LOOK_SECONDS

    def ask(self, url: str, *, headers: Mapping[str, str] | None = None, **sent: Any) -> Answer:
        """One answer, whatever its status. Raises SourceError for none."""
        own, auth = self._log_in()
        try:
            return self.web.ask(url, headers={**(headers or {}), **own}, auth=auth, **sent)
        except NotAllowed as error:
            raise SourceAuthError(str(error)) from None
        except TooMuch as error:
            raise TooLargeAnswer(str(error)) from None
        except Moved as error:
            raise SourceBadData(str(error)) from None
        except HttpError as error:
            raise SourceTransient(str(error)) from None

    def _log_in(self) -> tuple[dict[str, str], tuple[str, str] | None]:
        config = self.config
        match config.get("auth", "none"):
            case "basic":
                return {}, (config.get("username", ""), config.get("password", ""))
            case "bearer":
                return {"authorization": f"Bearer {config.get('token', '')}"}, None
            case "header":
                name = config.get("header_name", "")
                if not name or name.lower() in OURS:
                    raise SourceAuthError("This header cannot be set: name the one that the server asks for.")
                return {name: config.get("header_value", "")}, None
        return {}, None


def refusal(answer: Answer, *, auth: str) -> SourceError | None:
    """What a status means for whoever set the source up; None for a good one. `auth` is how we logged in."""
    status = answer.status
    if 200 <= status < 300:
        return None
    if status == 401:
        said = "wants a log-in: choose one and enter it" if auth == "none" else "does not accept this log-in"
        return SourceAuthError(f"The server answers 401: it {said}.")
    if status == 403:
        return SourceAuthError("The server answers 403: this log-in may not read there.")
    if status in (404, 410):
        return SourceGone(f"The server answers {status}: there is nothing at this address.")
    if status in TRY_LATER:
        return SourceTransient(f"The server answers {status}.", after=answer.after(now=time.time()))
    return SourceBadData(f"The server answers {status}.")


def json_of(answer: Answer) -> Any:
    """The answer as JSON, whatever it says that it is. Raises SourceBadData."""
    try:
        return parse_json(decode(answer.body))
    except Unreadable:
        kind = "a web page" if answer.media_type == "text/html" else "no whole JSON"
        raise SourceBadData(f"The server answers with {kind}: is this the right address?") from None
