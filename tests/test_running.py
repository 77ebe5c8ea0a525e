"""docs/running.md, the container files and the settings say the same."""

import ast
import re

import pytest
import yaml

from tests.source import ROOT

COMPOSE = yaml.safe_load((ROOT / "docker-compose.yml").read_text())


def variables_read() -> set[str]:
    """The names of all environment variables that the settings and the Celery app read."""
    found: set[str] = set()
    for name in ("settings.py", "celery.py"):
        for node in ast.walk(ast.parse((ROOT / "agileml" / name).read_text())):
            if isinstance(node, ast.Call) and node.args and isinstance(node.args[0], ast.Constant):
                word = node.args[0].value
                if isinstance(word, str) and re.fullmatch(r"AGILEML_[A-Z_]+|DATABASE_URL|REDIS_URL", word):
                    found.add(word)
    return found


def test_every_setting_is_explained_and_nothing_else():
    table = (ROOT / "docs" / "running.md").read_text().split("## Settings")[1].split("\n## ")[0]
    assert set(re.findall(r"^\| `(\w+)` \|", table, re.MULTILINE)) == variables_read()


@pytest.mark.parametrize("service", ["web", "worker", "beat", "postgres", "redis"])
def test_every_service_is_asked_for_its_health(service: str):
    dockerfile = (ROOT / "Dockerfile").read_text()
    assert "healthcheck" in COMPOSE["services"][service] or (service == "web" and "HEALTHCHECK" in dockerfile)


def test_the_compose_file_holds_no_secret():
    text = (ROOT / "docker-compose.yml").read_text()
    secret = re.compile(r"^\s+\w*(PASSWORD|SECRET_KEY|FIELD_KEYS)\w*:")
    secret_lines = [line for line in text.splitlines() if secret.search(line)]
    assert len(secret_lines) == 3
    assert all(re.search(r"\$\{\w+:\?", line) for line in secret_lines)


def test_webs_and_workers_can_be_many():
    for service in ("web", "worker"):
        assert "container_name" not in COMPOSE["services"][service]
    (port,) = COMPOSE["services"]["web"]["ports"]
    assert "8000-8009" in port, "a single host port would allow only one web"


def test_what_the_containers_set_is_something_the_settings_read():
    for service in ("web", "worker", "beat", "migrate"):
        assert set(COMPOSE["services"][service]["environment"]) <= variables_read()


def test_the_image_does_not_run_as_root():
    instructions = [line.split()[0] for line in (ROOT / "Dockerfile").read_text().splitlines() if line[:1].isupper()]
    assert "USER" in instructions
    assert instructions.index("USER") < instructions.index("CMD")
