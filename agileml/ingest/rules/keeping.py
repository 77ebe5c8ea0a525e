"""For how long a binding is looked at."""

from datetime import datetime, timedelta

BEYOND = timedelta(days=14)


def is_over(*, now: datetime, wanted_at: datetime, is_wanted: bool, ticket_type: str) -> bool:
    """Whether nothing more is expected: there is no reason to look now, and there was none for two weeks.

    `wanted_at` is when there last was one. A deployment is watched until somebody ends it.
    """
    return not is_wanted and ticket_type != "deployment" and now > wanted_at + BEYOND
