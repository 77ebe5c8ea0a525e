"""A sprint's history: each decision told, any plan shown, the scope replayed, nothing read from today's membership."""

import re
from datetime import timedelta
from typing import Any

import pytest

from agileml.metrics.models import Metric, Snapshot
from agileml.planning.actions.notes import write_finding
from agileml.planning.actions.progress import progress
from agileml.planning.actions.sprints import close_sprint
from agileml.planning.actions.take_back import take_back
from agileml.planning.models import Decision, Sprint
from agileml.planning.rules.starting import Destination
from agileml.work.actions import create_story
from agileml.work.models import Ticket
from tests.factories import NOW, Cast, make_cast, make_sprint, make_tickets, measure, replan
from tests.web.browsing import browser_of, queries, set_clock

PATH = "/p/TST/sprints/1/history/"


@pytest.fixture(autouse=True)
def friday(monkeypatch: pytest.MonkeyPatch) -> None:
    set_clock(monkeypatch, NOW)


def page(cast: Cast, query: str = "", user: Any = None) -> str:
    answer = browser_of(user or cast.lead).get(PATH + query)
    assert answer.status_code == 200
    return answer.content.decode()


def entry(html: str, version: int) -> str:
    """The HTML of one decision in the timeline."""
    found = re.search(rf'<li class="decision[^"]*" id="v{version}">.*?</article>', html, re.DOTALL)
    assert found, f"no v{version}"
    return found[0]


def table(html: str) -> str:
    """The HTML of the plan that is shown, or of two compared."""
    found = re.search(r'<section class="panel" id="plan".*?</section>', html, re.DOTALL)
    assert found
    return found[0]


def figures(html: str) -> dict[str, list[str]]:
    """The scope chart's data table: the figures of each day, and the plan that was made on it."""
    rows = re.findall(r'<tr><th scope="row">([^<]+)</th>(.*?)</tr>', html, re.DOTALL)
    return {day: re.findall(r'<td class="r">([^<]*)</td>', cells) for day, cells in rows}


def undo(cast: Cast, decision: Decision, **how: Any) -> Decision:
    return take_back(project=cast.project, decision=str(decision.uid), actor=cast.lead, now=NOW, **how)


def test_each_decision_says_who_when_why_and_what(cast: Cast, sprint: Sprint):
    measure(cast, Ticket.objects.get(number=1), [0.3, 0.5])
    cites = [{"snapshot": str(uid)} for uid in Snapshot.objects.values_list("uid", flat=True)]
    finding = write_finding(
        project=cast.project, ticket=1, sent={"kind": "refutes", "text": "No gain"}, actor=cast.member, now=NOW
    )
    replan(
        cast,
        sprint,
        {"move": "skip", "ticket": 1, "revisit_if": "we get more data"},
        {"move": "defer", "ticket": 2, "note": "half way", "resume_cost": "high"},
        code="finding_invalidates",
        reason="It does not pay.",
        evidence=[{"finding": str(finding.uid)}, *cites],
        actor=cast.member,
    )
    told = entry(page(cast), 2)
    assert "Re-plan: 1 skipped, 1 deferred" in told
    assert "A finding made work pointless" in told
    assert "It does not pay." in told
    assert "Member Person" in told
    assert "Fri 20 Nov, 09:30" in told
    assert f'href="/p/TST/tickets/1/#finding-{finding.uid}"' in told
    assert "TST-1: No gain" in told
    assert "TST-1: error 0.4, 2 runs" in told
    assert "To be revisited if we get more data" in told
    assert "To the backlog, resuming costs much. half way" in told


def test_the_newest_comes_first_and_the_current_plan_is_marked(cast: Cast, sprint: Sprint):
    replan(cast, sprint, {"move": "skip", "ticket": 1})
    html = page(cast)
    assert re.findall(r'id="v(\d)"', html) == ["2", "1"]
    assert "current plan" in entry(html, 2)
    assert "current plan" not in entry(html, 1)
    assert "Started: 4 tickets" in entry(html, 1)


def test_times_are_those_of_the_project(db: None):
    cast = make_cast(time_zone="Asia/Tokyo")
    make_tickets(cast, 1)
    make_sprint(cast, [1], active=True)
    assert "Fri 20 Nov, 18:30" in entry(page(cast), 1)


def test_changed_fields_are_told_in_words(cast: Cast, sprint: Sprint):
    story = create_story(project=cast.project, sent={"title": "Slanted digits"}, actor=cast.lead, now=NOW)
    criterion = {"metric": "error", "op": "<=", "value": 0.02}
    change = {"type": "review", "story": story.number, "estimate": 3, "criteria": [criterion]}
    replan(cast, sprint, {"move": "change", "ticket": 1, "set": change}, {"move": "sprint", "set": {"goal": "Less"}})
    told = entry(page(cast), 2)
    assert "Type: Engineering → Review" in told
    assert "Story: none → Slanted digits" in told
    assert "Estimate: none → 3" in told
    assert "Criteria: none → error ≤ 0.02" in told
    assert "Goal: “Know what works” → “Less”" in told


def test_what_was_taken_back_says_so_and_can_be_put_back(cast: Cast, sprint: Sprint):
    made = replan(cast, sprint, {"move": "skip", "ticket": 1})
    undone = undo(cast, made)
    html = page(cast)
    assert "taken back in v3" in entry(html, 2)
    assert f"/p/TST/decisions/{made.uid}/take-back/" not in entry(html, 2)
    assert "Takes back v2: 1 restored" in entry(html, 3)
    assert f"/p/TST/decisions/{undone.uid}/take-back/" in entry(html, 3)
    undo(cast, undone)
    again = page(cast)
    assert "taken back" not in entry(again, 2)
    assert "taken back in v4" in entry(again, 3)


def test_a_start_is_offered_to_take_back_only_while_nothing_followed_it(cast: Cast, sprint: Sprint):
    start = Decision.objects.get(version=1)
    offer = f"/p/TST/decisions/{start.uid}/take-back/"
    assert offer in page(cast)
    assert offer not in page(cast, user=cast.member)
    replan(cast, sprint, {"move": "skip", "ticket": 1})
    assert offer not in page(cast)


def test_nobody_is_offered_what_she_may_not_do(cast: Cast, sprint: Sprint):
    replan(cast, sprint, {"move": "skip", "ticket": 1})
    html = page(cast, user=cast.stakeholder)
    assert "Take back" not in html
    assert "/replan/" not in html
    assert "Compare with the plan before" in html
    assert browser_of(cast.outsider).get(PATH).status_code == 404


def test_a_closed_sprint_tells_where_its_tickets_went(cast: Cast, sprint: Sprint):
    make_sprint(cast, start=NOW.date() + timedelta(days=10))
    replan(cast, sprint, {"move": "add", "ticket": 5})
    progress(project=cast.project, number=5, to="done", outcome="shipped", actor=cast.lead, now=NOW)
    homes = {1: Destination("skip"), 2: Destination("backlog"), 3: Destination("sprint", 2), 4: Destination("backlog")}
    close_sprint(project=cast.project, number=1, destinations=homes, reason="Time is up", actor=cast.lead, now=NOW)
    html = page(cast)
    told = entry(html, 3)
    assert "Closed: 1 skipped, 3 deferred" in told
    assert "To sprint 2, resuming costs little" in told
    assert "Take back" in told
    assert "Take back" not in entry(html, 2)
    assert "Take back" not in entry(html, 1)
    assert "/replan/" not in html


def test_what_another_sprint_sent_says_from_where(cast: Cast, sprint: Sprint):
    other = make_sprint(cast, active=True)
    replan(cast, sprint, {"move": "defer", "ticket": 1, "to": other.number, "to_base_version": 1})
    html = browser_of(cast.lead).get("/p/TST/sprints/2/history/").content.decode()
    assert "Received 1 ticket from sprint 1" in entry(html, 2)


def test_any_version_can_be_shown_as_it_was(cast: Cast, sprint: Sprint):
    replan(cast, sprint, {"move": "skip", "ticket": 1}, {"move": "add", "ticket": 5})
    replan(cast, sprint, {"move": "remove", "ticket": 5})
    first, second = table(page(cast, "?version=1")), table(page(cast, "?version=2"))
    assert re.findall(r">(TST-\d)</a>", first) == ["TST-1", "TST-2", "TST-3", "TST-4"]
    assert re.findall(r">(TST-\d)</a>", second) == ["TST-2", "TST-3", "TST-4", "TST-5", "TST-1"]
    assert "diff-skipped" in second
    assert "since v2" in second


def test_any_two_versions_can_be_compared(cast: Cast, sprint: Sprint):
    replan(cast, sprint, {"move": "skip", "ticket": 1}, {"move": "add", "ticket": 5})
    replan(cast, sprint, {"move": "defer", "ticket": 2}, {"move": "remove", "ticket": 3})
    replan(cast, sprint, {"move": "change", "ticket": 4, "set": {"type": "review"}})
    shown = table(page(cast, "?from=1&to=4"))
    rows = re.findall(r'<tr class="diff-(\w+)">.*?(TST-\d)', shown, re.DOTALL)
    assert rows == [
        ("added", "TST-5"), ("deferred", "TST-2"), ("removed", "TST-3"), ("skipped", "TST-1"), ("changed", "TST-4"),
    ]  # fmt: skip
    assert '<del class="was-now">Engineering</del> <ins class="was-now">Review</ins>' in shown
    assert "The two plans are the same." in table(page(cast, "?from=2&to=2"))


def compared(html: str) -> dict[str, str]:
    """The rows of two plans compared, without markup: by the ticket's key, or by the name of the sprint's own field."""
    rows = re.findall(r"<tr class=\"diff-[^>]*>(.*?)</tr>", table(html), re.DOTALL)
    texts = [" ".join(re.sub(r"<[^>]+>", " ", row).split()) for row in rows]
    return {next(word for word in text.split() if "TST-" in word or word in {"Goal", "End"}): text for text in texts}


def test_a_comparison_says_why_and_what_became_of_each(cast: Cast, sprint: Sprint):
    part = {"title": "Half", "type": "engineering"}
    away = {"move": "defer", "ticket": 2, "note": "half way", "resume_cost": "high"}
    replan(cast, sprint, {"move": "skip", "ticket": 1, "revisit_if": "it rains"}, reason="No gain.")
    replan(cast, sprint, away, reason="Too much.")
    replan(cast, sprint, {"move": "split", "ticket": 3, "into": [part, part]}, code="capacity", reason="")
    replan(cast, sprint, {"move": "sprint", "set": {"goal": "Less", "end": "2026-12-04"}}, reason="Later.")
    made = replan(cast, sprint, {"move": "add", "ticket": 5}, code="forgotten", reason="")
    undo(cast, made)
    rows = compared(page(cast, "?from=1&to=7"))
    assert rows["TST-1"] == "Skipped TST-1 Try 1 v2 skipped: To be revisited if it rains No gain."
    deferred = "Deferred TST-2 Try 2 v3 deferred: To the backlog, resuming costs much. half way Too much."
    assert rows["TST-2"] == deferred
    split = "Split TST-3 Try 3 Split into TST-6 , TST-7 v4 split"
    assert rows["TST-3"] == split
    assert rows["TST-6"] == "Added TST-6 Half Part of TST-3 v4 added Too much for the time left"
    assert rows["Goal"] == "Sprint Goal “Know what works” “Less”"
    assert rows["End"] == "Sprint End Fri 27 Nov Fri 4 Dec v5 the sprint itself Later."
    assert rows["TST-5"].startswith("Came and went TST-5 Try 5 v6 added Forgotten when planning v7 taken out")
    assert rows["TST-5"].endswith("Takes back v6: 1 taken out")


def test_a_comparison_goes_both_ways(cast: Cast, sprint: Sprint):
    replan(cast, sprint, {"move": "skip", "ticket": 1}, {"move": "defer", "ticket": 2}, {"move": "add", "ticket": 5})
    html = page(cast, "?from=2&to=1")
    assert "From plan v2 back to v1" in table(html)
    assert 'href="?from=1&amp;to=2#plan"' in table(html)
    rows = compared(html)
    assert {key: text.split()[0] for key, text in rows.items()} == {
        "TST-1": "Restored", "TST-2": "Added", "TST-5": "Removed",
    }  # fmt: skip
    assert "v2 deferred: To the backlog" in rows["TST-2"]


def test_criteria_are_told_as_people_read_them(cast: Cast, sprint: Sprint):
    measure(cast, Ticket.objects.get(number=1), [0.3])
    Metric.objects.update(unit="%")
    kept = {"metric": "error", "op": ">=", "value": 0.5, "role": "kill"}
    for value in (0.02, 0.0155):
        sent = [{"metric": "error", "op": "<=", "value": value}, kept]
        replan(cast, sprint, {"move": "change", "ticket": 1, "set": {"criteria": sent}})
    shown = table(page(cast, "?from=2&to=3"))
    assert 'Criteria: <del class="was-now">error ≤ 2 %</del> <ins class="was-now">error ≤ 1.55 %</ins>' in shown
    assert "kill: error ≥ 50 %, error" not in shown
    assert "kill: error ≥ 50 %" in table(page(cast, "?version=3"))


def test_a_link_to_a_version_or_a_comparison_shows_the_same_later(cast: Cast, sprint: Sprint):
    replan(cast, sprint, {"move": "skip", "ticket": 1})
    queries = ("?version=1", "?from=1&to=2")
    first = [table(page(cast, query)) for query in queries]
    replan(cast, sprint, {"move": "defer", "ticket": 2}, {"move": "restore", "ticket": 1})
    assert [table(page(cast, query)) for query in queries] == first


def test_reasons_and_titles_are_text_and_nothing_else(cast: Cast, sprint: Sprint):
    replan(cast, sprint, {"move": "add", "new": {"title": "<script>x</script>", "type": "review"}}, reason="<b>why</b>")
    html = page(cast, "?from=1&to=2")
    assert "<script>x" not in html
    assert "<b>why" not in html
    assert "&lt;b&gt;why" in table(html)


@pytest.mark.parametrize(
    "query",
    [
        "?version=9",
        "?version=x",
        "?from=1&to=9",
        "?version=-1",
        "?version=٣",
        "?version=0",
        "?from=0&to=1",
        "?from=1",
        "?to=1",
    ],
)
def test_a_version_that_there_is_not_is_not_found(cast: Cast, sprint: Sprint, query: str):
    assert browser_of(cast.lead).get(PATH + query).status_code == 404


def test_the_scope_is_replayed_day_by_day(cast: Cast, sprint: Sprint, monkeypatch: pytest.MonkeyPatch):
    day = timedelta(days=1)
    saturday, monday, tuesday = NOW + day, NOW + 3 * day, NOW + 4 * day
    progress(project=cast.project, number=1, to="done", outcome="learned", actor=cast.member, now=NOW)
    replan(cast, sprint, {"move": "add", "ticket": 5}, {"move": "skip", "ticket": 2}, now=monday)
    replan(cast, sprint, {"move": "remove", "ticket": 5}, now=tuesday)
    set_clock(monkeypatch, tuesday)
    shown = figures(page(cast))
    columns = "done, first plan, added, deferred, skipped, in all, plan"
    assert columns.count(",") == len(shown["Fri 20 Nov"]) - 1
    assert shown["Thu 19 Nov"] == ["0", "0", "0", "0", "0", "0", ""]
    assert shown["Fri 20 Nov"] == ["1", "3", "0", "0", "0", "4", "v1"]
    assert shown[f"Sat {saturday.day} Nov"] == shown["Sun 22 Nov"] == ["1", "3", "0", "0", "0", "4", ""]
    assert shown["Mon 23 Nov"] == ["1", "2", "1", "0", "1", "5", "v2"]
    assert shown["Tue 24 Nov"] == ["1", "2", "0", "1", "1", "5", "v3"]
    assert "Wed 25 Nov" not in shown


def test_each_decision_is_a_mark_that_says_what_it_was_and_why(cast: Cast, sprint: Sprint):
    replan(cast, sprint, {"move": "skip", "ticket": 1}, reason="It does <not> pay.")
    replan(cast, sprint, {"move": "change", "ticket": 2, "set": {"estimate": 3}}, code="correction", reason="")
    html = page(cast)
    said = (
        "v1 Started: 4 tickets\nv2 Re-plan: 1 skipped. It does &lt;not&gt; pay.\nv3 Correction: 1 changed. A correction"
    )
    assert f'<g class="mark"><title>{said}</title>' in html
    assert f"<td>{said}</td>" in html


def test_every_viewer_sees_the_same_scope(cast: Cast, sprint: Sprint):
    replan(cast, sprint, {"move": "add", "ticket": 5}, {"move": "skip", "ticket": 2})
    charts = {
        re.findall(r'<figure class="chart-box">.*?</figure>', page(cast, user=user), re.DOTALL)[0]
        for user in (cast.lead, cast.member, cast.stakeholder)
    }
    assert len(charts) == 1
    for filters in ("?type=review", "?assignee=nobody", "?text=nothing"):
        assert charts == set(re.findall(r'<figure class="chart-box">.*?</figure>', page(cast, filters), re.DOTALL))


def test_a_days_end_is_the_projects_midnight(db: None, monkeypatch: pytest.MonkeyPatch):
    cast = make_cast(time_zone="Asia/Tokyo")
    make_tickets(cast, 2)
    make_sprint(cast, [1, 2], active=True)
    late = NOW.replace(hour=16)  # one o'clock on Saturday morning there
    progress(project=cast.project, number=1, to="done", outcome="shipped", actor=cast.lead, now=late)
    set_clock(monkeypatch, late)
    shown = figures(page(cast))
    assert shown["Fri 20 Nov"][0] == "0"
    assert shown["Sat 21 Nov"][0] == "1"


def test_a_sprint_that_was_started_early_shows_those_days_too(cast: Cast, tickets: list[Ticket]):
    make_sprint(cast, [1, 2], start=NOW.date() + timedelta(days=3), active=True)
    shown = figures(page(cast))
    assert shown == {"Fri 20 Nov": ["0", "2", "0", "0", "0", "2", "v1"]}


def test_the_days_of_a_closed_sprint_end_with_its_close(cast: Cast, sprint: Sprint, monkeypatch: pytest.MonkeyPatch):
    homes = {number: Destination("backlog") for number in (1, 2, 3, 4)}
    close_sprint(project=cast.project, number=1, destinations=homes, actor=cast.lead, now=NOW)
    set_clock(monkeypatch, NOW + timedelta(days=30))
    shown = figures(page(cast))
    assert list(shown)[-1] == "Fri 20 Nov"
    assert shown["Fri 20 Nov"][3] == "4"


def test_a_sprint_that_runs_on_past_its_end_goes_on_in_the_chart(
    cast: Cast, sprint: Sprint, monkeypatch: pytest.MonkeyPatch
):
    set_clock(monkeypatch, NOW + timedelta(days=10))
    assert list(figures(page(cast)))[-1] == "Mon 30 Nov"


def test_a_planned_sprint_has_no_history_yet(cast: Cast, tickets: list[Ticket]):
    make_sprint(cast, [1])
    assert "Nothing has been decided yet" in page(cast)


def long_history(cast: Cast, sprint: Sprint) -> None:
    """A hundred decisions: skips, what takes them back, changes, additions, with findings, and one of them large."""
    story = create_story(project=cast.project, sent={"title": "Slant"}, actor=cast.lead, now=NOW)
    sent = {"kind": "refutes", "text": "No gain"}
    finding = write_finding(project=cast.project, ticket=1, sent=sent, actor=cast.lead, now=NOW)
    why: dict[str, Any] = {"code": "finding_invalidates", "evidence": [{"finding": str(finding.uid)}]}
    part = {"title": "Part", "type": "review"}
    for at in range(24):
        number = at % 3 + 1
        undo(cast, replan(cast, sprint, {"move": "skip", "ticket": number}, **why))
        set_ = {"story": story.number, "criteria": [{"metric": "error", "op": "<=", "value": at / 100}]}
        replan(cast, sprint, {"move": "change", "ticket": number, "set": set_})
        replan(cast, sprint, {"move": "add", "new": part})
    replan(cast, sprint, {"move": "sprint", "set": {"goal": "Less"}})
    replan(cast, sprint, {"move": "split", "ticket": 4, "into": [part] * 20})
    other = make_sprint(cast, active=True)
    received = replan(cast, other, {"move": "add", "new": part})
    away = Ticket.objects.latest("number").number
    replan(cast, other, {"move": "defer", "ticket": away, "to": 1, "to_base_version": 99})
    assert received.version == 2
    progress(project=cast.project, number=4, to="done", outcome="learned", actor=cast.member, now=NOW)


def test_a_history_of_a_hundred_decisions_costs_ten_queries_at_most_and_folds(cast: Cast, sprint: Sprint):
    long_history(cast, sprint)
    assert Decision.objects.filter(sprint=sprint).count() == 100
    for query in ("", "?version=100", "?from=1&to=100", "?from=100&to=1"):
        answer, count = queries(browser_of(cast.lead), PATH + query)
        assert answer.status_code == 200
        assert count <= 10
    html = answer.content.decode()
    folds = re.findall(r"<summary>Plans v(\d+) to v(\d+)", html)
    assert folds == [("80", "61"), ("60", "41"), ("40", "21"), ("20", "1")]
    assert html.count('<li class="decision') == 100
    assert "<summary>11 more</summary>" in entry(html, 99)


def test_a_short_history_folds_nothing(cast: Cast, sprint: Sprint):
    replan(cast, sprint, {"move": "skip", "ticket": 1})
    assert '<details class="fold"' not in page(cast)
