"""Real workers bring metric files in, and may die at any point of it."""

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from celery import current_app
from django.utils import timezone
from pytest_django import Settings

from agileml.celery import app
from agileml.ingest.actions import make_source, resume
from agileml.ingest.models import Poll, Source
from agileml.metrics.models import Criterion, Snapshot
from agileml.tasks import ingest
from tests.factories import Cast, make_cast, make_ticket
from tests.ingest.test_connectors import PLUGINS

PATIENCE = 60  # seconds; nothing here takes a tenth of it unless it fails


class Workers:
    """Celery workers with beat, as the product starts them, on this test's database and broker."""

    def __init__(self, env: dict[str, str], folder: Path) -> None:
        self.folder = folder
        self.root = folder / "metrics"
        self.root.mkdir()
        self.env = env | {
            "AGILEML_METRIC_ROOTS": str(self.root), "AGILEML_SWEEP_SECONDS": "0.3", "AGILEML_LEASE_SECONDS": "1",
            "PYTHONPATH": str(PLUGINS), "AGILEML_LOG_LEVEL": "WARNING",
        }  # fmt: skip
        self.running: list[subprocess.Popen[bytes]] = []

    def start(self) -> subprocess.Popen[bytes]:
        """Start one and wait until it takes tasks."""
        name = f"worker{len(self.running)}"
        ready = self.folder / f"{name}.ready"
        worker = ["worker", "-B", "-s", str(self.folder / name), "--pool", "threads", "--concurrency", "2"]
        process = subprocess.Popen(
            [sys.executable, "-m", "agileml.ops.child", "celery", "--quiet", "-A", "agileml", *worker,
             "-n", f"{name}@test", "--without-gossip", "--without-mingle"],
            env=self.env | {"AGILEML_READY_FILE": str(ready)},
            stdin=subprocess.PIPE,
            start_new_session=True,
        )  # fmt: skip
        self.running.append(process)
        wait_until(lambda: ready.exists() or process.poll() is not None)
        assert process.poll() is None
        return process

    def kill(self, process: subprocess.Popen[bytes]) -> None:
        """End it as kill -9 does, with beat and whatever else it has started."""
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        assert process.stdin is not None
        process.stdin.close()


def wait_until(true: Callable[[], Any]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not true():
        assert time.monotonic() < deadline, "this never came true"
        time.sleep(0.05)


@pytest.fixture
def workers(process_env: dict[str, str], tmp_path: Path, settings: Settings) -> Iterator[Workers]:
    workers = Workers(process_env, tmp_path)
    settings.METRIC_ROOTS = [workers.root]
    yield workers
    for process in workers.running:
        workers.kill(process)


@pytest.fixture
def cast(transactional_db: None) -> Cast:
    return make_cast()


def drop(folder: Path, name: str, text: str) -> None:
    folder.mkdir(exist_ok=True)
    draft = folder / f".{name}.part"
    draft.write_text(text)
    draft.rename(folder / name)


def test_two_workers_take_what_is_dropped_once_and_turn_the_light(workers: Workers, cast: Cast):
    ticket = make_ticket(cast, criteria=[{"metric": "error", "op": "<=", "value": 0.2}])
    make_source(project=cast.project, kind="metric_file", name="Files", config={}, actor=cast.lead, now=timezone.now())
    workers.start()
    workers.start()
    folder = workers.root / f"TST-{ticket.number}"
    for seed in range(30):
        drop(folder, f"svm-seed={seed}.json", '{"error": 0.1}')
    wait_until(lambda: Snapshot.objects.count() >= 30)
    assert Criterion.objects.get().state == "met"
    drop(folder, "svm-seed=0.json", '{"error": 9.1}')
    wait_until(lambda: Criterion.objects.get().state == "not_met")
    assert Snapshot.objects.count() == 31
    assert Snapshot.objects.filter(nth=1).get().pair_key == "seed=0"
    polls = Poll.objects.values_list("created", "superseded")
    assert sum(created for created, _ in polls) == 30
    assert sum(superseded for _, superseded in polls) == 1


def test_a_worker_killed_between_reading_and_writing_loses_nothing_and_doubles_nothing(
    workers: Workers, cast: Cast, tmp_path: Path
):
    ticket = make_ticket(cast, criteria=[{"metric": "error", "op": "<=", "value": 0.2}])
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    source = Source.objects.create(
        project=cast.project, kind="patient", name="Patient", due_at=timezone.now(), created_at=timezone.now(),
        config={"folder": str(tmp_path), "ticket": f"TST-{ticket.number}"}, every_seconds=86_400,
    )  # fmt: skip
    first = workers.start()
    wait_until(lambda: list(tmp_path.glob("reading.*")))
    workers.kill(first)
    assert not Snapshot.objects.exists()
    assert Source.objects.get(pk=source.pk).leased_until is not None
    second = workers.start()
    wait_until(lambda: len(list(tmp_path.glob("reading.*"))) == 2)
    pipe.write_text("go on")
    wait_until(Snapshot.objects.exists)
    wait_until(lambda: Source.objects.get(pk=source.pk).leased_until is None)
    assert second.poll() is None
    assert Snapshot.objects.count() == 1
    assert Criterion.objects.get().state == "met"
    assert Poll.objects.get().created == 1


FILES, POINTS, KILLS = 500, 10, 100


@pytest.mark.soak
def test_five_thousand_points_arrive_once_though_workers_are_killed_a_hundred_times(workers: Workers, cast: Cast):
    ticket = make_ticket(cast, criteria=[{"metric": "m0", "op": "<=", "value": 0.2}])
    source = make_source(
        project=cast.project, kind="metric_file", name="Files", config={}, actor=cast.lead, now=timezone.now()
    )
    dice = random.Random(7)
    folder = workers.root / f"TST-{ticket.number}"
    at_work = [workers.start(), workers.start()]
    for kill in range(KILLS):
        for name in range(kill * FILES // KILLS, (kill + 1) * FILES // KILLS):
            drop(folder, f"run-{name}.json", json.dumps({f"m{point}": name + point / 10 for point in range(POINTS)}))
        time.sleep(dice.uniform(0, 0.7))  # wherever in its work that finds it
        unlucky = dice.randrange(2)
        workers.kill(at_work[unlucky])
        at_work[unlucky] = workers.start()
        if Source.objects.get(pk=source.pk).state == Source.State.PAUSED:  # five in a row died at it
            resume(project=cast.project, source=source.uid, actor=cast.lead, now=timezone.now())
    wait_until(lambda: Snapshot.objects.count() >= FILES * POINTS)
    time.sleep(3)  # whatever would come twice has come by then
    assert Snapshot.objects.count() == Snapshot.objects.current().count() == FILES * POINTS
    values = dict(Snapshot.objects.values_list("external_id", "value").filter(metric__key="m0"))
    assert values == {f"TST-{ticket.number}/run-{name}.json": name for name in range(FILES)}
    assert sum(Poll.objects.values_list("created", flat=True)) == FILES * POINTS


def test_the_sweep_wakes_a_job_for_each_source_that_is_due_and_for_no_other(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
):
    common: dict[str, Any] = {"project": cast.project, "kind": "metric_file", "config": {}, "actor": cast.lead}
    due = [make_source(name=name, now=timezone.now(), **common).pk for name in ("one", "two")]
    busy = make_source(name="busy", now=timezone.now(), **common)
    Source.objects.filter(pk=busy.pk).update(leased_until=timezone.now() + timedelta(minutes=1))
    woken: list[tuple[object, ...]] = []
    monkeypatch.setattr(ingest, "wake", lambda *what: woken.append(what))
    ingest.sweep()
    assert woken == [(ingest.poll, pk) for pk in due]


def test_a_look_that_leaves_more_wakes_the_next_at_once(
    cast: Cast, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, settings: Settings
):
    settings.METRIC_ROOTS = [tmp_path]
    ticket = make_ticket(cast)
    source = make_source(
        project=cast.project, kind="metric_file", name="Files", config={}, actor=cast.lead, now=timezone.now()
    )
    for number in range(101):
        drop(tmp_path / f"TST-{ticket.number}", f"run-{number}.json", '{"error": 0.1}')
    woken: list[tuple[object, ...]] = []
    monkeypatch.setattr(ingest, "wake", lambda *what: woken.append(what))
    ingest.poll(source.pk)
    assert woken == [(ingest.poll, source.pk)]
    ingest.poll(source.pk)
    ingest.poll(source.pk)
    assert (len(woken), Snapshot.objects.count()) == (1, 101)


def test_a_job_may_run_twice_and_for_a_source_that_is_gone(cast: Cast):
    ingest.poll(0)
    ingest.poll(0)


@pytest.mark.parametrize("name", ["ingest.sweep", "ingest.poll"])
def test_a_message_is_kept_until_its_job_is_done(name: str):
    task = app.tasks[name]
    assert task.acks_late
    assert task.reject_on_worker_lost
    assert current_app.tasks[name] is task
