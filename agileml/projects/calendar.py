"""A project's calendar: which day a moment falls on, and working days.

Pure functions on dates, a project's working weekdays (Monday is 0) and its holidays as ISO text.
"""

from collections.abc import Collection
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

ONE_DAY = timedelta(days=1)


def day_of(at: datetime, time_zone: str) -> date:
    """The day that a moment, aware of its time zone, falls on in an IANA zone.

    Nothing else turns a moment into a day: two places that did it differently would disagree around midnight.
    """
    return at.astimezone(ZoneInfo(time_zone)).date()


def is_working(day: date, *, weekdays: Collection[int], holidays: Collection[str]) -> bool:
    """Whether people work on this day."""
    return day.weekday() in weekdays and day.isoformat() not in holidays


def working_days(start: date, end: date, *, weekdays: Collection[int], holidays: Collection[str]) -> int:
    """How many working days lie from `start` to `end`, both included; 0 when `end` is before `start`."""
    days = (end - start).days + 1
    return sum(is_working(start + at * ONE_DAY, weekdays=weekdays, holidays=holidays) for at in range(max(days, 0)))


def nth_working_day(start: date, nth: int, *, weekdays: Collection[int], holidays: Collection[str]) -> date:
    """The `nth` working day counted from `start`, which is the first if it is one; a negative `nth` counts back.

    Raises ValueError when nobody ever works, or for the 0th.
    """
    if not weekdays or nth == 0:
        raise ValueError("There is no such working day.")
    step, day, left = (ONE_DAY if nth > 0 else -ONE_DAY), start, abs(nth)
    while True:
        left -= is_working(day, weekdays=weekdays, holidays=holidays)
        if left == 0:
            return day
        day += step
