"""Rules about people: pure functions."""


def initials(name: str) -> str:
    """Two letters for the round mark that stands for a person."""
    words = name.split()
    return "".join(word[0] for word in (words[:1] + words[-1:] if len(words) > 1 else words)).upper() or "?"
