"""The backlog: in order, filtered by the address, and enough to plan a sprint from."""

import re
from typing import Any
from urllib.parse import quote

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from agileml.planning.actions.progress import progress
from agileml.planning.models import Assignment, Decision, Sprint
from agileml.planning.queries import backlog as reads
from agileml.planning.queries.backlog import Filters
from agileml.work.actions import create_story
from agileml.work.models import Story, Ticket
from tests.factories import NOW, Cast, make_cast, make_sprint, make_ticket, make_tickets, replan
from tests.web.browsing import HTMX, browser_of, queries

PATH = "/p/TST/backlog/"


def page(cast: Cast, query: str = "", user: Any = None) -> str:
    answer = browser_of(user or cast.member).get(PATH + query)
    assert answer.status_code == 200
    return answer.content.decode()


def keys(html: str) -> list[int]:
    return [int(number) for number in re.findall(r'<li id="ticket-(\d+)"', html)]


def do(cast: Cast, what: str, *picked: int, user: Any = None, query: str = "", **sent: Any) -> Any:
    form = {"do": what, "pick": [str(number) for number in picked]} | sent
    return browser_of(user or cast.member).post(PATH + query, form)


def story(cast: Cast, title: str) -> int:
    return create_story(project=cast.project, sent={"title": title}, actor=cast.lead, now=NOW).number


def order(cast: Cast) -> list[int]:
    return keys(page(cast, "?group=rank"))


def drafted(sprint: Sprint) -> list[int]:
    rows = Assignment.objects.filter(sprint=sprint, opened_by=None).order_by("ticket__number")
    return list(rows.values_list("ticket__number", flat=True))


def test_what_waits_is_what_is_in_no_running_sprint_and_not_done(cast: Cast, sprint: Sprint):
    make_tickets(cast, 3)
    progress(project=cast.project, number=7, to="done", outcome="shipped", actor=cast.lead, now=NOW)
    replan(cast, None, {"move": "skip", "ticket": 8})
    replan(cast, sprint, {"move": "remove", "ticket": 2})
    make_sprint(cast, [6])
    assert order(cast) == [2, 5, 6]
    assert keys(page(cast, "?show=skipped")) == [8]


def test_a_deferred_ticket_says_what_was_left_for_whoever_takes_it_up(cast: Cast, sprint: Sprint):
    note = {"note": "Start at the <sevens>.", "resume_cost": "low"}
    replan(cast, sprint, {"move": "defer", "ticket": 1, "to": None, **note}, {"move": "defer", "ticket": 2, "to": None})
    told = 'Deferred from <a href="/p/TST/sprints/1/history/#v2">sprint 1</a>'
    html = page(cast)
    assert f"{told}: Start at the &lt;sevens&gt;." in html
    assert html.count(told) == 2
    assert html.count("cost of resuming: low") == 2
    planned = make_sprint(cast, [1])
    assert browser_of(cast.member).get(f"/p/TST/sprints/{planned.number}/edit/").content.decode().count(told) == 1


def test_tickets_stand_under_their_stories_in_the_stories_order(cast: Cast):
    first, second = story(cast, "First"), story(cast, "Second")
    for home in (second, None, first, second):
        make_ticket(cast, story=home)
    html = page(cast)
    assert keys(html) == [3, 1, 4, 2]
    assert re.findall(r"<h2>([^<]+)</h2><span", html) == ["First", "Second", "In no story"]
    assert order(cast) == [1, 2, 3, 4]


def test_filters_are_in_the_address(cast: Cast):
    slant = story(cast, "Slant")
    make_ticket(cast, "Deskew", story=slant, type="review", labels=["Größe"])
    make_ticket(cast, "Binarise", question="Does deskewing help?", labels=["data"])
    make_ticket(cast, "Other", type="review", labels=["data set"])
    assert order(cast) == [1, 2, 3]
    assert keys(page(cast, "?text=deskew")) == [1, 2]
    assert keys(page(cast, "?text=TST-3")) == [3]
    assert keys(page(cast, "?type=review")) == [1, 3]
    assert keys(page(cast, f"?story={slant}")) == [1]
    assert keys(page(cast, "?label=data")) == [2]
    assert keys(page(cast, f"?label={quote('Größe')}")) == [1]
    assert keys(page(cast, "?type=review&text=other")) == [3]
    assert "Nothing matches" in page(cast, "?text=nowhere")


@pytest.mark.parametrize(
    "query",
    [
        "?type=x&story=y&after=z",
        "?after=[1]",
        "?after=[null,{}]",
        "?story=9999999999",
        "?within=x&unfold=x",
        "?within=0&after=[1,2]&unfold=99999999999",
        "?within=0&after=%5B%22%5Cu0000%22,1%5D",
        "?text=%00&label=%00",
        "?after=%5B%22%5Cu0000%22,0,%22a%22,1%5D",
        "?after=%5B%22%5Cud800%22,0,%22a%22,1%5D",
    ],
)
def test_an_address_that_makes_no_sense_still_leads_to_the_backlog(cast: Cast, query: str):
    make_ticket(cast)
    page(cast, query)


@pytest.mark.parametrize("group", ["story", "rank"])
def test_pages_follow_each_other_without_a_gap_or_a_double(cast: Cast, group: str):
    homes = [None, story(cast, "One"), story(cast, "Two")]
    for number in range(11):
        make_ticket(cast, story=homes[number % 3])
    filters = Filters(group=group)
    whole = [ticket.number for ticket in reads.page(cast.project, filters).tickets]
    found, after = [], ""
    for _ in range(4):
        part = reads.page(cast.project, filters, after=after, limit=3)
        found += [ticket.number for ticket in part.tickets]
        after = part.after
    assert found == whole
    assert after == ""
    assert len(whole) == 11


def test_what_is_deleted_or_added_between_two_pages_moves_nothing_else(cast: Cast):
    make_tickets(cast, 6)
    filters = Filters(group="rank")
    first = reads.page(cast.project, filters, limit=3)
    Ticket.objects.filter(number=3).update(deleted_at=NOW)
    make_ticket(cast)
    rest = reads.page(cast.project, filters, after=first.after, limit=9)
    assert [ticket.number for ticket in rest.tickets] == [4, 5, 6, 7]


@pytest.fixture
def short(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of each story two tickets are shown at once."""
    monkeypatch.setattr(reads, "A_GROUP", 2)


def stories_of(cast: Cast, *sizes: int) -> list[int]:
    """Stories with so many tickets each, and one ticket in none."""
    homes = [story(cast, f"Story {at}") for at in range(len(sizes))]
    for home, many in zip(homes, sizes, strict=True):
        make_tickets(cast, many, story=home)
    make_ticket(cast)
    return homes


@pytest.mark.usefixtures("short")
def test_a_long_story_does_not_push_the_others_away(cast: Cast):
    stories_of(cast, 5, 1)
    html = page(cast)
    assert keys(html) == [1, 2, 6, 7]
    assert '<span class="count">2 of 5</span>' in html
    found, more = [], more_of(html)
    while more:
        html = page(cast, more)
        found += keys(html)
        more = more_of(html)
        assert "From the start" in html
    assert found == [3, 4, 5]


def more_of(html: str) -> str:
    found = re.search(r'<li class="more"><a class="link" href="([^"]+)"', html)
    return found[1].replace("&amp;", "&") if found else ""


@pytest.mark.usefixtures("short")
@pytest.mark.parametrize("sizes", [(5, 1, 3), (2, 2), (1, 7), (3, 3, 3)])
def test_pages_and_the_rests_of_their_stories_are_all_there_is(cast: Cast, sizes: tuple[int, ...]):
    stories_of(cast, *sizes)
    for limit in range(1, sum(sizes) + 2):
        found, after, pages = [], "", 0
        while pages == 0 or after:
            part = reads.page(cast.project, Filters(), after=after, limit=limit)
            found += [ticket.number for ticket in part.tickets]
            for home, rest in part.cut.items():
                within = Filters(within=home)
                found += [ticket.number for ticket in reads.page(cast.project, within, after=rest).tickets]
            after, pages = part.after, pages + 1
        assert sorted(found) == list(range(1, sum(sizes) + 2))


@pytest.mark.usefixtures("short")
def test_the_rest_of_a_story_goes_on_where_it_was_cut_whatever_happens_in_between(cast: Cast):
    home = story(cast, "One")
    make_tickets(cast, 6, story=home)
    cut = reads.page(cast.project, Filters()).cut[home]
    progress(project=cast.project, number=6, to=None, before=1, actor=cast.lead, now=NOW)  # up, where we were already
    progress(project=cast.project, number=1, to=None, after=5, actor=cast.lead, now=NOW)  # down, and so seen again
    Ticket.objects.filter(number=2).update(deleted_at=NOW)  # the very one that we stopped at
    make_ticket(cast, story=home)
    create_story(project=cast.project, sent={"title": "Before all"}, actor=cast.lead, now=NOW)
    rest = reads.page(cast.project, Filters(within=home), after=cut)
    assert [ticket.number for ticket in rest.tickets] == [3, 4, 5, 1, 7]


@pytest.mark.usefixtures("short")
def test_filters_stay_in_the_address_of_the_rest(cast: Cast):
    make_tickets(cast, 5, story=story(cast, "One"), type="review")
    make_tickets(cast, 5, story=1)
    html = page(cast, "?type=review")
    assert '<span class="count">2 of 5</span>' in html
    assert keys(page(cast, more_of(html))) == [3, 4, 5]
    assert "type=review" in more_of(html)


@pytest.mark.usefixtures("short")
def test_a_row_that_was_added_to_the_list_is_still_there_when_it_was_moved(cast: Cast):
    stories_of(cast, 5, 1)
    html = browser_of(cast.member).get(PATH + more_of(page(cast)), headers=HTMX).content.decode()
    url = re.search(r'id="up-4"[^>]*hx-post="([^"]+)"', html)
    assert url
    browser_of(cast.member).post(url[1].replace("&amp;", "&"), {"do": "up:4"})
    assert keys(page(cast, url[1].removeprefix(PATH))) == [1, 2, 4, 3, 5, 6, 7]


@pytest.mark.usefixtures("short")
def test_what_is_in_no_story_unfolds_and_goes_on_too(cast: Cast):
    make_tickets(cast, 5)
    assert keys(page(cast)) == [1, 2]
    assert keys(page(cast, more_of(page(cast)))) == [3, 4, 5]
    assert keys(page(cast, "?unfold=0")) == [1, 2, 3, 4, 5]


@pytest.mark.django_db
def test_two_thousand_tickets_cost_as_many_queries_as_twenty_and_a_page_of_rows(cast: Cast):
    homes = [story(cast, f"Story {at}") for at in range(4)]
    browser = browser_of(cast.member)
    first = make_tickets(cast, 20, story=homes[0])[-1]
    _, few = queries(browser, PATH)
    by_number = {row.number: row for row in Story.objects.filter(project=cast.project)}
    Ticket.objects.bulk_create(
        Ticket(
            project=cast.project, number=number, rank=f"{first.rank}{number:04}", type="review", title=f"Try {number}",
            story=by_number[homes[number % 4]], created_at=NOW, updated_at=NOW,
        )
        for number in range(100, 2_080)
    )  # fmt: skip
    answer, many = queries(browser, PATH)
    assert many == few
    shown = keys(answer.content.decode())
    assert len(shown) == len(set(shown)) <= reads.A_PAGE
    assert len(answer.content) < 400_000


def test_more_than_a_page_is_a_link_away(cast: Cast, monkeypatch: pytest.MonkeyPatch):
    make_tickets(cast, 3)
    monkeypatch.setattr(reads.page, "__kwdefaults__", {"after": "", "limit": 2})
    html = page(cast, "?group=rank&text=try")
    assert keys(html) == [1, 2]
    more = re.search(r'href="(\?[^"]+)">More', html)
    assert more
    next_page = page(cast, more[1].replace("&amp;", "&"))
    assert keys(next_page) == [3]
    assert "From the start" in next_page


def test_what_is_ticked_goes_into_a_draft_and_out_again(cast: Cast, tickets: list[Ticket]):
    sprint = make_sprint(cast, [1])
    assert do(cast, "draft", 2, 3, sprint=str(sprint.number))["Location"] == PATH
    assert drafted(sprint) == [1, 2, 3]
    assert 'href="/p/TST/sprints/1/edit/">sprint 1</a>' in page(cast)
    do(cast, "undraft", 1, 3, 5)
    assert drafted(sprint) == [2]


def test_what_cannot_be_drafted_is_said_and_stays_ticked(cast: Cast, tickets: list[Ticket]):
    make_sprint(cast, [1])
    make_sprint(cast)
    answer = do(cast, "draft", 1, 2, sprint="2")
    html = answer.content.decode()
    assert answer.status_code == 422
    assert "TST-1 is drafted in sprint 1." in html
    assert re.findall(r'name="pick" value="(\d)"[^>]* checked', html) == ["1", "2"]


def test_a_ticket_goes_up_and_down_by_a_button(cast: Cast, tickets: list[Ticket]):
    do(cast, "up:3", query="?group=rank")
    assert order(cast) == [1, 3, 2, 4, 5]
    do(cast, "down:1", query="?group=rank")
    assert order(cast) == [3, 1, 2, 4, 5]
    do(cast, "up:3", query="?group=rank")
    do(cast, "down:5", query="?group=rank")
    assert order(cast) == [3, 1, 2, 4, 5]


def test_among_stories_a_ticket_moves_past_its_own_storys_tickets(cast: Cast):
    one, two = story(cast, "One"), story(cast, "Two")
    for home in (one, two, one, two):
        make_ticket(cast, story=home)
    do(cast, "up:3")
    assert keys(page(cast)) == [3, 1, 2, 4]
    whole = order(cast)
    do(cast, "up:2")
    assert order(cast) == whole


def test_a_ticket_is_put_where_it_was_dropped_and_its_row_is_shown(cast: Cast, tickets: list[Ticket]):
    answer = do(cast, "place:4", before="2", query="?group=rank")
    assert answer["Location"] == f"{PATH}?group=rank#ticket-4"
    assert order(cast) == [1, 4, 2, 3, 5]
    do(cast, "place:1", after="5")
    assert order(cast) == [4, 2, 3, 5, 1]
    assert set(Ticket.objects.values_list("version", flat=True)) == {1}


def test_a_place_beside_a_ticket_that_went_away_is_refused_and_nothing_moves(cast: Cast, tickets: list[Ticket]):
    Ticket.objects.filter(number=2).update(deleted_at=NOW)
    answer = do(cast, "place:4", before="2", query="?group=rank")
    assert answer.status_code == 422
    assert "There is no such other ticket." in answer.content.decode()
    assert keys(answer.content.decode()) == [1, 3, 4, 5]
    assert do(cast, "place:77", before="1").status_code == 404


def test_what_is_ticked_is_edited_at_once_and_what_is_left_empty_stays(cast: Cast):
    one = story(cast, "One")
    make_ticket(cast, component="data", labels=["old"])
    make_ticket(cast, estimate=3)
    answer = do(
        cast, "edit", 1, 2, set_type="review", set_story=str(one), set_assignee=str(cast.member.uid), set_component="",
        set_estimate="", labels_add="urgent, data", labels_remove="old", query="?type=engineering",
    )  # fmt: skip
    assert answer["Location"] == f"{PATH}?type=engineering"
    rows = list(Ticket.objects.order_by("number"))
    assert [(row.type, row.story.number, row.assignee) for row in rows] == [("review", one, cast.member)] * 2
    assert [(row.component, row.estimate, row.labels) for row in rows] == [
        ("data", None, ["urgent", "data"]), ("", 3, ["urgent", "data"]),
    ]  # fmt: skip
    do(cast, "edit", 1, 2, set_story="-", set_assignee="-", set_component="-", set_estimate="-")
    assert Ticket.objects.filter(story=None, assignee=None, component="", estimate=None).count() == 2


def test_an_edit_of_many_that_cannot_be_says_every_reason_and_keeps_what_was_written(cast: Cast, tickets: list[Ticket]):
    make_sprint(cast, [1, 2], active=True)
    html = do(cast, "edit", 1, 2, 3, set_type="review", set_component="data").content.decode()
    assert re.findall(r"<li>(TST-\d): Type is part of the plan", html) == ["TST-1", "TST-2"]
    assert re.findall(r'name="pick" value="(\d)"[^>]* checked', html) == ["3"]
    assert 'name="set_component" maxlength="40" value="data"' in html
    wrong = do(cast, "edit", 3, set_estimate="many", labels_add="x" * 41).content.decode()
    assert "<li>Estimate: This must be a number.</li><li>Labels: At most 40 characters.</li>" in wrong
    assert Ticket.objects.exclude(version=1).count() == 0


def test_moving_changes_no_status_and_a_ticket_that_went_away_breaks_nothing(cast: Cast, tickets: list[Ticket]):
    progress(project=cast.project, number=3, to="in_progress", actor=cast.lead, now=NOW)
    do(cast, "up:3", query="?group=rank")
    assert Ticket.objects.get(number=3).status == "in_progress"
    Ticket.objects.filter(number=4).update(deleted_at=NOW)
    assert do(cast, "up:4").status_code == 302
    assert do(cast, "up:").status_code == 302


def test_with_a_script_only_the_list_is_changed(cast: Cast, tickets: list[Ticket]):
    browser = browser_of(cast.member)
    answer = browser.post(f"{PATH}?group=rank", {"do": "up:3"}, headers=HTMX, follow=True)
    html = answer.content.decode()
    assert "<html" not in html
    assert keys(html) == [1, 3, 2, 4, 5]


def test_a_new_ticket_needs_a_title_and_a_type_and_may_say_more(cast: Cast):
    one = story(cast, "One")
    sprint = make_sprint(cast)
    assert do(cast, "new", title="Just this", type="review").status_code == 302
    more = {
        "title": "More",
        "type": "data_exploration",
        "question": "Why?",
        "labels": "data, urgent",
        "component": "data",
    }
    do(cast, "new", **more, in_story=str(one), into=str(sprint.number))
    rows = list(Ticket.objects.order_by("number"))
    assert [row.title for row in rows] == ["Just this", "More"]
    assert (rows[1].question, rows[1].labels, rows[1].component, rows[1].story.number) == (
        "Why?", ["data", "urgent"], "data", one,
    )  # fmt: skip
    assert drafted(sprint) == [2]


def test_a_new_ticket_that_cannot_be_says_why_and_keeps_what_was_written(cast: Cast):
    answer = do(cast, "new", title=" ", type="review", question="Kept?")
    html = answer.content.decode()
    assert answer.status_code == 422
    assert "This must not be empty." in html
    assert "Kept?" in html
    assert Ticket.objects.count() == 0


def test_skipping_asks_why_and_is_a_decision_of_its_own(cast: Cast, tickets: list[Ticket]):
    asked = do(cast, "skip", 1, 2).content.decode()
    assert "Skip 2 tickets" in asked
    assert Decision.objects.count() == 0
    refused = do(cast, "skip", 1, 2, code="priority", reason=" ", revisit_if="later")
    assert refused.status_code == 422
    assert "Say why, in a sentence." in refused.content.decode()
    assert 'value="later"' in refused.content.decode()
    browser = browser_of(cast.member)
    sent = {"do": "skip", "pick": ["1", "2"], "code": "priority", "reason": "No more", "revisit_if": ""}
    html = browser.post(PATH, sent, follow=True).content.decode()
    decision = Decision.objects.get()
    assert (decision.sprint, decision.version, decision.moves.count()) == (None, None, 2)
    assert f'2 tickets skipped. <a href="/p/TST/decisions/{decision.uid}/take-back/">Take back</a>' in html
    assert order(cast) == [3, 4, 5]


def test_what_is_skipped_can_be_restored_and_its_decisions_are_told(cast: Cast, tickets: list[Ticket]):
    replan(cast, None, {"move": "skip", "ticket": 1}, reason="Nobody asks for it")
    html = page(cast, "?show=skipped")
    assert "Nobody asks for it" in html
    assert "/take-back/" in html
    assert do(cast, "restore", 1).status_code == 302
    assert Ticket.objects.get(number=1).status == "todo"
    assert "/take-back/" not in page(cast, "?show=skipped", user=cast.stakeholder)


def test_who_only_reads_has_nothing_to_press(cast: Cast, tickets: list[Ticket]):
    html = page(cast, user=cast.stakeholder)
    assert keys(html) == [1, 2, 3, 4, 5]
    for knob in ('name="pick"', 'name="do"', 'name="title"', "New ticket"):
        assert knob not in html
    assert do(cast, "up:2", user=cast.stakeholder).status_code == 403
    assert browser_of(cast.outsider).get(PATH).status_code == 404
    assert do(cast, "up:2", user=cast.outsider).status_code == 404


def test_where_only_leads_decide_a_member_is_not_offered_to_skip(db: None):
    cast = make_cast(replanners="leads")
    make_tickets(cast, 1)
    assert 'value="skip"' not in page(cast)
    assert 'value="skip"' in page(cast, user=cast.lead)
    assert do(cast, "skip", 1).status_code == 403


@pytest.mark.parametrize(
    "sent",
    [
        {"do": "fly"}, {"do": "fly", "pick": "1"}, {"do": "draft", "pick": "1", "sprint": "9"}, {"do": "up:x"},
        {"do": "draft", "pick": "1", "sprint": "x"}, {"do": "new", "title": "a", "type": "x"}, {"pick": "x"},
        {"do": "new", "title": "a", "type": "review", "into": "77"}, {"do": "skip", "pick": "99"},
        {"do": "skip", "pick": "99", "code": "other", "reason": "x"}, {"do": "up:99999999999999999999"},
        {"do": "new", "title": "a", "type": "review", "in_story": "77"},
        {"do": "place:"}, {"do": "place:1"}, {"do": "place:1", "before": "x"}, {"do": "place:1", "before": "1"},
        {"do": "edit", "pick": "1"}, {"do": "edit", "pick": "1", "set_story": "x"}, {"pick": "1"},
        {"do": "edit", "pick": "1", "set_assignee": "me"}, {"do": "edit", "pick": "1", "set_estimate": "nan"},
        {"do": "edit", "pick": "1", "set_component": "\0"}, {"do": "edit", "set_type": "review"},
    ],
)  # fmt: skip
def test_no_form_however_it_was_filled_breaks_the_page(cast: Cast, tickets: list[Ticket], sent: dict[str, str]):
    assert browser_of(cast.member).post(PATH, sent).status_code in {200, 302, 404, 422}


def test_the_page_costs_the_same_however_many_tickets_there_are(cast: Cast, tickets: list[Ticket]):
    browser = browser_of(cast.member)
    _, few = queries(browser, PATH)
    for title in ("One", "Two", "Three"):
        home = story(cast, title)
        make_tickets(cast, 5, story=home, assignee=str(cast.member.uid))
    running = make_sprint(cast, [6, 7, 8], active=True)
    replan(cast, running, *({"move": "defer", "ticket": number, "to": None} for number in (6, 7, 8)))
    _, many = queries(browser, PATH)
    assert many == few
    assert many <= 10


def test_a_page_of_the_list_in_order_is_read_from_where_it_begins_without_sorting_all(cast: Cast):
    make_tickets(cast, 3)
    after = reads.page(cast.project, Filters(group="rank"), limit=1).after
    with CaptureQueriesContext(connection) as captured:
        reads.page(cast.project, Filters(group="rank"), after=after, limit=1)
    sql = captured.captured_queries[-1]["sql"]
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute(
                "SET LOCAL enable_seqscan = off; SET LOCAL enable_bitmapscan = off; SET LOCAL enable_sort = off"
            )
            cursor.execute(f"EXPLAIN {sql}")
            plan = "\n".join(row[0] for row in cursor.fetchall())
            assert re.search(r"Scan using ticket_by_rank.*\n\s+Index Cond: .*rank\)?(::text)? >= ", plan), plan
        else:
            cursor.execute(f"EXPLAIN QUERY PLAN {sql}")
            plan = "\n".join(row[-1] for row in cursor.fetchall())
            assert "USING INDEX ticket_by_rank (project_id=? AND rank>?)" in plan
            assert "TEMP B-TREE" not in plan
