"""How long ago something was, as people say it."""

import pytest

from agileml.lib.times import ago


@pytest.mark.parametrize(
    ("days", "words"),
    [(0, "today"), (1, "yesterday"), (2, "2 days ago"), (13, "13 days ago"), (14, "2 weeks ago"), (62, "8 weeks ago"),
     (63, "2 months ago"), (400, "13 months ago")],
)  # fmt: skip
def test_how_long_ago_is_said_in_the_largest_words_that_are_still_true(days: int, words: str):
    assert ago(days) == words
