"""Primitive writers of ticket rows, used inside a write that an action opened."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from agileml.accounts.models import User
from agileml.journal.actions import AT_ONCE
from agileml.lib import ranks
from agileml.lib.fields import FieldError, Invalid
from agileml.metrics.actions.criteria import replace_criteria, settle
from agileml.metrics.actions.names import metrics_by_key
from agileml.projects.actions import keep_refs
from agileml.projects.doors import ProjectWriting
from agileml.projects.models import Project
from agileml.work.models import Dependency, Story, Ticket
from agileml.work.rules import cycle

Values = Mapping[str, Any]
RELATED = ("criteria", "depends_on", "external_refs")  # kept in tables of their own
SAME_COLUMN = (
    "type", "title", "question", "description", "expected_benefit", "riskiest_assumption", "stop_when", "component",
    "labels", "estimate", "waiting_on_run", "links", "checklist",
)  # fmt: skip


class References:
    """What the fields of some tickets refer to, looked up at once; `stories` are the project's, if read already.

    Raises Invalid, with every reference that leads nowhere in this project.
    """

    def __init__(
        self, project: Project, wanted: Sequence[tuple[Values, str]], *, stories: Iterable[Story] | None = None
    ) -> None:
        named = {values["story"] for values, _ in wanted if values.get("story")}
        people = {values[name] for values, _ in wanted for name in ("assignee", "reviewer") if values.get(name)}
        needs = {number for values, _ in wanted for number in values.get("depends_on", ())}
        if stories is None:
            stories = Story.objects.filter(project=project, number__in=named, deleted_at=None) if named else ()
        self.stories = {row.number: row for row in stories}
        self.people = (
            {str(row.uid): row for row in User.objects.filter(uid__in=people, memberships__project=project)}
            if people
            else {}
        )
        self.needs = (
            {row.number: row for row in Ticket.objects.alive().filter(project=project, number__in=needs)}
            if needs
            else {}
        )
        errors = [error for values, pointer in wanted for error in self._lost(values, pointer)]
        if errors:
            raise Invalid(errors)

    def _lost(self, values: Values, pointer: str) -> Iterable[FieldError]:
        if values.get("story") and values["story"] not in self.stories:
            yield FieldError(f"{pointer}/story", "unknown", "There is no such story.")
        for name in ("assignee", "reviewer"):
            if values.get(name) and values[name] not in self.people:
                yield FieldError(f"{pointer}/{name}", "unknown", "There is no such participant.")
        for at, number in enumerate(values.get("depends_on", ())):
            if number not in self.needs:
                yield FieldError(f"{pointer}/depends_on/{at}", "unknown", f"There is no ticket {number}.")


def references(w: ProjectWriting, wanted: Sequence[tuple[Values, str]]) -> References:
    """Look up what these fields refer to, inside a write, and make the metrics that criteria name first."""
    found = References(w.project, wanted)
    keys = {item["metric"] for values, _ in wanted for item in values.get("criteria", ())}
    if keys:
        metrics_by_key(w, keys)
    return found


def fill(ticket: Ticket, values: Values, references: References, w: ProjectWriting) -> None:
    """Set a ticket's own columns from checked values; criteria and dependencies are `relate`'s."""
    for name in SAME_COLUMN:
        if name in values:
            setattr(ticket, name, values[name])
    if "story" in values:
        ticket.story = references.stories.get(values["story"])
    for name in ("assignee", "reviewer"):
        if name in values:
            setattr(ticket, name, references.people.get(values[name]))
    if "blocked" in values:
        blocked = values["blocked"]
        ticket.blocked_why = blocked["why"] if blocked else ""
        ticket.blocked_since = (ticket.blocked_since or w.now) if blocked else None


def relate(w: ProjectWriting, ticket: Ticket, values: Values, references: References) -> None:
    """Set a stored ticket's criteria (settled), dependencies and names elsewhere, from checked values.

    Raises Invalid for a circle, Taken for a name that is another's.
    """
    if "criteria" in values:
        replace_criteria(w, ticket=ticket, definitions=values["criteria"])
    if "depends_on" in values:
        wanted = {references.needs[number].pk for number in values["depends_on"]}
        had = set(Dependency.objects.filter(ticket=ticket).values_list("needs", flat=True))
        if wanted - had:
            _refuse_circle(w, ticket, wanted)
        Dependency.objects.filter(ticket=ticket, needs__in=had - wanted).delete()
        Dependency.objects.bulk_create(Dependency(ticket=ticket, needs_id=pk) for pk in sorted(wanted - had))
    if "external_refs" in values:
        keep_refs(w, ticket, values["external_refs"])


def _refuse_circle(w: ProjectWriting, ticket: Ticket, wanted: set[int]) -> None:
    edges: dict[int, list[int]] = defaultdict(list)
    for one, other in Dependency.objects.filter(ticket__project=w.project).values_list("ticket", "needs"):
        edges[one].append(other)
    edges[ticket.pk] = sorted(wanted)
    found = cycle(edges, start=ticket.pk)
    if found:
        numbers = dict(Ticket.objects.filter(pk__in=found).values_list("pk", "number"))
        way = " → ".join(f"{w.project.key}-{numbers[pk]}" for pk in found)
        raise Invalid([FieldError("/depends_on", "circle", f"These would wait for each other: {way}.")])


def insert(
    w: ProjectWriting,
    wanted: Sequence[Values],
    references: References,
    *,
    revision: int,
    split_from: Sequence[Ticket | None] = (),
) -> list[Ticket]:
    """Store new tickets at the end of the project's order, with their criteria and dependencies."""
    if not wanted:
        return []
    last = Ticket.objects.filter(project=w.project).order_by("-rank", "-number").values_list("rank", flat=True).first()
    rows = []
    for at, values in enumerate(wanted):
        last = ranks.between(last, None)
        row = Ticket(
            project=w.project,
            number=w.journal.number("tickets"),
            rank=last,
            created_at=w.now,
            updated_at=w.now,
            revision=revision,
            split_from=split_from[at] if split_from else None,
        )
        fill(row, values, references, w)
        rows.append(row)
    Ticket.objects.bulk_create(rows, batch_size=AT_ONCE)
    for row, values in zip(rows, wanted, strict=True):
        if values.get("criteria"):
            values = {**values, "criteria": settle(None, values["criteria"])}
        relate(w, row, values, references)
    return rows
