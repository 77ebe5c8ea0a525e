"""The days that a new sprint is proposed to run."""

from datetime import UTC, date, datetime
from typing import Any

import pytest

from agileml.lib.fields import Invalid
from agileml.planning.actions.sprints import create_sprint
from agileml.planning.rules.dates import last_day, proposed
from tests.factories import Cast, make_cast

WEEK: dict[str, Any] = {"weekdays": [0, 1, 2, 3, 4], "holidays": []}
FRIDAY, MONDAY = date(2026, 11, 27), date(2026, 11, 30)


def test_the_first_sprint_begins_today_and_ends_on_the_last_working_day_of_its_length():
    assert proposed(today=MONDAY, after=None, days=14, **WEEK) == (MONDAY, date(2026, 12, 11))


@pytest.mark.parametrize("ends", [FRIDAY, date(2026, 11, 28), date(2026, 11, 29)])
def test_the_next_sprint_begins_on_the_working_day_after_the_last(ends: date):
    assert proposed(today=date(2026, 11, 24), after=ends, days=14, **WEEK)[0] == MONDAY


def test_a_sprint_is_not_proposed_for_the_past():
    assert proposed(today=MONDAY, after=date(2026, 10, 2), days=7, **WEEK)[0] == MONDAY


def test_holidays_are_stepped_over_at_both_ends():
    holidays = ["2026-11-30", "2026-12-11"]
    week: dict[str, Any] = {"weekdays": [0, 1, 2, 3, 4], "holidays": holidays}
    assert proposed(today=MONDAY, after=None, days=11, **week) == (date(2026, 12, 1), date(2026, 12, 10))


def test_a_project_without_working_days_gets_dates_all_the_same():
    assert proposed(today=MONDAY, after=None, days=7, weekdays=[], holidays=[]) == (MONDAY, date(2026, 12, 6))


def test_a_sprint_never_ends_before_it_starts():
    week: dict[str, Any] = {"weekdays": [0], "holidays": []}
    assert proposed(today=MONDAY, after=None, days=1, **week) == (MONDAY, MONDAY)


@pytest.mark.parametrize("start", [date(2026, 11, 28), date(2026, 11, 29)])
def test_a_sprint_that_begins_on_a_day_off_still_does_not_end_before_it_starts(start: date):
    assert last_day(start, days=1, **WEEK) == start
    assert last_day(start, days=3, **WEEK) >= start


def test_the_end_of_the_calendar_is_no_error():
    assert proposed(today=MONDAY, after=date.max, days=14, **WEEK)[0] == MONDAY
    assert last_day(date.max, days=14, **WEEK) == date.max


def planned(cast: Cast, now: datetime, **sent: str) -> tuple[str, str]:
    row = create_sprint(project=cast.project, sent=sent, actor=cast.lead, now=now)
    return f"{row.start:%a %d.%m.}", f"{row.end:%a %d.%m.}"


SUNDAY_NIGHT = datetime(2026, 11, 29, 23, 30, tzinfo=UTC)  # it is Monday already east of Greenwich


@pytest.mark.parametrize(
    ("zone", "start"),
    [("Etc/GMT+12", "Mon 30.11."), ("Europe/Berlin", "Mon 30.11."), ("Pacific/Kiritimati", "Mon 30.11.")],
)
@pytest.mark.django_db
def test_without_dates_sprints_follow_each_other_on_working_days(zone: str, start: str):
    cast = make_cast(time_zone=zone)
    assert planned(cast, SUNDAY_NIGHT) == (start, "Fri 11.12.")
    assert planned(cast, SUNDAY_NIGHT) == ("Mon 14.12.", "Fri 25.12.")


@pytest.mark.parametrize(
    ("zone", "now", "start"),
    [
        ("Pacific/Kiritimati", datetime(2026, 11, 24, 10, 30, tzinfo=UTC), "Wed 25.11."),  # 14 hours ahead
        ("Etc/GMT+12", datetime(2026, 11, 24, 10, 30, tzinfo=UTC), "Mon 23.11."),  # 12 hours behind
        ("Europe/Berlin", datetime(2027, 11, 1, 22, 30, tzinfo=UTC), "Mon 01.11."),  # winter time since the day before
        ("Europe/Berlin", datetime(2027, 3, 29, 22, 30, tzinfo=UTC), "Tue 30.03."),  # summer time since the day before
    ],
)
@pytest.mark.django_db
def test_a_sprint_begins_on_the_day_that_it_is_where_the_project_is(zone: str, now: datetime, start: str):
    assert planned(make_cast(time_zone=zone), now)[0] == start


@pytest.mark.django_db
def test_of_two_dates_the_one_that_was_not_said_is_filled_in(cast: Cast):
    assert planned(cast, SUNDAY_NIGHT, start="2027-01-04") == ("Mon 04.01.", "Fri 15.01.")
    assert planned(cast, SUNDAY_NIGHT, end="2027-01-29") == ("Mon 18.01.", "Fri 29.01.")
    with pytest.raises(Invalid):
        planned(cast, SUNDAY_NIGHT, end="2027-01-29")
