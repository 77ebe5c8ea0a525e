"""Demos, what is in them and what was said of them, for lists, pages and the builder."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field

from django.db.models import Prefetch, QuerySet

from agileml.demos.models import Demo, DemoImage, DemoItem, Edition, Feedback, GoalAnswer, Said, ShareLink
from agileml.projects.doors import Access, Hidden
from agileml.projects.models import Project
from agileml.projects.rules import Need
from agileml.work.models import Epic


def all_of(project: Project) -> QuerySet[Demo]:
    """All demos of a project in the order in which they were begun, drafts too, as the feed has them."""
    return Demo.objects.select_related("sprint").filter(project=project).order_by("number")


def demos(access: Access) -> QuerySet[Demo]:
    """The demos that a page lists for somebody, newest sprint first: drafts are for those who work on them."""
    rows = all_of(access.project).order_by("-sprint__number")
    return rows if Need.WORK in access.can else rows.filter(state=Demo.State.PUBLISHED)


def demo(access: Access, number: int) -> Demo:
    """One of them. Raises Hidden."""
    row = demos(access).filter(number=number).first()
    if row is None:
        raise Hidden(number)
    return row


def editions(of: Demo) -> QuerySet[Edition]:
    """All editions of a demo with all that their shape needs, the first one first; one query."""
    return Edition.objects.filter(demo=of).select_related("demo", "actor").order_by("number")


def items_of(of: Demo) -> QuerySet[DemoItem]:
    """The items of a draft, with ticket, presenter and pictures (`shown_images`); two queries."""
    pictures = DemoImage.objects.filter(removed_at=None).defer("content").order_by("pk")
    rows = DemoItem.objects.filter(demo=of).select_related("ticket", "presenter")
    return rows.prefetch_related(Prefetch("images", pictures, to_attr="shown_images"))


def items(of: Demo) -> list[DemoItem]:
    """The same in their order."""
    return list(items_of(of).order_by("rank", "pk"))


def feedback(of: Demo) -> QuerySet[Feedback]:
    """What was said of a demo, oldest first, with all that its shape needs; one query."""
    return Feedback.objects.filter(demo=of).select_related("item", "user", "answered_by").order_by("pk")


def goal_answers(of: Demo) -> QuerySet[GoalAnswer]:
    """All answers about goals, oldest first, with all that their shape needs; one query."""
    return GoalAnswer.objects.filter(demo=of).select_related("epic", "user").order_by("pk")


@dataclass
class Tally:
    """How an epic was answered for at a demo: how many said what, and the answers that came with a note, newest first.

    Of what one person said only the newest answer is in here.
    """

    epic: Epic
    counts: dict[str, int] = field(default_factory=lambda: dict.fromkeys(GoalAnswer.Verdict.values, 0))
    notes: list[GoalAnswer] = field(default_factory=list)

    @property
    def said(self) -> list[tuple[str, str, int]]:
        """What was said at all: its words, its code, and how many said it."""
        words = dict(GoalAnswer.Verdict.choices)
        return [(words[code], code, many) for code, many in self.counts.items() if many]

    @property
    def verdict(self) -> str:
        """What most said, the more cautious where as many said two; empty without an answer."""
        cautious = [GoalAnswer.Verdict.STOP.value, GoalAnswer.Verdict.ADJUST.value, GoalAnswer.Verdict.KEEP.value]
        return max(cautious, key=lambda verdict: self.counts[verdict]) if any(self.counts.values()) else ""


def tallies(of: Demo) -> list[Tally]:
    """How each epic was answered for, in their order; one query."""
    return tallied(list(goal_answers(of)))


def tallied(answers: Sequence[GoalAnswer]) -> list[Tally]:
    """The same of answers that were read, oldest first."""
    newest = {(row.epic_id, by(row)): row for row in answers}
    found: dict[int, Tally] = {}
    for row in reversed(list(newest.values())):
        tally = found.setdefault(row.epic_id, Tally(row.epic))
        tally.counts[row.verdict] += 1
        tally.notes += [row] if row.note else []
    return sorted(found.values(), key=lambda tally: tally.epic.number)


def by(row: Said) -> tuple[object, ...]:
    """Who said it, as far as that is known: guests of one link are told apart by the names that they gave."""
    return ("user", row.user_id) if row.user_id else ("guest", row.link_id, row.guest_name)


def by_item(said: Sequence[Feedback]) -> dict[str, list[Feedback]]:
    """What was said, by the uid of the item that it was said of; under "" what is about the whole."""
    found: dict[str, list[Feedback]] = defaultdict(list)
    for row in said:
        found[str(row.item.uid) if row.item else ""].append(row)
    return dict(found)


def links(project: Project, *, demo: Demo | None = None) -> QuerySet[ShareLink]:
    """The links of a project, or of one demo with those that show the newest, newest first; one query."""
    rows = ShareLink.objects.filter(project=project).select_related("demo", "actor").order_by("-pk")
    return rows if demo is None else rows.filter(demo=demo) | rows.filter(demo=None)
