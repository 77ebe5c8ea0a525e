"""Where metrics come from: each source with how it does, set up by a form that its connector's schema makes."""

from typing import Any

import pytest

from agileml.ingest import secrets
from agileml.ingest.actions import poll
from agileml.ingest.connectors import registry
from agileml.ingest.models import Source
from agileml.projects.models import Project
from tests.factories import NOW, Cast
from tests.web.browsing import browser_of

pytestmark = pytest.mark.django_db
SOURCES = "/p/TST/sources/"
MLFLOW = {"name": "Tracking", "url": "http://127.0.0.1:1", "experiments": "digits\nletters", "auth": "bearer",
          "token": "hush-hush"}  # fmt: skip


def read(cast: Cast, path: str = SOURCES) -> str:
    answer = browser_of(cast.lead).get(path)
    assert answer.status_code == 200
    return answer.content.decode()


def made(cast: Cast, kind: str = "metric_file", **sent: str) -> Source:
    answer = browser_of(cast.lead).post(f"{SOURCES}add/{kind}/", {"name": "Runs"} | sent)
    assert answer.status_code == 302, answer.content.decode()
    return Source.objects.latest("pk")


def act(cast: Cast, row: Source, do: str, who: Any = None) -> Any:
    return browser_of(who or cast.lead).post(f"{SOURCES}{row.uid}/act/", {"do": do})


def test_every_kind_that_is_installed_can_be_added_and_what_is_broken_is_listed(cast: Cast):
    html = read(cast)
    for kind in ("metric_file", "mlflow", "http_json", "metric_url"):
        assert f"{SOURCES}add/{kind}/" in html


def test_one_that_fails_to_import_is_listed_with_its_error(cast: Cast, monkeypatch: pytest.MonkeyPatch):
    broken = registry.Kind("others", None, "ImportError: no module named others")
    monkeypatch.setattr("agileml.web.sources.kinds", lambda: registry.kinds() | {"others": broken})
    html = read(cast)
    assert "ImportError: no module named others" in html
    assert f"{SOURCES}add/others/" not in html


def test_the_form_is_made_of_the_connectors_schema(cast: Cast):
    html = read(cast, f"{SOURCES}add/mlflow/")
    assert 'name="url"' in html
    assert '<textarea id="src-experiments"' in html
    assert 'type="password" id="src-token"' in html


def test_a_secret_goes_in_and_never_comes_out(cast: Cast):
    row = made(cast, "mlflow", **MLFLOW)
    assert secrets.open_(row.secrets) == {"token": "hush-hush"}
    for path in (SOURCES, f"{SOURCES}{row.uid}/"):
        assert "hush-hush" not in read(cast, path)
    assert "Leave this empty to keep it" in read(cast, f"{SOURCES}{row.uid}/")
    sent = MLFLOW | {"name": "Renamed", "token": ""}
    assert browser_of(cast.lead).post(f"{SOURCES}{row.uid}/", sent).status_code == 302
    row.refresh_from_db()
    assert (row.name, secrets.open_(row.secrets)) == ("Renamed", {"token": "hush-hush"})


def test_what_the_schema_refuses_stays_in_the_form_with_the_reason(cast: Cast):
    answer = browser_of(cast.lead).post(f"{SOURCES}add/mlflow/", MLFLOW | {"url": ""})
    assert answer.status_code == 422
    assert 'value="Tracking"' in answer.content.decode()
    assert not Source.objects.exists()


def test_testing_a_connection_says_what_to_do(cast: Cast):
    row = made(cast, "mlflow", **MLFLOW)
    html = act(cast, row, "check").content.decode()
    assert "127.0.0.1" in html
    assert 'role="status"' in html


def test_its_looks_are_listed_with_what_went_wrong(cast: Cast):
    row = made(cast, root="nowhere/at/all")
    poll(source_id=row.pk, now=NOW.replace(year=2030))
    html = read(cast)
    assert "Its last looks" in html
    assert "is not there" in html


def test_it_is_paused_resumed_and_removed(cast: Cast):
    row = made(cast)
    act(cast, row, "pause")
    assert "Paused by Lead Person." in read(cast)
    act(cast, row, "resume")
    assert Source.objects.get().state == "active"
    act(cast, row, "refresh", cast.member)
    assert act(cast, row, "remove").status_code == 302
    assert "Runs" not in read(cast)
    assert act(cast, row, "resume").status_code == 404


def test_leads_alone_set_sources_up_and_outsiders_find_nothing(cast: Cast):
    row = made(cast)
    assert browser_of(cast.member).get(f"{SOURCES}add/mlflow/").status_code == 403
    assert act(cast, row, "pause", cast.member).status_code == 403
    assert "Test connection" not in browser_of(cast.stakeholder).get(SOURCES).content.decode()
    assert browser_of(cast.outsider).get(SOURCES).status_code == 404
    assert Project.objects.count() == 1


@pytest.mark.parametrize("do", ["", "nonsense"])
def test_what_cannot_be_done_here_is_not_there(cast: Cast, do: str):
    assert act(cast, made(cast), do).status_code == 404


@pytest.mark.parametrize("said", ["--5", "٣", "1e400", "five"])
def test_a_number_that_is_none_is_refused_in_the_form(cast: Cast, monkeypatch: pytest.MonkeyPatch, said: str):
    schema = {"type": "object", "properties": {"every": {"type": "integer", "maximum": 2}}}
    monkeypatch.setattr(registry.kinds()["metric_file"].connector, "config_schema", schema, raising=False)
    answer = browser_of(cast.lead).post(f"{SOURCES}add/metric_file/", {"name": "Runs", "every": said})
    assert answer.status_code == 422
    assert not Source.objects.exists()
