"""Runs of an MLflow server: those that name their ticket, and those that somebody bound to one."""

import re
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote, urlsplit

from agileml.ingest.connectors.base import (
    Advice,
    Found,
    Look,
    Problem,
    Since,
    SourceBadData,
    SourceError,
    SourceGone,
    SourceTransient,
)
from agileml.ingest.connectors.mlflow_talk import RUN_ID, Misunderstood, MLflowTalk
from agileml.ingest.connectors.servers import AUTH_FIELDS, URL_FIELD, TooLargeAnswer
from agileml.ingest.rules import fields
from agileml.ingest.rules.runs import TICKET_TAG, Run, best
from agileml.lib.fields import Invalid
from agileml.lib.http import Web, origin

MOST_RUNS = 100  # a page
MOST_POINTS = 2_000
MOST_PAGES = 10  # a look
MOST_CURVES = 50  # of a bound run, each a request
MOST_AGAIN = 20
# Ends are told by the clocks of the machines that train, so what ended shortly before is looked at again. A tag that is
# set on a run of long ago changes no time at all, so now and then every tagged run is looked at.
OVERLAP_MS = 10 * 60_000
WHOLE_AFTER_SECONDS = 15 * 60
# A run whose process was killed stays "running" for ever, and nobody waits for it that long.
LONGEST_RUN_MS = 14 * 24 * 3_600_000
REF = re.compile(r"(?:([0-9]{1,20})/)?([0-9a-f]{32})")
IN_ADDRESS = re.compile(r"/experiments/([0-9]{1,20})/runs/([0-9a-f]{32})(?:[/?#].*)?|/runs/([0-9a-f]{32})(?:[/?#].*)?")
FILTER = re.compile(
    r"(?i)(tags?|params?|parameters?|metrics?|attributes?|attr|run|datasets?)\.\S|(run_name|run_id|status)\s"
)
BACK_LINK_TAG = "agileml.url"


@dataclass(frozen=True)
class Alias:
    """What a registered model's alias points to."""

    version: str
    run_id: str
    url: str


@dataclass
class _Scan:
    """How far a walk through the changed runs has come: which question, which page, and from when."""

    since: int
    whole_at: float
    question: int = 0
    token: str = ""
    high: int = 0
    size: int = MOST_RUNS
    experiments: dict[str, str] = field(default_factory=dict)

    @staticmethod
    def of(kept: Mapping[str, Any], *, now: float) -> "_Scan":
        whole_at = kept.get("whole_at", 0)
        walking = kept.get("question", 0) or kept.get("token", "")
        if not walking and not 0 <= now - whole_at < WHOLE_AFTER_SECONDS:
            return _Scan(since=0, whole_at=now)
        return _Scan(**kept)

    def next_question(self) -> None:
        self.question, self.token = self.question + 1, ""

    def done(self, *, now: float) -> None:
        """Begin the next walk where the newest run of this one ended, though not in the future."""
        newest = min(max(self.high, self.since + OVERLAP_MS), int(now * 1000))
        self.since, self.question, self.token, self.high = max(0, newest - OVERLAP_MS), 0, "", 0


class MLflow:
    """Reads tagged runs of the experiments that are named, and runs that somebody bound."""

    kind = "mlflow"
    label = "MLflow"
    every_seconds = 30
    config_schema: dict[str, Any] = {
        "type": "object",
        "properties": {
            "url": URL_FIELD | {"title": "Address", "description": "Of the tracking server: http://mlflow.example:5000"},
            "experiments": {
                "type": "array", "title": "Experiments", "minItems": 1, "maxItems": 20, "uniqueItems": True,
                "description": "Their names, one a line. Runs in them tagged agileml.ticket find their ticket.",
                "items": {"type": "string", "minLength": 1, "maxLength": 500},
            },
            **AUTH_FIELDS,
            "back_link": {
                "type": "boolean", "title": "Write the ticket's address on the run", "default": False,
                "description": f"As the tag {BACK_LINK_TAG}. The log-in needs to be allowed to edit.",
            },
        },
        "required": ["url", "experiments"],
        "additionalProperties": False,
    }  # fmt: skip

    def __init__(self, web: Web | None = None) -> None:
        self._web = web or Web()

    def check(self, config: Mapping[str, Any]) -> Advice:
        """Whether the server answers, takes the log-in, and knows the experiments."""
        asked = MLflowTalk(self._web, config)
        try:
            missing = [name for name in config["experiments"] if asked.experiment(name) is None]
        except SourceGone:
            return Advice(good=False, message="Something answers there that is no MLflow server: is the address right?")
        except SourceError as error:
            return Advice(good=False, message=str(error))
        if missing:
            names = ", ".join(f"“{fields.shown(name)}”" for name in missing)
            return Advice(
                good=False,
                message=f"The server answers, but has no experiment {names}: names are case-sensitive, "
                "and a deleted one does not count.",
            )
        return Advice(good=True, message=f"The MLflow server answers. Experiments found: {len(config['experiments'])}.")

    def parse_ref(self, config: Mapping[str, Any], text: str) -> str | None:
        """A run's address on this server, its id, or a search filter."""
        text = text.strip()
        if REF.fullmatch(text):
            return text
        if "://" in text:
            return self._ref_of_address(config["url"].rstrip("/"), text)
        return f"filter:{text}" if len(text) <= 900 and FILTER.match(text) else None

    def url(self, config: Mapping[str, Any], ref: str) -> str:
        """Where the run is shown; a filter is shown nowhere."""
        match = REF.fullmatch(ref)
        if match is None:
            return ""
        experiment = f"/experiments/{match[1]}" if match[1] else ""
        return f"{config['url'].rstrip('/')}/#{experiment}/runs/{match[2]}"

    def fetch(self, config: Mapping[str, Any], ref: str, since: Since) -> Look:
        """Read the changed runs of a project, or what a reference names. Raises SourceError."""
        asked = MLflowTalk(self._web, config)
        if ref.startswith("filter:"):
            return self._filtered(asked, ref.removeprefix("filter:"), since)
        match = REF.fullmatch(ref)
        return self._bound(asked, match[2], since) if match else self._changed(asked, ref, since)

    def champion_alias(self, config: Mapping[str, Any], name: str, alias: str = "champion") -> Alias | None:
        """The version that a registered model's alias points to; None if there is no such model or alias.

        Raises SourceError.
        """
        try:
            said = MLflowTalk(self._web, config).call("registered-models/alias", name=name, alias=alias)
        except (SourceGone, Misunderstood):
            return None
        version = said.get("model_version")
        if not isinstance(version, dict):
            return None
        run = str(version.get("run_id") or "")
        return Alias(str(version.get("version", "")), run, self.url(config, run))

    def tell(self, config: Mapping[str, Any], run_id: str, address: str) -> bool:
        """Write the ticket's address on the run, if the source is set to; whether it was. Raises SourceError."""
        if not config.get("back_link"):
            return False
        sent = {"run_id": run_id, "key": BACK_LINK_TAG, "value": address}
        MLflowTalk(self._web, config).call("runs/set-tag", post=sent)
        return True

    def _ref_of_address(self, base: str, text: str) -> str | None:
        try:
            here, there = urlsplit(base), urlsplit(text)
        except ValueError:
            return None
        inside = there.path.rstrip("/") == here.path.rstrip("/") or there.path.startswith(f"{here.path.rstrip('/')}/")
        if origin(base) is None or origin(base) != origin(text) or not inside:
            return None
        match = IN_ADDRESS.search(unquote(there.fragment)) or IN_ADDRESS.search(there.path)
        if match is None:
            return None
        return f"{match[1]}/{match[2]}" if match[1] else match[3]

    def _changed(self, asked: MLflowTalk, project: str, since: Since) -> Look:
        now = time.time()
        scan = _Scan.of(since.cursor, now=now)
        problems = self._know_experiments(asked, scan)
        reading = _Reading(self, asked, project)
        for run_id in list(since.again)[:MOST_AGAIN]:
            self._read_again(asked, run_id, reading)
        questions = (f"tags.`{TICKET_TAG}` LIKE '{project}-%'", f"attributes.run_name LIKE '%{project}-%'")
        pages = 0
        while (
            scan.question < len(questions) and pages < MOST_PAGES and reading.points < MOST_POINTS and not asked.is_late
        ):
            wanted = f"{questions[scan.question]} and attributes.end_time > {scan.since}"
            runs, token = self._page(asked, scan, wanted)
            pages += 1
            # A tag is the better word: what a tagged run is called does not count.
            fresh = [run for run in runs if not (scan.question and TICKET_TAG in run.tags)]
            scan.high = max([scan.high, *(run.ended for run in runs)])
            reading.take(fresh)
            scan.token = token
            if not token:
                scan.next_question()
        more = scan.question < len(questions)
        running = None if more else self._running(asked, scan, project, questions, now)
        if not more:
            scan.done(now=now)
        return Look(
            tuple(reading.found), (*problems, *reading.problems), vars(scan), reading.seen, more, running=running
        )

    def _know_experiments(self, asked: MLflowTalk, scan: _Scan) -> list[Problem]:
        """Search takes ids alone; those of the names are asked for once a walk through everything."""
        names = asked.config["experiments"]
        if set(scan.experiments) != set(names):
            found = {name: asked.experiment(name) for name in names}
            scan.experiments = {name: known for name, known in found.items() if known is not None}
            if not scan.experiments:
                raise SourceGone("The MLflow server has none of the experiments that are named here.")
        return [
            Problem(fields.shown(name), "no_experiment", "The MLflow server has no experiment of this name.")
            for name in names
            if name not in scan.experiments
        ]

    def _page(self, asked: MLflowTalk, scan: _Scan, wanted: str) -> tuple[list[Run], str]:
        """One page of a search, of fewer runs where so many do not fit into an answer. Raises SourceError."""
        while True:
            post: dict[str, Any] = {
                "experiment_ids": list(scan.experiments.values()),
                "filter": wanted,
                "max_results": scan.size,
                "order_by": ["attributes.end_time ASC"],
            }
            if scan.token:
                post["page_token"] = scan.token
            try:
                said = asked.call("runs/search", post=post)
            except TooLargeAnswer:
                if scan.size == 1:
                    raise SourceBadData("A run here holds more than is read at once (1 MB).") from None
                scan.size = max(1, scan.size // 4)
                continue
            runs = [Run(item) for item in said.get("runs") or [] if isinstance(item, dict)]
            return [run for run in runs if RUN_ID.fullmatch(run.id)], str(said.get("next_page_token") or "")

    def _running(
        self, asked: MLflowTalk, scan: _Scan, project: str, questions: tuple[str, ...], now: float
    ) -> tuple[str, ...] | None:
        """The tickets that wait on a run; None if there was no time to ask."""
        tickets: set[str] = set()
        for number, question in enumerate(questions):
            if asked.is_late:
                return None
            started = int(now * 1000) - LONGEST_RUN_MS
            wanted = f"{question} and attributes.status = 'RUNNING' and attributes.start_time > {started}"
            runs, _ = self._page(asked, _Scan(0, 0, size=scan.size, experiments=scan.experiments), wanted)
            for run in runs:
                if run.is_running and not (number and TICKET_TAG in run.tags):
                    tickets.update(run.tickets(project))
        return tuple(sorted(tickets))

    def _read_again(self, asked: MLflowTalk, run_id: str, reading: "_Reading") -> None:
        """Take a run that waited for its ticket, unless it is gone."""
        try:
            run = asked.run(run_id)
        except SourceGone:
            return
        reading.take([run])

    def _filtered(self, asked: MLflowTalk, wanted: str, since: Since) -> Look:
        scan = _Scan(0, 0)
        problems = self._know_experiments(asked, scan)
        reading = _Reading(self, asked, "")
        running = False
        while reading.points < MOST_POINTS and not asked.is_late:
            runs, scan.token = self._page(asked, scan, wanted)
            running = running or any(run.is_running for run in runs)
            reading.take(runs, since)
            if not scan.token:
                break
        else:
            problems.append(Problem("", "too_many", "More runs fit this filter than are read at once: narrow it."))
        found, told = tuple(reading.found), (*problems, *reading.problems)
        return Look(found, told, {}, reading.seen, running=("",) if running else ())

    def _bound(self, asked: MLflowTalk, run_id: str, since: Since) -> Look:
        run = asked.run(run_id)
        reading = _Reading(self, asked, "")
        reading.take([run], since)
        return Look(tuple(reading.found), tuple(reading.problems), {}, 1, running=("",) if run.is_running else ())


@dataclass
class _Reading:
    """What a look has taken so far; `project` is empty where a reference is read."""

    connector: MLflow
    asked: MLflowTalk
    project: str
    found: list[Found] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    seen: int = 0
    points: int = 0
    done: set[str] = field(default_factory=set)
    parents: dict[str, str] = field(default_factory=dict)

    def take(self, runs: list[Run], since: Since | None = None) -> None:
        """Take runs, each once; by themselves only those that finished. Raises SourceError."""
        runs = [run for run in runs if run.id not in self.done and not run.is_deleted]
        self._learn_parents(runs)
        for run in runs:
            self.done.add(run.id)
            self.seen += 1
            tickets = run.tickets(self.project) if self.project else [""]
            if not tickets or (self.project and run.is_running):
                continue
            if self.project and run.status != "FINISHED":
                self.problems.append(Problem(run.id, "failed_run", "This run did not finish, so it was not taken."))
                continue
            self._take(run, tickets, since)

    def _take(self, run: Run, tickets: list[str], since: Since | None) -> None:
        metrics = self._reduced(run, since) if since and since.reduce != "latest" else run.metrics
        url = self.connector.url(self.asked.config, f"{run.info.get('experiment_id', '')}/{run.id}")
        try:
            body = run.body(metrics, url=url, parents=self.parents)
        except Invalid as invalid:
            error = invalid.errors[0]
            self.problems.append(Problem(run.id, error.code, f"{error.pointer}: {error.message}".removeprefix(": ")))
            return
        self.found += [Found(ticket, run.id, body) for ticket in tickets]
        self.points += len(body.items) * len(tickets)

    def _reduced(self, run: Run, since: Since) -> list[dict[str, Any]]:
        names = [str(item.get("key")) for item in run.metrics]
        if len(names) > MOST_CURVES:
            self.problems.append(
                Problem(run.id, "too_many", f"{len(names)} metrics; of one run the curves of {MOST_CURVES} are read.")
            )
        kept = []
        for name in names[:MOST_CURVES]:
            if self.asked.is_late:
                raise SourceTransient("The server took too long to tell of the curves.")
            try:
                point = best(self.asked.curve(run.id, name), reduce=since.reduce, step=since.step)
            except TooLargeAnswer:
                message = f"The curve of “{fields.shown(name)}” is more than is read at once (1 MB)."
                self.problems.append(Problem(run.id, "too_large", message))
                continue
            if point is not None:
                kept.append(dict(point))
        return kept

    def _learn_parents(self, runs: list[Run]) -> None:
        """The names of the parents by which runs are grouped. One that cannot be had is called by its id."""
        wanted = {run.parent for run in runs if RUN_ID.fullmatch(run.parent)} - self.parents.keys()
        for parent in sorted(wanted):
            if self.asked.is_late:
                return
            try:
                said = self.asked.call("runs/get", run_id=parent).get("run")
            except SourceGone:
                said = None
            self.parents[parent] = Run(said).name if isinstance(said, dict) else ""
