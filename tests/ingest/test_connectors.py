"""Connectors are found by their entry point, and a broken one is listed and takes nothing down."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from agileml.ingest.actions import make_source
from agileml.ingest.connectors.base import Connector
from agileml.ingest.connectors.metric_file import MetricFile
from agileml.ingest.connectors.registry import connector_for, kinds
from agileml.lib.fields import Invalid
from tests.factories import NOW, Cast

PLUGINS = Path(__file__).parent / "plugins"


@pytest.fixture
def plugins(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """With a package of other people's connectors installed."""
    with monkeypatch.context() as patch:
        patch.syspath_prepend(str(PLUGINS))
        kinds.cache_clear()
        yield
    kinds.cache_clear()


def test_the_built_in_one_is_found_by_its_entry_point_too():
    assert isinstance(connector_for("metric_file"), MetricFile)
    assert kinds()["metric_file"].label == "Metric files"


@pytest.mark.usefixtures("plugins")
def test_an_installed_plug_in_is_found():
    connector = connector_for("patient")
    assert isinstance(connector, Connector)
    assert kinds()["patient"].error == ""


@pytest.mark.usefixtures("plugins")
@pytest.mark.parametrize(
    ("kind", "said"),
    [
        ("broken", "OutOfLuck: The licence of this plug-in has ended."),
        ("missing", "Missing"),
        ("incomplete", "lacks a part"),
    ],
)
def test_a_plug_in_that_is_broken_is_listed_with_its_error(kind: str, said: str):
    assert connector_for(kind) is None
    assert said in kinds()[kind].error


@pytest.mark.usefixtures("plugins")
def test_a_broken_one_takes_no_other_down():
    assert {name for name, kind in kinds().items() if kind.connector} == {
        "http_json", "metric_file", "metric_url", "mlflow", "patient",
    }  # fmt: skip


@pytest.mark.usefixtures("plugins")
def test_nothing_takes_the_name_of_a_built_in_one():
    assert isinstance(connector_for("metric_file"), MetricFile)


@pytest.mark.django_db
@pytest.mark.usefixtures("plugins")
def test_a_source_of_a_broken_kind_cannot_be_made_and_the_error_is_shown(cast: Cast):
    with pytest.raises(Invalid, match="licence"):
        make_source(project=cast.project, kind="broken", name="x", config={}, actor=cast.lead, now=NOW)
