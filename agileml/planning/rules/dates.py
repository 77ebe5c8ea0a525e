"""The days that a new sprint is proposed to run."""

from collections.abc import Collection
from datetime import date, timedelta

from agileml.projects.calendar import nth_working_day

FAR = date(9900, 1, 1)  # a sprint that ends later has no next one: the calendar itself would end within it


def proposed(
    *, today: date, after: date | None, days: int, weekdays: Collection[int], holidays: Collection[str]
) -> tuple[date, date]:
    """The first and the last day of a sprint of `days` calendar days that follows one that ends on `after`.

    It begins on a working day, today at the earliest, and ends on one.
    """
    earliest = max(today, after + timedelta(days=1)) if after and after < FAR else today
    start = nth_working_day(earliest, 1, weekdays=weekdays, holidays=holidays) if weekdays else earliest
    return start, last_day(start, days=days, weekdays=weekdays, holidays=holidays)


def last_day(start: date, *, days: int, weekdays: Collection[int], holidays: Collection[str]) -> date:
    """The last day of a sprint of `days` calendar days from `start`: a working day, or `start` where there is none."""
    end = date.fromordinal(min(start.toordinal() + max(days, 1) - 1, date.max.toordinal()))
    if not weekdays:
        return end
    while end > start and (end.weekday() not in weekdays or end.isoformat() in holidays):
        end -= timedelta(days=1)
    return end
