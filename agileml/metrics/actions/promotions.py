"""A candidate becomes the champion: always by a person, always on record."""

from datetime import datetime
from typing import Any

from agileml.accounts.models import User
from agileml.lib import fields
from agileml.lib.fields import FieldError, Invalid
from agileml.lib.times import rfc3339
from agileml.metrics import shapes
from agileml.metrics.actions.evaluations import candidate_row, evaluation_row
from agileml.metrics.actions.judging import judge_tickets
from agileml.metrics.actions.registered import model_row
from agileml.metrics.models import Baseline, Candidate, Evaluation, Promotion, RegisteredModel
from agileml.metrics.queries.champions import champion_of, policy_of, promotions, tickets_against_champions
from agileml.metrics.rules.refusing import CannotBe
from agileml.metrics.rules.verdicts import PROVISIONAL, WINS
from agileml.projects.doors import Hidden, ProjectWriting, writing
from agileml.projects.models import Project
from agileml.projects.rules import Need
from agileml.work.models import Ticket

PROMOTION_FIELDS: dict[str, fields.Check] = {
    "kind": fields.one_of(*Promotion.Kind.values),
    "candidate": fields.uid,
    "evaluation": fields.reference,
    "reason": fields.text(2_000),
    "deployment": fields.maybe(fields.reference),
}


def promote(
    *, project: Project, model: str, sent: dict[str, Any], actor: User, now: datetime, origin: str = ""
) -> Promotion:
    """Make a candidate the champion of a model, and judge anew what is compared with champions.

    `sent` holds the kind and what it rests on: `first` a candidate that is a baseline; `evaluation` the number of one
    whose last look said win (a provisional one stays marked for good); `override` a candidate and the reason. Perhaps
    also the deployment: the number of the ticket that brings it into use. Raises Hidden, Forbidden (leads only),
    Invalid, or CannotBe.
    """
    values = fields.clean(sent, fields=PROMOTION_FIELDS, required=("kind",))
    with writing(project, actor=actor, now=now, need=Need.LEAD, origin=origin) as w:
        of = model_row(w, model)
        champion = champion_of(of)
        row = Promotion(
            model=of,
            number=champion.number + 1 if champion else 1,
            kind=values["kind"],
            reason=values.get("reason", ""),
            actor=actor,
            at=w.now,
        )
        if row.kind == Promotion.Kind.EVALUATION:
            _by_evaluation(w, row, values, champion)
        else:
            _by_word(w, row, values, champion)
        if champion is not None and champion.candidate_id == row.candidate_id:
            raise CannotBe("is_champion", "This candidate is the champion already.")
        row.deployment = _deployment(w, values.get("deployment"))
        _close_others(w, of, champion)
        row.revision = w.revision
        row.save(force_insert=True)
        _tell(w, of, row)
    return row


def set_deployment(
    *,
    project: Project,
    model: str,
    number: int,
    deployment: int | None,
    actor: User,
    now: datetime,
    origin: str = "",
) -> Promotion:
    """Name (or no longer name) the ticket that brings a champion into use. Raises Hidden, Forbidden, Invalid."""
    with writing(project, actor=actor, now=now, need=Need.LEAD, origin=origin) as w:
        row: Promotion | None = promotions().filter(model__project=w.project, model__slug=model, number=number).first()
        if row is None:
            raise Hidden(number)
        was = shapes.promotion(row)
        row.deployment, row.revision = _deployment(w, deployment), w.revision
        row.save(update_fields=["deployment", "revision"])
        diff = shapes.diff(was, shapes.promotion(row))
        w.journal.record("promotion", "updated", row, parent=("model", row.model.uid), diff=diff)
    return row


def _by_evaluation(w: ProjectWriting, row: Promotion, values: dict[str, Any], champion: Promotion | None) -> None:
    if "evaluation" not in values:
        raise Invalid([FieldError("/evaluation", "required", "By which evaluation?")])
    try:
        evaluation = evaluation_row(w, row.model.slug, values["evaluation"])
    except Hidden:
        raise Invalid([FieldError("/evaluation", "unknown", "There is no such evaluation.")]) from None
    if evaluation.state == Evaluation.State.WITHDRAWN:
        raise CannotBe("no_win", "This evaluation was withdrawn: it says nothing.")
    last = evaluation.looked.order_by("-number").first()
    if last is None or last.verdict not in WINS:
        said = f"it said {last.verdict.replace('_', ' ')}" if last else "nobody has looked at it"
        raise CannotBe("no_win", f"This evaluation does not say that the challenger is better: {said}.")
    if champion is None or evaluation.champion_id != champion.pk:
        raise CannotBe("champion_changed", "There is another champion now than the one that was beaten.")
    row.candidate, row.evaluation, row.provisional = evaluation.challenger, evaluation, last.verdict == PROVISIONAL


def _by_word(w: ProjectWriting, row: Promotion, values: dict[str, Any], champion: Promotion | None) -> None:
    if "candidate" not in values:
        raise Invalid([FieldError("/candidate", "required", "Which candidate?")])
    row.candidate = candidate_row(w, values["candidate"], "/candidate")
    if row.kind == Promotion.Kind.OVERRIDE:
        if not row.reason:
            raise Invalid([FieldError("/reason", "required", "Why, against what the measurements say?")])
        return
    if champion is not None:
        raise CannotBe(
            "not_first", "This model has a champion: the next one comes by an evaluation, or by a lead's word."
        )
    policy = policy_of(row.model)
    if policy is None or not _is_baseline(row.candidate, policy.metric_id):
        raise CannotBe("not_a_baseline", "The first champion is a baseline on the policy's metric: make it one first.")


def _is_baseline(candidate: Candidate, metric_id: int) -> bool:
    return Baseline.objects.filter(candidate=candidate, metric=metric_id).exists()


def _deployment(w: ProjectWriting, number: int | None) -> Ticket | None:
    if number is None:
        return None
    ticket = Ticket.objects.alive().filter(project=w.project, number=number).first()
    if ticket is None or ticket.type != "deployment":
        raise Invalid([FieldError("/deployment", "unknown", "There is no deployment ticket of this number.")])
    return ticket


def _close_others(w: ProjectWriting, of: RegisteredModel, champion: Promotion | None) -> None:
    """Open evaluations against the champion that was end here: nobody could act on what they would say."""
    rows = Evaluation.objects.filter(model=of, champion=champion, state=Evaluation.State.OPEN).order_by("number")
    for row in rows:
        row.state, row.ended_at, row.revision = Evaluation.State.CLOSED, w.now, w.revision
        row.save(update_fields=["state", "ended_at", "revision"])
        diff: dict[str, list[Any]] = {"state": ["open", "closed"], "ended_at": [None, rfc3339(w.now)]}
        w.journal.record("evaluation", "updated", row, parent=("model", of.uid), diff=diff)


def _tell(w: ProjectWriting, of: RegisteredModel, row: Promotion) -> None:
    policy = policy_of(of)
    metric_ids = [policy.metric_id] if policy else []
    touched = judge_tickets(
        w, ticket_ids=tickets_against_champions(metric_ids), metric_ids=metric_ids, revision=w.revision
    )
    w.journal.record(
        "promotion", "created", row, parent=("model", of.uid), resource=shapes.promotion(row), tickets=touched
    )
    of.version, of.revision = of.version + 1, w.revision
    of.save(update_fields=["version", "revision"])
    w.journal.record("model", "updated", of, diff={"champion": [row.number - 1 or None, row.number]})
