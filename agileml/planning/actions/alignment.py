"""Epics as goals: begun from a template, and asked at each sprint's end whether they are still the right ones."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from agileml.accounts.models import User
from agileml.lib import fields
from agileml.lib.fields import FieldError, Invalid
from agileml.planning import shapes
from agileml.planning.actions import rows
from agileml.planning.models import AlignmentReview, Sprint
from agileml.planning.rules.epic_templates import TEMPLATES, TicketPlan, laid_out
from agileml.projects.doors import ProjectWriting, writing
from agileml.projects.models import Project
from agileml.projects.rules import Need
from agileml.work import shapes as work_shapes
from agileml.work.actions import EPIC_FIELDS, epic_row, insert_epic, insert_story
from agileml.work.models import Epic, Story, Ticket

REVIEW_FIELDS: dict[str, fields.Check] = {
    "sprint": fields.reference,
    "verdict": fields.one_of(*AlignmentReview.Verdict.values),
    "note": fields.text(2_000),
}
TEMPLATE: dict[str, fields.Check] = {"template": fields.one_of(*TEMPLATES)}


def review_epic(
    *, project: Project, epic: int, sent: Mapping[str, Any], actor: User, now: datetime, origin: str = ""
) -> AlignmentReview:
    """Say of an epic (its number), after a sprint, whether to keep, adjust or stop it.

    `sent` holds sprint (its number), verdict and note; to adjust or stop needs the note. The newest review of a sprint
    holds; none is edited. Raises Hidden for no such epic, Invalid.
    """
    values = fields.clean(sent, fields=REVIEW_FIELDS, required=("sprint", "verdict"))
    if values["verdict"] != AlignmentReview.Verdict.KEEP and not values.get("note"):
        raise Invalid([FieldError("/note", "required", "Say what to change, or why to stop.")])
    with writing(project, actor=actor, now=now, need=Need.WORK, origin=origin) as w:
        of = epic_row(w, epic)
        sprint = Sprint.objects.filter(project=w.project, number=values.pop("sprint")).first()
        if sprint is None:
            raise Invalid([FieldError("/sprint", "unknown", "There is no such sprint.")])
        if sprint.state == Sprint.State.PLANNED:
            raise Invalid([FieldError("/sprint", "not_started", "This sprint has not started yet.")])
        row = AlignmentReview(epic=of, sprint=sprint, author=actor, at=w.now, revision=w.revision, **values)
        row.save(force_insert=True)
        w.journal.record("review", "created", row, parent=("epic", of.uid), resource=shapes.review(row))
    return row


def begin_epic(
    *, project: Project, template: str, sent: Mapping[str, Any], actor: User, now: datetime, origin: str = ""
) -> Epic:
    """Make an epic with the stories and tickets of a template (its code), all or nothing.

    `sent` holds title, goal and components. Raises Invalid, also for no such template.
    """
    template = fields.clean({"template": template}, fields=TEMPLATE)["template"]
    values = fields.clean(sent, fields=EPIC_FIELDS, required=("title",))
    with writing(project, actor=actor, now=now, need=Need.WORK, origin=origin) as w:
        epic = insert_epic(w, values)
        w.journal.record("epic", "created", epic, resource=work_shapes.epic(epic))
        made: dict[str, int] = {}
        for plan in laid_out(TEMPLATES[template], epic.components):
            story = insert_story(w, {"title": plan.title, "epic": epic})
            new = _tickets(w, story, plan.tickets, made)
            images = shapes.images([row.pk for row in new], key=w.project.key)
            after = shapes.after_images({}, images)
            w.journal.record("story", "created", story, resource=work_shapes.story(story), tickets=after)
    return epic


def _tickets(w: ProjectWriting, story: Story, plans: tuple[TicketPlan, ...], made: dict[str, int]) -> list[Ticket]:
    """Store a story's tickets in order, and what each needs; `made` gains their numbers by their keys."""
    wanted = [
        {
            "type": plan.type,
            "title": plan.title,
            "question": plan.question,
            "expected_benefit": plan.benefit,
            "riskiest_assumption": plan.assumption,
            "stop_when": plan.stop_when,
            "component": plan.component,
            "story": story.number,
        }
        for plan in plans
    ]
    references = rows.references(w, [(values, "") for values in wanted])
    new = rows.insert(w, wanted, references, revision=w.revision)
    made.update({plan.key: row.number for plan, row in zip(plans, new, strict=True)})
    needs = [{"depends_on": [made[key] for key in plan.needs]} for plan in plans]
    references = rows.references(w, [(values, "") for values in needs])
    for row, values in zip(new, needs, strict=True):
        if values["depends_on"]:
            rows.relate(w, row, values, references)
    return new
