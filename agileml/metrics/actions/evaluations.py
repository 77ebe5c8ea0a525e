"""Champion against challenger: registered first, looked at as often as was agreed."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from agileml.accounts.models import User
from agileml.lib import fields
from agileml.lib.fields import FieldError, Invalid
from agileml.metrics import shapes
from agileml.metrics.actions.judging import judge_tickets
from agileml.metrics.actions.registered import model_row
from agileml.metrics.models import Candidate, Evaluation, Look, Metric, Policy, Promotion, RegisteredModel
from agileml.metrics.queries.champions import (
    champion_of,
    evaluations,
    inputs_of,
    measured_pairs,
    policy_of,
    tickets_against_champions,
)
from agileml.metrics.rules.refusing import CannotBe
from agileml.metrics.rules.terms import AB_TEST, Guardrail, Terms
from agileml.metrics.rules.verdicts import INCONCLUSIVE, INSUFFICIENT, NOT_COMPARABLE, PROVISIONAL, verdict
from agileml.projects.doors import Hidden, ProjectWriting, writing
from agileml.projects.models import Project
from agileml.projects.rules import Need

OPEN_ENDED = {INCONCLUSIVE, INSUFFICIENT, PROVISIONAL}  # another look, if one was planned, may still say more
OPENING_FIELDS: dict[str, fields.Check] = {
    "challenger": fields.uid,
    "expects": fields.text(2_000),
    "pairs": fields.many(fields.text(64), most=1_000),
}


def open_evaluation(
    *, project: Project, model: str, sent: dict[str, Any], actor: User, now: datetime, origin: str = ""
) -> Evaluation:
    """Register that a candidate is to be compared with the champion, and freeze how, before anybody looks.

    `sent` holds the challenger (a candidate's uid), perhaps what its author expects in words, and the planned pairs;
    left out, these are the first of the champion's. Raises Hidden, Invalid, or CannotBe: no policy, no champion, the
    champion itself, a champion that was not measured on the dataset, an evaluation of the two that is open already.
    """
    values = fields.clean(sent, fields=OPENING_FIELDS, required=("challenger",))
    with writing(project, actor=actor, now=now, need=Need.WORK, origin=origin) as w:
        of = model_row(w, model)
        challenger = candidate_row(w, values["challenger"], "/challenger")
        policy, champion = _policy(of), _champion(of)
        if champion.candidate_id == challenger.pk:
            raise CannotBe("is_champion", "This candidate is the champion.")
        if Evaluation.objects.filter(champion=champion, challenger=challenger, state=Evaluation.State.OPEN).exists():
            raise CannotBe("open_already", "An evaluation of these two is open already.")
        pairs = _pairs(policy, champion, values.get("pairs"))
        family = Evaluation.objects.filter(champion=champion, policy__dataset_digest=policy.dataset_digest)
        place = family.count() + 1
        row = Evaluation(
            model=of,
            number=Evaluation.objects.filter(model=of).count() + 1,
            champion=champion,
            challenger=challenger,
            policy=policy,
            terms=_terms(policy, pairs, place).stored(),
            place=place,
            expects=values.get("expects", ""),
            actor=actor,
            at=w.now,
            revision=w.revision,
        )
        row.save(force_insert=True)
        w.journal.record("evaluation", "created", row, parent=("model", of.uid), resource=shapes.evaluation(row, []))
    return row


def look(
    *, project: Project, model: str, number: int, expected: int, actor: User, now: datetime, origin: str = ""
) -> Look:
    """Judge an evaluation by its frozen terms; this look is counted, and kept with all that it saw.

    `expected` is the number of the look that the asker means to take, so that two who press at once take one. Raises
    Hidden, or CannotBe: not open, looked at meanwhile, the champion has changed, or nothing comparable is there yet,
    which uses up no look.
    """
    with writing(project, actor=actor, now=now, need=Need.WORK, origin=origin) as w:
        row = evaluation_row(w, model, number)
        taken = list(row.looked.select_related("actor").order_by("number"))
        _refuse_look(row, taken, expected)
        terms, inputs = Terms.of(row.terms), inputs_of(row, look=expected)
        answer = verdict(terms, inputs)
        if answer.verdict == NOT_COMPARABLE:
            raise CannotBe("not_comparable", f"Not comparable yet: {answer.problem}")
        was = shapes.evaluation(row, taken)
        made = Look(
            evaluation=row, number=expected, terms=row.terms, inputs=inputs.stored(), verdict=answer.verdict,
            answer=answer.stored(), actor=actor, at=w.now, revision=w.revision,
        )  # fmt: skip
        made.save(force_insert=True)
        if expected >= terms.looks or answer.verdict not in OPEN_ENDED:
            row.state, row.ended_at = Evaluation.State.CLOSED, w.now
        _stamp(w, row)
        metric = Metric.objects.get(project=w.project, key=terms.metric)
        touched = judge_tickets(
            w, ticket_ids=tickets_against_champions([metric.pk]), metric_ids=[metric.pk], revision=w.revision
        )
        shape = shapes.evaluation(row, [*taken, made])
        w.journal.record(
            "evaluation", "updated", row, parent=("model", row.model.uid), diff=shapes.diff(was, shape), tickets=touched
        )
    return made


def withdraw_evaluation(
    *, project: Project, model: str, number: int, actor: User, now: datetime, origin: str = ""
) -> Evaluation:
    """End an evaluation without a verdict. It keeps its place in the family. Raises Hidden, CannotBe if not open."""
    with writing(project, actor=actor, now=now, need=Need.WORK, origin=origin) as w:
        row = evaluation_row(w, model, number)
        if row.state != Evaluation.State.OPEN:
            raise CannotBe("ended", f"This evaluation is {row.state} already.")
        taken = list(row.looked.select_related("actor").order_by("number"))
        was = shapes.evaluation(row, taken)
        row.state, row.ended_at = Evaluation.State.WITHDRAWN, w.now
        _stamp(w, row)
        diff = shapes.diff(was, shapes.evaluation(row, taken))
        w.journal.record("evaluation", "updated", row, parent=("model", row.model.uid), diff=diff)
    return row


def evaluation_row(w: ProjectWriting, model: str, number: int) -> Evaluation:
    """An evaluation of the project that is written to. Raises Hidden."""
    row: Evaluation | None = evaluations().filter(model__project=w.project, model__slug=model, number=number).first()
    if row is None:
        raise Hidden(number)
    return row


def candidate_row(w: ProjectWriting, uid: str, pointer: str) -> Candidate:
    """A candidate of the project that is written to. Raises Invalid."""
    row = Candidate.objects.select_related("ticket").filter(ticket__project=w.project, uid=UUID(uid)).first()
    if row is None:
        raise Invalid([FieldError(pointer, "unknown", "There is no such candidate.")])
    return row


def _policy(of: RegisteredModel) -> Policy:
    policy = policy_of(of)
    if policy is None:
        raise CannotBe("no_policy", "Agree first how challengers are compared: this model has no policy.")
    keys = [policy.metric.key, *(guardrail["metric"] for guardrail in policy.guardrails)]
    watched = Metric.objects.filter(project=of.project_id, key__in=keys).exclude(direction="")
    if watched.count() < len(set(keys)):
        raise CannotBe("no_policy", "A metric of the policy is not watched any more: agree on another policy.")
    return policy


def _champion(of: RegisteredModel) -> Promotion:
    champion = champion_of(of)
    if champion is None:
        raise CannotBe("no_champion", "This model has no champion yet: promote the first from a baseline.")
    return champion


def _pairs(policy: Policy, champion: Promotion, asked: list[str] | None) -> Sequence[str]:
    """The pairs to compare, in the order in which looks take them."""
    if policy.design == AB_TEST:
        return [f"day={day}" for day in range(1, policy.planned_n + 1)]
    measured = measured_pairs(champion.candidate, policy)
    if not measured:
        raise CannotBe(
            "champion_not_measured",
            "The champion has not been measured on this dataset: measure it there before anything is compared with it.",
        )
    if asked is not None and len(asked) != policy.planned_n:
        raise Invalid([FieldError("/pairs", "invalid", f"{policy.planned_n} pairs are planned.")])
    if asked is not None and set(asked) - set(measured):
        missing = ", ".join(pair for pair in asked if pair not in measured)
        raise CannotBe("champion_not_measured", f"The champion has not been measured on {missing}.")
    if len(measured) < policy.planned_n:
        raise CannotBe(
            "champion_not_measured",
            f"The champion has been measured on {len(measured)} of the {policy.planned_n} planned pairs.",
        )
    return asked if asked is not None else measured[: policy.planned_n]


def _terms(policy: Policy, pairs: Sequence[str], place: int) -> Terms:
    names = [guardrail["metric"] for guardrail in policy.guardrails]
    found = Metric.objects.filter(project=policy.metric.project_id, key__in=names)
    directions = dict(found.values_list("key", "direction"))
    return Terms(
        metric=policy.metric.key,
        direction=policy.metric.direction,
        margin=policy.margin,
        dataset_name=policy.dataset_name,
        dataset_digest=policy.dataset_digest,
        split=policy.split,
        design=policy.design,
        pairs=tuple(pairs),
        alpha=policy.alpha,
        looks=policy.looks,
        place=place,
        folds=policy.folds,
        guardrails=tuple(
            Guardrail(one["metric"], directions[one["metric"]], one["largest_regression"]) for one in policy.guardrails
        ),
    )


def _refuse_look(row: Evaluation, taken: Sequence[Look], expected: int) -> None:
    if row.state != Evaluation.State.OPEN:
        raise CannotBe("ended", f"This evaluation is {row.state} already.")
    if expected != len(taken) + 1:
        raise CannotBe("looked_already", f"Look {len(taken)} has been taken: see what it said first.")
    champion = champion_of(row.model)
    assert champion is not None
    if champion.pk != row.champion_id:
        raise CannotBe("champion_changed", "There is another champion now: register a new evaluation against it.")


def _stamp(w: ProjectWriting, row: Evaluation) -> None:
    row.revision = w.revision
    row.save(update_fields=["state", "ended_at", "revision"])
