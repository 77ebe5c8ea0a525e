"""Runs of an MLflow server land on their tickets by a whole look, over real HTTP, and are told where."""

from datetime import timedelta

import pytest
from pytest_django import Settings

from agileml.ingest.actions import make_source, poll
from agileml.ingest.models import Source
from agileml.metrics.models import Snapshot
from tests.factories import NOW, Cast, make_ticket
from tests.ingest.serving import Reply, Served, as_json
from tests.ingest.test_mlflow import API, config, searched, tagged

pytestmark = pytest.mark.django_db
LATER = NOW + timedelta(days=90)  # the recorded runs are from before that


@pytest.fixture
def source(cast: Cast, served: Served) -> Source:
    make_ticket(cast)
    searched(served, tagged())
    served.answers[API + "runs/set-tag"] = as_json({})
    return make_source(
        project=cast.project, kind="mlflow", name="Tracking", config=config(served, back_link=True), actor=cast.lead,
        now=NOW,
    )  # fmt: skip


def links(served: Served) -> list[tuple[str, str]]:
    told = [asked.body for asked in served.asked if asked.path.endswith("set-tag")]
    return [(body["key"], body["value"]) for body in told]


def test_tagged_runs_land_on_their_ticket_and_carry_its_address(source: Source, served: Served, settings: Settings):
    settings.PUBLIC_URL = "https://agileml.example.org"
    looked = poll(source_id=source.pk, now=LATER)
    assert looked is not None
    assert Snapshot.objects.filter(ticket__number=1).count() == looked.counts["created"] > 0
    assert links(served) == [("agileml.url", "https://agileml.example.org/p/TST/tickets/1/")] * 2


def test_without_an_address_of_its_own_it_leaves_none(source: Source, served: Served):
    poll(source_id=source.pk, now=LATER)
    assert Snapshot.objects.exists()
    assert links(served) == []


def test_a_server_that_takes_no_links_loses_nothing(source: Source, served: Served, settings: Settings):
    settings.PUBLIC_URL = "https://agileml.example.org"
    served.answers[API + "runs/set-tag"] = Reply(b"no", 403, "text/plain")
    poll(source_id=source.pk, now=LATER)
    assert Snapshot.objects.exists()
    source.refresh_from_db()
    assert (source.state, source.trouble, source.failures) == ("active", "", 0)
