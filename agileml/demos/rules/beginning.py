"""What a demo begins with: where a ticket belongs, and what is said of it until somebody says it better."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

SECTIONS = {
    "learned": "What we learned",
    "better": "What got better",
    "shipped": "What we shipped",
    "not_done": "What we decided not to do, and why",
}
HEADLINE_AT_MOST = 200
_END = re.compile(r"[.!?…][\"”’')\]]*(?=\s)")


@dataclass(frozen=True)
class Ended:
    """A ticket that is over, as far as a demo begins with it.

    `improved` says that a criterion against baseline or champion is met. `findings` are texts, newest first; `verdicts`
    plain sentences, newest first, and `won` whether one of them is a win.
    """

    title: str
    status: str
    outcome: str
    improved: bool = False
    won: bool = False
    findings: Sequence[str] = ()
    verdicts: Sequence[str] = ()


def section_of(ticket: Ended) -> str:
    """The section that a ticket goes to until somebody moves it."""
    if ticket.status == "skipped":
        return "not_done"
    if ticket.outcome == "shipped":
        return "shipped"
    return "better" if ticket.improved or ticket.won else "learned"


def headline_of(ticket: Ended) -> str:
    """What is said first of a ticket: its newest finding's first sentence, else its verdict's, else its title."""
    said = [first_sentence(text) for text in (*ticket.findings[:1], *ticket.verdicts[:1])]
    return next(filter(None, said), "") or shortened(ticket.title)


def first_sentence(text: str) -> str:
    """The first sentence of a text, in one line that fits a headline.

    A full stop ends one only where no small letter or digit follows: "LeCun et al. 1998" goes on.
    """
    paragraph = next((line for line in text.split("\n") if line.strip()), "")
    words = " ".join(paragraph.split()).lstrip("#>*- ")
    for found in _END.finditer(words):
        follows = words[found.end() :].lstrip(' "“([' + "'")[:1]
        if not (follows.islower() or follows.isdigit()):
            return shortened(words[: found.end()])
    return shortened(words)


def shortened(text: str) -> str:
    """A text cut to what a headline holds, at a word where there is one near."""
    if len(text) <= HEADLINE_AT_MOST:
        return text
    cut = text[: HEADLINE_AT_MOST - 1]
    return (cut.rsplit(" ", 1)[0] if " " in cut[HEADLINE_AT_MOST // 2 :] else cut).rstrip(" ,;:") + "…"
