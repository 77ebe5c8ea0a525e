"""Registered models: policies, evaluations, champions, and what could become one."""

from agileml.api import columns, models
from agileml.api.schema.kit import (
    BOOL,
    COUNT,
    DOUBLE,
    MOMENT,
    NUMBER,
    REVISION,
    TEXT,
    UID,
    VERSION,
    Call,
    Schema,
    body,
    listed,
    many,
    maybe,
    obj,
    of_dataclass,
    one_of,
    ref,
    says,
    shape,
)
from agileml.api.schema.metrics import DATASET
from agileml.metrics.actions.evaluations import OPENING_FIELDS
from agileml.metrics.actions.promotions import PROMOTION_FIELDS
from agileml.metrics.actions.registered import MODEL_FIELDS, POLICY_FIELDS
from agileml.metrics.models import Evaluation, Policy, Promotion
from agileml.metrics.rules.terms import Answer, Inputs, Terms

SLUG = says(TEXT, "Its name in addresses.", "digit-reader")
_candidate: dict[str, Schema] = {"uid": UID, "ticket": NUMBER, "name": says(TEXT, "", "wide"), "created_at": MOMENT}
_measured = many(obj({"metric": TEXT, "dataset": says(TEXT, "Its digest."), "split": TEXT, "pairs": COUNT}))
CANNOT_OPEN = ("no_policy", "no_champion", "is_champion", "open_already", "champion_not_measured")

SHAPES = {
    "Policy": shape(
        columns.POLICY,
        version=NUMBER,
        metric=TEXT,
        margin=DOUBLE,
        dataset=DATASET,
        split=TEXT,
        design=one_of(*Policy.Design.values),
        folds=maybe(COUNT),
        planned_n=COUNT,
        alpha=DOUBLE,
        looks=COUNT,
        guardrails=many(obj({"metric": TEXT, "largest_regression": DOUBLE})),
        at=MOMENT,
    ),
    "Model": shape(
        columns.MODEL,
        uid=UID,
        slug=SLUG,
        name=TEXT,
        purpose=TEXT,
        registry_source=TEXT,
        registry_name=TEXT,
        policy=says(maybe(ref("Policy")), "The newest."),
        champion=says(maybe(NUMBER), "The number of the promotion that reigns."),
        created_at=MOMENT,
        version=VERSION,
        revision=REVISION,
    ),
    "NamedCandidate": obj(_candidate),
    "Candidate": shape(columns.CANDIDATE, **_candidate, measured=_measured),
    "Look": obj(
        {
            "number": NUMBER,
            "verdict": TEXT,
            "answer": of_dataclass(Answer),
            "terms": of_dataclass(Terms),
            "inputs": of_dataclass(Inputs),
            "actor": ref("Person"),
            "at": MOMENT,
        }
    ),
    "Evaluation": shape(
        columns.EVALUATION,
        uid=UID,
        number=NUMBER,
        model=SLUG,
        champion=says(NUMBER, "The number of the promotion that it is compared with."),
        challenger=ref("NamedCandidate"),
        policy_version=NUMBER,
        terms=says(of_dataclass(Terms), "Frozen before anybody looked."),
        place=says(NUMBER, "Among those tried against this champion on this dataset."),
        expects=TEXT,
        state=one_of(*Evaluation.State.values),
        looks=many(ref("Look")),
        actor=ref("Person"),
        at=MOMENT,
        ended_at=maybe(MOMENT),
        version=VERSION,
        revision=REVISION,
    ),
    "Promotion": shape(
        columns.PROMOTION,
        uid=UID,
        model=SLUG,
        number=NUMBER,
        candidate=ref("NamedCandidate"),
        kind=one_of(*Promotion.Kind.values),
        evaluation=maybe(NUMBER),
        provisional=BOOL,
        reason=TEXT,
        deployment=says(maybe(NUMBER), "The ticket that brings it into use."),
        actor=ref("Person"),
        at=MOMENT,
        revision=REVISION,
    ),
}

CALLS = {
    (models.Models, "get"): listed("List the lines of models", "Model", columns.MODEL),
    (models.Models, "post"): Call(
        "Register a model",
        {201: ref("Model")},
        body(MODEL_FIELDS, ("slug", "name")),
        {"slug": "digit-reader", "name": "Digit reader", "purpose": "Reads the digits of a cheque."},
        words="Leads may.",
        tagged=True,
        located=True,
    ),
    (models.OneModel, "get"): Call("Read a model", {200: ref("Model")}, tagged=True),
    (models.NextPolicy, "post"): Call(
        "Set how challengers are compared from now on",
        {201: ref("Policy")},
        body(POLICY_FIELDS, ("metric", "planned_n")),
        {
            "metric": "error", "margin": 0.01, "dataset": {"name": "holdout", "digest": "d1"}, "split": "test",
            "planned_n": 3,
        },
        words="Leads may. It is the next version; evaluations that run keep theirs. The metric must be watched.",
    ),
    (models.Policies, "get"): listed("List the versions of a model's policy", "Policy", columns.POLICY),
    (models.Evaluations, "get"): listed("List evaluations", "Evaluation", columns.EVALUATION),
    (models.Evaluations, "post"): Call(
        "Register an evaluation, before anybody looks",
        {201: ref("Evaluation")},
        body(OPENING_FIELDS, ("challenger",)),
        {"challenger": "0f8fad5b-d9cb-469f-a165-708677289503", "expects": "A third of the errors gone."},
        conflicts=CANNOT_OPEN,
        tagged=True,
        located=True,
    ),
    (models.OneEvaluation, "get"): Call("Read an evaluation", {200: ref("Evaluation")}, tagged=True),
    (models.TakeLook, "post"): Call(
        "Take a look at an evaluation",
        {200: ref("Evaluation")},
        body(models.LOOK, ("look",)),
        {"look": 1},
        words="`look` is the number of the look that is meant: two who look at once use up one.",
        conflicts=("not_comparable", "looked_already", "ended", "champion_changed"),
        tagged=True,
    ),
    (models.WithdrawEvaluation, "post"): Call(
        "End an evaluation without a verdict",
        {200: ref("Evaluation")},
        body({}),
        {},
        conflicts=("ended",),
        tagged=True,
    ),
    (models.ModelPromotions, "get"): listed("List the champions of a model", "Promotion", columns.PROMOTION),
    (models.ModelPromotions, "post"): Call(
        "Make a candidate the champion",
        {201: ref("Promotion")},
        body(PROMOTION_FIELDS, ("kind",)),
        {
            "kind": "override", "candidate": "0f8fad5b-d9cb-469f-a165-708677289503", "reason": "It is faster.",
        },
        words="Leads may.",
        conflicts=(*CANNOT_OPEN, "champion_changed", "no_win", "not_first", "not_a_baseline", "ended"),
    ),
    (models.OnePromotion, "patch"): Call(
        "Name the ticket that brings a champion into use",
        {200: ref("Promotion")},
        body(models.DEPLOYMENT, ("deployment",)),
        {"deployment": None},
        words="Leads may.",
    ),
    (models.Promotions, "get"): listed("List the champions of all models", "Promotion", columns.PROMOTION),
    (models.Candidates, "get"): listed(
        "List what could be compared",
        "Candidate",
        columns.CANDIDATE,
        ticket=says(NUMBER, "Of this ticket."),
        metric=says(TEXT, "Measured by this metric.", "error"),
    ),
}  # fmt: skip
