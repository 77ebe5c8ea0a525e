"""A new ticket as a form, the same on every page that offers one."""

from collections.abc import Sequence
from typing import Any

from django.http import QueryDict

from agileml.lib.fields import FieldError, Invalid
from agileml.lib.numbers import whole
from agileml.planning.queries.ticket import metric_keys
from agileml.projects.models import Project
from agileml.web import edit_form
from agileml.work.types import KINDS, TicketType

ONE_LINE = ("title", "type", "component", "question", "expected_benefit", "riskiest_assumption", "stop_when")


def sent_of(post: QueryDict) -> dict[str, Any]:
    """What was written, as the action that makes a ticket takes it. Raises Invalid for what is no number."""
    sent: dict[str, Any] = {name: post[name] for name in ONE_LINE if post.get(name)}
    sent.setdefault("title", "")
    if story := whole(post.get("in_story")):
        sent["story"] = story
    if labels := [word for part in post.get("labels", "").split(",") if (word := part.strip())]:
        sent["labels"] = labels
    errors = []
    try:
        if estimate := post.get("estimate", "").strip():
            sent["estimate"] = edit_form.number(estimate)
    except ValueError as error:
        errors.append(FieldError("/estimate", "invalid", str(error)))
    try:
        if criteria := edit_form.new_criteria(post):
            sent["criteria"] = criteria
    except ValueError as error:
        errors.append(FieldError("/criteria", "invalid", str(error)))
    if errors:
        raise Invalid(errors)
    return sent


def wrong_of(invalid: Invalid) -> dict[str, str]:
    """What is wrong with which field, so that each says it beside itself."""
    return {error.pointer.split("/")[1] if error.pointer else "title": error.message for error in invalid.errors}


def offered(project: Project, said: QueryDict, *, stories: Sequence[tuple[int, str]]) -> dict[str, Any]:
    """What the form shows: `said` is what was written in it so far, `stories` as (number, title). One query."""
    return {
        "sent": said,
        "stories": stories,
        "types": TicketType.choices,
        "chosen": said.get("type") if said.get("type") in TicketType.values else TicketType.values[0],
        "asks": [(kind, KINDS[kind]) for kind in TicketType.values],
        "metrics": metric_keys(project),
        "criteria": edit_form.lines_of(said),
    }
