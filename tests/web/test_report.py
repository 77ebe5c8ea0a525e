"""The report of a closed sprint as a page to read, and as CSV and JSON to keep."""

import csv
import io
import re
from typing import Any

import pytest

from agileml.planning.actions import notes, progress, tickets
from agileml.planning.actions.sprints import close_sprint
from agileml.planning.actions.take_back import take_back
from agileml.planning.models import Decision, Sprint
from agileml.planning.rules import retro
from agileml.planning.rules.starting import Destination
from agileml.work.models import Ticket
from tests.factories import NOW, Cast, make_cast, make_sprint, make_ticket, measure, replan
from tests.web.browsing import browser_of, queries

PATH = "/p/TST/sprints/1/report/"
CRITERION = {"metric": "error", "op": "<=", "value": 0.5, "expected_gain": 0.2}


def page(cast: Cast, query: str = "") -> str:
    answer = browser_of(cast.member).get(PATH + query)
    assert answer.status_code == 200
    return answer.content.decode().partition("<main")[2].partition("</main>")[0]


def closed(cast: Cast, sprint: Sprint, **more: Any) -> Decision:
    left = Ticket.objects.exclude(status__in=["done", "skipped"]).filter(
        assignments__sprint=sprint, assignments__ended_by=None
    )
    return close_sprint(
        project=cast.project,
        number=sprint.number,
        destinations={row.number: Destination("backlog", note="Half way", resume_cost="high") for row in left},
        actor=cast.lead,
        now=NOW,
        **more,
    )


@pytest.fixture
def told(cast: Cast, sprint: Sprint) -> Sprint:
    """A sprint in which 1 shipped, 2 was learned from, 3 skipped, 4 carried, 5 added and taken out again."""
    common: dict[str, Any] = {"project": cast.project, "actor": cast.lead, "now": NOW}
    replan(cast, sprint, {"move": "change", "ticket": 1, "set": {"criteria": [CRITERION]}})
    measure(cast, Ticket.objects.get(number=1), [0.2, 0.4])
    finding = notes.write_finding(ticket=2, sent={"kind": "refutes", "text": "More does not help"}, **common)
    progress.progress(number=1, to="done", outcome="shipped", **common)
    progress.progress(number=2, to="done", outcome="learned", **common)
    replan(
        cast,
        sprint,
        {"move": "skip", "ticket": 3, "revisit_if": "there is more data"},
        {"move": "add", "ticket": 5},
        code="finding_invalidates",
        reason="It does not pay.",
        evidence=[{"finding": str(finding.uid)}],
    )
    replan(cast, sprint, {"move": "remove", "ticket": 5}, reason="Too much.")
    closed(cast, sprint, reason="Time is up.", retro=retro.parse([{"kind": "try", "text": "Pair on it"}]))
    return sprint


def test_it_begins_with_what_came_of_the_sprint(cast: Cast, told: Sprint):
    html = page(cast)
    headline = "One ticket shipped, one taught the team something, one was skipped and two go on elsewhere."
    assert f"<h1>{headline}</h1>" in html
    assert "It was re-planned three times" in html


TELLS = (
    "Know what works", "A reader", "Time is up.", "Lead Person", "v5", "It does not pay.", "TST-2: More does not help",
    "there is more data", "Half way", "resuming costs much", "Taken out again", "+0.2", "+0.4", "where it set out",
    "1 of 1", "Pair on it", "TST-6", "Refutes", "error ≤ 0.5",
)  # fmt: skip


def test_it_tells_what_was_decided_what_came_of_it_and_what_it_was_worth(cast: Cast, told: Sprint):
    html = page(cast)
    assert [words for words in TELLS if words not in html] == []


def test_every_ticket_that_was_ever_in_the_sprint_has_its_entry(cast: Cast, told: Sprint):
    entries = re.findall(r'<article class="came">.*?(TST-\d).*?</article>', page(cast), re.DOTALL)
    assert sorted(entries) == ["TST-1", "TST-2", "TST-3", "TST-4", "TST-5"]


def test_what_is_edited_later_changes_nothing_in_it(cast: Cast, told: Sprint):
    before = page(cast)
    common: dict[str, Any] = {"project": cast.project, "actor": cast.lead, "now": NOW}
    tickets.edit_ticket(number=2, sent={"title": "Called otherwise"}, expected_version=None, **common)
    progress.progress(number=1, to="done", outcome="learned", **common)
    notes.write_finding(ticket=1, sent={"kind": "surprise", "text": "After all"}, **common)
    assert page(cast) == before


def test_hostile_words_are_only_words(cast: Cast):
    make_ticket(cast, "<script>alert(1)</script>")
    sprint = make_sprint(cast, [1], active=True)
    closed(cast, sprint, retro=retro.parse([{"kind": "keep", "text": "<img src=x> \u202e"}]))
    html = page(cast)
    assert "<script>alert" not in html
    assert "<img" not in html
    assert "&lt;script&gt;alert(1)" in html


def test_nobody_can_read_it_before_the_close_or_after_it_was_taken_back(cast: Cast, sprint: Sprint):
    client = browser_of(cast.lead)
    assert client.get(PATH).status_code == 404
    assert "There is no report yet" in client.get(PATH).content.decode()
    decision = closed(cast, sprint)
    assert client.get(PATH).status_code == 200
    take_back(project=cast.project, decision=str(decision.uid), actor=cast.lead, now=NOW)
    assert [client.get(PATH + query).status_code for query in ("", "?format=csv", "?format=json")] == [404, 404, 404]
    assert browser_of(cast.outsider).get(PATH).status_code == 404


def test_the_csv_has_a_row_for_each_ticket_with_its_way_through_the_sprint(cast: Cast, told: Sprint):
    answer = browser_of(cast.member).get(PATH + "?format=csv")
    assert answer["Content-Type"] == "text/csv; charset=utf-8"
    assert answer["Content-Disposition"] == 'attachment; filename="TST-sprint-1.csv"'
    rows = {row["Ticket"]: row for row in csv.DictReader(io.StringIO(answer.content.decode(), newline=""))}
    assert [(key, row["Planned"], row["End"]) for key, row in rows.items()] == [
        ("TST-1", "yes", "shipped"), ("TST-2", "yes", "learned"), ("TST-3", "yes", "skipped"),
        ("TST-4", "yes", "carried on"), ("TST-5", "no", "taken out"),
    ]  # fmt: skip
    assert rows["TST-1"]["Expected gain"] == "0.2"
    assert float(rows["TST-1"]["Measured gain"]) == pytest.approx(0.4)
    assert rows["TST-3"]["Why skipped"] == "It does not pay."
    assert rows["TST-4"]["What happened"] == "v1 add; v5 defer: To the backlog, resuming costs much. Half way"
    assert rows["TST-5"]["What happened"] == "v3 add; v4 remove: To the backlog"


def test_no_cell_of_the_csv_is_a_formula(cast: Cast):
    make_ticket(cast, '=HYPERLINK("//x")', question="+1")
    closed(cast, make_sprint(cast, [1], active=True))
    text = browser_of(cast.member).get(PATH + "?format=csv").content.decode()
    row = next(csv.DictReader(io.StringIO(text, newline="")))
    assert (row["Title"], row["Question"]) == ('\'=HYPERLINK("//x")', "'+1")


def test_the_json_is_what_the_api_gives(cast: Cast, told: Sprint):
    client = browser_of(cast.member)
    kept = client.get(PATH + "?format=json")
    assert kept["Content-Disposition"] == 'attachment; filename="TST-sprint-1.json"'
    assert kept.json() == client.get("/api/v1/projects/TST/sprints/1/report/").json()
    assert client.get(PATH + "?format=xml").status_code == 404


def test_points_are_there_only_where_the_project_counts_them(cast: Cast, told: Sprint):
    assert "points" not in page(cast)
    pointed = make_cast("PTS", estimate_mode="points")
    make_ticket(pointed, estimate=3)
    make_ticket(pointed, estimate=5)
    sprint = make_sprint(pointed, [1, 2], active=True)
    progress.progress(project=pointed.project, number=1, to="done", outcome="shipped", actor=pointed.lead, now=NOW)
    close_sprint(
        project=pointed.project,
        number=sprint.number,
        destinations={2: Destination("backlog")},
        actor=pointed.lead,
        now=NOW,
    )
    html = browser_of(pointed.member).get("/p/PTS/sprints/1/report/").content.decode()
    assert "points done of planned</dt><dd>3 <small>of 8</small>" in html


def test_the_page_reads_the_report_and_nothing_else(cast: Cast, told: Sprint):
    answer, count = queries(browser_of(cast.member), PATH)
    assert answer.status_code == 200
    assert count <= 6


def test_the_ways_to_it(cast: Cast, told: Sprint):
    client = browser_of(cast.member)
    for path in ("/p/TST/sprints/", "/p/TST/sprints/1/history/"):
        assert f'href="{PATH}"' in client.get(path).content.decode()
