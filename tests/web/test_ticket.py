"""The page of a ticket: what it tells, and what people write on it."""

import re
from datetime import timedelta
from typing import Any

import pytest

from agileml.accounts.models import User
from agileml.metrics.actions.settings import set_baseline, watch_metric
from agileml.metrics.models import Citation, Snapshot
from agileml.planning.actions.progress import progress
from agileml.planning.models import Sprint
from agileml.work.models import Comment, Finding, ReviewOpinion, Ticket
from tests.factories import NOW, Cast, crowned, make_cast, make_sprint, make_ticket, make_tickets, measure, replan
from tests.web.browsing import HTMX, browser_of, queries, set_clock


@pytest.fixture(autouse=True)
def friday(monkeypatch: pytest.MonkeyPatch) -> None:
    set_clock(monkeypatch, NOW)


def page(cast: Cast, number: int = 1, query: str = "", user: User | None = None) -> str:
    answer = browser_of(user or cast.member).get(f"/p/TST/tickets/{number}/{query}")
    assert answer.status_code == 200
    return answer.content.decode()


def section(html: str, name: str) -> str:
    """One section of the page, by its id."""
    start = html.index(f'<section id="{name}"')
    return html[start : html.index("</section>", start)]


def judged(cast: Cast) -> Ticket:
    """A ticket whose criterion two candidates were held against."""
    watch_metric(project=cast.project, key="error", direction="lower", unit="%", actor=cast.lead, now=NOW)
    set_baseline(project=cast.project, metric="error", label="A rule", constant=0.1, actor=cast.lead, now=NOW)
    ticket = make_ticket(cast, "Widen the layer", criteria=[{"metric": "error", "op": "<=", "value": 0.02}])
    measure(cast, ticket, [0.05, 0.07], candidate="small", external_id="small")
    later = NOW + timedelta(hours=1)
    measure(cast, ticket, [0.01, 0.02], candidate="wide", external_id="wide", observed_at=later)
    return ticket


def test_it_tells_question_texts_and_facts(cast: Cast):
    make_ticket(cast, "Parent")
    make_ticket(
        cast,
        question="Does width help?",
        expected_benefit="A **smaller** model.",
        description="See <script>alert(1)</script> [here](javascript:alert(1)).",
        depends_on=[1],
        links=[{"url": "https://example.com/x", "title": "The paper"}],
        checklist=[{"text": "Read it", "done": True}],
        labels=["fast"],
        blocked={"why": "no GPU"},
    )
    html = page(cast, 2)
    for told in ("Does width help?", "<strong>smaller</strong>", "The paper", "Read it", "fast", "blocked: no GPU"):
        assert told in html
    assert "<script>alert" not in html
    assert 'href="javascript:' not in html
    assert "Needs" in html
    assert "Needed by" in page(cast, 1)


def test_it_tells_how_each_criterion_stands_and_how_it_was_judged(cast: Cast):
    judged(cast)
    tested = section(page(cast), "criteria")
    assert "met" in tested
    assert "1.5 %" in tested
    assert "6 %" in tested  # the candidate before
    assert tested.index("wide") < tested.index("small")


def test_the_runs_stand_in_a_chart_with_its_figures(cast: Cast):
    judged(cast)
    runs = section(page(cast), "runs")
    assert 'class="chart"' in runs
    assert "baseline" in runs
    assert "target ≤" in runs
    assert runs.count("<tr>") == 1 + 4


def test_another_metric_of_the_runs_can_be_looked_at(cast: Cast):
    ticket = judged(cast)
    measure(cast, ticket, [3.5], metric="seconds", external_id="time")
    assert "seconds of each run" in section(page(cast, query="?metric=seconds"), "runs")
    assert "error of each run" in section(page(cast, query="?metric=no-such"), "runs")


def test_a_run_that_diverged_breaks_no_chart(cast: Cast):
    ticket = make_ticket(cast)
    measure(cast, ticket, [None], value_state="nan")  # type: ignore[list-item]
    shown = section(page(cast), "runs")
    assert 'class="edge-word" x="7" y="4">NaN<' in shown
    assert "no mean, a run is no number" in shown
    assert "in no mean" in shown


def test_each_run_leads_to_where_it_came_from(cast: Cast):
    ticket = make_ticket(cast)
    told = {"run_url": "https://example.com/runs/7", "git_commit": "9fceb02" + "a" * 33, "run_name": "<b>wide</b>"}
    params = {"<i>lr</i>": "x" * 9_000, **dict.fromkeys([f"z{at}" for at in range(30)], 1)}
    measure(cast, ticket, [0.1, 0.30000000000000004], params=params, **told)
    measure(cast, ticket, [1e300, 5e-324], external_id="odd", candidate="<script>", run_url="javascript:alert(1)")
    shown = section(page(cast), "runs")
    assert 'href="https://example.com/runs/7"' in shown
    assert "&lt;b&gt;wide&lt;/b&gt;" in shown
    assert 'title="9fceb02' in shown
    assert "&lt;i&gt;lr&lt;/i&gt; = x" in shown
    assert "and 11 more" in shown
    assert "javascript:" not in shown
    assert "<script>" not in shown
    for stored in ("0.30000000000000004", "1e+300", "5e-324"):
        assert f'<td class="r">{stored}</td>' in shown


def test_values_that_no_longer_count_say_why(cast: Cast):
    ticket = make_ticket(cast)
    measure(cast, ticket, [0.9])
    measure(cast, ticket, [0.1])
    measure(cast, ticket, [0.2], external_id="again", observed_at=NOW + timedelta(hours=1))
    shown = section(page(cast), "runs")
    assert "mean 0.2, 1 run" in shown
    assert "<td>superseded</td>" in shown
    assert "<td>run again since</td>" in shown


def test_a_run_with_steps_counts_at_its_last_and_is_drawn_over_them_on_request(cast: Cast):
    ticket = make_ticket(cast)
    for step, value in enumerate([0.5, 0.3, 0.2]):
        measure(cast, ticket, [value], step=step)
    measure(cast, ticket, [0.4], external_id="plain", candidate="plain")
    shown = section(page(cast), "runs")
    assert "first: mean 0.2, 1 run" in shown
    (uid,) = re.findall(r'run=([0-9a-f-]{36})#runs">curve<', shown)
    drawn = section(page(cast, query=f"?metric=error&run={uid}"), "runs")
    assert "error of first seed=0 over its steps" in drawn
    assert 'class="curve"' in drawn
    assert "All runs at their last step" in drawn
    for none in ("no-uid", "%00", "7" * 99, str(Snapshot.objects.get(external_id="plain").uid)):
        assert "error of each run" in section(page(cast, query=f"?run={none}"), "runs")


def test_the_champion_and_a_change_of_dataset_are_drawn(cast: Cast):
    ticket = crowned(cast, make_ticket(cast), [0.05, 0.06])
    measure(cast, ticket, [0.4], external_id="other", candidate="other", dataset_digest="sha256:2", split="test")
    later: dict[str, Any] = {"dataset_digest": "sha256:1", "split": "test", "observed_at": NOW + timedelta(hours=1)}
    measure(cast, ticket, [0.03, 0.04], external_id="newer", candidate="newer", **later)
    shown = section(page(cast), "runs")
    assert "champion &lt;rule&gt; 0.055" in shown
    assert "Not comparable across the line" in shown
    assert "on 2 datasets or splits, not comparable" in shown


def test_only_the_newest_runs_are_read_and_that_is_said(cast: Cast, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("agileml.planning.queries.measured.RUNS_AT_MOST", 3)
    ticket = make_ticket(cast)
    measure(cast, ticket, [0.1, 0.2, 0.3])
    assert "older ones are left out" not in section(page(cast), "runs")
    measure(cast, ticket, [0.4], external_id="new", observed_at=NOW + timedelta(hours=1))
    shown = section(page(cast), "runs")
    assert "The newest 3 runs; older ones are left out." in shown
    assert shown.count('<th scope="row">') == 3


def test_the_page_costs_the_same_however_much_is_on_it(cast: Cast, sprint: Sprint):
    ticket = crowned(cast, Ticket.objects.get(number=1), [0.2, 0.3])

    def more(serial: int) -> None:
        measure(cast, ticket, [0.1, 0.2], external_id=f"run-{serial}", candidate=f"c{serial}")
        browser = browser_of(cast.member)
        snapshot = Snapshot.objects.latest("pk")
        browser.post("/p/TST/tickets/1/finding/", {"kind": "confirms", "text": "So.", "cites": str(snapshot.uid)})
        browser.post("/p/TST/tickets/1/comment/", {"text": "Hm."})
        browser.post("/p/TST/tickets/1/opinion/", {"opinion": "accept"})

    more(1)
    _, few = queries(browser_of(cast.member), "/p/TST/tickets/1/")
    for serial in range(2, 6):
        more(serial)
    _, many = queries(browser_of(cast.member), "/p/TST/tickets/1/")
    assert few == many


# ── Findings ──


def test_a_finding_is_written_with_the_runs_that_it_rests_on(cast: Cast):
    judged(cast)
    form = section(page(cast), "findings")
    assert "wide: error 1.5 % (2 runs)" in form
    newest = Snapshot.objects.filter(candidate__name="wide").order_by("-pk").values_list("uid", flat=True)
    value = " ".join(map(str, newest))
    assert f'name="cites" value="{value}" checked' in form
    answer = browser_of(cast.member).post(
        "/p/TST/tickets/1/finding/", {"kind": "confirms", "text": "**Width** helps.", "cites": value}
    )
    found = Finding.objects.get()
    assert answer.headers["Location"] == f"/p/TST/tickets/1/#finding-{found.uid}"
    assert Citation.objects.count() == 2
    told = section(page(cast), "findings")
    assert "<strong>Width</strong> helps." in told
    assert "wide: error 1.5 %, mean of 2 runs" in told


def test_a_finding_without_text_is_refused_and_the_choice_is_kept(cast: Cast, sprint: Sprint):
    sent = {"kind": "refutes", "text": " "}
    for headers in ({}, HTMX):
        answer = browser_of(cast.member).post("/p/TST/tickets/1/finding/", sent, headers=headers)
        assert answer.status_code == 422
        html = answer.content.decode()
        assert "This must not be empty." in html
        assert 'value="refutes" required checked' in html
    assert "<html" not in html
    assert not Finding.objects.exists()


def test_a_snapshot_of_another_project_cannot_be_cited(cast: Cast, sprint: Sprint):
    other = make_cast("OTH")
    measure(other, make_ticket(other), [1])
    sent = {"kind": "refutes", "text": "So.", "cites": str(Snapshot.objects.get().uid)}
    assert browser_of(cast.member).post("/p/TST/tickets/1/finding/", sent).status_code == 422
    assert not Finding.objects.exists()


def test_each_finding_leads_to_a_replan_because_of_it_for_whoever_may(db: None):
    cast = make_cast(replanners="leads")
    make_tickets(cast, 1)
    make_sprint(cast, [1], active=True)
    browser_of(cast.member).post("/p/TST/tickets/1/finding/", {"kind": "refutes", "text": "No."})
    link = f'href="/p/TST/sprints/1/replan/?finding={Finding.objects.get().uid}"'
    assert link in page(cast, user=cast.lead)
    assert link not in page(cast, user=cast.member)


def test_a_finding_of_the_backlog_leads_to_the_one_sprint_that_runs(cast: Cast, sprint: Sprint):
    browser_of(cast.member).post("/p/TST/tickets/5/finding/", {"kind": "surprise", "text": "Oh."})
    assert "/p/TST/sprints/1/replan/?finding=" in page(cast, 5)


# ── Opinions and comments ──


def test_an_opinion_is_given(cast: Cast, sprint: Sprint):
    answer = browser_of(cast.lead).post(
        "/p/TST/tickets/1/opinion/", {"opinion": "rework", "text": "Mind the split."}, headers=HTMX
    )
    assert answer.status_code == 200
    assert "Mind the split." in answer.content.decode()
    assert ReviewOpinion.objects.get().opinion == "rework"
    assert browser_of(cast.lead).post("/p/TST/tickets/1/opinion/", {"opinion": "maybe"}).status_code == 422


def test_a_stakeholder_comments_but_writes_no_finding_and_sees_no_form_for_one(cast: Cast, sprint: Sprint):
    browser = browser_of(cast.stakeholder)
    assert browser.post("/p/TST/tickets/1/comment/", {"text": "When?"}).status_code == 302
    assert Comment.objects.get().author == cast.stakeholder
    assert browser.post("/p/TST/tickets/1/finding/", {"kind": "confirms", "text": "So."}).status_code == 403
    html = page(cast, user=cast.stakeholder)
    assert "When?" in html
    for knob in ("Write finding", "Give an opinion", "Move to…", ">Edit"):
        assert knob not in html
    assert ">Comment</button>" in html


def test_an_empty_comment_is_refused(cast: Cast, sprint: Sprint):
    assert browser_of(cast.member).post("/p/TST/tickets/1/comment/", {"text": ""}, headers=HTMX).status_code == 422


# ── What happened ──


def test_the_activity_tells_in_sentences_what_happened_and_links_the_decisions(cast: Cast, sprint: Sprint):
    ticket = Ticket.objects.get(number=1)
    hour = timedelta(hours=1)
    progress(project=cast.project, number=1, to="in_progress", actor=cast.member, now=NOW + hour)
    for serial in range(3):
        measure(cast, ticket, [0.1], external_id=f"run-{serial}")
    made = replan(cast, sprint, {"move": "skip", "ticket": 1}, reason="Pointless.", now=NOW + 2 * hour)
    html = page(cast)
    told = html[html.index('id="happened"') :]
    assert "moved it from To do to In progress" in told
    assert "3 runs arrived (error)" in told
    assert f'href="/p/TST/sprints/1/history/#v{made.version}"' in told
    assert told.index("skipped it") < told.index("moved it") < told.index("wrote this ticket")


def test_a_skipped_ticket_says_first_why(cast: Cast, sprint: Sprint):
    replan(cast, sprint, {"move": "skip", "ticket": 1, "revisit_if": "data comes"}, reason="It cannot help.")
    html = page(cast)
    assert "Skipped: It cannot help." in html
    assert "Look at it again if data comes" in html


@pytest.mark.parametrize("number", [99, 0])
def test_a_ticket_that_does_not_exist_is_not_found(cast: Cast, number: int):
    assert browser_of(cast.member).get(f"/p/TST/tickets/{number}/").status_code == 404


# ── The checklist ──


def checked(number: int = 1) -> list[tuple[str, bool]]:
    return [(item["text"], item["done"]) for item in Ticket.objects.get(number=number).checklist]


def tick(user: User, at: int, text: str, done: str = "yes", **headers: str) -> Any:
    sent = {"at": str(at), "text": text, "done": done}
    return browser_of(user).post("/p/TST/tickets/1/check/", sent, headers=headers)


def test_an_item_is_ticked_by_one_click_and_cleared_by_another(cast: Cast):
    make_ticket(cast, checklist=[{"text": "Ask", "done": False}, {"text": "Read", "done": False}])
    assert tick(cast.member, 1, "Read").headers["Location"] == "/p/TST/tickets/1/#checklist"
    assert checked() == [("Ask", False), ("Read", True)]
    answer = tick(cast.member, 1, "Read", done="", **HTMX)
    assert checked() == [("Ask", False), ("Read", False)]
    assert answer.content.decode().count('aria-checked="false"') == 2


def test_an_item_that_was_rewritten_meanwhile_is_left_as_it_is(cast: Cast):
    make_ticket(cast, checklist=[{"text": "Read two", "done": False}])
    tick(cast.member, 0, "Read one")
    assert checked() == [("Read two", False)]


def test_a_stakeholder_sees_the_checklist_and_ticks_nothing(cast: Cast):
    make_ticket(cast, checklist=[{"text": "Read", "done": False}])
    assert 'role="checkbox"' not in page(cast, user=cast.stakeholder)
    assert tick(cast.stakeholder, 0, "Read").status_code == 403


def test_a_deferred_ticket_says_what_was_left_until_it_is_done(cast: Cast, sprint: Sprint):
    replan(cast, sprint, {"move": "defer", "ticket": 1, "to": None, "note": "Start at the sevens."})
    told = 'Deferred from <a href="/p/TST/sprints/1/history/#v2">sprint 1</a>: Start at the sevens.'
    assert told in page(cast)
    replan(cast, sprint, {"move": "add", "ticket": 1})
    assert told in page(cast)
    progress(project=cast.project, number=1, to="done", outcome="shipped", actor=cast.lead, now=NOW)
    assert told not in page(cast)
