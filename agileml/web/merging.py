"""Forms that several people save at once: only what was written is sent, for the version that was shown.

What a form showed comes back with it (`was_<field>` and `version`), so that a field that nobody touched stays whatever
others made of it; whether the rest meets somebody else's edit, the action says.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from django.http import QueryDict

from agileml.journal.rules.edits import Stale
from agileml.projects.models import Project
from agileml.web.telling import Teller

Texts = Mapping[str, str]
NEVER = 0  # the version of a form that names none: it merges with nothing


@dataclass(frozen=True)
class Form:
    """A form's fields as texts: as it showed them at `version`, and as they are to be."""

    version: int
    was: Texts
    mine: Texts

    @property
    def written(self) -> dict[str, str]:
        """The fields that somebody wrote something else into."""
        return {name: text for name, text in self.mine.items() if text != self.was[name]}

    def again(self, *, theirs: Texts, version: int) -> "Form":
        """The form for a second try, on what is there now, with what was written kept."""
        return Form(version, theirs, {**theirs, **self.written})


def shown(now: Texts, version: int) -> Form:
    """A form in which nothing has been written yet."""
    return Form(version, now, now)


def sent(post: QueryDict, now: Texts, mine: Texts | None = None) -> Form:
    """A form as it comes back; `now` is what the fields hold now, `mine` what was sent unless that is one text each."""
    texts = {name: plain((mine or post).get(name, now[name])) for name in now}
    was = {name: plain(post.get(f"was_{name}", now[name])) for name in now}
    return keeping(post, Form(seen(post), was, texts), now)


def keeping(post: QueryDict, form: Form, now: Texts) -> Form:
    """The form with what somebody, asked about a conflict, would rather leave as it is now."""
    kept = {name: text for name, text in now.items() if post.get(f"keep_{name}") == "theirs"}
    return replace(form, was={**form.was, **kept}, mine={**form.mine, **kept})


def seen(post: QueryDict) -> int:
    """The version that a form showed."""
    said = post.get("version", "")
    return int(said) if said.isascii() and said.isdecimal() and len(said) < 10 else NEVER


def plain(text: str) -> str:
    """A browser sends line ends its own way; that alone is no change."""
    return text.replace("\r\n", "\n").strip()


def conflict(
    project: Project,
    stale: Stale,
    *,
    labels: Texts,
    mine: Texts,
    theirs: Texts,
    said: Callable[[str, str], str] = lambda name, text: text,
) -> dict[str, Any]:
    """What shared/_conflict.html tells, field by field; `said` makes a field's text one that people read."""
    teller = Teller(project)
    fields = [
        {
            "name": one.field,
            "label": labels[one.field],
            "who": one.who["name"] if one.who else "Somebody",
            "when": teller.when(one.at) if one.at else "",
            "theirs": said(one.field, theirs[one.field]),
            "mine": said(one.field, mine[one.field]),
        }
        for one in stale.conflicts
    ]
    return {"fields": fields, "who": sorted({field["who"] for field in fields})}


def undeleted(project: Project, stale: Stale, labels: Texts) -> list[str]:
    """Why something was not deleted: what was changed in it, by whom and when."""
    told = conflict(project, stale, labels=labels, mine=dict.fromkeys(labels, ""), theirs=dict.fromkeys(labels, ""))
    lines = [f"{one['who']} changed its {one['label'].lower()} {one['when']}".strip() + "." for one in told["fields"]]
    return [*(lines or [str(stale)]), "Look at it, then delete it."]
