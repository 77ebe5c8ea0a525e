"""Numbers out of forms, where anybody can write anything."""

import pytest

from agileml.lib.numbers import whole


@pytest.mark.parametrize(("text", "number"), [("1", 1), ("0012", 12), ("2147483647", 2147483647)])
def test_a_whole_number_is_read(text: str, number: int):
    assert whole(text) == number


@pytest.mark.parametrize("text", [None, "", "0", "-1", "1.5", "x", "1 ", "٣", "²", "2147483648", "9" * 5000])
def test_anything_else_is_no_number(text: str | None):
    assert whole(text) is None
