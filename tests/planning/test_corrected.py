"""Charts, the table of runs and what a finding cites show a run as people have corrected it, and what it was."""

from typing import Any
from zoneinfo import ZoneInfo

import pytest

from agileml.metrics.actions.corrections import correct
from agileml.metrics.actions.settings import set_baseline, watch_metric
from agileml.metrics.models import Snapshot
from agileml.planning.actions.notes import write_finding
from agileml.planning.queries.measured import Runs, measured_under, runs
from agileml.planning.queries.ticket import citable, cited, findings_of
from agileml.work.models import Ticket
from tests.factories import NOW, Cast, make_ticket, measure

pytestmark = pytest.mark.django_db
UTC = ZoneInfo("UTC")


@pytest.fixture
def ticket(cast: Cast) -> Ticket:
    ticket = make_ticket(cast)
    watch_metric(project=cast.project, key="error", direction="lower", actor=cast.lead, now=NOW)
    measure(cast, ticket, [0.1, 0.5])
    return ticket


def say(cast: Cast, ticket: Ticket, **said: Any) -> None:
    run = {"source": "push", "external_id": "run", "run_pair": "seed=1", "reason": "The folder had the wrong name."}
    correct(project=cast.project, ticket=ticket.number, sent=run | said, actor=cast.member, now=NOW)


def drawn(ticket: Ticket, **asked: str) -> Runs:
    found = runs(ticket, [], zone=UTC, **{"metric": "", **asked})
    assert found is not None
    return found


def under(ticket: Ticket) -> Runs:
    found = measured_under(ticket.project_id, metric="", aim=None, zone=UTC, ticket=ticket)
    assert found is not None
    return found


def legend(found: Runs) -> list[str]:
    return [entry.text for entry in found.chart.legend]


def test_the_table_of_runs_shows_the_correction_and_what_was_received(cast: Cast, ticket: Ticket):
    say(cast, ticket, candidate="another", pair_key="seed=7", split="test")
    rows = {row.pair: row for row in drawn(ticket).rows}
    assert (rows["seed=7"].candidate, rows["seed=7"].data) == ("another", "no dataset named, test")
    assert rows["seed=7"].note == rows["seed=7"].received == "as received: first, seed=1, no split"
    assert (rows["seed=0"].candidate, rows["seed=0"].note, rows["seed=7"].faint) == ("first", "", False)


def test_the_means_of_a_chart_are_those_that_are_judged(cast: Cast, ticket: Ticket):
    assert any("first: mean 0.3, 2 runs" in text for text in legend(drawn(ticket)))
    say(cast, ticket, candidate="another")
    for found in (drawn(ticket), under(ticket)):
        said = " · ".join(legend(found))
        assert "first: mean 0.1, 1 run" in said
        assert "another: mean 0.5, 1 run" in said
    assert any("as received: first" in row[-1] for row in under(ticket).chart.rows)


def test_of_two_runs_that_are_said_to_be_one_pair_only_the_newest_counts(cast: Cast, ticket: Ticket):
    say(cast, ticket, pair_key="seed=0")
    assert [row.note for row in drawn(ticket).rows] == ["as received: seed=1", "run again since"]
    assert any("first: mean 0.5, 1 run" in text for text in legend(under(ticket)))


def test_a_chart_measures_against_the_baseline_of_the_split_that_a_run_is_moved_to(cast: Cast, ticket: Ticket):
    set_baseline(
        project=cast.project, metric="error", label="Rule", constant=0.4, split="test", actor=cast.lead, now=NOW
    )  # fmt: skip
    assert "baseline Rule" not in drawn(ticket).chart.svg
    say(cast, ticket, split="test")
    assert "baseline Rule" in drawn(ticket).chart.svg


def test_a_corrected_run_is_drawn_over_its_steps_with_the_levels_of_its_split(cast: Cast, ticket: Ticket):
    measure(cast, ticket, [0.3], external_id="long", step=1)
    measure(cast, ticket, [0.2], external_id="long", step=2)
    set_baseline(
        project=cast.project, metric="error", label="Rule", constant=0.4, split="test", actor=cast.lead, now=NOW
    )  # fmt: skip
    say(cast, ticket, external_id="long", run_pair="seed=0", candidate="another", split="test")
    row = next(row for row in drawn(ticket).rows if row.curve)
    shown = drawn(ticket, run=row.uid)
    assert shown.shown is not None
    assert "error of another seed=0 over its steps" in shown.chart.title
    assert "2 steps" in shown.chart.svg
    assert "baseline Rule" in shown.chart.svg


def test_what_a_finding_can_cite_and_has_cited_is_named_as_corrected(cast: Cast, ticket: Ticket):
    uids = [str(uid) for uid in Snapshot.objects.values_list("uid", flat=True)]
    sent = {"kind": "confirms", "text": "So it is.", "cites": [{"snapshot": uid} for uid in uids]}
    write_finding(project=cast.project, ticket=ticket.number, sent=sent, actor=cast.member, now=NOW)
    say(cast, ticket, candidate="another")
    assert {one.text for one in citable(ticket, [])} == {"first: error 0.1 (1 run)", "another: error 0.5 (1 run)"}
    assert set(cited(findings_of(ticket)[0])) == {"first: error 0.1", "another: error 0.5"}


def test_a_correction_that_is_taken_back_leaves_nothing_to_see(cast: Cast, ticket: Ticket):
    before = drawn(ticket)
    say(cast, ticket, candidate="another", pair_key="seed=7")
    say(cast, ticket)
    assert drawn(ticket) == before
