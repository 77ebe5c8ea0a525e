"""Forms that several people save at once: what one wrote is told from what the form showed, and never lost."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.http import QueryDict

from agileml.journal.models import Change
from agileml.projects.models import Project
from agileml.web.telling import Teller


@dataclass(frozen=True)
class Merged:
    """What was written, by field, and the fields in which somebody else wrote something else meanwhile."""

    written: Mapping[str, str]
    conflicts: Sequence[str]


def merge(sent: QueryDict, now: Mapping[str, str]) -> Merged:
    """Compare a form's fields, and `was_<field>` that it showed, with what they hold now."""
    mine = {name: plain(sent.get(name, now[name])) for name in now}
    was = {name: plain(sent.get(f"was_{name}", now[name])) for name in now}
    for name in now:
        if sent.get(f"keep_{name}") == "theirs":
            mine[name] = was[name] = now[name]
    written = {name: mine[name] for name in now if mine[name] != was[name]}
    return Merged(written, [name for name in written if now[name] not in {was[name], mine[name]}])


def plain(text: str) -> str:
    """A browser sends line ends its own way; that alone is no change."""
    return text.replace("\r\n", "\n").strip()


def conflict(
    project: Project, change: Change | None, labels: Mapping[str, str], mine: Mapping[str, str], now: Mapping[str, str]
) -> dict[str, Any]:
    """What shared/_conflict.html tells of the fields in `labels`; `change` is the newest edit, by whoever it was."""
    actor = change.actor if change else None
    return {
        "who": actor.name if actor else "Somebody",
        "when": Teller(project).when(change.at) if change else "meanwhile",
        "fields": [
            {"name": name, "label": label, "theirs": now[name], "mine": mine[name]} for name, label in labels.items()
        ],
    }
