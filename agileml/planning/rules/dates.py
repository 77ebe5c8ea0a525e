"""The days that a new sprint is proposed to run."""

from collections.abc import Collection
from datetime import date, timedelta

from agileml.projects.calendar import nth_working_day


def proposed(
    *, today: date, after: date | None, days: int, weekdays: Collection[int], holidays: Collection[str]
) -> tuple[date, date]:
    """The first and the last day of a sprint of `days` calendar days that follows one that ends on `after`.

    It begins on a working day, today at the earliest, and ends on one.
    """
    earliest = max(today, after + timedelta(days=1)) if after else today
    if not weekdays:
        return earliest, earliest + timedelta(days=max(days, 1) - 1)
    start = nth_working_day(earliest, 1, weekdays=weekdays, holidays=holidays)
    end = nth_working_day(start + timedelta(days=max(days, 1) - 1), -1, weekdays=weekdays, holidays=holidays)
    return start, end
