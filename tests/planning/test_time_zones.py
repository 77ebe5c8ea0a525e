"""A project's days are those of its own clock, from twelve hours behind Greenwich to fourteen ahead of it."""

import ast
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agileml.planning.actions.progress import progress
from agileml.planning.actions.sprints import close_sprint, start_sprint
from agileml.planning.models import Decision, Sprint
from agileml.planning.queries import history
from agileml.planning.queries.board import day_text, ends_text
from agileml.planning.queries.timebox import boxed
from agileml.planning.rules.starting import Destination
from agileml.projects.calendar import day_of
from agileml.work.models import Ticket
from tests.factories import Cast, make_cast, make_sprint, make_ticket, make_tickets, replan
from tests.source import modules
from tests.web.browsing import browser_of, set_clock

BEHIND, NEW_YORK, BERLIN, KOLKATA, CHATHAM, APIA, KIRITIMATI = ZONES = (
    "Etc/GMT+12", "America/New_York", "Europe/Berlin", "Asia/Kolkata", "Pacific/Chatham", "Pacific/Apia",
    "Pacific/Kiritimati",
)  # fmt: skip
MOMENTS = st.integers(631_152_000, 3_786_912_000).map(
    lambda seconds: datetime.fromtimestamp(seconds, UTC)
)  # 1990 to 2090
FAR_APART = (BEHIND, CHATHAM, KIRITIMATI)
A_MOMENT = timedelta(microseconds=1)
MONDAY = date(2026, 11, 23)
FRIDAY = date(2026, 12, 4)  # ten working days later, the last one


def local(zone: str, day: date, hour: int = 0, minute: int = 0) -> datetime:
    """A time of a zone's own clock, as the moment that it is in Greenwich."""
    return datetime(day.year, day.month, day.day, hour, minute, tzinfo=ZoneInfo(zone)).astimezone(UTC)


def begin(zone: str, *, day: date = MONDAY, days: int = 12, **settings: Any) -> tuple[Cast, Sprint]:
    """A planned sprint of ten working days with three tickets in its draft."""
    cast = make_cast(time_zone=zone, **settings)
    make_tickets(cast, 3, estimate=2)
    return cast, make_sprint(cast, [1, 2, 3], start=day, days=days)


def started(zone: str, at: datetime, **how: Any) -> tuple[Cast, Sprint]:
    cast, sprint = begin(zone, **how)
    start_sprint(project=cast.project, number=1, actor=cast.lead, now=at)
    sprint.refresh_from_db()
    return cast, sprint


def told(cast: Cast, sprint: Sprint, at: datetime) -> tuple[str, str]:
    """What the board says of a sprint at a moment."""
    today = day_of(at, cast.project.time_zone)
    return day_text(cast.project, sprint, today), ends_text(sprint, today)


class TestTheDayOfAMoment:
    @given(st.sampled_from(ZONES), MOMENTS)
    def test_is_the_day_that_holds_it(self, zone: str, at: datetime):
        day = day_of(at, zone)
        assert local(zone, day) <= at < local(zone, day + timedelta(days=1))

    @given(
        st.sampled_from(ZONES),
        MOMENTS,
        st.sampled_from(ZONES),
    )
    def test_is_the_same_however_the_moment_is_written(self, zone: str, at: datetime, written: str):
        assert day_of(at.astimezone(ZoneInfo(written)), zone) == day_of(at, zone)

    @pytest.mark.parametrize("zone", ZONES)
    def test_changes_at_midnight_and_not_a_moment_earlier(self, zone: str):
        midnight = local(zone, MONDAY)
        assert day_of(midnight, zone) == MONDAY
        assert day_of(midnight - A_MOMENT, zone) == MONDAY - timedelta(days=1)

    def test_two_zones_can_be_two_days_apart(self):
        noon = datetime(2026, 11, 23, 10, 30, tzinfo=UTC)
        assert day_of(noon, KIRITIMATI) - day_of(noon, BEHIND) == timedelta(days=2)

    @pytest.mark.parametrize(
        ("zone", "day", "hours"),
        [
            (NEW_YORK, date(2026, 3, 8), 23), (NEW_YORK, date(2026, 11, 1), 25),
            (BERLIN, date(2026, 3, 29), 23), (BERLIN, date(2026, 10, 25), 25),
            (CHATHAM, date(2026, 9, 27), 23), (CHATHAM, date(2026, 4, 5), 25),
        ],
    )  # fmt: skip
    def test_lasts_as_long_as_the_clock_says(self, zone: str, day: date, hours: int):
        first, after = local(zone, day), local(zone, day + timedelta(days=1))
        assert after - first == timedelta(hours=hours)
        assert {day_of(first + timedelta(hours=hour), zone) for hour in range(hours)} == {day}
        assert day_of(after - A_MOMENT, zone) == day
        assert day_of(after, zone) == day + timedelta(days=1)


def days_made() -> Iterator[str]:
    """Every place of the product that makes a day out of a moment, or reads today's off a clock."""
    for module in modules():
        for node in ast.walk(module.tree):
            if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
                continue
            if node.func.attr in {"today", "localdate"} or (node.func.attr == "date" and not node.args):
                yield module.where


def test_nothing_else_makes_a_day_of_a_moment():
    assert set(days_made()) <= {"agileml/projects/calendar.py"} | NOT_OF_A_PROJECT


# The sample's story is told around the day it is made on, before there is a project with a clock.
NOT_OF_A_PROJECT = {"agileml/transfer/sample.py"}


@pytest.mark.django_db
@pytest.mark.parametrize("zone", ZONES)
class TestASprint:
    def test_runs_from_the_first_moment_of_its_first_day_to_the_last_of_its_last(self, zone: str):
        first, after = local(zone, MONDAY), local(zone, FRIDAY + timedelta(days=1))
        cast, sprint = started(zone, first - timedelta(hours=30))  # a day early: dates are the plan, the state is not
        assert told(cast, sprint, first - A_MOMENT) == ("10 days", "starts Mon 23 Nov")
        assert told(cast, sprint, first) == ("day 1 of 10", "ends Fri 4 Dec")
        assert told(cast, sprint, first + timedelta(days=1) - A_MOMENT) == ("day 1 of 10", "ends Fri 4 Dec")
        assert told(cast, sprint, first + timedelta(days=1)) == ("day 2 of 10", "ends Fri 4 Dec")
        assert told(cast, sprint, local(zone, date(2026, 11, 29), 23, 59)) == ("day 5 of 10", "ends Fri 4 Dec")
        assert told(cast, sprint, after - A_MOMENT) == ("day 10 of 10", "ends Fri 4 Dec")
        assert told(cast, sprint, after) == ("day 10 of 10", "was to end Fri 4 Dec")

    def test_buckets_what_happens_by_its_own_midnight(self, zone: str):
        midnight = local(zone, MONDAY + timedelta(days=1))
        cast, sprint = started(zone, local(zone, MONDAY, 9))
        common: dict[str, Any] = {"project": cast.project, "actor": cast.lead}
        progress(number=1, to="done", outcome="shipped", now=midnight - A_MOMENT, **common)
        progress(number=2, to="done", outcome="shipped", now=midnight, **common)
        replan(cast, sprint, {"move": "skip", "ticket": 3}, now=local(zone, MONDAY + timedelta(days=3)) - A_MOMENT)
        late = local(zone, MONDAY + timedelta(days=3))
        today = day_of(late, zone)
        found = history.scope(sprint, history.of_sprint(sprint), project=cast.project, today=today)
        assert [(scope.done, scope.skipped) for scope in found.scopes] == [(1, 0), (2, 0), (2, 1), (2, 1)]
        assert [one.day for one in found.taken] == [MONDAY, MONDAY + timedelta(days=2)]
        assert (found.days[0].day, found.days[-1].day, found.today) == (MONDAY, FRIDAY, date(2026, 11, 26))
        assert [day.day for day in found.days if not day.working] == [date(2026, 11, 28), date(2026, 11, 29)]

    def test_ends_in_the_chart_on_the_day_that_it_was_closed(self, zone: str):
        cast, sprint = started(zone, local(zone, MONDAY, 9))
        homes = {number: Destination("backlog") for number in (1, 2, 3)}
        late = local(zone, FRIDAY + timedelta(days=2)) - A_MOMENT  # a moment before Saturday is over
        close_sprint(project=cast.project, number=1, destinations=homes, actor=cast.lead, now=late)
        sprint.refresh_from_db()
        found = history.scope(sprint, history.of_sprint(sprint), project=cast.project, today=date(2027, 1, 1))
        assert found.days[-1].day == FRIDAY + timedelta(days=1)
        assert found.scopes[-1].deferred == 3
        assert found.scopes[-2].deferred == 0

    def test_asks_of_a_time_box_from_the_midnight_after_its_half(self, zone: str):
        cast, _ = started(zone, local(zone, MONDAY, 9), estimate_mode="timebox")
        progress(project=cast.project, number=1, to="in_progress", actor=cast.lead, now=local(zone, MONDAY, 23, 59))
        ticket, midnight = Ticket.objects.get(number=1), local(zone, MONDAY + timedelta(days=1))
        before, after = (boxed(cast.project, ticket, now=at) for at in (midnight - A_MOMENT, midnight))
        assert before is not None
        assert after is not None
        assert (before.day, before.asks) == (1, False)
        assert (after.day, after.asks) == (2, True)


@pytest.mark.django_db
@pytest.mark.parametrize("zone", FAR_APART)
class TestThePagesOfASprint:
    def test_tell_its_day(self, zone: str, monkeypatch: pytest.MonkeyPatch):
        midnight = local(zone, MONDAY + timedelta(days=1))
        cast, _ = started(zone, midnight - A_MOMENT)
        browser = browser_of(cast.lead)
        for at, day, today in ((midnight - A_MOMENT, "day 1 of 10", 23), (midnight, "day 2 of 10", 24)):
            set_clock(monkeypatch, at)
            assert day in browser.get("/p/TST/sprints/1/").content.decode()
            assert day in browser.get("/").content.decode()
            html = browser.get("/p/TST/sprints/1/history/").content.decode()
            assert f">{today}</text><text" in html
            assert "Mon 23 Nov, 23:59" in html

    def test_never_start_or_close_it_by_its_dates(self, zone: str, monkeypatch: pytest.MonkeyPatch):
        cast, planned = begin(zone)
        make_ticket(cast)
        running = make_sprint(cast, [4], start=MONDAY - timedelta(days=30), active=True)
        browser = browser_of(cast.lead)
        for at in (local(zone, MONDAY), local(zone, FRIDAY + timedelta(days=1)), local(zone, date(2028, 1, 1))):
            set_clock(monkeypatch, at)
            for path in ("/", "/p/TST/", "/p/TST/sprints/", "/p/TST/sprints/2/", "/p/TST/sprints/2/history/"):
                assert browser.get(path, follow=True).status_code == 200
            states = dict(Sprint.objects.values_list("number", "state"))
            assert states == {planned.number: "planned", running.number: "active"}
        assert Decision.objects.count() == 1


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("zone", "changes"),
    [
        (NEW_YORK, date(2027, 3, 14)), (NEW_YORK, date(2027, 11, 7)),
        (BERLIN, date(2027, 3, 28)), (BERLIN, date(2027, 10, 31)),
        (CHATHAM, date(2027, 4, 4)), (CHATHAM, date(2027, 9, 26)),
    ],
)  # fmt: skip
def test_the_clock_going_on_or_back_within_a_sprint_moves_no_day(zone: str, changes: date):
    monday = changes - timedelta(days=6)  # clocks change on a Sunday
    cast, sprint = started(zone, local(zone, monday, 9), day=monday, days=12)
    for day in range(12):
        at = monday + timedelta(days=day)
        working = sum((monday + timedelta(days=one)).weekday() < 5 for one in range(day + 1))
        for moment in (local(zone, at), local(zone, at + timedelta(days=1)) - A_MOMENT):
            assert told(cast, sprint, moment)[0] == f"day {working} of 10"
    last = local(zone, changes + timedelta(days=1)) - A_MOMENT
    progress(project=cast.project, number=1, to="done", outcome="shipped", actor=cast.lead, now=last)
    found = history.scope(sprint, history.of_sprint(sprint), project=cast.project, today=changes + timedelta(days=1))
    assert [scope.done for scope in found.scopes] == [0, 0, 0, 0, 0, 0, 1, 1]


@pytest.mark.django_db
def test_a_day_that_a_zone_left_out_is_no_working_day_for_anybody():
    """Samoa crossed the date line: 30 December 2011 never was. A sprint over it counts the calendar's days."""
    cast, sprint = started(APIA, local(APIA, date(2011, 12, 26), 9), day=date(2011, 12, 26))
    assert told(cast, sprint, local(APIA, date(2011, 12, 29), 23, 59))[0] == "day 4 of 10"
    assert told(cast, sprint, local(APIA, date(2011, 12, 31)))[0] == "day 5 of 10"


@pytest.mark.django_db
def test_pages_tell_times_by_the_projects_clock(monkeypatch: pytest.MonkeyPatch):
    """Two projects, two clocks: what one page says of one of them is never said by the other's."""
    at = local(KIRITIMATI, MONDAY, 0, 30)
    far, near = make_cast("FAR", time_zone=KIRITIMATI), make_cast("NEA", time_zone=NEW_YORK)
    for cast in (far, near):
        make_tickets(cast, 1)
        make_sprint(cast, [1])
        start_sprint(project=cast.project, number=1, actor=cast.lead, now=at)
        progress(project=cast.project, number=1, to="done", outcome="shipped", actor=cast.lead, now=at)
    set_clock(monkeypatch, at)
    for cast, said, home in (
        (far, "Mon 23 Nov 2026", "Mon 23 Nov, 00:30"),
        (near, "Sun 22 Nov 2026", "Sun 22 Nov, 05:30"),
    ):
        browser = browser_of(cast.lead)
        assert f">{said}</time>" in browser.get(f"/p/{cast.project.key}/tickets/1/").content.decode()
        assert f">{home}</time>" in browser.get("/").content.decode()
