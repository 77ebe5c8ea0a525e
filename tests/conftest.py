"""The plumbing of every test: the browser, and processes that share the test's database. The people are in cast.py."""

import os
import subprocess
import sys
from collections.abc import Iterator
from urllib.parse import quote

import pytest
from django.conf import settings
from django.db import connection
from playwright.sync_api import Browser, Page, sync_playwright

from tests.plugin import browser_binary
from tests.source import ROOT
from tests.web_server import WebServer

pytest_plugins = ["tests.cast", "tests.challenges", "tests.scripted"]

QUIET_CHROMIUM = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@pytest.fixture(scope="session")
def django_db_modify_db_settings() -> None:
    """Each xdist worker has a database of its own by tests/settings.py already, where pytest-django would rename it."""


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """The browser of this machine, without a window and without traffic of its own."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=browser_binary(), args=QUIET_CHROMIUM)
        yield browser
        browser.close()


@pytest.fixture
def browser_page(chromium: Browser) -> Iterator[Page]:
    """A page in a context of its own: no cookie, storage or cache of another test."""
    context = chromium.new_context(viewport={"width": 1280, "height": 900}, locale="en-GB", timezone_id="UTC")
    context.set_default_timeout(10_000)
    yield context.new_page()
    context.close()


@pytest.fixture
def process_env(transactional_db: None) -> dict[str, str]:
    """The environment for a process (a worker, a command) that is to see this test's committed rows."""
    return env_of_processes()


@pytest.fixture(scope="session")
def running_web(django_db_setup: None) -> Iterator[WebServer]:
    """A web server of its own process, which outlives the tests: starting it takes seconds."""
    server = WebServer(env_of_processes())
    server.start()
    yield server
    server.stop()


@pytest.fixture
def web(transactional_db: None, running_web: WebServer) -> WebServer:
    """The web server, which sees this test's committed rows."""
    return running_web


@pytest.fixture
def site(process_env: dict[str, str]) -> Iterator[WebServer]:
    """A web server with style sheets and scripts, which it looks for when it starts."""
    command = [sys.executable, "manage.py", "collectstatic", "--no-input", "--verbosity", "0"]
    subprocess.run(command, cwd=ROOT, env=process_env, check=True)
    server = WebServer(process_env)
    server.start()
    yield server
    server.stop()


def env_of_processes() -> dict[str, str]:
    """An environment in which the product stands on the tests' database."""
    env = dict(os.environ, DJANGO_SETTINGS_MODULE="agileml.settings", PYTHONUNBUFFERED="1")
    if connection.vendor == "postgresql":
        found = {key: quote(str(value), safe="") for key, value in connection.settings_dict.items()}
        password = found["PASSWORD"] and f":{found['PASSWORD']}"
        port = found["PORT"] and f":{found['PORT']}"
        env["DATABASE_URL"] = f"postgres://{found['USER']}{password}@{found['HOST']}{port}/{found['NAME']}"
    else:
        assert str(connection.settings_dict["NAME"]) == str(settings.DATA / "agileml.sqlite3")
    return env
