"""Working days, by a project's weekdays and holidays."""

from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agileml.projects.calendar import is_working, nth_working_day, working_days

WEEK: dict[str, Any] = {"weekdays": [0, 1, 2, 3, 4], "holidays": ["2026-12-25"]}
DAYS = st.dates(date(2026, 1, 1), date(2027, 12, 31))


@pytest.mark.parametrize(
    ("start", "end", "many"),
    [
        (date(2026, 11, 16), date(2026, 11, 27), 10),
        (date(2026, 11, 21), date(2026, 11, 22), 0),
        (date(2026, 12, 21), date(2026, 12, 27), 4),
        (date(2026, 11, 20), date(2026, 11, 19), 0),
    ],
)
def test_both_ends_count_and_weekends_and_holidays_do_not(start: date, end: date, many: int) -> None:
    assert working_days(start, end, **WEEK) == many


@given(DAYS, st.integers(1, 40), st.booleans())
def test_the_nth_working_day_is_the_nth(start: date, nth: int, back: bool) -> None:
    day = nth_working_day(start, -nth if back else nth, **WEEK)
    assert is_working(day, **WEEK)
    assert working_days(min(day, start), max(day, start), **WEEK) == nth


@pytest.mark.parametrize("week", [{"weekdays": [], "holidays": []}, WEEK])
def test_where_nobody_ever_works_or_nothing_is_counted_there_is_no_such_day(week: dict) -> None:
    with pytest.raises(ValueError, match="no such"):
        nth_working_day(date(2026, 11, 16), 0 if week is WEEK else 1, **week)
