"""What arrives after the close of a sprint is taken, and says that it came late."""

from zoneinfo import ZoneInfo

import pytest

from agileml.planning.actions.sprints import close_sprint, start_sprint
from agileml.planning.actions.take_back import take_back
from agileml.planning.models import Decision, Sprint
from agileml.planning.queries.late import Stay, late_for, late_in
from agileml.planning.queries.measured import runs
from agileml.planning.rules.starting import Destination
from agileml.work.models import Ticket
from tests.factories import NOW, Cast, make_sprint, measure
from tests.web.browsing import browser_of, queries

pytestmark = pytest.mark.django_db
REPORT, TICKET = "/p/TST/sprints/1/report/", "/p/TST/tickets/1/"


def close(cast: Cast, to: str = "backlog") -> Decision:
    destination = Destination("backlog") if to == "backlog" else Destination("sprint", sprint=int(to))
    return close_sprint(
        project=cast.project, number=1, destinations=dict.fromkeys((1, 2, 3, 4), destination), actor=cast.lead,
        now=NOW,
    )  # fmt: skip


def first() -> Ticket:
    return Ticket.objects.get(number=1)


def late() -> list[str]:
    """Of each run of the first ticket, newest first, after the close of which sprint it arrived."""
    found = runs(first(), [], metric="", zone=ZoneInfo("UTC"))
    assert found is not None
    return [run.late for run in found.rows]


def counted() -> list[tuple[int, str, int]]:
    return [(one.ticket, one.metric, one.values) for one in late_in(Sprint.objects.get(number=1))]


def test_a_run_that_arrives_after_the_close_says_so_and_those_before_do_not(cast: Cast, sprint: Sprint):
    measure(cast, first(), [0.3])
    close(cast)
    measure(cast, first(), [0.1, 0.2], external_id="later")
    assert late() == [sprint.name, sprint.name, ""]
    assert counted() == [(1, "error", 2)]
    html = browser_of(cast.stakeholder).get(TICKET).content.decode()
    assert html.count(f"arrived after the close of {sprint.name}") == 2


def test_the_report_names_what_arrived_since_and_stays_as_it_was(cast: Cast, sprint: Sprint):
    close(cast)
    assert "Arrived after the close" not in browser_of(cast.member).get(REPORT).content.decode()
    before = browser_of(cast.member).get(f"{REPORT}?format=json").content
    measure(cast, first(), [0.1, 0.2], metric="<b>f1</b>")
    html = browser_of(cast.member).get(REPORT).content.decode()
    assert "Arrived after the close" in html
    assert f'href="{TICKET}?metric=%3Cb%3Ef1%3C%2Fb%3E#runs"' in html
    assert "&lt;b&gt;f1" in html
    assert "<b>f1" not in html
    assert browser_of(cast.member).get(f"{REPORT}?format=json").content == before


def test_what_arrives_for_the_next_sprint_is_not_late(cast: Cast, sprint: Sprint):
    make_sprint(cast)
    close(cast, to="2")
    measure(cast, first(), [0.3], external_id="between")
    start_sprint(project=cast.project, number=2, actor=cast.lead, now=NOW)
    measure(cast, first(), [0.2], external_id="within")
    assert late() == ["", sprint.name]
    assert counted() == [(1, "error", 1)]


def test_a_close_that_is_taken_back_makes_nothing_late_and_put_back_it_does(cast: Cast, sprint: Sprint):
    closing = close(cast)
    measure(cast, first(), [0.3])
    back = take_back(project=cast.project, decision=str(closing.uid), actor=cast.lead, now=NOW)
    assert (late(), counted()) == ([""], [])
    measure(cast, first(), [0.2], external_id="within")
    take_back(project=cast.project, decision=str(back.uid), actor=cast.lead, now=NOW)
    measure(cast, first(), [0.1], external_id="later")
    assert late() == [sprint.name, "", ""]
    assert counted() == [(1, "error", 1)]


def test_what_was_in_no_sprint_or_left_one_before_its_close_is_never_late():
    assert late_for([], 7) == ""
    assert late_for([Stay("One", 2, None)], 7) == ""
    assert late_for([Stay("One", 2, 5)], 4) == ""
    assert late_for([Stay("Two", 8, 9), Stay("One", 2, 5)], 7) == "One"


def test_late_values_cost_no_more_statements_however_many_there_are(cast: Cast, sprint: Sprint):
    close(cast)
    measure(cast, first(), [0.3])
    counts = [queries(browser_of(cast.member), path)[1] for path in (REPORT, TICKET)]
    for number in (1, 2, 3):
        measure(cast, Ticket.objects.get(number=number), [0.1, 0.2], external_id="later")
    assert [queries(browser_of(cast.member), path)[1] for path in (REPORT, TICKET)] == counts
