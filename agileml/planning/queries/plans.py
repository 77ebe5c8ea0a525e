"""A sprint's plan at any version, any two compared, and the tickets that are on its board."""

from typing import Any

from agileml.lib.fields import FieldError, Invalid
from agileml.planning import shapes
from agileml.planning.models import Assignment, Decision, Sprint
from agileml.planning.queries.replays import recorded
from agileml.planning.rules.comparing import Comparison, Deed, between
from agileml.planning.rules.replay import Plan, PlanDiff, replay
from agileml.projects.doors import Hidden
from agileml.projects.models import Project
from agileml.work.models import Ticket


def sprint_of(project: Project, number: int) -> Sprint:
    """A sprint of a project. Raises Hidden when there is none."""
    row = Sprint.objects.filter(project=project, number=number).first()
    if row is None:
        raise Hidden(number)
    return row


def named_sprint(project: Project, number: int) -> None:
    """Raise Invalid unless there is such a sprint: for a body that names one, where Hidden is for an address."""
    if not Sprint.objects.filter(project=project, number=number).exists():
        raise Invalid([FieldError("/sprint", "unknown", "There is no such sprint.")])


def plan_at(sprint: Sprint, version: int | None = None) -> Plan:
    """The plan at a version, None for the newest; version 0 is before the start. Raises Hidden for a later one."""
    decisions = recorded(sprint)
    newest = max((decision.version for decision in decisions), default=0)
    if version is not None and version > newest:
        raise Hidden(version)
    return replay(decisions, upto=version)


def difference(sprint: Sprint, old: int, new: int) -> Comparison:
    """What lies between two versions of a plan; 0 is before the start. Raises Hidden for one that there is not."""
    decisions = recorded(sprint)
    newest = max((decision.version for decision in decisions), default=0)
    if max(old, new) > newest:
        raise Hidden(max(old, new))
    return between(decisions, old, new)


def plan_shape(plan: Plan, project: Project) -> dict[str, Any]:
    """A plan as clients see it; one query. `now` is today's, whatever the version."""
    rows = Ticket.objects.filter(project=project, number__in=plan.tickets)
    now = {
        str(number): {"title": title, "status": status}
        for number, title, status in rows.order_by("number").values_list("number", "title", "status")
    }
    lines = [
        {"number": number, "key": f"{project.key}-{number}", **line} for number, line in sorted(plan.tickets.items())
    ]
    return {"version": plan.version, "sprint": dict(plan.sprint), "tickets": lines, "now": now}


def diff_shape(diff: PlanDiff) -> dict[str, Any]:
    """What lies between two plans as clients see it: ticket numbers, and {number: {field: [from, to]}}."""
    return {
        "added": list(diff.added),
        "removed": list(diff.removed),
        "skipped": list(diff.skipped),
        "restored": list(diff.restored),
        "changed": {str(number): dict(changes) for number, changes in diff.changed.items()},
        "sprint": dict(diff.sprint),
    }


SAID = ("revisit_if", "to", "note", "resume_cost", "into")  # of a move, what people said with it


def difference_shape(sprint: Sprint, found: Comparison) -> dict[str, Any]:
    """Two versions compared as clients see it: what lies between them, and for each ticket the moves; one query."""
    rows = Decision.objects.filter(sprint=sprint).values_list("version", "reason_code", "reason")
    reasons = {version: {"reason_code": code, "reason": reason} for version, code, reason in rows}

    def told(deed: Deed) -> dict[str, Any]:
        after = deed.move.after or {}
        said = {name: after[name] for name in SAID if name in after}
        return {"version": deed.version, "move": deed.move.move, **reasons[deed.version], **said}

    return diff_shape(found.diff) | {
        "from": found.old,
        "to": found.new,
        "deferred": found.deferred,
        "split": {str(number): list(parts) for number, parts in found.parts.items()},
        "passed": list(found.passed),
        "moves": {
            str(number): [told(deed) for deed in deeds] for number, deeds in found.deeds.items() if number is not None
        },
    }


def board_shape(sprint: Sprint, project: Project) -> dict[str, Any]:
    """A sprint and its tickets by status, in rank order: the draft of a planned one, the last plan of a closed one."""
    if sprint.state == Sprint.State.PLANNED:
        drafted = Assignment.objects.filter(sprint=sprint, opened_by=None)
        numbers = list(drafted.values_list("ticket__number", flat=True))
    else:
        numbers = list(plan_at(sprint).tickets)
    rows = shapes.flat().filter(project=project, deleted_at=None, number__in=numbers).order_by("rank", "number")
    columns: dict[str, list[shapes.Shape]] = {status: [] for status in Ticket.Status.values}
    for shape in shapes.tickets(rows, key=project.key):
        columns[shape["status"]].append(shape)
    return {"sprint": shapes.sprint(sprint), "columns": columns}
