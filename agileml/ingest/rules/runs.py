"""What a run of an MLflow server says, as points on a ticket: pure functions on what the server answered."""

import re
import sys
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from agileml.ingest.rules import fields
from agileml.ingest.rules.bodies import Body, Given, Refused, read, split_name
from agileml.metrics.rules.points import Point

TICKET_TAG, CANDIDATE_TAG, PAIR_TAG = "agileml.ticket", "agileml.candidate", "agileml.pair"
PARENT_TAG, COMMIT_TAG, CONTEXT_TAG = "mlflow.parentRunId", "mlflow.source.git.commit", "mlflow.data.context"
MACHINE = "system/"  # the load of the machine, which MLflow can log beside the metrics
SEED_IN_NAME = re.compile(r"(?i)(?:^|[-_. ])(?:seed|random_state|fold)[=_-]?[0-9]+(?=$|[-_. ])")
PAIRING = (("seed", "seed"), ("random_state", "seed"), ("fold", "fold"))
# A metric that does not name its data was most likely measured on what no training saw.
CONTEXTS = ("test", "eval", "evaluation", "holdout", "validation", "val")
SPELLINGS = {"nan": "NaN", "infinity": "Infinity", "inf": "Infinity", "-infinity": "-Infinity", "-inf": "-Infinity"}


def pairs(items: Any) -> dict[str, str]:
    """A list of {"key", "value"}, as tags and params are; the list may be absent."""
    found = items if isinstance(items, list) else []
    return {str(item["key"]): str(item.get("value", "")) for item in found if isinstance(item, dict) and "key" in item}


class Run:
    """A run as the server described it; whatever may be absent is empty here."""

    def __init__(self, answered: Mapping[str, Any]) -> None:
        self.info = _object(answered.get("info"))
        self.data = _object(answered.get("data"))
        self.tags = pairs(self.data.get("tags"))
        self.params = pairs(self.data.get("params"))
        self.inputs = _objects(_object(answered.get("inputs")).get("dataset_inputs"))

    @property
    def id(self) -> str:
        return str(self.info.get("run_id") or self.info.get("run_uuid") or "")

    @property
    def name(self) -> str:
        return str(self.info.get("run_name") or self.tags.get("mlflow.runName", ""))

    @property
    def status(self) -> str:
        return str(self.info.get("status", ""))

    @property
    def is_running(self) -> bool:
        return self.status in ("RUNNING", "SCHEDULED")

    @property
    def is_deleted(self) -> bool:
        return self.info.get("lifecycle_stage") == "deleted"

    @property
    def ended(self) -> int:
        """When it ended, in milliseconds since 1970; 0 while it runs."""
        return _milliseconds(self.info.get("end_time"))

    @property
    def parent(self) -> str:
        return self.tags.get(PARENT_TAG, "")

    @property
    def metrics(self) -> list[dict[str, Any]]:
        """The highest step's value of each metric; of the machine's own load, nothing."""
        return [item for item in _objects(self.data.get("metrics")) if not str(item.get("key")).startswith(MACHINE)]

    def tickets(self, project: str) -> list[str]:
        """The keys that its tag names, else those that stand in its name as whole words."""
        text = self.tags.get(TICKET_TAG, self.name)
        found = re.findall(rf"(?<![A-Za-z0-9]){re.escape(project)}-[1-9][0-9]{{0,8}}(?![A-Za-z0-9])", text)
        return list(dict.fromkeys(found))

    @property
    def pair_key(self) -> str:
        """Which seed or fold it is."""
        if self.tags.get(PAIR_TAG):
            return self.tags[PAIR_TAG]
        said = {word: f"{word}={self.params[param]}" for param, word in reversed(PAIRING) if self.params.get(param)}
        return ",".join(said[word] for word in ("seed", "fold") if word in said) or split_name(self.name)[1]

    def candidate(self, parents: Mapping[str, str]) -> str:
        """Its set of runs: as tagged, else its parent's name (`parents` by id), else its own without the seed."""
        if self.tags.get(CANDIDATE_TAG):
            return self.tags[CANDIDATE_TAG]
        if self.parent:
            return parents.get(self.parent) or self.parent
        name = SEED_IN_NAME.sub("", self.name) if self.pair_key else self.name
        return split_name(name.strip("-_. "))[0]

    def body(self, metrics: Iterable[Mapping[str, Any]], *, url: str, parents: Mapping[str, str]) -> Body:
        """These metrics of it as points. Raises Invalid when they cannot be read at all."""
        kept = list(metrics)
        content = {
            "candidate": fields.shown(self.candidate(parents)),
            "url": url,
            "git_commit": fields.shown(self.tags.get(COMMIT_TAG, ""))[:64],
            "params": _fitting(self.params),
            "points": [
                {"metric": item.get("key"), "value": value_of(item.get("value")), "step": _step(item.get("step"))}
                for item in kept
            ],
        }
        given = Given("", self.id, self._moment(), "run", fields.shown(self.pair_key)[:64], fields.shown(self.name))
        body = read(content, given)
        return replace(body, items=tuple(self._own(item, said) for item, said in zip(body.items, kept, strict=True)))

    def _own(self, item: Point | Refused, said: Mapping[str, Any]) -> Point | Refused:
        if isinstance(item, Refused):
            return item
        name, digest, split = self._dataset(str(said.get("dataset_name", "")), str(said.get("dataset_digest", "")))
        at = _time(_milliseconds(said.get("timestamp"))) or item.observed_at
        return replace(
            item, run_id=self.id, observed_at=at,
            dataset_name=fields.shown(name)[:200], dataset_digest=fields.shown(digest)[:128],
            split=fields.shown(split)[:64],
        )  # fmt: skip

    def _dataset(self, name: str, digest: str) -> tuple[str, str, str]:
        """Name, digest and split of the data that a metric was measured on."""
        logged = []
        for item in self.inputs:
            dataset = _object(item.get("dataset"))
            context = pairs(item.get("tags")).get(CONTEXT_TAG, "")
            logged.append((str(dataset.get("name", "")), str(dataset.get("digest", "")), context))
        if name or digest:
            return next((one for one in logged if one[:2] == (name, digest)), (name, digest, ""))
        ranked = sorted(logged, key=lambda one: CONTEXTS.index(one[2]) if one[2] in CONTEXTS else len(CONTEXTS))
        return ranked[0] if ranked else ("", "", "")

    def _moment(self) -> datetime:
        start = _milliseconds(self.info.get("start_time"))
        return _time(self.ended) or _time(start) or datetime.fromtimestamp(0, UTC)


def value_of(value: Any) -> Any:
    """A metric's value: SQL stores hold infinity as the largest double, file stores spell it."""
    if isinstance(value, str):
        return SPELLINGS.get(value.lower(), value)
    if isinstance(value, float) and abs(value) >= sys.float_info.max:
        return "Infinity" if value > 0 else "-Infinity"
    return value


def best(curve: Iterable[Mapping[str, Any]], *, reduce: str, step: int | None) -> Mapping[str, Any] | None:
    """The point of a curve that a binding asks for; one that is no finite number is no extreme."""
    points = [item for item in curve if isinstance(item, dict)]
    if reduce == "at_step":
        points = [item for item in points if _step(item.get("step")) == step]
    elif reduce in ("max", "min"):
        numbers = [item for item in points if isinstance(value_of(item.get("value")), int | float)]
        if numbers:
            return (max if reduce == "max" else min)(numbers, key=lambda item: float(item["value"]))
    return max(
        points, key=lambda item: (_step(item.get("step")) or 0, _milliseconds(item.get("timestamp"))), default=None
    )


def _step(value: Any) -> Any:
    """A step as a whole number where it is one: 64 bits arrive as text from some stores."""
    return int(value) if isinstance(value, str) and re.fullmatch(r"[0-9]{1,19}", value) else value


def _milliseconds(value: Any) -> int:
    try:
        return int(value) if isinstance(value, int | str) else 0
    except ValueError:
        return 0


def _time(milliseconds: int) -> datetime | None:
    try:
        return datetime.fromtimestamp(milliseconds / 1000, UTC) if milliseconds > 0 else None
    except (OverflowError, ValueError, OSError):
        return None


def _fitting(params: Mapping[str, str]) -> dict[str, str]:
    """The params as far as there is room for them: one long one must not keep a run's metrics out."""
    kept: dict[str, str] = {}
    room = fields.MOST_PARAMS_BYTES - 100
    for key, value in params.items():
        room -= 6 * (len(key) + len(value)) + 6  # a character is at most six once it is escaped
        if room >= 0:
            kept[key] = value
    return kept


def _object(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _objects(value: Any) -> list[dict[str, Any]]:
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []
