"""A wake-up tells a worker that something is due, and can neither fail nor hold up the write that made it due."""

import json
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from celery import Celery
from django.db import transaction

from agileml.celery import app as product_app
from agileml.lib.wake import SILENT_SECONDS, Waker
from tests import servers


class Clock:
    """Seconds that pass when the test says so."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


class Broker:
    """Something that listens where Redis should, counts who connects, and is no Redis."""

    def __init__(self, stack: ExitStack, *, answers: bool) -> None:
        self.connections = 0
        self.socket = stack.enter_context(socket.create_server(("127.0.0.1", 0)))
        self._stack, self._answers = stack, answers
        threading.Thread(target=self._listen, daemon=True).start()

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.socket.getsockname()[1]}/0"

    def _listen(self) -> None:
        while True:
            try:
                connection, _ = self.socket.accept()
            except OSError:  # the test is over
                return
            self.connections += 1
            if self._answers:
                connection.close()
            else:
                self._stack.enter_context(connection)


@pytest.fixture
def stack() -> Iterator[ExitStack]:
    with ExitStack() as stack:
        yield stack


@pytest.fixture
def a_broker(stack: ExitStack) -> Callable[..., Broker]:
    return lambda *, answers: Broker(stack, answers=answers)


def task_of(url: str, **options: object):
    """A task of a Celery app whose broker is at `url`."""
    embedded = "agileml.lib.broker.Transport" if url.startswith("filesystem") else None
    app = Celery(
        "somewhere", broker=url, set_as_current=False, broker_transport=embedded, broker_transport_options=options
    )

    def something(*args: object) -> None:
        raise AssertionError(f"{args} was run here instead of being sent")

    return app.task(name="something.due")(something)


def test_a_hanging_broker_gets_one_connection_and_then_nothing(a_broker):
    broker = a_broker(answers=False)
    waker, task = Waker(Clock()), task_of(broker.url)
    assert [waker.wake(task, 1), waker.wake(task, 2), waker.wake(task, 3)] == [False, False, False]
    assert broker.connections == 1


def test_a_broker_that_hangs_up_gets_one_connection_and_then_nothing(a_broker):
    broker = a_broker(answers=True)
    waker, task = Waker(Clock()), task_of(broker.url)
    assert [waker.wake(task), waker.wake(task)] == [False, False]
    assert broker.connections == 1


def test_after_the_silence_it_is_tried_once_more(a_broker):
    broker, clock = a_broker(answers=True), Clock()
    waker, task = Waker(clock), task_of(broker.url)
    waker.wake(task)
    clock.now += SILENT_SECONDS - 0.01
    waker.wake(task)
    assert broker.connections == 1
    clock.now += 0.02
    waker.wake(task)
    assert broker.connections == 2


def test_a_dead_port_is_no_error():
    with socket.create_server(("127.0.0.1", 0)) as once_taken:
        port = once_taken.getsockname()[1]
    assert Waker(Clock()).wake(task_of(f"redis://127.0.0.1:{port}/0")) is False


def test_an_address_that_nobody_can_resolve_is_no_error():
    assert Waker(Clock()).wake(task_of("redis://no-such-host.invalid:6379/0")) is False


def test_the_filesystem_broker_gets_the_message_in_folders_that_did_not_exist(tmp_path: Path):
    queue = tmp_path / "broker" / "queue"
    task = task_of(
        "filesystem://",
        data_folder_in=str(queue),
        data_folder_out=str(queue),
        control_folder=str(tmp_path / "broker" / "control"),
    )
    assert Waker(Clock()).wake(task, 7, "a-uid") is True
    (message,) = queue.iterdir()
    assert json.loads(message.read_text())["headers"]["task"] == "something.due"


def test_a_folder_that_cannot_be_written_is_no_error(tmp_path: Path):
    (tmp_path / "broker").write_text("a file where the folder should be")
    queue = str(tmp_path / "broker" / "queue")
    task = task_of("filesystem://", data_folder_in=queue, data_folder_out=queue, control_folder=queue)
    assert Waker(Clock()).wake(task) is False


def test_redis_gets_every_message_through_one_connection(tmp_path: Path):
    process, url = servers.start_redis(tmp_path)
    try:
        waker, task = Waker(Clock()), task_of(url)
        assert all(waker.wake(task, number) for number in range(20))
        with task.app.connection_for_read() as connection:
            redis = connection.default_channel.client
            assert redis.llen("celery") == 20
            assert len([client for client in redis.client_list() if client["cmd"] == "lpush"]) == 1
    finally:
        servers.stop([process])


def test_redis_that_restarts_is_found_again_after_the_silence(tmp_path: Path):
    clock = Clock()
    process, url = servers.start_redis(tmp_path)
    waker, task = Waker(clock), task_of(url)
    try:
        assert waker.wake(task)
    finally:
        servers.stop([process])
    assert not waker.wake(task)
    process, url = servers.start_redis(tmp_path, port=urlsplit(url).port)
    try:
        clock.now += SILENT_SECONDS + 1
        assert waker.wake(task)
    finally:
        servers.stop([process])


def test_a_name_is_enough_in_any_thread():
    """Celery's current app belongs to the thread that made it; the web process publishes from others."""
    sent: list[bool] = []
    thread = threading.Thread(target=lambda: sent.append(Waker(Clock()).wake("ingest.sweep")))
    thread.start()
    thread.join()
    assert sent == [True]


def folders(root: Path) -> dict[str, str]:
    return {name: str(root) for name in ("data_folder_in", "data_folder_out", "control_folder")}


@pytest.mark.django_db(transaction=True)
def test_a_write_that_is_rolled_back_wakes_nobody(tmp_path: Path):
    waker, task = Waker(Clock()), task_of("filesystem://", **folders(tmp_path))
    with transaction.atomic():
        transaction.on_commit(lambda: waker.wake(task), robust=True)
        transaction.set_rollback(True)
    assert list(tmp_path.iterdir()) == []
    with transaction.atomic():
        transaction.on_commit(lambda: waker.wake(task), robust=True)
        assert list(tmp_path.iterdir()) == []
    assert len(list(tmp_path.glob("*.msg"))) == 1


def test_every_module_of_tasks_is_included_by_the_worker():
    modules = {path.stem for path in Path("agileml/tasks").glob("*.py")} - {"__init__"}
    assert {f"agileml.tasks.{module}" for module in modules} <= set(product_app.conf.include)
