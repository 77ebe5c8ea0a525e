"""The board: what it shows, at which cost, and that nothing new is answered with nothing."""

import gzip
import re
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote

import pytest
from django.test import Client

from agileml.accounts.actions import set_theme
from agileml.accounts.models import User
from agileml.ingest.models import Source
from agileml.metrics.actions.settings import set_baseline, set_target, watch_metric
from agileml.metrics.models import Baseline, Judgement
from agileml.planning.actions.notes import write_finding
from agileml.planning.actions.progress import progress
from agileml.planning.actions.suggestions import dismiss
from agileml.planning.models import Dismissal, Sprint
from agileml.work.actions import create_epic, create_story
from agileml.work.models import Finding, Ticket
from tests.factories import NOW, Cast, crowned, make_cast, make_sprint, make_ticket, make_tickets, measure, replan
from tests.web.browsing import HTMX, browser_of, queries, set_clock

CRITERION = {"metric": "error", "op": "<=", "value": 0.02}


@pytest.fixture(autouse=True)
def friday(monkeypatch: pytest.MonkeyPatch) -> None:
    set_clock(monkeypatch, NOW)


def card(html: str, key: str) -> str:
    """The HTML of one card."""
    found = re.search(rf'<li class="card" id="{key}">.*?</li>', html, re.DOTALL)
    assert found, f"no card {key}"
    return found[0]


def column(html: str, status: str) -> list[str]:
    """The keys of a column's cards, from top to bottom."""
    found = re.search(rf'<ol data-list="[^"]*" data-status="{status}".*?</ol>', html, re.DOTALL)
    assert found
    return re.findall(r'<li class="card" id="([A-Z0-9-]+)"', found[0])


def page(cast: Cast, path: str = "/p/TST/", user: User | None = None) -> str:
    answer = browser_of(user or cast.lead).get(path)
    assert answer.status_code == 200
    return answer.content.decode()


def test_the_head_says_goal_increment_day_and_plan(cast: Cast, sprint: Sprint):
    replan(cast, sprint, {"move": "skip", "ticket": 4})
    html = page(cast)
    assert "Know what works" in html
    assert "Increment: A reader" in html
    assert "Sprint 1 · day 5 of 10 · ends Fri 27 Nov" in html
    assert 'href="/p/TST/sprints/1/history/">Plan v2 · 1 re-plan</a>' in html
    assert "0 done · 1 skipped · 3 to go" in html


def test_days_are_counted_in_the_projects_own_time_zone(db: None, monkeypatch: pytest.MonkeyPatch):
    cast = make_cast(time_zone="Asia/Tokyo", holidays=["2026-11-17"])
    make_tickets(cast, 1)
    make_sprint(cast, [1], active=True)
    set_clock(monkeypatch, datetime(2026, 11, 17, 22, tzinfo=UTC))  # already Wednesday in Tokyo, after a holiday
    assert "day 2 of 9" in page(cast)


def test_each_ticket_stands_in_the_column_of_its_status_by_rank(cast: Cast, sprint: Sprint):
    progress(project=cast.project, number=2, to="in_progress", actor=cast.lead, now=NOW)
    progress(project=cast.project, number=3, to="todo", before=1, actor=cast.lead, now=NOW)
    html = page(cast)
    assert column(html, "todo") == ["TST-3", "TST-1", "TST-4"]
    assert column(html, "in_progress") == ["TST-2"]


def test_the_rail_says_why_something_was_skipped_and_leads_to_that_decision(cast: Cast, sprint: Sprint):
    replan(cast, sprint, {"move": "skip", "ticket": 4}, reason="It would not help <b>anyone</b>.")
    skipped = card(page(cast), "TST-4")
    assert "It would not help &lt;b&gt;anyone&lt;/b&gt;." in skipped
    assert 'href="/p/TST/sprints/1/history/#v2">v2</a>' in skipped


def test_a_card_shows_how_its_criterion_stands(cast: Cast):
    watch_metric(project=cast.project, key="error", direction="lower", unit="%", actor=cast.lead, now=NOW)
    ticket = make_ticket(cast, criteria=[CRITERION])
    make_sprint(cast, [1], active=True)
    assert "pending" in card(page(cast), "TST-1")
    measure(cast, ticket, [0.028, 0.03])
    shown = card(page(cast), "TST-1")
    assert "not met" in shown
    assert "<b>2.9 %</b>" in shown
    assert "≤ 2 %" in shown


def test_a_card_without_criterion_shows_what_was_measured_last_of_what_is_watched(cast: Cast):
    watch_metric(project=cast.project, key="error", direction="lower", unit="%", actor=cast.lead, now=NOW)
    ticket = make_ticket(cast)
    make_sprint(cast, [1], active=True)
    measure(cast, ticket, [0.05])
    measure(cast, ticket, [0.04], external_id="later", observed_at=NOW + timedelta(hours=1))
    measure(cast, ticket, [7], metric="loss", observed_at=NOW + timedelta(hours=2))
    shown = card(page(cast), "TST-1")
    assert "error 4 %" in shown
    assert "loss" not in shown


def test_a_card_shows_findings_blocks_waits_and_open_needs(cast: Cast):
    make_ticket(cast)
    make_ticket(cast, depends_on=[1], blocked={"why": "no data"}, waiting_on_run=True)
    make_sprint(cast, [1, 2], active=True)
    for kind in ("confirms", "refutes"):
        sent = {"kind": kind, "text": "So it is."}
        write_finding(project=cast.project, ticket=2, sent=sent, actor=cast.member, now=NOW)
    shown = card(page(cast), "TST-2")
    assert "blocked: no data" in shown
    assert "waiting on a run" in shown
    assert "needs TST-1" in shown
    assert "2 findings, last refutes" in shown
    progress(project=cast.project, number=1, to="done", outcome="shipped", actor=cast.lead, now=NOW)
    assert "needs TST-1" not in card(page(cast), "TST-2")


def test_the_strip_compares_the_best_candidate_with_baseline_and_target(cast: Cast):
    watch_metric(project=cast.project, key="error", direction="lower", unit="%", actor=cast.lead, now=NOW)
    epic = create_epic(project=cast.project, sent={"title": "Read"}, actor=cast.lead, now=NOW)
    create_story(project=cast.project, sent={"title": "Models", "epic": epic.number}, actor=cast.lead, now=NOW)
    set_target(project=cast.project, epic=epic.number, metric="error", op="<=", value=0.02, actor=cast.lead, now=NOW)
    set_baseline(project=cast.project, metric="error", label="A rule", constant=0.1, actor=cast.lead, now=NOW)
    ticket = make_ticket(cast, story=1)
    make_sprint(cast, [1], active=True)
    measure(cast, ticket, [0.05, 0.07], candidate="small")
    measure(cast, ticket, [0.02, 0.04], candidate="wide", external_id="wide", observed_at=NOW + timedelta(hours=1))
    html = page(cast)
    strip = html[html.index('<section class="strip"') : html.index('<form class="filters"')]
    assert "10 %" in strip
    assert "A rule" in strip
    assert "3 %" in strip
    assert "mean of 2" in strip
    assert "≤ 2 %" in strip
    assert '<svg class="spark"' in strip
    assert "Champion" not in strip


def aimed(cast: Cast) -> None:
    """An epic with a target on the error, and its first story."""
    by: dict[str, Any] = {"project": cast.project, "actor": cast.lead, "now": NOW}
    watch_metric(key="error", direction="lower", **by)
    create_epic(sent={"title": "Read"}, **by)
    create_story(sent={"title": "Models", "epic": 1}, **by)
    set_target(epic=1, metric="error", op="<=", value=0.02, **by)


ON: dict[str, Any] = {"dataset_digest": "sha256:1", "split": "test"}


def test_the_strip_and_the_cards_compare_with_the_champion(cast: Cast):
    aimed(cast)
    crowned(cast, make_ticket(cast), [0.06, 0.08])
    first = make_ticket(cast, story=1)
    make_ticket(cast, story=1, criteria=[CRITERION])
    make_sprint(cast, [2, 3], active=True)
    measure(cast, first, [0.05, 0.05], candidate="wide", external_id="wide", **ON)
    html = page(cast)
    strip = html[html.index('<section class="strip"') : html.index('<form class="filters"')]
    assert "Champion" in strip
    assert "&lt;rule&gt;" in strip
    assert 'href="/p/TST/tickets/1/"' in strip
    assert "−0.02 to the champion" in strip
    assert "error 0.05" in card(html, "TST-2")
    assert "−0.02 to the champion" in card(html, "TST-2")
    assert "to the champion" not in card(html, "TST-3")


def test_a_champion_that_was_not_measured_on_this_data_is_not_compared(cast: Cast):
    aimed(cast)
    crowned(cast, make_ticket(cast), [0.06])
    make_sprint(cast, [make_ticket(cast, story=1).number], active=True)
    Baseline.objects.all().delete()
    measure(cast, Ticket.objects.get(number=2), [0.05], dataset_digest="sha256:2", split="test")
    html = page(cast)
    assert "&lt;rule&gt;, not measured on this data" in html
    assert "to the champion" not in html


def test_a_card_whose_newest_candidate_diverged_says_no_difference(cast: Cast):
    aimed(cast)
    crowned(cast, make_ticket(cast), [0.06])
    ticket = make_ticket(cast, story=1)
    make_sprint(cast, [2], active=True)
    measure(cast, ticket, [0.05], candidate="old", external_id="old", **ON)
    assert "−0.01 to the champion" in card(page(cast), "TST-2")
    later = NOW + timedelta(hours=1)
    lost: list[Any] = [None]
    measure(cast, ticket, lost, value_state="nan", candidate="new", external_id="new", observed_at=later, **ON)
    assert "champion" not in card(page(cast), "TST-2")
    assert "error NaN" in card(page(cast), "TST-2")


def test_without_a_champion_cards_compare_with_the_baseline(cast: Cast):
    aimed(cast)
    set_baseline(project=cast.project, metric="error", label="A rule", constant=0.1, actor=cast.lead, now=NOW)
    ticket = make_ticket(cast, story=1)
    make_sprint(cast, [1], active=True)
    measure(cast, ticket, [0.04], **ON)
    assert "−0.06 to the baseline" in card(page(cast), "TST-1")


def test_a_kill_criterion_that_holds_suggests_a_replan(cast: Cast):
    watch_metric(project=cast.project, key="error", direction="lower", unit="%", actor=cast.lead, now=NOW)
    ticket = make_ticket(cast, criteria=[{"role": "kill", "metric": "error", "op": ">=", "value": 0.02}])
    make_ticket(cast, depends_on=[1])
    make_sprint(cast, [1, 2], active=True)
    assert "kill criterion" not in page(cast)
    measure(cast, ticket, [0.03])
    html = page(cast)
    assert "TST-1 meets its kill criterion." in html
    assert "error is 3 % (≥ 2 %). TST-2 needs it." in html
    cause = Judgement.objects.get().uid
    assert f'href="/p/TST/sprints/1/replan/?suggestion=kill:{cause}"' in html
    seen = page(cast, user=cast.stakeholder)
    assert "TST-1 meets its kill criterion." in seen
    assert "/replan/" not in seen
    assert "Not now" not in seen
    progress(project=cast.project, number=1, to="done", outcome="learned", actor=cast.lead, now=NOW)
    assert "meets its kill criterion" not in page(cast)


def suggested(cast: Cast, many: int) -> list[str]:
    """A sprint in which so many tickets are refuted; the addresses by which their suggestions are put aside."""
    make_tickets(cast, many)
    make_sprint(cast, range(1, many + 1), active=True)
    for number in range(1, many + 1):
        sent = {"kind": "refutes", "text": f"Idea {number} does not help."}
        at = NOW + timedelta(minutes=number)
        write_finding(project=cast.project, ticket=number, sent=sent, actor=cast.member, now=at)
    return [f"finding:{uid}" for uid in Finding.objects.order_by("pk").values_list("uid", flat=True)]


def test_the_newest_suggestions_are_in_sight_and_the_others_folded(cast: Cast):
    suggested(cast, 4)
    html = page(cast)
    in_sight, _, folded = html[: html.index('data-part="strip"')].partition("2 more suggestions</summary>")
    assert re.findall(r"Idea (\d)", in_sight) == ["4", "3"]
    assert re.findall(r"Idea (\d)", folded) == ["2", "1"]


def test_not_now_works_without_a_script_and_with_one_and_holds_for_everybody(cast: Cast):
    first, second = suggested(cast, 2)
    answer = browser_of(cast.member).post("/p/TST/sprints/1/not-now/", {"key": first})
    assert (answer.status_code, answer.headers["Location"]) == (302, "/p/TST/sprints/1/")
    html = page(cast)
    assert "Idea 1" not in html
    assert "Idea 2" in html
    answer = browser_of(cast.lead).post("/p/TST/sprints/1/not-now/", {"key": second}, headers=HTMX)
    assert (answer.status_code, answer.content) == (200, b"")
    assert "Idea 2" not in page(cast, user=cast.member)


@pytest.mark.parametrize("key", ["", "finding:no-uid", "other\x00", "kill:\ud83d", "x" * 1_000_000])
def test_not_now_to_what_is_no_suggestion_does_no_harm(cast: Cast, key: str):
    suggested(cast, 1)
    body = "key=" + quote(key, errors="surrogatepass")
    form = "application/x-www-form-urlencoded"
    answer = browser_of(cast.member).generic("POST", "/p/TST/sprints/1/not-now/", body, content_type=form)
    assert answer.status_code == 302
    assert not Dismissal.objects.exists()


def test_a_stakeholder_cannot_say_not_now(cast: Cast):
    (key,) = suggested(cast, 1)
    assert browser_of(cast.stakeholder).post("/p/TST/sprints/1/not-now/", {"key": key}).status_code == 403
    assert "Idea 1" in page(cast)


def test_the_wip_limit_is_said_and_no_bar(db: None):
    cast = make_cast(wip_limits={"in_progress": 1})
    make_tickets(cast, 2)
    make_sprint(cast, [1, 2], active=True)
    for number in (1, 2):
        progress(project=cast.project, number=number, to="in_progress", actor=cast.lead, now=NOW)
    assert re.search(r'class="count over"[^>]*>2 of 1<', page(cast))


@pytest.mark.parametrize(
    ("query", "left"),
    [
        ("type=deployment", ["TST-2"]),
        ("text=second+tst", ["TST-2"]),
        ("text=nowhere", []),
        ("assignee=nobody", ["TST-1", "TST-2"]),
        ("type=no-such", []),
    ],
)
def test_the_address_says_which_cards_are_shown(cast: Cast, query: str, left: list[str]):
    make_ticket(cast, "First")
    make_ticket(cast, "Second", type="deployment")
    make_ticket(cast, "Third", assignee=str(cast.member.uid))
    make_sprint(cast, [1, 2, 3], active=True)
    html = page(cast, f"/p/TST/?{query}")
    assert column(html, "todo") == left
    assert f"{len(left)} of 3 tickets" in html


def test_lanes_split_the_columns(cast: Cast):
    make_ticket(cast, "First", component="data")
    make_ticket(cast, "Second", component="model")
    make_ticket(cast, "Third")
    make_sprint(cast, [1, 2, 3], active=True)
    html = page(cast, "/p/TST/?lanes=component")
    assert re.findall(r'<section class="lane"[^>]*><h2[^>]*>([^<]*)</h2>', html) == [
        "Data",
        "Model",
        "Without a component",
    ]


def test_with_several_sprints_the_one_last_opened_stands_else_the_one_that_ends_first(cast: Cast):
    make_tickets(cast, 2)
    make_sprint(cast, [1], active=True, days=19, goal="The long one")
    make_sprint(cast, [2], active=True, days=5, goal="The short one")
    browser = browser_of(cast.lead)
    html = browser.get("/p/TST/").content.decode()
    assert "The short one" in html
    assert 'href="/p/TST/sprints/1/"' in html
    browser.get("/p/TST/sprints/1/")
    assert "The long one" in browser.get("/p/TST/").content.decode()


def test_without_a_running_sprint_the_page_says_what_to_do_next(cast: Cast):
    assert "Plan the first steps" in page(cast)
    make_sprint(cast)
    assert "Sprint 1 is planned" in page(cast)
    assert "Plan the first steps" not in page(cast, user=cast.stakeholder)


def test_a_closed_sprint_is_history(cast: Cast, sprint: Sprint):
    Sprint.objects.filter(pk=sprint.pk).update(state="closed")
    answer = browser_of(cast.lead).get("/p/TST/sprints/1/")
    assert answer.headers["Location"] == "/p/TST/sprints/1/history/"


def test_a_sprint_that_does_not_exist_is_not_found(cast: Cast):
    assert browser_of(cast.lead).get("/p/TST/sprints/9/").status_code == 404


def test_a_stakeholder_sees_no_knobs_that_she_cannot_use(cast: Cast, sprint: Sprint):
    html = page(cast, user=cast.stakeholder)
    assert "TST-1" in html
    for knob in ("data-move", 'class="dots"', "quick-add", "Re-plan <kbd>", "Look for runs now"):
        assert knob not in html
        assert knob in page(cast)


def test_where_only_leads_decide_a_member_is_not_offered_to(db: None):
    cast = make_cast(replanners="leads")
    make_tickets(cast, 1)
    make_sprint(cast, [1], active=True)
    html = page(cast, user=cast.member)
    assert "Re-plan <kbd>" not in html
    assert "quick-add" not in html
    assert "data-move" in html


def test_a_fragment_is_only_the_board_and_says_that_it_varies(cast: Cast, sprint: Sprint):
    answer = browser_of(cast.lead).get("/p/TST/", headers=HTMX)
    assert b'id="board"' in answer.content
    assert b"<html" not in answer.content
    assert "HX-Request" in answer.headers["Vary"]


def test_what_was_deferred_says_so_in_the_sprint_that_takes_it_up(cast: Cast, sprint: Sprint):
    other = make_sprint(cast, active=True)
    here = {"to": other.number, "to_base_version": other.plan_version}
    replan(
        cast, sprint, {"move": "defer", "ticket": 1, "note": "Start at the <sevens>.", "resume_cost": "high", **here}
    )
    html = browser_of(cast.lead).get(f"/p/TST/sprints/{other.number}/").content.decode()
    assert "Deferred from sprint 1: Start at the &lt;sevens&gt;. · cost of resuming: high" in html


# ── What it costs ──


def full_board(cast: Cast, many: int) -> Sprint:
    """A sprint with everything on it that costs a query, on tickets of this number."""
    watch_metric(project=cast.project, key="error", direction="lower", unit="%", actor=cast.lead, now=NOW)
    epic = create_epic(project=cast.project, sent={"title": "Read"}, actor=cast.lead, now=NOW)
    create_story(project=cast.project, sent={"title": "Models", "epic": epic.number}, actor=cast.lead, now=NOW)
    set_target(project=cast.project, epic=epic.number, metric="error", op="<=", value=0.02, actor=cast.lead, now=NOW)
    set_baseline(project=cast.project, metric="error", label="A rule", constant=0.1, actor=cast.lead, now=NOW)
    kinds = ["algorithm_development", "data_exploration", "result_analysis", "review", "deployment", "engineering"]
    for number in range(1, many + 1):
        make_ticket(
            cast,
            f"Does the wider layer {number} read the sevens with a bar better than before?",
            type=kinds[number % 6],
            story=1,
            component="model",
            assignee=str((cast.lead, cast.member)[number % 2].uid),
            criteria=[CRITERION] if number % 2 else [],
            depends_on=[number - 1] if number % 5 == 0 else [],
        )
    rows = Ticket.objects.filter(project=cast.project)
    crowned(cast, rows.get(number=1), [0.09, 0.1])
    for ticket in rows.order_by("number")[:4]:
        measure(cast, ticket, [0.05, 0.03], candidate=f"c{ticket.number}")
        sent = {"kind": "refutes", "text": "It does not help."}
        found = write_finding(project=cast.project, ticket=ticket.number, sent=sent, actor=cast.member, now=NOW)
    sprint = make_sprint(cast, range(1, many + 1), active=True)
    dismiss(project=cast.project, sprint=1, key=f"finding:{found.uid}", actor=cast.member, now=NOW)
    replan(cast, sprint, *[{"move": "skip", "ticket": number} for number in range(many - 2, many + 1)])
    away = [
        {"move": "defer", "ticket": number, "to": None, "note": "Half way."} for number in range(many - 5, many - 2)
    ]
    replan(cast, sprint, *away)
    replan(cast, sprint, *[{"move": "add", "ticket": move["ticket"]} for move in away])
    for number in range(5, many // 2):
        rows.filter(number=number).update(status=("in_progress", "in_review", "todo")[number % 3])
    return sprint


def test_a_board_takes_twelve_queries_however_many_tickets_it_has(cast: Cast):
    big = make_cast("BIG")
    full_board(cast, 20)
    full_board(big, 200)
    few, queries_for_few = queries(browser_of(cast.lead), "/p/TST/")
    many, queries_for_many = queries(browser_of(big.lead), "/p/BIG/")
    assert (few.content.count(b'class="card"'), many.content.count(b'class="card"')) == (20, 200)
    assert (few.content.count(b'class="suggest"'), many.content.count(b'class="suggest"')) == (3, 3)
    assert (queries_for_few, queries_for_many) == (12, 12)


def test_a_board_of_two_hundred_is_small_on_the_wire(cast: Cast):
    full_board(cast, 200)
    body = browser_of(cast.lead).get("/p/TST/").content
    assert len(body) <= 120_000
    assert len(gzip.compress(body, 6)) <= 14_000


# ── Nothing new ──


def test_a_board_that_has_not_changed_is_answered_with_304_by_three_queries(cast: Cast, sprint: Sprint):
    browser = browser_of(cast.lead)
    tag = browser.get("/p/TST/").headers["ETag"]
    for headers in ({}, HTMX):
        answer, many = queries(browser, "/p/TST/", **{"If-None-Match": tag}, **headers)
        assert answer.status_code == 304
        assert answer.content == b""
        assert many <= 3


def test_the_board_itself_tells_its_validator_to_the_script(cast: Cast, sprint: Sprint):
    answer = browser_of(cast.lead).get("/p/TST/")
    told = re.search(r'id="board" data-validator="([^"]+)"', answer.content.decode())
    assert told
    assert told[1].replace("&quot;", '"') == answer.headers["ETag"]
    assert "no-cache" in answer.headers["Cache-Control"]
    assert "private" in answer.headers["Cache-Control"]


def test_everything_that_a_board_depends_on_makes_it_new(cast: Cast, sprint: Sprint, monkeypatch: pytest.MonkeyPatch):
    browser = browser_of(cast.lead)
    seen: list[str] = []

    def is_new(path: str = "/p/TST/", of: Client | None = None) -> bool:
        seen.append((of or browser).get(path).headers["ETag"])
        return seen[-1] not in seen[:-1]

    assert is_new()
    assert not is_new()
    progress(project=cast.project, number=1, to="in_progress", actor=cast.member, now=NOW)
    assert is_new(), "a change of the project"
    assert is_new("/p/TST/?type=review"), "another address"
    assert is_new(of=browser_of(cast.member)), "another person"
    assert is_new(of=browser_of(cast.lead)), "another log-in of the same person"
    cast.lead.memberships.update(role="member")
    assert is_new(), "another role"
    set_theme(user=cast.lead, theme="dark")
    assert is_new(), "another theme"
    set_clock(monkeypatch, NOW + timedelta(days=1))
    assert is_new(), "another day"


def test_a_page_with_a_message_is_neither_kept_nor_skipped(cast: Cast, sprint: Sprint):
    browser = browser_of(cast.lead)
    tag = browser.get("/p/TST/").headers["ETag"]
    browser.post("/p/TST/look/")
    answer = browser.get("/p/TST/", headers={"If-None-Match": tag})
    assert answer.status_code == 200
    assert "no-store" in answer.headers["Cache-Control"]
    assert "ETag" not in answer.headers
    assert b"no source of runs" in answer.content


def test_looking_for_runs_makes_the_sources_due_and_wakes_a_worker(
    cast: Cast, sprint: Sprint, monkeypatch: pytest.MonkeyPatch, django_capture_on_commit_callbacks
):
    Source.objects.create(
        project=cast.project, kind="metric_file", name="Folder", due_at=NOW + timedelta(hours=1), created_at=NOW
    )
    woken: list[tuple] = []
    monkeypatch.setattr("agileml.tasks.ingest.wake", lambda *args: woken.append(args))
    with django_capture_on_commit_callbacks(execute=True):
        answer = browser_of(cast.member).post("/p/TST/look/", headers=HTMX)
    assert answer.status_code == 204
    assert Source.objects.get().due_at == NOW
    assert [args[1] for args in woken] == [Source.objects.get().pk]
    assert browser_of(cast.stakeholder).post("/p/TST/look/").status_code == 403
