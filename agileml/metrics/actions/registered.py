"""Registered models and the policies that their evaluations are held to."""

import re
from datetime import datetime
from typing import Any

from agileml.accounts.models import User
from agileml.lib import fields
from agileml.lib.fields import FieldError, Invalid
from agileml.metrics import shapes
from agileml.metrics.models import Metric, Policy, RegisteredModel
from agileml.metrics.queries.champions import policy_of
from agileml.metrics.rules.terms import AB_TEST, KFOLD, SINGLE
from agileml.projects.doors import Hidden, ProjectWriting, writing
from agileml.projects.models import Project
from agileml.projects.rules import Need

SLUG = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*\Z")
MODEL_FIELDS: dict[str, fields.Check] = {
    "slug": fields.text(60, least=1),
    "name": fields.text(120, least=1),
    "purpose": fields.text(2_000),
    "registry_source": fields.text(40),
    "registry_name": fields.text(200),
}
_guardrail = fields.record(
    {"metric": fields.text(200, least=1), "largest_regression": fields.positive},
    required=("metric", "largest_regression"),
    defaults={},
)
_dataset = fields.record({"name": fields.text(200), "digest": fields.text(128)}, defaults={"name": "", "digest": ""})
POLICY_FIELDS: dict[str, fields.Check] = {
    "metric": fields.text(200, least=1),
    "margin": fields.positive,
    "dataset": _dataset,
    "split": fields.text(64),
    "design": fields.one_of(*Policy.Design.values),
    "folds": fields.maybe(fields.reference),
    "planned_n": fields.reference,
    "alpha": fields.positive,
    "looks": fields.reference,
    "guardrails": fields.many(_guardrail, most=20),
}
MOST_PAIRS = 1_000


def register_model(
    *, project: Project, sent: dict[str, Any], actor: User, now: datetime, origin: str = ""
) -> RegisteredModel:
    """Begin a line of models; `sent` holds slug and name, perhaps purpose and where a registry keeps it.

    Raises Invalid, also for a slug that is taken.
    """
    values = fields.clean(sent, fields=MODEL_FIELDS, required=("slug", "name"))
    if not SLUG.match(values["slug"]):
        raise Invalid([FieldError("/slug", "invalid", "Small letters, digits and single dashes, as in digit-reader.")])
    with writing(project, actor=actor, now=now, need=Need.LEAD, origin=origin) as w:
        if RegisteredModel.objects.filter(project=w.project, slug=values["slug"]).exists():
            raise Invalid([FieldError("/slug", "taken", "There is a model of this name already.")])
        row = RegisteredModel(project=w.project, created_at=w.now, revision=w.revision, **values)
        row.save(force_insert=True)
        w.journal.record("model", "created", row, resource=shapes.model(row, policy=None, champion=None))
    return row


def set_policy(
    *, project: Project, model: str, sent: dict[str, Any], actor: User, now: datetime, origin: str = ""
) -> Policy:
    """Give a model (its slug) the next version of its policy; evaluations that are open keep theirs.

    Raises Hidden for no such model, Invalid with all that is wrong.
    """
    values = fields.clean(sent, fields=POLICY_FIELDS, required=("metric", "margin", "planned_n"))
    _check(values)
    with writing(project, actor=actor, now=now, need=Need.LEAD, origin=origin) as w:
        row = model_row(w, model)
        dataset = values.pop("dataset", {"name": "", "digest": ""})
        metrics = _watched(w, values)
        last = policy_of(row)
        values["metric"] = metrics[values["metric"]]
        made = Policy(
            model=row,
            version=last.version + 1 if last else 1,
            dataset_name=dataset["name"],
            dataset_digest=dataset["digest"],
            actor=actor,
            at=w.now,
            revision=w.revision,
            **values,
        )
        made.save(force_insert=True)
        RegisteredModel.objects.filter(pk=row.pk).update(revision=w.revision, version=row.version + 1)
        row.version, row.revision = row.version + 1, w.revision
        was = shapes.policy(last) if last else None
        w.journal.record("model", "updated", row, diff={"policy": [was, shapes.policy(made)]})
    return made


def model_row(w: ProjectWriting, slug: str) -> RegisteredModel:
    """A model of the project that is written to. Raises Hidden."""
    row = RegisteredModel.objects.filter(project=w.project, slug=slug).first()
    if row is None:
        raise Hidden(slug)
    return row


def _check(values: dict[str, Any]) -> None:
    errors = []
    design, planned = values.get("design", "seeds"), values["planned_n"]
    if planned > MOST_PAIRS:
        errors.append(FieldError("/planned_n", "too_many", f"At most {MOST_PAIRS:,} pairs."))
    if design == KFOLD and (values.get("folds") or 0) < 2:
        errors.append(FieldError("/folds", "required", "Of how many folds, at least two?"))
    if design == KFOLD and values.get("folds") and planned != values["folds"]:
        errors.append(FieldError("/planned_n", "invalid", "A cross-validation has as many pairs as folds."))
    if design == SINGLE and planned != 1:
        errors.append(FieldError("/planned_n", "invalid", "One test set is one pair."))
    if values.get("looks", 1) > (planned if design != AB_TEST else 1):
        errors.append(
            FieldError("/looks", "invalid", "No more looks than pairs; one test set and an A/B test have one.")
        )
    if "alpha" in values and not 0 < values["alpha"] <= 0.5:
        errors.append(FieldError("/alpha", "invalid", "Between 0 and 0.5; 0.05 is usual."))
    if errors:
        raise Invalid(errors)


def _watched(w: ProjectWriting, values: dict[str, Any]) -> dict[str, Metric]:
    named = [("/metric", values["metric"])]
    named += [(f"/guardrails/{at}/metric", one["metric"]) for at, one in enumerate(values.get("guardrails", []))]
    found = {row.key: row for row in Metric.objects.filter(project=w.project, key__in=[key for _, key in named])}
    errors = [
        FieldError(pointer, "unwatched", f"Say of {key} first whether higher or lower is better.")
        for pointer, key in named
        if key not in found or not found[key].watched
    ]
    if errors:
        raise Invalid(errors)
    return found
