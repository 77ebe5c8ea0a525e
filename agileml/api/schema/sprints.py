"""Sprints: their drafts, boards, plans, starts, closes and reports."""

from agileml.api import columns, sprints
from agileml.api.schema.decisions import DIFF, NUMBERS, REFUSED
from agileml.api.schema.kit import (
    BOOL,
    COUNT,
    DAY,
    DOUBLE,
    ELSEWHERE,
    MOMENT,
    NUMBER,
    REVISION,
    TEXT,
    UID,
    VERSION,
    Call,
    Schema,
    body,
    by_name,
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
from agileml.api.schema.tickets import STATUS, TYPE
from agileml.planning.actions.sprints import SPRINT_FIELDS
from agileml.planning.models import Decision, Move, Sprint
from agileml.planning.rules import reporting, retro
from agileml.work.models import Ticket

PLAN_VERSION: Schema = {"type": "integer", "minimum": 0, "examples": [4]}
SPRINT_PART = obj({"goal": TEXT, "increment": TEXT, "start": DAY, "end": DAY})
_scope = {name: {"type": "integer"} for name in ("initial", "added", "skipped", "deferred", "done")}
_counts = ("planned", "ever", "done", "added", "skipped", "deferred", "taken_out", "split", "changed")
_ground = of_dataclass(reporting.Ground)
_goal = ("metric", "epic", "better", "target", "baseline", "baseline_label", "best", "best_of", "best_note")

REPORT = obj(
    {
        "form": NUMBER,
        "headline": TEXT,
        "summary": TEXT,
        "sprint": obj(
            {
                "number": NUMBER,
                "name": TEXT,
                "goal": TEXT,
                "increment": TEXT,
                "start": DAY,
                "end": DAY,
                "days": COUNT,
                "working_days": COUNT,
                "started_at": maybe(MOMENT),
                "closed_at": MOMENT,
                "closed_by": TEXT,
                "time_zone": TEXT,
                "plan_version": COUNT,
                "replans": COUNT,
                "word": TEXT,
            }
        ),
        "plan": obj(
            {
                "first": obj({"version": COUNT, "tickets": NUMBERS}),
                "last": obj({"version": COUNT, "tickets": NUMBERS}),
                "added": NUMBERS,
                "skipped": NUMBERS,
                "deferred": NUMBERS,
                "taken_out": NUMBERS,
                "split": many(obj({"ticket": NUMBER, "into": NUMBERS})),
                "changed": many(obj({"ticket": NUMBER, "words": many(TEXT)})),
                "counts": obj(dict.fromkeys(_counts, COUNT)),
            }
        ),
        "outcomes": obj(dict.fromkeys(("shipped", "learned", "skipped", "carried", "taken_out", "open"), NUMBERS)),
        "tickets": many(
            obj(
                {
                    "number": NUMBER,
                    "key": TEXT,
                    "title": TEXT,
                    "type": TYPE,
                    "type_name": TEXT,
                    "question": TEXT,
                    "planned": BOOL,
                    "end": one_of("shipped", "learned", "demoed", "skipped", "carried", "taken_out", "open"),
                    "moves": many(obj({"version": COUNT, "move": TEXT, "words": TEXT})),
                    "findings": many(of_dataclass(reporting.Found)),
                    "criteria": many(obj({**of_dataclass(reporting.Criterion)["properties"], "gain": maybe(DOUBLE)})),
                    "skip": maybe(
                        obj(
                            {
                                "version": maybe(COUNT),
                                "code": TEXT,
                                "reason": TEXT,
                                "evidence": many(_ground),
                                "revisit_if": TEXT,
                            }
                        )
                    ),
                    "carry": maybe(
                        obj(
                            {
                                "version": COUNT,
                                "at_close": BOOL,
                                "sprint": maybe(NUMBER),
                                "to": TEXT,
                                "note": TEXT,
                                "resume_cost": maybe(TEXT),
                                "reason": TEXT,
                            }
                        )
                    ),
                }
            )
        ),
        "gains": many(
            obj(
                {
                    **dict.fromkeys(("type", "type_name", "metric", "unit", "against"), TEXT),
                    "criteria": COUNT,
                    "measured_criteria": COUNT,
                    "expected": maybe(DOUBLE),
                    "measured": maybe(DOUBLE),
                }
            )
        ),
        "decisions": many(
            obj(
                {
                    "version": COUNT,
                    "kind": one_of(*Decision.Kind.values),
                    "title": TEXT,
                    "at": TEXT,
                    "by": TEXT,
                    "code": maybe(TEXT),
                    "code_words": TEXT,
                    "reason": TEXT,
                    "evidence": many(_ground),
                    "taken_back_in": maybe(COUNT),
                    "moves": many(
                        obj(
                            {
                                "move": one_of(*Move.Kind.values),
                                "ticket": maybe(NUMBER),
                                "key": maybe(TEXT),
                                "title": TEXT,
                                "words": TEXT,
                            }
                        )
                    ),
                }
            )
        ),
        "metrics": many(obj({**dict.fromkeys(_goal, maybe(TEXT)), "reached": maybe(BOOL)})),
        "scope": obj(
            {
                "days": many(obj({"day": DAY, "working": BOOL})),
                "bands": many(obj(_scope)),
                "marks": many(obj({"day": DAY, "version": COUNT, "text": TEXT})),
            }
        ),
        "retro": many(
            obj({"kind": one_of(*retro.KINDS), "text": TEXT, "ticket": maybe(obj({"number": NUMBER, "key": TEXT}))})
        ),
        "points": maybe(obj({"planned": maybe(DOUBLE), "done": maybe(DOUBLE)})),
    }
)

SHAPES = {
    "Sprint": shape(
        columns.SPRINT,
        uid=UID,
        number=NUMBER,
        name=says(TEXT, "What people call it.", "Sprint 3"),
        goal=TEXT,
        increment=says(TEXT, "What there will be at its end that was not there before."),
        start=DAY,
        end=DAY,
        state=one_of(*Sprint.State.values),
        plan_version=says(PLAN_VERSION, "What a re-plan names as `base_version`; 0 before the start."),
        replans=COUNT,
        started_at=maybe(MOMENT),
        closed_at=maybe(MOMENT),
        external_refs=ELSEWHERE,
        version=VERSION,
        revision=REVISION,
    ),
    "Draft": obj({"sprint": ref("Sprint"), "tickets": NUMBERS}),
    "Board": obj(
        {"sprint": ref("Sprint"), "columns": obj({status: many(ref("Ticket")) for status in Ticket.Status.values})}
    ),
    "Plan": obj(
        {
            "version": PLAN_VERSION,
            "sprint": says({"type": "object"}, "Its goal, increment, start and end in that version."),
            "tickets": many(
                obj(
                    {
                        "number": NUMBER,
                        "key": TEXT,
                        "type": TYPE,
                        "story": maybe(NUMBER),
                        "estimate": maybe(DOUBLE),
                        "criteria": many(ref("CriterionDefinition")),
                        "skipped": BOOL,
                        "added_in": COUNT,
                    }
                )
            ),
            "now": says(by_name(obj({"title": TEXT, "status": STATUS})), "Today's, by number, whatever the version."),
        }
    ),
    "PlanDiff": obj(
        {
            **DIFF,
            "from": PLAN_VERSION,
            "to": PLAN_VERSION,
            "deferred": NUMBERS,
            "split": by_name(NUMBERS),
            "passed": says(NUMBERS, "In the plan only in between."),
            "moves": says(
                by_name(
                    many(
                        obj(
                            {"version": COUNT, "move": one_of(*Move.Kind.values), "reason_code": TEXT, "reason": TEXT},
                            revisit_if=TEXT,
                            to=maybe(NUMBER),
                            note=TEXT,
                            resume_cost=maybe(TEXT),
                            into=NUMBERS,
                        )
                    )
                ),
                "What was decided on each ticket between the two, and why, oldest first.",
            ),
        }
    ),
    "Report": REPORT,
}

_destination = body(sprints.DESTINATION, ("to",))
CLOSE = body(
    sprints.CLOSE,
    destinations=says(by_name(_destination), "By the number of each ticket that is neither done nor skipped."),
    retro=many(body(retro.FIELDS, ("kind", "text"))) | {"maxItems": retro.MOST_LINES},
)
STATES = says(TEXT, f"One or more, with commas: {', '.join(Sprint.State.values)}.", "active")

CALLS = {
    (sprints.Sprints, "get"): listed("List sprints", "Sprint", columns.SPRINT, state=STATES),
    (sprints.Sprints, "post"): Call(
        "Plan a sprint",
        {201: ref("Sprint")},
        body(SPRINT_FIELDS),
        {"start": "2026-11-16", "end": "2026-11-27", "goal": "Know what limits us"},
        conflicts=("external_ref_taken",),
        words="Without `start` it begins on the working day after the latest one ends, today at the earliest; without "
        "`end` it takes the project's `sprint_days`.",
        tagged=True,
        located=True,
    ),
    (sprints.OneSprint, "get"): Call("Read a sprint", {200: ref("Sprint")}, tagged=True),
    (sprints.OneSprint, "patch"): Call(
        "Edit a sprint",
        {200: ref("Sprint")},
        body(SPRINT_FIELDS, decision=says(maybe(ref("Why")), "Makes a decision of what is part of the plan.")),
        {"name": "The one"},
        words="The goal, increment and end of an active sprint change only by a decision: with `decision` this makes "
        "one of a single move, without it is 409 `needs_decision`.",
        conflicts=("needs_decision", "start_is_history", *REFUSED),
        needs_version=True,
        tagged=True,
    ),
    (sprints.Draft, "put"): Call(
        "Make these tickets, and no others, a sprint's draft",
        {200: ref("Draft")},
        body(sprints.DRAFT, ("tickets",)),
        {"tickets": [1, 2]},
        words="No reason is asked for before the start.",
        conflicts=("refused", "not_planned", "unknown_ticket", "already_drafted", "done", "draft_changed", "twice"),
    ),
    (sprints.Board, "get"): Call("Read a sprint's board", {200: ref("Board")}, words="Each column by rank."),
    (sprints.Start, "post"): Call(
        "Start a sprint",
        {201: ref("Decision")},
        body({}),
        {},
        words="Leads may. Its draft becomes plan v1; from then on the plan changes only by decisions.",
        conflicts=("refused", "not_planned", "in_another_sprint", "done"),
    ),
    (sprints.Close, "post"): Call(
        "Close a sprint",
        {201: ref("Decision")},
        CLOSE,
        {
            "destinations": {"2": {"to": "backlog", "note": "Start at the sevens.", "resume_cost": "low"}},
            "retro": [{"kind": "keep", "text": "Small tickets, one question each."}],
            "reason": "Time is up.",
        },
        words="Leads may. Each ticket that is left has a destination; each `try` of the retro becomes a ticket.",
        conflicts=("not_active", "destination_missing", "not_left", *REFUSED),
    ),
    (sprints.SprintReport, "get"): Call(
        "Read the report of a closed sprint",
        {200: ref("Report")},
        words="As it was frozen at the close; there is none (404) before, nor once the close was taken back.",
    ),
    (sprints.SprintPlan, "get"): Call(
        "Read a plan at any version", {200: ref("Plan")}, query={"version": says(PLAN_VERSION, "The newest without.")}
    ),
    (sprints.SprintPlanDiff, "get"): Call(
        "Compare two versions of a plan",
        {200: ref("PlanDiff")},
        query={
            "from": says(PLAN_VERSION, "May be the later one; 0 is before the start.") | {"required": True},
            "to": PLAN_VERSION | {"required": True},
        },
    ),
}  # fmt: skip
