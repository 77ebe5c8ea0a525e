"""What a metric is worth without the work: set, set anew, taken away; what is judged by it follows at once."""

from typing import Any

import pytest

from agileml.journal.models import Change
from agileml.lib.fields import Invalid
from agileml.metrics.actions.settings import remove_baseline, set_baseline, set_baseline_as_sent
from agileml.metrics.models import Baseline, Candidate
from agileml.projects.doors import Forbidden, Hidden
from agileml.work.models import Ticket
from tests.factories import NOW, Cast, make_cast, make_ticket, measure

pytestmark = pytest.mark.django_db

AGAINST = {"metric": "error", "op": "<=", "against": "baseline", "margin": 0.0}


@pytest.fixture
def ticket(cast: Cast) -> Ticket:
    """An error of 0.2, to be below the baseline's."""
    made = make_ticket(cast, criteria=[AGAINST])
    measure(cast, made, [0.2], candidate="svm", dataset_digest="d1", split="test")
    return made


def put(cast: Cast, constant: float = 0.3, **more: Any) -> Baseline:
    told: dict[str, Any] = {"project": cast.project, "metric": "error", "label": "By hand", "actor": cast.lead}
    return set_baseline(**told | {"constant": constant, "now": NOW} | more)


def send(cast: Cast, **sent: Any) -> Baseline:
    sent = {"metric": "error", "label": "By hand"} | sent
    return set_baseline_as_sent(project=cast.project, sent=sent, actor=cast.lead, now=NOW)


def take_away(cast: Cast, row: Baseline, **more: Any) -> None:
    told: dict[str, Any] = {"project": cast.project, "baseline": row.uid, "actor": cast.lead, "now": NOW}
    remove_baseline(**told | more)


def light(ticket: Ticket) -> str:
    return str(ticket.criteria.get().state)


def test_what_is_judged_against_it_is_judged_anew_when_it_is_set_moved_and_removed(cast: Cast, ticket: Ticket):
    assert light(ticket) == "pending"
    row = put(cast)
    assert light(ticket) == "met"
    assert put(cast, 0.1).uid == row.uid
    assert light(ticket) == "not_met"
    take_away(cast, row)
    assert light(ticket) == "pending"
    last = Change.objects.latest("revision")
    assert (last.kind, last.action, last.object_uid) == ("baseline", "deleted", row.uid)
    assert [image["number"] for image in last.tickets or []] == [ticket.number]


def test_where_another_holds_besides_that_one_is_judged_by_when_one_is_removed(cast: Cast, ticket: Ticket):
    put(cast, 0.1)
    row = put(cast, 0.3, dataset_digest="d1", split="test")
    assert light(ticket) == "met"
    take_away(cast, row)
    assert light(ticket) == "not_met"


def test_the_same_again_leaves_no_trace(cast: Cast, ticket: Ticket):
    row = put(cast)
    revision = Change.objects.latest("revision").revision
    assert put(cast).revision == row.revision
    assert Change.objects.latest("revision").revision == revision


def test_what_wrote_it_stands_beside_the_change(cast: Cast, ticket: Ticket):
    row = put(cast, origin="a token")
    assert Change.objects.latest("revision").origin == "a token"
    take_away(cast, row, origin="another")
    assert Change.objects.latest("revision").origin == "another"


def test_it_is_removed_once_and_by_leads_of_its_project(cast: Cast, ticket: Ticket):
    row = put(cast)
    with pytest.raises(Forbidden):
        take_away(cast, row, actor=cast.member)
    other = make_cast("OTH")
    with pytest.raises(Hidden):
        take_away(other, row)
    take_away(cast, row)
    with pytest.raises(Hidden):
        take_away(cast, row)
    assert not Baseline.objects.exists()


def test_a_client_names_a_candidate_that_was_measured_there(cast: Cast, ticket: Ticket):
    uid = str(Candidate.objects.get(name="svm").uid)
    assert send(cast, candidate=uid, dataset="d1", split="test").candidate.name == "svm"
    assert send(cast, candidate=uid, dataset="d1").split == ""
    for there in ({"dataset": "d2"}, {"split": "train"}, {"metric": "loss"}):
        with pytest.raises(Invalid) as refused:
            send(cast, candidate=uid, **there)
        assert [error.pointer for error in refused.value.errors] == ["/metric" if "metric" in there else "/candidate"]


@pytest.mark.parametrize(
    ("sent", "pointer"),
    [
        ({}, "/candidate"),
        ({"constant": 1, "candidate": "0f8fad5b-d9cb-469f-a165-708677289501"}, "/candidate"),
        ({"candidate": "0f8fad5b-d9cb-469f-a165-708677289501"}, "/candidate"),
        ({"candidate": "svm"}, "/candidate"),
        ({"constant": float("inf")}, "/constant"),
        ({"constant": "1"}, "/constant"),
        ({"constant": 1, "label": ""}, "/label"),
        ({"constant": 1, "label": "a\0b"}, "/label"),
        ({"constant": 1, "split": "x" * 65}, "/split"),
        ({"constant": 1, "value": 2}, "/value"),
    ],
)
def test_what_cannot_be_is_refused_with_its_place(cast: Cast, ticket: Ticket, sent: dict[str, Any], pointer: str):
    with pytest.raises(Invalid) as refused:
        send(cast, **sent)
    assert [error.pointer for error in refused.value.errors] == [pointer]


def test_a_candidate_of_another_project_is_none(cast: Cast, ticket: Ticket):
    other = make_cast("OTH")
    measure(other, make_ticket(other), [0.1], candidate="theirs")
    with pytest.raises(Invalid):
        send(cast, candidate=str(Candidate.objects.get(name="theirs").uid))
