"""Time-boxes run in working days and ask half-way whether it is still worth it."""

from datetime import UTC, date, datetime
from typing import Any

import pytest

from agileml.planning.actions.progress import progress
from agileml.planning.queries.timebox import boxed
from agileml.planning.rules.timebox import Box, box, spent
from agileml.work.models import Ticket
from tests.factories import NOW, Cast, make_cast, make_sprint, make_ticket, replan
from tests.web.browsing import browser_of, set_clock

FRIDAY = date(2026, 11, 20)


def days(today: date, *, holidays: tuple[str, ...] = ()) -> int:
    return box(started=FRIDAY, today=today, days=3, weekdays=[0, 1, 2, 3, 4], holidays=holidays).day


def test_the_first_day_counts_and_nobody_works_on_weekends_and_holidays():
    assert [days(date(2026, 11, day)) for day in (20, 21, 22, 23, 24)] == [1, 1, 1, 2, 3]
    assert days(date(2026, 11, 24), holidays=("2026-11-23",)) == 2
    assert box(started=date(2026, 11, 21), today=date(2026, 11, 22), days=3, weekdays=[0], holidays=()).day == 1


@pytest.mark.parametrize(
    ("day", "of", "words"),
    [
        (1, 3, ""),
        (2, 3, "is past half of its time-box (day 2 of 3 days): still worth it?"),
        (2, 4, ""),
        (3, 4, "is past half of its time-box (day 3 of 4 days): still worth it?"),
        (4, 3, "has used up its time-box (day 4 of 3 days): still worth it?"),
        (1, 0.5, ""),
        (2, 1, "has used up its time-box (day 2 of 1 day): still worth it?"),
    ],
)
def test_it_asks_when_more_than_half_is_gone(day: int, of: float, words: str):
    assert Box(day, of).words == words


def test_together_they_hold_and_use_what_each_does_and_the_first_day_no_more_than_its_box():
    total = spent([Box(0, 3), Box(1, 0.5), Box(1, 2), Box(5, 3)])
    assert total is not None
    assert (total.used, total.days, total.is_over) == (6.5, 8.5, False)
    assert total.words == "time-boxes: 6.5 of 8.5 days used"
    over = spent([Box(2, 1)])
    assert over is not None
    assert (over.words, over.is_over) == ("time-boxes: 2 of 1 day used", True)
    assert spent([]) is None


@pytest.fixture
def begun(db: None) -> Cast:
    """A ticket of three days, begun on a Friday by the member."""
    cast = make_cast(estimate_mode="timebox", time_zone="Pacific/Kiritimati")
    make_ticket(cast, estimate=3, assignee=str(cast.member.uid))
    make_sprint(cast, [1], active=True)
    progress(project=cast.project, number=1, to="in_progress", actor=cast.member, now=NOW)
    return cast


MONDAY = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)


def test_the_ticket_and_the_home_of_its_assignee_ask(begun: Cast, monkeypatch: pytest.MonkeyPatch):
    set_clock(monkeypatch, MONDAY)
    ask = "is past half of its time-box (day 2 of 3 days): still worth it?"
    browser = browser_of(begun.member)
    assert f"TST-1 {ask}" in browser.get("/p/TST/tickets/1/").content.decode()
    assert ask in browser.get("/").content.decode()


def test_days_are_those_of_the_project(begun: Cast):
    late = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)  # Sunday in Greenwich, Monday there
    found = boxed(begun.project, Ticket.objects.get(), now=late)
    assert found is not None
    assert found.day == 2


def test_moving_on_keeps_the_first_day_and_what_is_done_asks_nothing(begun: Cast):
    common: dict[str, Any] = {"project": begun.project, "number": 1, "actor": begun.lead}
    progress(to="todo", now=MONDAY, **common)
    assert boxed(begun.project, Ticket.objects.get(), now=MONDAY) is None
    progress(to="in_progress", now=MONDAY, **common)
    assert Ticket.objects.get().started_at == NOW
    progress(to="done", outcome="shipped", now=MONDAY, **common)
    assert boxed(begun.project, Ticket.objects.get(), now=MONDAY) is None


def head(cast: Cast) -> str:
    html = browser_of(cast.member).get("/p/TST/").content.decode()
    return html[html.index('data-part="head"') : html.index("</section>")]


def test_the_board_says_how_much_of_the_time_boxes_is_used(db: None, monkeypatch: pytest.MonkeyPatch):
    cast = make_cast(estimate_mode="timebox")
    for estimate in (3, 2, 4, 8, None):
        make_ticket(cast, estimate=estimate)
    sprint = make_sprint(cast, [1, 2, 3, 4, 5], active=True)
    replan(cast, sprint, {"move": "skip", "ticket": 4})
    for number in (1, 2, 5):
        progress(project=cast.project, number=number, to="in_progress", actor=cast.member, now=NOW)
    progress(project=cast.project, number=2, to="done", outcome="learned", actor=cast.member, now=NOW)
    set_clock(monkeypatch, MONDAY)
    assert "time-boxes: 3 of 9 days used" in head(cast)  # two days of the first, one of the second, none of the third


def test_where_there_are_no_time_boxes_the_board_says_nothing_of_them(cast: Cast, monkeypatch: pytest.MonkeyPatch):
    set_clock(monkeypatch, NOW)
    make_ticket(cast, estimate=3)
    make_sprint(cast, [1], active=True)
    assert "time-boxes" not in head(cast)
