"""What was said of a demo, as a ticket or as a finding."""

from dataclasses import dataclass, replace
from typing import Any

TITLE_AT_MOST = 200
SAYS = {"agree": "agrees", "question": "asks", "concern": "is concerned", "comment": "says"}


@dataclass(frozen=True)
class Words:
    """What was said: its kind and text, by whom, at which demo, and of what (the item's headline, or nothing).

    `story` is the number of the story that the shown ticket is under.
    """

    kind: str
    text: str
    by: str
    demo: str
    headline: str
    story: int | None = None


def words_of(said: Words) -> str:
    """One text that says who said what of what."""
    of = f"of “{said.headline}” " if said.headline else ""
    who = f"{said.by} {SAYS[said.kind]} {of}at the demo “{said.demo}”"
    return f"{who}:\n\n{said.text}" if said.text else f"{who}."


def ticket_of(said: Words) -> dict[str, Any]:
    """The fields of the ticket that it becomes, unless somebody knows better ones; it is under the same story."""
    title = " ".join(said.text.split()) or f"{said.kind.capitalize()}: {said.headline or said.demo}"
    if len(title) > TITLE_AT_MOST:
        title = title[: TITLE_AT_MOST - 1].rstrip() + "…"
    fields = {"type": "engineering", "title": title, "description": words_of(said), "story": said.story}
    if said.kind != "question":
        return fields
    asked = words_of(replace(said, text=""))  # what is asked has a field of its own
    return fields | {"type": "result_analysis", "question": said.text, "description": asked}
