"""Decisions: the only way in which the plan of an active sprint changes; and proposals and suggestions of them."""

from agileml.api import columns, decisions, proposals, suggestions
from agileml.api.reasons import REASON as WHY
from agileml.api.schema.kit import (
    BOOL,
    MOMENT,
    NUMBER,
    OBJECT,
    REVISION,
    TEXT,
    UID,
    Call,
    Schema,
    body,
    by_name,
    listed,
    many,
    maybe,
    obj,
    one_of,
    ref,
    says,
    shape,
)
from agileml.planning.models import Decision, Move, Proposal
from agileml.planning.rules import moves as rules
from agileml.work.fields import PLAN_FIELDS, TICKET_FIELDS

REASON = one_of(*(code for code in Decision.Reason.values if code))
NUMBERS = many(NUMBER)
CHANGES = says(by_name({"type": "array", "minItems": 2, "maxItems": 2}), "`{field: [old, new]}`.")
DIFF: dict[str, Schema] = {
    "added": NUMBERS,
    "removed": NUMBERS,
    "skipped": NUMBERS,
    "restored": NUMBERS,
    "changed": says(by_name(CHANGES), "By ticket number."),
    "sprint": CHANGES,
}
REFUSED = (
    "stale_version", "refused", "no_moves", "needs_sprint", "twice", "unknown_ticket", "reason_code_required",
    "reason_required", "evidence_required", "unknown_evidence", "already_in_sprint", "in_another_sprint", "done",
    "not_in_sprint", "not_skipped", "already_skipped", "unknown_sprint", "same_sprint", "sprint_planned",
    "sprint_closed", "already_drafted", "stale_target", "invalid", "external_ref_taken",
)  # fmt: skip
TAKEN_BACK = (
    "overtaken", "already_taken_back", "refused", "reason_required", "invalid", "sprint_closed", "not_active",
)  # fmt: skip


def _move(name: str) -> Schema:
    """What a client sends as this move."""
    known: dict[str, Schema] = {"move": {"const": name}}
    if name == "add":
        known["new"] = ref("NewTicket")
    elif name == "change":
        known["set"] = body({field: TICKET_FIELDS[field] for field in PLAN_FIELDS}) | {"minProperties": 1}
    elif name == "split":
        known["into"] = many(ref("NewTicket")) | {"minItems": 1, "maxItems": 20}
    elif name == "sprint":
        end: Schema = {"type": "string", "format": "date"}
        known["set"] = body(rules.SPRINT_FIELDS, end=end) | {"minProperties": 1}
    required = {"add": (), "sprint": ("set",), "change": ("ticket", "set"), "split": ("ticket", "into")}
    return body(rules.ALLOWED[name], ("move", *required.get(name, ("ticket",))), **known)


MOVES = many(ref("MoveRequest")) | {"maxItems": 200}
EXAMPLE = {
    "base_version": 1, "reason_code": "finding_invalidates", "reason": "Width is not what limits us.",
    "evidence": [{"finding": "0f8fad5b-d9cb-469f-a165-708677289501"}],
    "moves": [
        {"move": "skip", "ticket": 1, "revisit_if": "we get ten times the data"},
        {"move": "add", "new": {"type": "algorithm_development", "title": "Deskew before training", "story": 1}},
    ],
}  # fmt: skip
PREVIEWED = says(ref("Preview"), "With `dry_run`: what would be; nothing is written.")
DRY_RUN = says(BOOL, "Tell what would be, and write nothing.")

SHAPES = {
    "MoveRequest": {"oneOf": [_move(name) for name in rules.ALLOWED]},
    "Evidence": {
        "oneOf": [obj({kind: UID, "ticket": NUMBER}) for kind in ("finding", "snapshot", "evaluation")],
        "description": "What a decision rests on, and on which ticket it is.",
    },
    "Move": obj(
        {
            "move": one_of(*Move.Kind.values),
            "ticket": says(maybe(NUMBER), "null for the sprint itself."),
            "before": maybe(OBJECT),
            "after": maybe(OBJECT),
        }
    ),
    "Decision": shape(
        columns.DECISION,
        uid=UID,
        sprint=says(maybe(NUMBER), "null for the backlog alone."),
        version=says(maybe({"type": "integer", "minimum": 1}), "The plan version that it made."),
        group=says(UID, "Decisions that belong together share it."),
        kind=one_of(*Decision.Kind.values),
        reason_code=maybe(REASON),
        reason=TEXT,
        evidence=many(ref("Evidence")),
        moves=many(ref("Move")),
        actor=ref("Person"),
        at=MOMENT,
        reverts=says(maybe(UID), "The decision that it takes back."),
        partial=BOOL,
        reverted_by=says(maybe(UID), "The decision that takes it back."),
        revision=REVISION,
    ),
    "Preview": obj(
        {
            "would": obj(
                {
                    "from": maybe({"type": "integer", "minimum": 0}),
                    "to": maybe(NUMBER),
                    **DIFF,
                    "new": many(obj({"type": TEXT, "title": TEXT})),
                }
            ),
            "consequences": many(
                obj(
                    {
                        "code": TEXT,
                        "level": one_of("warning", "note", "ok"),
                        "ticket": maybe(NUMBER),
                        "message": TEXT,
                    }
                )
            ),
            "refusals": many(obj({"pointer": TEXT, "code": TEXT, "ticket": maybe(NUMBER), "message": TEXT})),
        }
    ),
    "Proposal": shape(
        columns.PROPOSAL,
        uid=UID,
        sprint=NUMBER,
        base_version=NUMBER,
        moves=says(many(OBJECT), "As they were sent."),
        reason_code=maybe(REASON),
        reason=TEXT,
        evidence=says(many(OBJECT), "As it was sent."),
        author=ref("Person"),
        at=MOMENT,
        state=one_of(*Proposal.State.values),
        answered_by=maybe(ref("Person")),
        answered_at=maybe(MOMENT),
        answer=TEXT,
        decision=says(maybe(UID), "That which was made of it."),
        revision=REVISION,
    ),
    "Suggestion": obj(
        {
            "key": TEXT,
            "kind": TEXT,
            "ticket": NUMBER,
            "at": MOMENT,
            "title": TEXT,
            "text": TEXT,
            "reason_code": TEXT,
            "reason": TEXT,
            "moves": many(OBJECT),
            "evidence": many(OBJECT),
            "perhaps": says(NUMBERS, "Tickets that only a person can tell about."),
        }
    ),
    "Dismissal": obj(
        {"uid": UID, "sprint": NUMBER, "key": TEXT, "actor": ref("Person"), "at": MOMENT, "revision": REVISION}
    ),
    "Suggestions": obj({"suggestions": many(ref("Suggestion")), "dismissed": many(ref("Dismissal"))}),
}

_of_sprint = body(
    {**decisions.DECIDE, **WHY},
    moves=MOVES,
    base_version=says({"type": ["integer", "null"], "minimum": 0}, "The plan version that was seen.", 1),
)
DECIDE = _of_sprint | {"required": ["sprint", "moves"]}
OF_SPRINT = _of_sprint | {"required": ["base_version", "moves"]}
GENERAL = EXAMPLE | {"sprint": 1}

CALLS = {
    (decisions.Decisions, "get"): listed("List decisions", "Decision", columns.DECISION, sprint=NUMBER),
    (decisions.Decisions, "post"): Call(
        "Decide",
        {201: ref("Decision"), 200: PREVIEWED},
        DECIDE,
        GENERAL,
        words="All moves or none. `sprint` is a number, or null for the backlog alone, where tickets are skipped and "
        "restored; `base_version` is the plan version that was seen.",
        conflicts=REFUSED,
        query={"dry_run": DRY_RUN},
    ),
    (decisions.SprintDecisions, "get"): listed("List a sprint's decisions", "Decision", columns.DECISION),
    (decisions.SprintDecisions, "post"): Call(
        "Re-plan a sprint",
        {201: ref("Decision"), 200: PREVIEWED},
        OF_SPRINT,
        EXAMPLE,
        words="All moves or none, for the plan version that was seen.",
        conflicts=REFUSED,
        query={"dry_run": DRY_RUN},
    ),
    (decisions.Revert, "post"): Call(
        "Take a decision back",
        {201: ref("Decision")},
        body(decisions.REVERT),
        {"reason": "Somebody asks for it after all."},
        words="By inverse moves, together with its group. 409 `overtaken` lists what happened since; `partial` takes "
        "back the rest.",
        conflicts=TAKEN_BACK,
    ),
    (decisions.SprintRevert, "post"): Call(
        "Take the decision back that made a plan version",
        {201: ref("Decision")},
        body(decisions.REVERT),
        {"reason": "The seeds were mixed up.", "partial": False},
        conflicts=TAKEN_BACK,
    ),
    (proposals.Proposals, "get"): listed(
        "List proposals",
        "Proposal",
        columns.PROPOSAL,
        state=says(TEXT, f"One or more, with commas: {', '.join(Proposal.State.values)}.", "open"),
    ),
    (proposals.Proposals, "post"): Call(
        "Propose a re-plan",
        {201: ref("Proposal"), 200: PREVIEWED},
        OF_SPRINT,
        EXAMPLE,
        words="For those who decide.",
        conflicts=REFUSED,
        located=True,
        query={"dry_run": DRY_RUN},
    ),
    (proposals.OneProposal, "get"): Call("Read a proposal", {200: ref("Proposal")}),
    (proposals.Decide, "post"): Call(
        "Decide what is proposed",
        {201: ref("Decision"), 200: PREVIEWED},
        body(proposals.DECIDE),
        {"partial": False, "base_version": 2},
        words="It is checked anew on the plan as it is now; `partial` decides what still fits.",
        conflicts=(*REFUSED, "answered", "nothing_fits"),
        query={"dry_run": DRY_RUN},
    ),
    (proposals.Decline, "post"): Call(
        "Decline a proposal",
        {200: ref("Proposal")},
        body(proposals.DECLINE),
        {"answer": "Not yet."},
        conflicts=("answered", "reason_required", "invalid", "refused"),
    ),
    (proposals.Withdraw, "post"): Call(
        "Withdraw one's proposal",
        {200: ref("Proposal")},
        body({}),
        {},
        conflicts=("answered", "not_yours"),
    ),
    (suggestions.Suggestions, "get"): Call(
        "Read what a sprint's results suggest to re-plan",
        {200: ref("Suggestions")},
        words="Newest first, one for each ticket. Nothing is decided by itself.",
    ),
    (suggestions.Dismiss, "post"): Call(
        "Put a suggestion aside",
        {200: ref("Suggestions")},
        body(suggestions.DISMISS, ("key",)),
        {"key": "finding:0f8fad5b-d9cb-469f-a165-708677289501"},
        words="For everybody. It answers with what is left; a key that means nothing does nothing.",
    ),
}
