"""From a metric file to the light on the ticket, in one look."""

import pytest

from agileml.journal.models import Change
from agileml.metrics.models import Criterion, Judgement, Snapshot
from tests.factories import make_ticket
from tests.ingest.watched import Watched

pytestmark = pytest.mark.django_db

AT_MOST_ONE_PERCENT = {"metric": "error", "op": "<=", "value": 0.01}


@pytest.mark.parametrize(("error", "state"), [(0.005, "met"), (0.027, "not_met")])
def test_a_dropped_file_turns_the_light(watched: Watched, error: float, state: str):
    ticket = make_ticket(watched.cast, criteria=[AT_MOST_ONE_PERCENT])
    watched.drop(f"TST-{ticket.number}/svm-seed=0.json", {"error": error})
    looked = watched.look()
    assert looked.counts["created"] == 1
    snapshot = Snapshot.objects.get(ticket=ticket)
    assert (snapshot.value, snapshot.candidate.name, snapshot.pair_key) == (error, "svm", "seed=0")
    assert (snapshot.source, snapshot.external_id) == (str(watched.source.uid), f"TST-{ticket.number}/svm-seed=0.json")
    assert Criterion.objects.get(ticket=ticket).state == state


def test_the_snapshot_and_its_judgement_are_one_change(watched: Watched):
    ticket = make_ticket(watched.cast, criteria=[AT_MOST_ONE_PERCENT])
    watched.drop(f"TST-{ticket.number}/svm.json", {"error": 0.005})
    watched.look()
    change = Change.objects.get(kind="snapshots")
    assert (change.origin, change.actor) == (f"source:{watched.source.uid}", None)
    assert change.resource is not None
    assert change.tickets is not None
    assert change.resource["snapshots"][0]["value"] == 0.005
    before, after = change.tickets[0]["diff"]["criteria"]
    assert (before[0]["state"], after[0]["state"], after[0]["measured"]) == ("pending", "met", 0.005)
    assert Judgement.objects.get().revision == change.revision
