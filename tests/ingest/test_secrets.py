"""A source's secrets are kept encrypted and never come back."""

import json
from typing import Any

import pytest
from pytest_django import Settings

from agileml.ingest import secrets, shapes
from agileml.ingest.actions import edit_source, make_source, poll
from agileml.ingest.connectors.mlflow import MLflow
from agileml.ingest.connectors.registry import Kind
from agileml.ingest.models import Source
from agileml.journal.models import Change
from agileml.lib.fields import Invalid
from tests.factories import NOW, Cast

CONFIG = {"url": "http://mlflow.example:5000", "experiments": ["a"], "auth": "bearer", "token": "hush-hush"}


@pytest.fixture
def source(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> Source:
    known = {"mlflow": Kind("mlflow", MLflow())}
    for module in ("agileml.ingest.actions.sources.kinds", "agileml.ingest.actions.polling.kinds"):
        monkeypatch.setattr(module, lambda: known)
    monkeypatch.setattr("agileml.ingest.actions.sources.connector_for", lambda kind: known[kind].connector)
    return make_source(project=cast.project, kind="mlflow", name="M", config=dict(CONFIG), actor=cast.lead, now=NOW)


def edit(cast: Cast, source: Source, **change: Any) -> Source:
    config = {name: value for name, value in CONFIG.items() if name != "token"} | change
    return edit_source(project=cast.project, source=source.uid, config=config, actor=cast.lead, now=NOW)


@pytest.mark.django_db
def test_a_secret_is_nowhere_but_sealed(source: Source):
    row = Source.objects.get()
    assert secrets.open_(row.secrets) == {"token": "hush-hush"}
    everything = json.dumps([row.config, row.secrets, shapes.source(row, None), Change.objects.latest("pk").resource])
    assert "hush" not in everything
    assert shapes.source(row, None)["config"]["token"] == {"set": True}


@pytest.mark.django_db
@pytest.mark.parametrize("left", [{}, {"token": ""}, {"token": {"set": True}}])
def test_a_secret_that_is_left_blank_stays(cast: Cast, source: Source, left: dict[str, Any]):
    row = edit(cast, source, experiments=["b"], **left)
    assert (row.config["experiments"], secrets.open_(row.secrets)) == (["b"], {"token": "hush-hush"})


@pytest.mark.django_db
def test_a_kept_secret_goes_to_no_other_server(cast: Cast, source: Source):
    with pytest.raises(Invalid) as refused:
        edit(cast, source, url="http://thief.example:5000")
    assert refused.value.errors[0].pointer == "/config/token"
    assert secrets.open_(edit(cast, source, url="http://new.example", token="new").secrets) == {"token": "new"}


@pytest.mark.django_db
def test_a_secret_is_not_repeated_when_it_is_refused(cast: Cast, source: Source):
    with pytest.raises(Invalid) as refused:
        edit(cast, source, token="hush\nhush")
    assert "hush" not in refused.value.errors[0].message


@pytest.mark.django_db
def test_a_secret_that_no_key_opens_pauses_the_source_and_says_so(source: Source, settings: Settings):
    settings.FIELD_KEYS = ["another key, of thirty-two characters"]
    assert poll(source_id=source.pk, now=NOW) is not None
    row = Source.objects.get()
    assert row.state == "paused"
    assert "AGILEML_FIELD_KEYS" in row.trouble


def test_keys_are_changed_by_putting_the_new_one_first(settings: Settings):
    settings.FIELD_KEYS = ["the old key"]
    sealed = secrets.seal({"token": "x"})
    settings.FIELD_KEYS = ["the new key", "the old key"]
    assert secrets.open_(sealed) == {"token": "x"}
    settings.FIELD_KEYS = ["the new key"]
    with pytest.raises(secrets.Unopened):
        secrets.open_(sealed)
