"""What a team says when it closes a sprint: what to keep, what to change, what to try next."""

from dataclasses import dataclass
from typing import Any

from agileml.lib import fields
from agileml.lib.fields import FieldError, Invalid

KINDS = ("keep", "change", "try")
MOST_LINES = 30
LONGEST_TITLE = 200  # of the ticket that a try becomes
FIELDS: dict[str, fields.Check] = {
    "kind": fields.one_of(*KINDS),
    "text": fields.text(2_000, least=1),
    "sprint": fields.maybe(fields.reference),
}


@dataclass(frozen=True)
class Said:
    """One line of a retro; `sprint` is the planned sprint (its number) that the ticket of a try is drafted in, if any.

    `pointer` leads to where it was sent.
    """

    kind: str
    text: str
    sprint: int | None = None
    pointer: str = ""

    @property
    def ticket(self) -> dict[str, Any]:
        """The fields of the ticket that a try becomes: what does not fit its title is its description."""
        title = " ".join(self.text.split())
        if title == self.text and len(title) <= LONGEST_TITLE:
            return {"type": "engineering", "title": title}
        return {"type": "engineering", "title": shortened(title), "description": self.text}


def shortened(title: str) -> str:
    """A title cut at a word, if it is too long for one."""
    if len(title) <= LONGEST_TITLE:
        return title
    cut = title[: LONGEST_TITLE - 2]
    return f"{cut.rsplit(' ', 1)[0]} …"


def parse(sent: Any, *, pointer: str = "/retro") -> list[Said]:
    """The lines of a retro as clients send them. Raises Invalid with everything that is wrong."""
    if not isinstance(sent, list):
        raise Invalid([FieldError(pointer, "invalid", "This must be a list.")])
    if len(sent) > MOST_LINES:
        raise Invalid([FieldError(pointer, "too_many", f"At most {MOST_LINES} lines.")])
    said: list[Said] = []
    errors: list[FieldError] = []
    for at, item in enumerate(sent):
        here = f"{pointer}/{at}"
        try:
            values = fields.clean(item, fields=FIELDS, required=("kind", "text"), pointer=here)
        except Invalid as invalid:
            errors += invalid.errors
            continue
        if values.get("sprint") is not None and values["kind"] != "try":
            errors.append(FieldError(f"{here}/sprint", "invalid", "Only what is to be tried goes into a sprint."))
        said.append(Said(**values, pointer=here))
    if errors:
        raise Invalid(errors)
    return said
