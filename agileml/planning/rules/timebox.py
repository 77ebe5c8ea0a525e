"""Time-boxes: an estimate in working days, which asks half-way through whether it is still worth it."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date

from agileml.projects.calendar import working_days

HALF = 0.5


@dataclass(frozen=True)
class Box:
    """How far a time-box is: the working day that it is on (the first is 1), of how many."""

    day: int
    days: float

    @property
    def is_over(self) -> bool:
        """Whether all of its days have gone by."""
        return self.day > max(self.days, 1)

    @property
    def asks(self) -> bool:
        """Whether more than half of its days have begun; on the first day it is too early to tell."""
        return self.day > max(self.days * HALF, 1)

    @property
    def words(self) -> str:
        """The question in a sentence, after a ticket's key; empty before half of it is gone."""
        if not self.asks:
            return ""
        what = "has used up its time-box" if self.is_over else "is past half of its time-box"
        noun = "day" if self.days == 1 else "days"
        return f"{what} (day {self.day} of {self.days:g} {noun}): still worth it?"


def box(*, started: date, today: date, days: float, weekdays: Collection[int], holidays: Collection[str]) -> Box:
    """The time-box of `days` working days that began on `started`, as it is `today`; the first day counts as one."""
    return Box(max(working_days(started, today, weekdays=weekdays, holidays=holidays), 1), days)
