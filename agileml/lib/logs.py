"""What is written to the log, without the secrets that stand in addresses."""

import logging
import re

# Whoever reads a log must not be able to open what a link shows: its token is all that it takes.
# It does so in addresses, too, that were mistyped and lead nowhere.
_OF_LINKS = re.compile(r"/d/+[^/?#\s'\"<>]+", re.IGNORECASE)


class Discreet(logging.Formatter):
    """Lines as ever, tracebacks too, but the token of a share link is left out of every address."""

    def format(self, record: logging.LogRecord) -> str:
        """The line or lines of a record."""
        return discreet(super().format(record))


def discreet(text: str) -> str:
    """A text without the tokens of the addresses in it."""
    return _OF_LINKS.sub("/d/…", text)
