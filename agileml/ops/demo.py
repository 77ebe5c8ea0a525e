"""The demo: the whole product on one data folder, with a sample project to try it on."""

import contextlib
import http.client
import json
import os
import threading
from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.db import connections

from agileml.ops import folder
from agileml.ops.supervisor import Part, Supervisor
from agileml.projects.models import Project
from agileml.transfer import sample

HOST = "127.0.0.1"
_one_line_at_a_time = threading.Lock()


def say(line: str) -> None:
    """Print one line whole, from whichever thread; a reader that went away must not stop the product."""
    with _one_line_at_a_time, contextlib.suppress(BrokenPipeError):
        print(line, flush=True)


class LogIns:
    """`demo.json` in the data folder: the address and the sample people's log-ins, for whoever tries the demo."""

    def __init__(self, data: Path) -> None:
        self.path = data / "demo.json"

    def read(self) -> dict[str, Any]:
        """What is written there; nothing if it is missing or unreadable."""
        try:
            found = json.loads(self.path.read_text())
        except (OSError, ValueError):
            return {}
        return found if isinstance(found, dict) else {}

    def write(self, content: Mapping[str, object]) -> None:
        """Replace the file in one step, readable by its owner alone: it holds passwords and tokens."""
        draft = self.path.with_suffix(".draft")
        draft.unlink(missing_ok=True)
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w") as out:
            json.dump(content, out, indent=2)
        draft.replace(self.path)


def prepare(data: Path, log_ins: LogIns, *, now: datetime) -> None:
    """Bring the database and the static files up to date, and make the sample project if there is no project yet.

    A start that was killed while it made the sample left half of it, and log-ins that nobody knows. Nobody can have
    worked with that, so on the embedded database it is thrown away. Raises Unavailable where it is not ours to do so.
    """
    half_made = data / "run" / "sample.half-made"
    if half_made.exists():
        if not settings.EMBEDDED:
            raise folder.Unavailable("The last start ended while it made the sample project: empty the database first.")
        for file in data.glob("agileml.sqlite3*"):
            file.unlink()
        half_made.unlink()
    call_command("migrate", interactive=False, verbosity=0)
    call_command("collectstatic", interactive=False, verbosity=0)
    for root in settings.METRIC_ROOTS:
        root.mkdir(parents=True, exist_ok=True)
    if not Project.objects.exists():
        half_made.touch()
        made = sample.make(now=now)
        people = {
            role: {"email": user.email, "password": user.password, "token": user.token}
            for role, user in made.users.items()
        }
        # At once: the passwords are nowhere else, and whatever fails after this leaves a project that stays.
        log_ins.write({"url": "", "users": people, "project": made.project})
        half_made.unlink()
    connections.close_all()


def parts(*, port: int, data: Path) -> list[Part]:
    """The web server, and the worker with beat inside."""
    sign = data / "run" / "worker.ready"
    web = ("--interface", "asginl", "--host", HOST, "--port", str(port), "--workers", "1", "--no-ws")
    worker = ("--quiet", "-A", "agileml", "worker", "-B", "-s", str(data / "run" / "beat"), "--loglevel", "INFO")
    return [
        Part(
            "web",
            "granian",
            # Open streams would hold the stop up for as long as somebody watches a board.
            (*web, "--workers-kill-timeout", "2", "--log-level", "warning", "agileml.asgi:application"),
            ready=lambda: _is_healthy(port),
        ),
        Part(
            "worker",
            "celery",
            (*worker, "--pool", "threads", "--concurrency", "4", "--without-gossip", "--without-mingle"),
            ready=sign.exists,
        ),
    ]


def run(*, port: int, data: Path, now: Callable[[], datetime]) -> None:
    """Run the demo on `data` until a signal stops it; `data` must be the folder that the settings were read from.

    Raises Unavailable for a folder or port that cannot be had, and GaveUp if the parts do not run.
    """
    lock = folder.claim(data)
    folder.check_port(port)
    run_folder, log_ins = data / "run", LogIns(data)
    run_folder.mkdir(exist_ok=True)
    sign = run_folder / "worker.ready"
    sign.unlink(missing_ok=True)
    env = dict(os.environ, AGILEML_DATA=str(data), AGILEML_READY_FILE=str(sign), PYTHONUNBUFFERED="1")
    url = f"http://{HOST}:{port}/"

    def announce() -> None:
        content = {"users": {}, "project": "", **log_ins.read(), "url": url}
        log_ins.write(content)
        say(f"AgileML is ready at {url}")
        for role, user in content["users"].items():
            say(f"  {role:<12} {user['email']:<28} {user['password']}")
        if not content["users"]:
            say(f"  Log in as before: {data} has projects, but {log_ins.path.name} was removed.")

    supervisor = Supervisor(parts(port=port, data=data), env=env, cwd=settings.BASE_DIR, say=say, keep_open=(lock,))
    with supervisor.heeding_signals():
        say(f"Preparing {data} ...")
        # A sample takes seconds to make, so a signal may end that in the middle: the next start makes it anew.
        with contextlib.suppress(KeyboardInterrupt):
            with supervisor.interrupted_by_signals():
                prepare(data, log_ins, now=now())
            supervisor.run(announce)
        say("Stopped.")


def _is_healthy(port: int) -> bool:
    connection = http.client.HTTPConnection(HOST, port, timeout=2)
    try:
        connection.request("GET", "/healthz/")
        return connection.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()
