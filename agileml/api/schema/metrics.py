"""Metrics, and what was measured on tickets."""

from agileml.api import columns, metrics
from agileml.api.schema.kit import (
    ANYTHING,
    BOOL,
    COUNT,
    DOUBLE,
    MOMENT,
    NUMBER,
    OBJECT,
    REVISION,
    TEXT,
    UID,
    Call,
    Schema,
    body,
    listed,
    many,
    maybe,
    obj,
    one_of,
    ref,
    says,
    shape,
)
from agileml.metrics.actions.corrections import CORRECTION_FIELDS
from agileml.metrics.actions.settings import BASELINE_FIELDS, METRIC_FIELDS
from agileml.metrics.models import Criterion, Metric

CRITERION_STATE = one_of(*Criterion.State.values)
DATASET = obj({"name": TEXT, "digest": TEXT})
STEP: Schema = says({"type": "integer", "minimum": -1}, "-1 for none.", 3)
RESULTS = ("created", "unchanged", "superseded", "refused")
PUSH = {
    "external_id": "wide-seed=1", "candidate": "wide", "dataset": {"name": "digits", "digest": "d41d8c"},
    "split": "test", "params": {"hidden": 512}, "points": [{"metric": "error", "value": 0.029, "pair_key": "seed=1"}],
}  # fmt: skip

SHAPES = {
    "Metric": shape(
        columns.METRIC,
        uid=UID,
        key=says(TEXT, "Its name inside the project.", "error"),
        direction=says(one_of(*Metric.Direction.values), "Which way is better; empty while nobody watches it."),
        unit=says(TEXT, "Values of the unit % are fractions.", "%"),
        smallest_difference=says(maybe(DOUBLE), "What matters at least.", 0.001),
        watched=BOOL,
        revision=REVISION,
    ),
    "Snapshot": shape(
        columns.SNAPSHOT,
        uid=UID,
        ticket=NUMBER,
        metric=says(TEXT, "Its key.", "error"),
        value=says(maybe(DOUBLE), "null where it is not finite.", 0.029),
        value_state=one_of("ok", "nan", "pos_inf", "neg_inf"),
        step=STEP,
        candidate=says(TEXT, "Its name.", "wide"),
        pair_key=says(TEXT, "Which repeat it is: what runs of two candidates have in common.", "seed=1"),
        split=TEXT,
        dataset=DATASET,
        observed_at=MOMENT,
        run_id=TEXT,
        run_name=TEXT,
        run_url=TEXT,
        git_commit=TEXT,
        params=OBJECT,
        source=TEXT,
        external_id=TEXT,
        supersedes=says(maybe(UID), "The snapshot that it takes the place of."),
        received_at=MOMENT,
        revision=REVISION,
    ),
    "Correction": shape(
        columns.CORRECTION,
        uid=UID,
        ticket=NUMBER,
        source=TEXT,
        external_id=TEXT,
        run_pair=TEXT,
        run_split=TEXT,
        candidate=maybe(TEXT),
        pair_key=maybe(TEXT),
        split=maybe(TEXT),
        reason=TEXT,
        actor=ref("Person"),
        at=MOMENT,
        revision=REVISION,
    ),
    "Baseline": shape(
        columns.BASELINE,
        uid=UID,
        metric=says(TEXT, "Its key.", "error"),
        label=TEXT,
        candidate=maybe(ref("NamedCandidate")),
        constant=maybe(DOUBLE),
        dataset=says(TEXT, "Its digest; empty is any."),
        split=says(TEXT, "Empty is any."),
        revision=REVISION,
    ),
    "Judgement": shape(
        columns.JUDGEMENT,
        uid=UID,
        ticket=NUMBER,
        criterion=says(UID, "The criterion's."),
        state=CRITERION_STATE,
        value=says(maybe(DOUBLE), "What was compared."),
        bound=says(maybe(DOUBLE), "What it was compared with."),
        candidate=says(maybe(TEXT), "Its name."),
        compared=says(OBJECT, "All that was looked at."),
        at=MOMENT,
        revision=REVISION,
    ),
    "Received": obj(
        {
            "external_id": TEXT,
            **dict.fromkeys(RESULTS, COUNT),
            "points": many(
                obj(
                    {
                        "metric": TEXT,
                        "step": {"type": "integer"},
                        "pair_key": TEXT,
                        "result": one_of(*RESULTS),
                        "why": says(TEXT, "Why it was refused."),
                        "snapshot": maybe(UID),
                    }
                )
            ),
            "warnings": many(TEXT),
        }
    ),
    "Push": {
        "type": "object",
        "description": "Points of one run; or a plain object of metrics, nested or not; or `format` and `payload`.",
        "properties": {
            "external_id": says(ANYTHING, "The run's name: what makes it safe to send again.", PUSH["external_id"]),
            "candidate": says(ANYTHING, "What was measured, by its name.", PUSH["candidate"]),
            "points": says(ANYTHING, "`metric`, `value`, and perhaps `step` and `pair_key`, of each."),
        },
        "additionalProperties": True,
    },
}  # fmt: skip

CALLS = {
    (metrics.Baselines, "get"): listed("List baselines", "Baseline", columns.BASELINE),
    (metrics.Baselines, "post"): Call(
        "Set a baseline",
        {201: ref("Baseline")},
        body(BASELINE_FIELDS, ("metric", "label")),
        {"metric": "error", "label": "By hand", "constant": 0.5},
        words="Leads may. A measured candidate or a constant, in place of what there is for the metric, dataset and "
        "split; what is judged by it is judged anew.",
    ),
    (metrics.OneBaseline, "delete"): Call(
        "Take a baseline away", {204: None}, words="Leads may. What was judged against it is judged anew."
    ),
    (metrics.Judgements, "get"): listed(
        "List how a ticket's criteria were judged",
        "Judgement",
        columns.JUDGEMENT,
        words="Those of criteria that have gone too.",
        criterion=says(UID, "Of this criterion."),
    ),
    (metrics.Metrics, "get"): listed("List the metrics", "Metric", columns.METRIC),
    (metrics.OneMetric, "patch"): Call(
        "Say which way a metric is better",
        {200: ref("Metric")},
        body(METRIC_FIELDS),
        {"direction": "lower", "unit": "%", "smallest_difference": 0.001},
        words="Leads may. The empty direction stops watching it; while something rests on it that is 409 `in_use`.",
        conflicts=("in_use",),
    ),
    (metrics.Snapshots, "get"): listed(
        "List what was measured on a ticket",
        "Snapshot",
        columns.SNAPSHOT,
        words="Superseded values too, each as it was received.",
        metric=says(TEXT, "Of this metric, by its key.", "error"),
    ),
    (metrics.Snapshots, "post"): Call(
        "Push metrics",
        {200: ref("Received")},
        ref("Push"),
        PUSH,
        words="Sending the same again changes nothing; another value under the same identity supersedes. One refused "
        "value refuses no other. At most 256 kB.",
    ),
    (metrics.Corrections, "get"): listed("List what people say of a ticket's runs", "Correction", columns.CORRECTION),
    (metrics.Corrections, "post"): Call(
        "Say to which candidate, pair or split a run belongs",
        {201: ref("Correction")},
        body(CORRECTION_FIELDS, ("source", "external_id", "reason")),
        {
            "source": "push", "external_id": "wide-seed=1", "run_pair": "seed=1", "run_split": "test",
            "candidate": "wide, deskewed", "reason": "It ran on the deskewed images.",
        },
        words="What was said of the same run before is replaced; all three `null` take it back.",
    ),
}  # fmt: skip
