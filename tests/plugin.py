"""Chooses what a test run runs on, before the settings are read: the back end, the data folder, the browser.

`AGILEML_TEST_BACKEND` is `sqlite` (default: SQLite and the filesystem broker, every test) or `full` (PostgreSQL and
Redis, only the tests that use the database). For `full` the servers are those of DATABASE_URL and REDIS_URL, else
private ones that live as long as the run (tests/servers.py). A back end or browser that this machine lacks is named in
the last line; one that `AGILEML_REQUIRE` names (a list of `browser`, `postgres`, `redis`) fails the run.
"""

import gc
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Generator
from pathlib import Path
from typing import IO

import hypothesis
import pytest

from tests import servers

FIXTURES_WITH_DATABASE = {
    "db",
    "transactional_db",
    "live_server",
    "django_db_setup",
    "django_db_reset_sequences",
    "django_db_serialized_rollback",
}
FOLDER = "AGILEML_TEST_FOLDER"  # handed from the controller to its xdist workers, as are the addresses
ADDRESSES = ("DATABASE_URL", "REDIS_URL")
NAMES = {"browser": "a browser (Chromium)", "postgres": "PostgreSQL", "redis": "Redis"}

hypothesis.settings.register_profile(
    "small",
    max_examples=25,
    stateful_step_count=20,
    deadline=None,
    # The same examples each time: what was green stays green, and `make soak` looks for what these miss.
    derandomize=True,
    suppress_health_check=[hypothesis.HealthCheck.too_slow],
)
hypothesis.settings.register_profile(
    "soak",
    max_examples=1000,
    stateful_step_count=60,
    deadline=None,
    suppress_health_check=[hypothesis.HealthCheck.too_slow],
)


def browser_binary() -> str | None:
    """The Chromium to drive, or None."""
    return next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)


class Ground:
    """What one test run stands on."""

    def __init__(self) -> None:
        self.backend = os.environ.get("AGILEML_TEST_BACKEND", "sqlite")
        if self.backend not in ("sqlite", "full"):
            raise pytest.UsageError(f"AGILEML_TEST_BACKEND must be sqlite or full, not {self.backend!r}.")
        self.required = set(filter(None, os.environ.get("AGILEML_REQUIRE", "").replace(" ", "").split(",")))
        if unknown := self.required - set(NAMES):
            raise pytest.UsageError(f"AGILEML_REQUIRE knows {', '.join(NAMES)}, not {', '.join(sorted(unknown))}.")
        self.worker = os.environ.get("PYTEST_XDIST_WORKER")
        self.keeper: subprocess.Popen[bytes] | None = None
        self.own_folder: Path | None = None
        self.missing = {
            name
            for name, found in {
                "browser": browser_binary(),
                "postgres": os.environ.get("DATABASE_URL") or servers.postgres_binaries(),
                "redis": os.environ.get("REDIS_URL") or servers.redis_binary(),
            }.items()
            if not found
        }

    @property
    def runnable(self) -> bool:
        return self.backend == "sqlite" or not self.missing & {"postgres", "redis"}

    def prepare(self) -> None:
        """Put the addresses, keys and the data folder into the environment that the settings are read from."""
        kept = {"AGILEML_TEST_BACKEND", "AGILEML_REQUIRE", FOLDER}
        for name in [name for name in os.environ if name.startswith("AGILEML_") and name not in kept]:
            del os.environ[name]  # a developer's own settings must not change what the tests see
        if self.worker is None:
            self.own_folder = Path(tempfile.mkdtemp(prefix="agileml-tests-"))
            os.environ[FOLDER] = str(self.own_folder)
            if self.backend == "full" and self.runnable:
                self._start_servers()
        if self.backend == "sqlite" or not self.runnable:
            for name in ADDRESSES:
                os.environ.pop(name, None)
        data = Path(os.environ[FOLDER]) / (self.worker or "main")
        for part in ("static", "metrics", "broker/queue", "broker/control"):
            (data / part).mkdir(parents=True, exist_ok=True)
        os.environ["AGILEML_DATA"] = str(data)
        os.environ["AGILEML_SECRET_KEY"] = "the same in every test"
        os.environ["AGILEML_FIELD_KEYS"] = "the same in every test and long enough"
        os.environ["AGILEML_METRIC_ROOTS"] = str(data / "metrics")
        # Playwright's synchronous API runs an event loop in the very thread that the tests use the database from.
        os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "1"

    def _start_servers(self) -> None:
        wanted = [
            name for name, given in (("postgres", "DATABASE_URL"), ("redis", "REDIS_URL")) if not os.environ.get(given)
        ]
        if not wanted:
            return
        self.keeper = subprocess.Popen(
            [sys.executable, "-m", "tests.servers", tempfile.mkdtemp(prefix="agileml-servers-"), *wanted],
            cwd=Path(__file__).parent.parent,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            start_new_session=True,  # out of reach of the terminal's Ctrl-C
        )
        output: IO[bytes] = self.keeper.stdout  # type: ignore[assignment]
        answer = json.loads(output.readline() or b'{"error": "the process that keeps them died"}')
        if "error" in answer:
            raise pytest.UsageError(f"The test servers did not start: {answer['error']}")
        os.environ.update(answer)

    def clear(self) -> None:
        """Stop the servers and remove the data, if this process started them."""
        if self.keeper is not None:
            self.keeper.communicate()
            self.keeper = None
        if self.own_folder is not None:
            shutil.rmtree(self.own_folder, ignore_errors=True)
            self.own_folder = None

    def closing_line(self) -> str:
        """What was not tried here, as one line; empty when nothing is missing."""
        if not self.missing:
            return ""
        return f"Not tried, missing on this machine: {', '.join(NAMES[name] for name in sorted(self.missing))}."


ground = Ground()


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--soak", action="store_true", help="run the tests marked soak and every property test, with the large counts"
    )


@pytest.hookimpl(wrapper=True)
def pytest_load_initial_conftests(early_config: pytest.Config) -> Generator[None, object, object]:
    # A wrapper comes before pytest-django, which loads the settings in this same hook.
    lacking = ground.missing & ground.required
    if lacking:
        names = ", ".join(NAMES[name] for name in sorted(lacking))
        raise pytest.UsageError(f"AGILEML_REQUIRE asks for what this machine lacks: {names}.")
    try:
        ground.prepare()
        return (yield)
    except BaseException:
        ground.clear()
        raise


def pytest_configure(config: pytest.Config) -> None:
    config.add_cleanup(ground.clear)
    hypothesis.settings.load_profile("soak" if config.getoption("--soak") else "small")


@pytest.hookimpl(tryfirst=True)
def pytest_cmdline_main(config: pytest.Config) -> int | None:
    """Without its servers a run on the full back end has nothing to try; that is said, and is no failure."""
    if ground.runnable:
        return None
    print(ground.closing_line())
    return 0


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Mark by what a test asks for, then keep what belongs into this run."""
    soak = config.getoption("--soak")
    kept: list[pytest.Item] = []
    dropped: list[pytest.Item] = []
    for item in items:
        fixtures = set(getattr(item, "fixturenames", ()))
        if "chromium" in fixtures:
            item.add_marker("browser")
        if item.get_closest_marker("django_db") or fixtures & FIXTURES_WITH_DATABASE or _is_django_case(item):
            item.add_marker("database")
        (kept if _belongs(item, soak=soak) else dropped).append(item)
    if dropped:
        config.hook.pytest_deselected(items=dropped)
        items[:] = kept


def pytest_collection_finish() -> None:
    """What was imported and collected stays: walking through it again and again takes a tenth of a whole run."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 50)


def _is_django_case(item: pytest.Item) -> bool:
    cls = getattr(item, "cls", None)
    return cls is not None and any(base.__module__.startswith("django.test") for base in cls.__mro__)


def _belongs(item: pytest.Item, *, soak: bool) -> bool:
    marked = item.get_closest_marker
    if soak:
        if not marked("soak") and not hypothesis.is_hypothesis_test(getattr(item, "obj", None)):
            return False
    elif marked("soak"):
        return False
    if marked("browser") and (ground.backend == "full" or "browser" in ground.missing):
        return False
    return ground.backend == "sqlite" or marked("database") is not None


@pytest.hookimpl(trylast=True)
def pytest_unconfigure(config: pytest.Config) -> None:
    line = ground.closing_line()
    if line and ground.worker is None and ground.runnable:
        print(line)
