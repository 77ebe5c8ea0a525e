"""The recipes that teams paste work as they stand, against a server that is really there."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from pytest_django.live_server_helper import LiveServer

from agileml.metrics.models import Snapshot
from agileml.projects.actions import issue_token
from tests.factories import NOW, Cast, make_cast, make_ticket
from tests.ingest.serving import Reply, Served, as_json, serve
from tests.source import ROOT

PUSHING = ROOT / "examples" / "pushing"
pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def cast(transactional_db: None) -> Cast:
    cast = make_cast()
    make_ticket(cast)
    return cast


@pytest.fixture
def env(cast: Cast, live_server: LiveServer) -> dict[str, str]:
    token = issue_token(user=cast.member, name="CI", scope="metrics", now=NOW)
    return {"PATH": os.environ["PATH"], "AGILEML_URL": live_server.url, "AGILEML_TOKEN": token}


@pytest.fixture
def served() -> Iterator[Served]:
    with serve() as running:
        yield running


def run(env: dict[str, str], folder: Path, *command: str, given: str = "") -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command, env=env, cwd=folder, input=given, capture_output=True, text=True, timeout=60, check=False
    )


def metrics(folder: Path, **values: Any) -> None:
    (folder / "metrics.json").write_text(json.dumps({"error": 0.0056, "seed": 3} | values))


def arrived() -> list[tuple[Any, ...]]:
    return list(Snapshot.objects.values_list("ticket__number", "metric__key", "value", "pair_key"))


def test_a_file_is_pushed_by_curl_and_again_without_doubling(env: dict[str, str], tmp_path: Path):
    metrics(tmp_path)
    for created in (1, 0):
        done = run(env, tmp_path, str(PUSHING / "push.sh"), "TST-1", "metrics.json")
        assert done.returncode == 0, done.stderr
        assert json.loads(done.stdout)["created"] == created
    assert arrived() == [(1, "error", 0.0056, "seed=3")]


def test_a_wrong_token_fails_and_says_so(env: dict[str, str], tmp_path: Path):
    metrics(tmp_path)
    done = run(env | {"AGILEML_TOKEN": "aml_wrong"}, tmp_path, str(PUSHING / "push.sh"), "TST-1", "metrics.json")
    assert done.returncode != 0
    assert "401" in done.stdout + done.stderr
    done = run(
        env | {"AGILEML_TOKEN": "aml_wrong"}, tmp_path, sys.executable, str(PUSHING / "push.py"), "TST-1", given="{}"
    )
    assert done.returncode != 0
    assert "401" in done.stderr
    assert "aml_wrong" not in done.stderr


def test_the_step_of_the_workflow_does_what_it_says(env: dict[str, str], tmp_path: Path):
    metrics(tmp_path)
    steps = yaml.safe_load((PUSHING / "github-action.yml").read_text())["jobs"]["evaluate"]["steps"]
    push = steps[-1]
    assert set(push["env"]) == {"AGILEML_URL", "AGILEML_TOKEN", "TICKET"}
    done = run(env | {"TICKET": "TST-1"}, tmp_path, "bash", "-e", "-c", push["run"])
    assert done.returncode == 0, done.stderr
    assert arrived() == [(1, "error", 0.0056, "seed=3")]


def test_plain_python_pushes_and_a_run_pushed_again_supersedes(env: dict[str, str], tmp_path: Path):
    for value in (0.5, 0.4):
        given = json.dumps({"error": value})
        done = run(env, tmp_path, sys.executable, str(PUSHING / "push.py"), "TST-1", "svm-seed=3", given=given)
        assert done.returncode == 0, done.stderr
    assert list(Snapshot.objects.current().values_list("value", "external_id")) == [(0.4, "svm-seed=3")]


def test_a_server_that_is_busy_is_asked_again(env: dict[str, str], tmp_path: Path, served: Served):
    answers = iter([Reply(b"busy", 503, "text/plain"), as_json({"created": 1})])
    served.answers["/api/v1/tickets/TST-1/snapshots/"] = lambda asked: next(answers)
    done = run(
        env | {"AGILEML_URL": served.url}, tmp_path, sys.executable, str(PUSHING / "push.py"), "TST-1", given="{}"
    )
    assert json.loads(done.stdout) == {"created": 1}
    assert len(served.asked) == 2


def test_a_run_of_mlflow_is_tagged_with_its_ticket(tmp_path: Path, served: Served):
    served.answers["/api/2.0/mlflow/runs/set-tag"] = as_json({})
    env = {"PATH": os.environ["PATH"], "MLFLOW_TRACKING_URI": served.url}
    done = run(env, tmp_path, sys.executable, str(PUSHING / "mlflow_tag.py"), "abc", "DIG-7")
    assert done.returncode == 0, done.stderr
    assert [asked.body for asked in served.asked] == [{"run_id": "abc", "key": "agileml.ticket", "value": "DIG-7"}]
