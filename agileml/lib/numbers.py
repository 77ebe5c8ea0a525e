"""Numbers out of forms and addresses, where anybody can write anything."""

LARGEST = 2**31 - 1  # what every back end's integer column holds


def whole(text: str | None) -> int | None:
    """The number of something, as it stands in a form: a positive whole number, else None."""
    if not text or not text.isascii() or not text.isdecimal() or len(text) > 10:
        return None
    number = int(text)
    return number if 0 < number <= LARGEST else None
