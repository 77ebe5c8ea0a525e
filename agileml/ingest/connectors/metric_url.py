"""A metric file behind an address."""

from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import unquote, urlsplit

from agileml.ingest.connectors.base import Advice, Found, Look, Since, SourceBadData, SourceError
from agileml.ingest.connectors.servers import AUTH_FIELDS, URL_FIELD, Talk, refusal
from agileml.ingest.rules.bodies import Body, Given, read, split_name
from agileml.ingest.rules.texts import Unreadable, decode, parse_json, parse_yaml
from agileml.lib.fields import Invalid
from agileml.lib.http import Answer, Web, origin


class MetricUrl:
    """Reads one metric file over HTTP, and again when it has changed."""

    kind = "metric_url"
    label = "Metric file by address"
    every_seconds = 60
    config_schema: dict[str, Any] = {
        "type": "object",
        "properties": {
            "url": URL_FIELD | {"title": "Address", "description": "Of a metric file, JSON or YAML."},
            "ticket": {
                "type": "string", "title": "Ticket", "pattern": r"^([A-Z][A-Z0-9]{1,9}-[1-9][0-9]{0,8})?$",
                "description": "Whose file it is. Without one, addresses of that server are bound to tickets by hand.",
            },
            **AUTH_FIELDS,
        },
        "required": ["url"],
        "additionalProperties": False,
    }  # fmt: skip

    def __init__(self, web: Web | None = None) -> None:
        self._web = web or Web()

    def check(self, config: Mapping[str, Any]) -> Advice:
        """Whether the file can be had and read."""
        try:
            body = _body(self._file(config, config["url"], {}), config["url"])
        except SourceError as error:
            return Advice(good=False, message=str(error))
        return Advice(good=True, message=f"The file can be read. Values in it: {len(body.points)}.")

    def parse_ref(self, config: Mapping[str, Any], text: str) -> str | None:
        """Another address on the same server, which the log-in is for."""
        text = text.strip()
        there = origin(text)
        return text if there is not None and there == origin(config["url"]) else None

    def url(self, config: Mapping[str, Any], ref: str) -> str:
        """The file's own address."""
        return ref if "://" in ref else str(config["url"])

    def fetch(self, config: Mapping[str, Any], ref: str, since: Since) -> Look:
        """Read the file unless the server says that it is as it was. Raises SourceError."""
        bound = "://" in ref
        ticket = "" if bound else config.get("ticket", "")
        if not bound and not ticket.startswith(f"{ref}-"):
            return Look((), (), {}, 0)
        url = ref if bound else config["url"]
        if origin(url) != origin(config["url"]):
            raise SourceBadData("This address is on another server than the source's.")
        # Another ticket, or one that has just come into being, needs the file however little that has changed.
        known = since.cursor if since.cursor.get("of") == [ticket, url] and not since.again else {}
        answer = self._file(config, url, known)
        if answer.status == 304:
            return Look((), (), dict(since.cursor), 1)
        body = _body(answer, url)
        cursor = {
            "of": [ticket, url],
            **{name: answer.headers.get(name, "")[:500] for name in ("etag", "last-modified")},
        }
        return Look((Found(ticket, url, body),), (), cursor, 1)

    def _file(self, config: Mapping[str, Any], url: str, known: Mapping[str, Any]) -> Answer:
        headers = {"if-none-match": known.get("etag", ""), "if-modified-since": known.get("last-modified", "")}
        answer = Talk(self._web, config).ask(url, headers={name: text for name, text in headers.items() if text})
        if answer.status == 304 and known:
            return answer
        refused = refusal(answer, auth=config.get("auth", "none"))
        if refused is not None:
            raise refused
        return answer


def _body(answer: Answer, url: str) -> Body:
    """The file's points, known by its address. Raises SourceBadData."""
    if answer.media_type == "text/html":
        raise SourceBadData("The server answers with a web page, not with a metric file: is this the right address?")
    name = unquote(urlsplit(url).path).rsplit("/", 1)[-1]
    stem, _, ending = name.rpartition(".")
    is_yaml = ending.lower() in ("yaml", "yml") or "yaml" in answer.media_type
    candidate, pair_key = split_name(stem or name)
    try:
        text = decode(answer.body)
        content = parse_yaml(text) if is_yaml else parse_json(text)
        return read(content, Given("", url[:500], _changed_at(answer), candidate, pair_key, run_name=stem or name))
    except Unreadable:
        raise SourceBadData("The file is no whole JSON or YAML.") from None
    except Invalid as invalid:
        error = invalid.errors[0]
        raise SourceBadData(f"{error.pointer}: {error.message}".removeprefix(": ")) from None


def _changed_at(answer: Answer) -> datetime:
    try:
        return parsedate_to_datetime(answer.headers.get("last-modified", "")).astimezone(UTC)
    except (ValueError, OverflowError):
        return datetime.now(UTC)
