"""Time-boxes: an estimate in working days, which asks half-way through whether it is still worth it."""

from collections.abc import Collection, Iterable
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


@dataclass(frozen=True)
class Spent:
    """How many working days some time-boxes hold together, and how many of them are used."""

    used: float
    days: float

    @property
    def is_over(self) -> bool:
        """Whether more is used than they hold."""
        return self.used > self.days

    @property
    def words(self) -> str:
        """ "time-boxes: 6 of 9 days used"."""
        return f"time-boxes: {self.used:g} of {self.days:g} {'day' if self.days == 1 else 'days'} used"


def spent(boxes: Iterable[Box]) -> Spent | None:
    """All boxes together; one that has not begun is on day 0. None where there is no box.

    The first day uses up no more than its box holds: half a day's work that is done on one day took half a day.
    """
    known = list(boxes)
    if not known:
        return None
    used = sum(one.day if one.day > 1 else min(one.day, one.days) for one in known)
    return Spent(used, sum(one.days for one in known))


def box(*, started: date, today: date, days: float, weekdays: Collection[int], holidays: Collection[str]) -> Box:
    """The time-box of `days` working days that began on `started`, as it is `today`; the first day counts as one."""
    return Box(max(working_days(started, today, weekdays=weekdays, holidays=holidays), 1), days)
