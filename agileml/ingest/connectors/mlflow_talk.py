"""What an MLflow server, 2.x or 3.x, is asked over its plain REST interface, and how it says no."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from agileml.ingest.connectors.base import SourceAuthError, SourceBadData, SourceGone, SourceTransient
from agileml.ingest.connectors.servers import Talk, json_of, refusal
from agileml.ingest.rules.runs import Run
from agileml.lib.http import origin

API = "/api/2.0/mlflow/"
MOST_PAGES = 10  # of one curve
RUN_ID = re.compile(r"[0-9a-f]{32}")


class Misunderstood(SourceBadData):
    """The server took no offence but at what was asked."""


@dataclass
class MLflowTalk(Talk):
    """A talk with an MLflow server."""

    def call(self, path: str, *, post: Mapping[str, Any] | None = None, **params: str) -> Any:
        """What one call answers. Raises SourceError; SourceGone where the server says that there is no such thing."""
        base = self.config["url"].rstrip("/")
        sent: dict[str, Any] = {"params": params} if post is None else {"method": "POST", "json": dict(post)}
        answer = self.ask(f"{base}{API}{path}", **sent)
        if answer.status == 403 and b"invalid host header" in answer.body[:1000].lower():
            at = origin(base)
            host = f"{at[1]}:{at[2]}" if at else "this host"
            raise SourceAuthError(
                f"The MLflow server refuses to be called {host}. Start it with "
                f"`mlflow server --allowed-hosts {host}` (and its other hosts, with commas), or set "
                f"MLFLOW_SERVER_ALLOWED_HOSTS."
            )
        refused = refusal(answer, auth=self.config.get("auth", "none"))
        if refused is not None and answer.status in (400, 404) and answer.media_type == "application/json":
            said = json_of(answer)
            code = said.get("error_code") if isinstance(said, dict) else None
            if code == "RESOURCE_DOES_NOT_EXIST":
                raise SourceGone("The MLflow server knows nothing of that name.")
            if code == "INVALID_PARAMETER_VALUE":
                raise Misunderstood(
                    "The MLflow server does not understand the filter or the name that it was asked for."
                )
        if refused is not None:
            raise refused
        said = json_of(answer)
        if not isinstance(said, dict):
            raise SourceBadData("This does not answer as an MLflow server does.")
        return said

    def experiment(self, name: str) -> str | None:
        """The id of an experiment; None if there is none, which servers say in two ways. Raises SourceError."""
        try:
            said = self.call("experiments/get-by-name", experiment_name=name).get("experiment")
        except SourceGone as gone:
            if "knows nothing" in str(gone):
                return None
            raise
        if not isinstance(said, dict) or said.get("lifecycle_stage") == "deleted":
            return None
        return str(said.get("experiment_id", "")) or None

    def run(self, run_id: str) -> Run:
        """One run. Raises SourceError; SourceGone for one that is not there or was deleted."""
        if not RUN_ID.fullmatch(run_id):
            raise SourceGone("This is no run.")
        try:
            said = self.call("runs/get", run_id=run_id).get("run")
        except SourceGone:
            raise SourceGone("The MLflow server has no such run.") from None
        if not isinstance(said, dict):
            raise SourceBadData("This does not answer as an MLflow server does.")
        run = Run(said)
        if run.is_deleted:
            raise SourceGone("This run was deleted on the MLflow server. What was copied from it stays.")
        return run

    def curve(self, run_id: str, metric: str) -> Iterator[dict[str, Any]]:
        """All values of one metric of a run; 2.22 answers with all at once, later ones by pages. Raises SourceError."""
        token = ""
        for _ in range(MOST_PAGES):
            more: dict[str, Any] = {"page_token": token} if token else {}
            said = self.call("metrics/get-history", run_id=run_id, metric_key=metric, max_results="5000", **more)
            yield from said.get("metrics") or []
            token = str(said.get("next_page_token") or "")
            if not token:
                return
            if self.is_late:
                break
        raise SourceTransient("The server took too long to tell of the whole curve.")
