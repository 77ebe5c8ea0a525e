"""The days that a new sprint is proposed to run."""

from datetime import date
from typing import Any

import pytest

from agileml.planning.rules.dates import proposed

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
