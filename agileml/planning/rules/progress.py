"""Progress among To do, In progress, In review and Done is free; skipping is planning; done has its rule."""

from collections.abc import Sequence

from agileml.work.types import Lack


class NeedsPlan(Exception):
    """Skipping and restoring are decisions, not progress."""


class DoneRule(Exception):
    """The ticket cannot be called done yet; `missing` lists everything that lacks."""

    def __init__(self, missing: Sequence[Lack]) -> None:
        super().__init__(" ".join(lack.message for lack in missing))
        self.missing = list(missing)


def refuse_to_plan(status: str, to: str) -> None:
    """Raise NeedsPlan when a move between these statuses would change the plan."""
    if to == "skipped":
        raise NeedsPlan("Skipping is a decision: say why, and it can be taken back.")
    if status == "skipped":
        raise NeedsPlan("This ticket is skipped: restoring it is a decision.")


def outcome_lacks(outcome: str) -> list[Lack]:
    """What lacks when a ticket is called done with this outcome. Only a published demo makes it "demoed"."""
    if outcome in {"shipped", "learned"}:
        return []
    return [Lack("outcome", "Say how it ended: shipped, or learned.")]
