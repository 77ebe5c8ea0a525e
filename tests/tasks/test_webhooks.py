"""Real workers tell webhooks of changes, also of what happened while they, the broker or the receiver were down."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone
from pytest_django import Settings
from standardwebhooks import Webhook

from agileml.celery import app
from agileml.journal.models import Delivery, Endpoint, Stream
from agileml.projects.actions.webhooks import make_webhook
from agileml.tasks import webhooks
from tests.factories import Cast, make_cast, make_ticket, make_tickets
from tests.journal.receiving import Receiver, receive
from tests.tasks.test_ingest import Workers, wait_until


@pytest.fixture
def cast(transactional_db: None) -> Cast:
    return make_cast()


@pytest.fixture
def receiver(settings: Settings) -> Iterator[Receiver]:
    with receive() as running:
        settings.ALLOWED_SOURCE_HOSTS = [f"127.0.0.1:{running.port}"]
        yield running


@pytest.fixture
def workers(process_env: dict[str, str], tmp_path: Path, receiver: Receiver) -> Iterator[Workers]:
    workers = Workers(process_env | {"AGILEML_ALLOWED_SOURCE_HOSTS": f"127.0.0.1:{receiver.port}"}, tmp_path)
    yield workers
    for process in workers.running:
        workers.kill(process)


def make(cast: Cast, receiver: Receiver) -> str:
    sent = {"url": receiver.url}
    return make_webhook(project=cast.project, sent=sent, actor=cast.lead, now=timezone.now())[1]


def revisions(receiver: Receiver) -> list[int]:
    return list(dict.fromkeys(got.event["data"]["revision"] for got in receiver.got))


def test_what_happened_while_nobody_worked_arrives_in_order_then_what_happens_and_kills_lose_nothing(
    workers: Workers, cast: Cast, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
):
    secret = make(cast, receiver)
    monkeypatch.setattr("agileml.journal.actions.wake", lambda *_: False)  # the broker is down: the sweep finds it
    make_tickets(cast, 5)
    monkeypatch.undo()
    first = workers.start()
    wait_until(lambda: len(set(receiver.ids)) == 5)
    receiver.acts.append(receiver.hang)
    make_ticket(cast)
    wait_until(lambda: len(set(receiver.ids)) == 6)
    workers.kill(first)  # with the event sent, and no answer
    workers.start()
    make_tickets(cast, 4)
    wait_until(lambda: len(set(receiver.ids)) == 10)
    head = Stream.objects.get(pk=cast.project.stream_id).revision
    wait_until(lambda: Endpoint.objects.get().cursor == head)
    assert revisions(receiver) == list(range(head - 9, head + 1))
    for got in receiver.got:
        Webhook(secret).verify(got.body, got.headers)


def test_the_sweep_and_a_change_wake_a_job_for_each_that_something_waits_for(
    cast: Cast, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
):
    for _ in range(3):
        make(cast, receiver)
    waiting = list(Endpoint.objects.order_by("pk").values_list("pk", flat=True))
    make_ticket(cast)
    Endpoint.objects.filter(pk=waiting.pop()).update(due_at=timezone.now() + timedelta(minutes=1))
    woken: list[tuple[object, ...]] = []
    monkeypatch.setattr(webhooks, "wake", lambda *what: woken.append(what))
    webhooks.sweep()
    assert woken == [(webhooks.send, pk) for pk in waiting]
    webhooks.changed(cast.project.stream_id)
    webhooks.changed(0)
    assert woken == [(webhooks.send, pk) for pk in waiting * 2]


def test_a_job_that_leaves_more_wakes_the_next_at_once(cast: Cast, receiver: Receiver, monkeypatch: pytest.MonkeyPatch):
    make(cast, receiver)
    make_tickets(cast, 3)
    monkeypatch.setattr("agileml.journal.actions.sending.MOST_AT_ONCE", 2)
    woken: list[tuple[object, ...]] = []
    monkeypatch.setattr(webhooks, "wake", lambda *what: woken.append(what))
    pk = Endpoint.objects.get().pk
    webhooks.send(pk)
    assert woken == [(webhooks.send, pk)]
    webhooks.send(pk)
    webhooks.send(pk)
    assert (len(woken), len(set(receiver.ids))) == (1, 3)


def test_jobs_may_run_twice_and_for_what_is_gone(cast: Cast):
    for job, args in ((webhooks.send, (0,)), (webhooks.prune, ()), (webhooks.sweep, ())):
        run: Any = job
        run(*args)
        run(*args)


def test_old_attempts_are_pruned_by_and_by(cast: Cast, receiver: Receiver, monkeypatch: pytest.MonkeyPatch):
    make(cast, receiver)
    make_tickets(cast, 5)
    webhooks.send(Endpoint.objects.get().pk)
    Delivery.objects.update(at=timezone.now() - timedelta(days=31))
    monkeypatch.setattr(webhooks, "BITE", 2)
    webhooks.prune()
    assert not Delivery.objects.exists()


@pytest.mark.parametrize("name", ["webhooks.changed", "webhooks.sweep", "webhooks.send", "webhooks.prune"])
def test_a_message_is_kept_until_its_job_is_done(name: str):
    assert app.tasks[name].acks_late
    assert app.tasks[name].reject_on_worker_lost
