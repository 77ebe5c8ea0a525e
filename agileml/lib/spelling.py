"""Words as people may have written them. Not every database knows the capitals of letters beyond ASCII."""


def spellings(text: str) -> list[str]:
    """The text as it is, and beyond ASCII also in small letters, in capitals, and with capital initials."""
    if text.isascii():
        return [text]  # these every database compares whatever their case
    return sorted({text, text.lower(), text.upper(), text.capitalize(), text.title()})
