"""Order among tickets as text keys: a card that moves gets a key between its new neighbours, and nobody else moves."""

from fractional_indexing import generate_key_between, generate_n_keys_between

REBALANCE_FROM = 48  # characters; the column holds more, so that a key made before a rebalance still fits


def between(before: str | None, after: str | None) -> str:
    """A key above `before` and below `after`; None is the open end.

    Equal or crossed neighbours (a tie that the number breaks) give a key above the lower of them.
    """
    if before is not None and after is not None and before >= after:
        after = None
    return str(generate_key_between(before, after))


def evenly(count: int) -> list[str]:
    """`count` short keys in order, for a column that is laid out anew."""
    return [str(key) for key in generate_n_keys_between(None, None, n=count)]
