"""Connectors as somebody else's package would bring them."""

import os
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from agileml.ingest.connectors.base import Advice, Found, Look, Since
from agileml.ingest.rules.bodies import Body
from agileml.metrics.rules.points import Point


class Patient:
    """Has read its one value before it waits, on a named pipe, to be allowed to hand it over."""

    kind = "patient"
    label = "Patient"
    every_seconds = 1
    config_schema = {"type": "object", "properties": {"folder": {"type": "string"}, "ticket": {"type": "string"}}}

    def check(self, config: Mapping[str, Any]) -> Advice:
        return Advice(good=True, message="It can be read.")

    def parse_ref(self, config: Mapping[str, Any], text: str) -> str | None:
        return None

    def url(self, config: Mapping[str, Any], ref: str) -> str:
        return ""

    def fetch(self, config: Mapping[str, Any], ref: str, since: Since) -> Look:
        folder = Path(config["folder"])
        (folder / f"reading.{os.getpid()}").touch()
        (folder / "pipe").read_text()
        point = Point("error", 0.1, datetime(2026, 11, 20, tzinfo=UTC), "", "run", candidate="svm")
        return Look((Found(config["ticket"], "run", Body("run", (point,), ())),), (), {}, 1)


class Incomplete:
    """Lacks most of what a connector is."""

    kind = "incomplete"
