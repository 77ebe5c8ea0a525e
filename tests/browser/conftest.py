"""What only tests in browsers need: the product's own web server, with its style sheets and scripts."""

import subprocess
import sys
from collections.abc import Iterator

import pytest

from tests.source import ROOT
from tests.web_server import WebServer


@pytest.fixture
def site(process_env: dict[str, str]) -> Iterator[WebServer]:
    """A web server with style sheets and scripts, which it looks for when it starts."""
    command = [sys.executable, "manage.py", "collectstatic", "--no-input", "--verbosity", "0"]
    subprocess.run(command, cwd=ROOT, env=process_env, check=True)
    server = WebServer(process_env)
    server.start()
    yield server
    server.stop()
