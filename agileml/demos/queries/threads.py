"""What was said of one thing that was shown, as it is read: who only agrees in one line, of the rest the newest."""

from collections.abc import Sequence
from dataclasses import dataclass

from agileml.demos.models import Feedback

NEWEST = 50  # of a thread: a whole company may have been there, and a page is to be read
NAMES = 12


@dataclass(frozen=True)
class Thread:
    """`agreed` are those who did so without a word, `said` all else in the order in which it was said.

    `earlier` counts what is not in `said`. `revision` is that of the newest.
    """

    agreed: Sequence[Feedback]
    said: Sequence[Feedback]
    earlier: int
    revision: int

    @property
    def names(self) -> Sequence[str]:
        """The first who agreed, by the names that they have or gave."""
        return [row.user.name if row.user else row.guest_name for row in self.agreed[:NAMES]]

    @property
    def more(self) -> int:
        """How many others agreed."""
        return len(self.agreed[NAMES:])

    @property
    def newest_first(self) -> Sequence[Feedback]:
        """The same as `said`, for who has no time to scroll."""
        return self.said[::-1]


def thread(said: Sequence[Feedback], *, whole: bool = False) -> Thread:
    """What was said of one thing, oldest first; `whole` leaves nothing out. Needs `user` loaded."""
    agreed = [row for row in said if _only_agrees(row)]
    others = [row for row in said if not _only_agrees(row)]
    shown = others if whole else others[-NEWEST:]
    return Thread(agreed, shown, len(others) - len(shown), max((row.revision for row in said), default=0))


def _only_agrees(row: Feedback) -> bool:
    return row.kind == Feedback.Kind.AGREE and not row.text and not row.answer and row.became is None
