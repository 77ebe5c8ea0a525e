"""What is bound by hand is looked at with its source, for as long as somebody wants it, and no longer."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from agileml.ingest.actions import bind, make_source, poll, refresh_ticket, remove, unbind
from agileml.ingest.connectors.base import (
    Found,
    Look,
    SourceBadData,
    SourceGone,
    SourceTransient,
)
from agileml.ingest.models import Binding, Poll, Source
from agileml.ingest.queries import due_sources
from agileml.ingest.rules.bodies import Body
from agileml.ingest.rules.keeping import is_over
from agileml.ingest.rules.reducing import reduced
from agileml.journal.models import Change
from agileml.lib.fields import Invalid
from agileml.metrics.models import Snapshot
from agileml.metrics.rules.points import Point
from agileml.projects.doors import Forbidden, Hidden
from agileml.work.models import Ticket
from tests.factories import NOW, Cast, make_cast, make_sprint, make_ticket
from tests.scripted import Runs

pytestmark = pytest.mark.django_db


def curve(*values: float, running: bool = False) -> Look:
    points = tuple(Point("error", value, NOW, "", "r", step=at, candidate="svm") for at, value in enumerate(values))
    return Look((Found("", "r", Body("r", points, ())),), (), {}, 1, running=("",) if running else ())


def bound(cast: Cast, text: str = "run:r", *, ticket: int = 1, **sent: Any) -> Binding:
    return bind(project=cast.project, ticket=ticket, sent={"text": text} | sent, actor=cast.member, now=NOW)


def look(source: Source, *, days: float = 0, seconds: float = 0) -> Any:
    return poll(source_id=source.pk, now=NOW + timedelta(days=days, seconds=seconds))


@pytest.mark.parametrize(("reduce", "value", "step"), [("latest", 0.3, 2), ("max", 0.4, 1), ("min", 0.2, 0)])
def test_a_bound_run_brings_one_value_of_its_curve(
    cast: Cast, runs: Runs, runs_source: Source, reduce: str, value: float, step: int
):
    make_ticket(cast)
    runs.says["r"] = lambda: curve(0.2, 0.4, 0.3)
    bound(cast, reduce=reduce)
    look(runs_source)
    assert list(Snapshot.objects.values_list("value", "step", "source")) == [(value, step, str(runs_source.uid))]
    assert runs.asked == ["TST", "r"]


def test_the_same_again_is_the_binding_that_there_is(cast: Cast, runs_source: Source):
    make_ticket(cast)
    assert bound(cast) == bound(cast)
    assert Binding.objects.count() == Change.objects.filter(kind="binding").count() == 1


@pytest.mark.parametrize(
    ("sent", "pointer"),
    [
        ({"text": "nonsense"}, "/text"),
        ({"text": "run:r", "source": "0f8fad5b-d9cb-469f-a165-70867728950e"}, "/source"),
        ({"text": "run:r", "reduce": "at_step"}, "/step"),
        ({"text": "run:r", "step": 1.5, "reduce": "at_step"}, "/step"),
        ({"text": "run:r", "reduce": "best"}, "/reduce"),
        ({"text": ""}, "/text"),
    ],
)
def test_what_no_source_understands_is_refused(cast: Cast, runs_source: Source, sent: dict[str, Any], pointer: str):
    make_ticket(cast)
    with pytest.raises(Invalid) as refused:
        bind(project=cast.project, ticket=1, sent=sent, actor=cast.member, now=NOW)
    assert [error.pointer for error in refused.value.errors] == [pointer]


def test_who_may_not_work_binds_nothing_and_nothing_is_bound_elsewhere(cast: Cast, runs_source: Source):
    make_ticket(cast)
    with pytest.raises(Forbidden):
        bind(project=cast.project, ticket=1, sent={"text": "run:r"}, actor=cast.stakeholder, now=NOW)
    with pytest.raises(Hidden):
        bind(project=cast.project, ticket=9, sent={"text": "run:r"}, actor=cast.member, now=NOW)
    other = make_cast("OTH")
    make_ticket(other)
    with pytest.raises(Invalid):
        bind(project=other.project, ticket=1, sent={"text": "run:r"}, actor=other.member, now=NOW)
    row = bound(cast)
    with pytest.raises(Hidden):
        unbind(project=other.project, binding=row.uid, actor=other.member, now=NOW)


def test_an_unfinished_run_makes_its_ticket_wait_and_no_edit_stale(cast: Cast, runs: Runs, runs_source: Source):
    version = make_ticket(cast).version
    runs.says["r"] = lambda: curve(0.2, running=True)
    bound(cast)
    look(runs_source)
    ticket = Ticket.objects.get()
    assert (ticket.waiting_on_run, ticket.version) == (True, version)
    assert Change.objects.filter(kind="ticket").latest("revision").diff == {"waiting_on_run": [False, True]}
    runs.says["r"] = lambda: curve(0.2, 0.1)
    look(runs_source, seconds=120)
    assert Ticket.objects.get().waiting_on_run is False


def test_a_run_that_was_deleted_is_gone_and_what_it_brought_stays(cast: Cast, runs: Runs, runs_source: Source):
    make_ticket(cast)
    runs.says["r"] = lambda: curve(0.2)
    bound(cast)
    look(runs_source)

    def gone() -> Look:
        raise SourceGone("The run was deleted.")

    runs.says["r"] = gone
    look(runs_source, seconds=120)
    row = Binding.objects.get()
    assert (row.state, row.trouble) == ("gone", "The run was deleted.")
    assert Snapshot.objects.count() == 1
    runs.asked.clear()
    look(runs_source, seconds=400)
    assert runs.asked == ["TST"]


def test_one_that_cannot_be_read_holds_up_no_other(cast: Cast, runs: Runs, runs_source: Source):
    make_ticket(cast)

    def broken() -> Look:
        raise SourceBadData("That is no number.")

    runs.says |= {"bad": broken, "r": lambda: curve(0.2)}
    bound(cast, "run:bad")
    bound(cast)
    look(runs_source)
    assert Snapshot.objects.count() == 1
    assert Binding.objects.get(ref="bad").trouble == "That is no number."
    assert Source.objects.get().failures == 0


def test_a_connector_that_raises_anything_is_the_sources_trouble(cast: Cast, runs: Runs, runs_source: Source):
    make_ticket(cast)
    bound(cast)

    def wrong() -> Look:
        raise KeyError("surprise")

    runs.says["r"] = wrong
    look(runs_source)
    assert "KeyError" in Binding.objects.get().trouble


def test_a_server_that_does_not_answer_is_left_alone_with_all_that_is_bound_of_it(
    cast: Cast, runs: Runs, runs_source: Source
):
    make_ticket(cast)

    def down() -> Look:
        raise SourceTransient("Nothing answers.")

    runs.says |= {"a": down, "b": lambda: curve(0.1)}
    bound(cast, "run:a")
    bound(cast, "run:b")
    look(runs_source)
    assert runs.asked == ["TST", "a"]
    assert due_sources(now=NOW + timedelta(seconds=1)) == []


@pytest.mark.parametrize(("kind", "state"), [("engineering", "ended"), ("deployment", "active")])
def test_it_ends_two_weeks_after_the_last_reason_to_look(
    cast: Cast, runs: Runs, runs_source: Source, kind: str, state: str
):
    make_ticket(cast, type=kind)
    bound(cast)
    look(runs_source, days=13)
    assert Binding.objects.get().state == "active"
    look(runs_source, days=15)
    assert Binding.objects.get().state == state


def test_while_its_ticket_is_in_an_active_sprint_it_is_looked_at(cast: Cast, runs: Runs, runs_source: Source):
    make_ticket(cast)
    make_sprint(cast, [1], active=True)
    bound(cast)
    look(runs_source, days=100)
    assert Binding.objects.get().state == "active"


def test_what_is_unbound_or_of_a_removed_source_is_looked_at_no_more(cast: Cast, runs: Runs, runs_source: Source):
    make_ticket(cast)
    row = bound(cast)
    unbind(project=cast.project, binding=row.uid, actor=cast.member, now=NOW)
    look(runs_source)
    assert runs.asked == ["TST"]
    again = bound(cast)
    assert again != row
    remove(project=cast.project, source=runs_source.uid, actor=cast.lead, now=NOW)
    assert look(runs_source, days=1) is None
    assert set(Binding.objects.values_list("state", flat=True)) == {"removed"}


def test_a_refresh_makes_what_is_bound_due_now(cast: Cast, runs: Runs, runs_source: Source):
    make_ticket(cast)
    bound(cast)
    look(runs_source)
    assert look(runs_source, seconds=1) is None
    refresh_ticket(project=cast.project, ticket=1, actor=cast.member, now=NOW + timedelta(seconds=1))
    look(runs_source, seconds=1)
    assert runs.asked == ["TST", "r", "TST", "r"]


def test_a_look_that_finds_nothing_new_changes_nothing(cast: Cast, runs: Runs, runs_source: Source):
    make_ticket(cast)
    runs.says["r"] = lambda: curve(0.2)
    bound(cast)
    look(runs_source)
    changes = Change.objects.count()
    for seconds in (100, 200, 300):
        look(runs_source, seconds=seconds)
    assert (Change.objects.count(), Snapshot.objects.count()) == (changes, 1)
    assert Poll.objects.filter(binding__isnull=False).latest("pk").times == 3


def test_ten_thousand_due_bindings_of_twenty_sources_are_swept_fairly(cast: Cast, runs: Runs):
    ticket = make_ticket(cast)
    sources = [
        make_source(project=cast.project, kind="runs", name=f"Server {at}", config={}, actor=cast.lead, now=NOW)
        for at in range(20)
    ]
    Binding.objects.bulk_create(
        [
            Binding(source=source, ticket=ticket, ref=f"r{at}", due_at=NOW, wanted_at=NOW, actor=cast.lead,
                    created_at=NOW)
            for source in sources
            for at in range(500)
        ],
        batch_size=500,
    )  # fmt: skip
    Source.objects.filter(pk=sources[0].pk).update(failures=3, due_at=NOW + timedelta(minutes=4))  # a dead one
    with CaptureQueriesContext(connection) as asked:
        due = due_sources(now=NOW)
    assert len(asked) == 1
    assert sorted(due) == sorted(source.pk for source in sources[1:])
    # A source that has much due takes a part of it, and is then behind the others again.
    looked = look(sources[1])
    assert looked.more
    assert len(runs.asked) == 101
    assert Binding.objects.filter(source=sources[1], due_at__lte=NOW).count() == 400
    assert sources[1].pk in due_sources(now=NOW)


POINT = Point("error", 0.1, NOW, "", "r", step=0, candidate="svm")


def test_a_value_that_is_no_number_is_taken_only_where_there_is_no_other():
    lost = replace(POINT, value=None, value_state="nan", step=1)
    assert reduced([POINT, lost], "max", None) == (POINT,)
    assert reduced([lost], "min", None) == (lost,)
    assert reduced([POINT, lost], "at_step", 1) == (lost,)


@pytest.mark.parametrize(
    ("days", "wanted", "kind", "over"),
    [(15, False, "engineering", True), (14, False, "engineering", False), (99, True, "engineering", False),
     (99, False, "deployment", False)],
)  # fmt: skip
def test_nothing_more_is_expected_two_weeks_after_the_last_reason(days: int, wanted: bool, kind: str, over: bool):
    assert is_over(now=NOW + timedelta(days=days), wanted_at=NOW, is_wanted=wanted, ticket_type=kind) is over
