"""One value of a JSON answer, by a JMESPath expression, or of a Prometheus server, by a query."""

import math
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from agileml.ingest.connectors.base import Advice, Found, Look, Since, SourceBadData, SourceError
from agileml.ingest.connectors.servers import AUTH_FIELDS, URL_FIELD, Talk, json_of, refusal
from agileml.ingest.rules import expressions
from agileml.ingest.rules.bodies import Given, read
from agileml.lib.fields import Invalid
from agileml.lib.http import Web

SPELLINGS = {"nan": "NaN", "inf": "Infinity", "+inf": "Infinity", "-inf": "-Infinity",
             "infinity": "Infinity", "-infinity": "-Infinity"}  # fmt: skip


class HttpJson:
    """Asks an address and takes one number from the answer."""

    kind = "http_json"
    label = "HTTP JSON"
    every_seconds = 60
    config_schema: dict[str, Any] = {
        "type": "object",
        "properties": {
            "url": URL_FIELD | {"title": "Address", "description": "For Prometheus, that of the server."},
            "preset": {"type": "string", "title": "Form", "enum": ["json", "prometheus"], "default": "json"},
            "expression": {
                "type": "string", "title": "Expression or query", "minLength": 1, "maxLength": expressions.LONGEST,
                "description": "JMESPath, such as data.f1; for Prometheus a query that comes to one series.",
            },
            "metric": {"type": "string", "title": "Metric", "minLength": 1, "maxLength": 200},
            "ticket": {
                "type": "string", "title": "Ticket", "pattern": r"^([A-Z][A-Z0-9]{1,9}-[1-9][0-9]{0,8})?$",
                "description": "Whose value it is. Without one, expressions are bound to tickets by hand.",
            },
            "candidate": {"type": "string", "title": "Candidate", "maxLength": 200},
            "split": {"type": "string", "title": "Split", "maxLength": 64},
            **AUTH_FIELDS,
        },
        "required": ["url", "expression", "metric"],
        "additionalProperties": False,
    }  # fmt: skip

    def __init__(self, web: Web | None = None) -> None:
        self._web = web or Web()

    def check(self, config: Mapping[str, Any]) -> Advice:
        """Whether the address answers, and the expression comes to a number."""
        try:
            self._value(config, config["expression"])
        except SourceError as error:
            return Advice(good=False, message=str(error))
        return Advice(good=True, message="It answers, and the expression comes to one number.")

    def parse_ref(self, config: Mapping[str, Any], text: str) -> str | None:
        """An expression or query of its own."""
        text = text.strip()
        if not 1 <= len(text) <= expressions.LONGEST or "://" in text:
            return None
        if config.get("preset", "json") == "json":
            try:
                expressions.check(text)
            except expressions.Unfit:
                return None
        return f"value:{text}"

    def url(self, config: Mapping[str, Any], ref: str) -> str:
        """The address that is asked."""
        return str(config["url"])

    def fetch(self, config: Mapping[str, Any], ref: str, since: Since) -> Look:
        """Read the value: for the ticket that the source names, or what a reference says. Raises SourceError."""
        bound = ref.startswith("value:")
        ticket = "" if bound else config.get("ticket", "")
        if not bound and not ticket.startswith(f"{ref}-"):
            return Look((), (), {}, 0)
        expression = ref.removeprefix("value:") if bound else config["expression"]
        value, at = self._value(config, expression)
        content = {
            "points": [{"metric": config["metric"], "value": value}],
            "split": config.get("split", ""),
            "url": config["url"],
        }
        try:
            body = read(content, Given("", expression, at, config.get("candidate") or "run"))
        except Invalid as invalid:
            raise SourceBadData(invalid.errors[0].message) from None
        return Look((Found(ticket, expression, body),), (), {}, 1)

    def _value(self, config: Mapping[str, Any], expression: str) -> tuple[float | str, datetime]:
        talk = Talk(self._web, config)
        prometheus = config.get("preset") == "prometheus"
        if prometheus:
            url = config["url"].rstrip("/") + "/api/v1/query"
            answer = talk.ask(url, params={"query": expression})
            if answer.status in (400, 422):
                raise SourceBadData("Prometheus does not understand the query.")
        else:
            answer = talk.ask(config["url"])
        refused = refusal(answer, auth=config.get("auth", "none"))
        if refused is not None:
            raise refused
        content = json_of(answer)
        if prometheus:
            return _series(content)
        try:
            return _number(expressions.evaluate(expression, content)), datetime.now(UTC)
        except expressions.Unfit as unfit:
            raise SourceBadData(str(unfit)) from None


def _series(content: Any) -> tuple[float | str, datetime]:
    """The one value of an instant query, and its own time."""
    data = content.get("data") if isinstance(content, dict) else None
    result = data.get("result") if isinstance(data, dict) else None
    if not isinstance(data, dict) or not isinstance(result, list) or data.get("resultType") not in ("vector", "scalar"):
        raise SourceBadData("This does not answer as Prometheus answers an instant query.")
    if data["resultType"] == "vector":
        if len(result) != 1 or not isinstance(result[0], dict):
            raise SourceBadData(f"The query comes to {len(result)} series, and one is needed: narrow it.")
        result = result[0].get("value") or []
    try:
        seconds, value = list(result or [])
        return _number(value), datetime.fromtimestamp(float(seconds), UTC)
    except (TypeError, ValueError, OverflowError, OSError):
        raise SourceBadData("This does not answer as Prometheus answers an instant query.") from None


def _number(value: Any) -> float | str:
    """A number as it is or as text. Raises SourceBadData."""
    if isinstance(value, str):
        text = value.strip()
        if text.lower() in SPELLINGS:
            return SPELLINGS[text.lower()]
        try:
            return float(text) if text.isascii() and "_" not in text else _no_number()
        except ValueError:
            return _no_number()
    if isinstance(value, bool) or not isinstance(value, int | float):
        return _no_number()
    return "NaN" if isinstance(value, float) and math.isnan(value) else value


def _no_number() -> float:
    raise SourceBadData("The expression does not come to a number.")
