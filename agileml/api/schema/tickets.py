"""Tickets, their progress and their links."""

from agileml.api import columns, tickets
from agileml.api.reasons import REASON
from agileml.api.schema.kit import (
    ADDRESS,
    BOOL,
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
    listed,
    many,
    maybe,
    obj,
    of_check,
    one_of,
    ref,
    says,
    shape,
)
from agileml.api.schema.stories import BESIDE, RANK
from agileml.metrics.models import Criterion
from agileml.planning.actions.links import LINK_FIELDS, TEXT_AT_MOST
from agileml.planning.actions.notes import FINDING_FIELDS, OPINION_FIELDS
from agileml.work import links
from agileml.work.fields import TICKET_FIELDS
from agileml.work.models import Ticket
from agileml.work.types import TicketType

STATUS, TYPE = one_of(*Ticket.Status.values), one_of(*TicketType.values)
WORDS: Schema = {"type": "string", "examples": ["todo"], "description": "One or more, with commas."}
REFUSED_PLAN = (
    "needs_decision", "refused", "twice", "unknown_ticket", "reason_code_required", "reason_required",
    "evidence_required", "unknown_evidence", "already_in_sprint", "in_another_sprint", "done", "not_in_sprint",
    "already_skipped", "already_drafted", "sprint_closed", "invalid", "external_ref_taken",
)  # fmt: skip

_definition: dict[str, Schema] = {
    "uid": UID,
    "role": one_of("success", "kill"),
    "metric": says(TEXT, "Its key.", "error"),
    "dataset": TEXT,
    "split": TEXT,
    "op": one_of(">=", "<="),
    "against": one_of("number", "baseline", "champion"),
    "value": maybe(DOUBLE),
    "margin": DOUBLE,
    "judge": says(one_of("mean", "worst", "one"), "Which of several repeats counts."),
    "expected_gain": maybe(DOUBLE),
}
_ticket: dict[str, Schema] = {
    "uid": UID,
    "number": NUMBER,
    "key": says(TEXT, "The project's key and the number.", "DIG-17"),
    "type": TYPE,
    "title": says(TEXT, "On one line.", "Wider hidden layer"),
    "question": says(TEXT, "What it is to answer.", "Is it capacity that limits us?"),
    "description": says(TEXT, "In Markdown."),
    "expected_benefit": TEXT,
    "riskiest_assumption": TEXT,
    "stop_when": TEXT,
    "component": TEXT,
    "story": says(maybe(NUMBER), "The number of its story."),
    "epic": says(maybe(NUMBER), "Its story's."),
    "labels": many(TEXT),
    "estimate": maybe(DOUBLE),
    "assignee": maybe(ref("Person")),
    "reviewer": maybe(ref("Person")),
    "status": STATUS,
    "outcome": maybe(one_of(*(word for word in Ticket.Outcome.values if word))),
    "unverified": says(BOOL, "Another system says that it is done; nobody here looked."),
    "blocked": maybe(obj({"since": maybe(MOMENT), "why": TEXT})),
    "waiting_on_run": BOOL,
    "links": many(ref("Link")),
    "checklist": many(obj({"text": TEXT, "done": BOOL})),
    "sprint": says(maybe(NUMBER), "The active sprint that it is in."),
    "planned_sprint": says(maybe(NUMBER), "The planned sprint that it is drafted in."),
    "split_from": says(maybe(NUMBER), "The ticket of which it was a part."),
    "rank": RANK,
    "depends_on": says(many(NUMBER), "The numbers of what it needs."),
    "criteria": many(ref("Criterion")),
    "external_refs": ELSEWHERE,
    "version": VERSION,
    "revision": REVISION,
    "created_at": MOMENT,
    "updated_at": MOMENT,
}

SHAPES = {
    "Link": obj({"url": ADDRESS, "title": TEXT, "kind": one_of(*links.KINDS)}),
    "CriterionDefinition": says(obj(_definition), "What a criterion demands: the part of it that belongs to the plan."),
    "Criterion": obj(
        _definition
        | {
            "state": one_of(*Criterion.State.values),
            "measured": says(maybe(DOUBLE), "The value that was compared last."),
        }
    ),
    "Ticket": shape(columns.TICKET, **_ticket),
    "EditedTicket": says(
        obj(_ticket, notes=says(many(TEXT), "What is worth knowing, such as a limit of work that this goes beyond.")),
        "A ticket, and what there is to say of the change.",
    ),
    "NewTicket": body(TICKET_FIELDS, ("type", "title")),
    "Why": says(body(REASON), "The reason of a decision."),
}

NEW: Schema = {
    **SHAPES["NewTicket"],
    "properties": SHAPES["NewTicket"]["properties"]
    | {
        "sprint": says(maybe(NUMBER), "In a planned sprint it joins the draft; in an active one that is a decision."),
        "decision": maybe(ref("Why")),
    },
}


def _or_some(name: str) -> Schema:
    """The whole list, or what comes to it and what goes."""
    listed = of_check(TICKET_FIELDS[name])
    return {"anyOf": [listed, obj({}, add=listed, remove=listed)]}


IN_PART = {name: _or_some(name) for name in ("labels", "depends_on")}
EDIT = body(
    TICKET_FIELDS,
    **IN_PART,
    decision=says(maybe(ref("Why")), "Makes a decision of what is part of an active sprint's plan."),
    override=says({"type": "string", "maxLength": 2_000}, "A lead's reason to go beyond a hard limit."),
)
MOVE = body(
    tickets.STATUS,
    ("to",),
    finding=maybe(body(FINDING_FIELDS, ("kind", "text"))),
    opinion=maybe(body(OPINION_FIELDS, ("opinion",))),
    link=maybe(body(LINK_FIELDS, ("url",))),
)

CALLS = {
    (tickets.Tickets, "get"): listed(
        "List tickets",
        "Ticket",
        columns.TICKET,
        status=says(WORDS, f"One or more, with commas: {', '.join(Ticket.Status.values)}."),
        type=says(WORDS, f"One or more, with commas: {', '.join(TicketType.values)}.", "review"),
        assignee=says(TEXT, "A person's id, or `none`.", "none"),
        story=NUMBER,
        epic=NUMBER,
        sprint=says(NUMBER, "Those in this active sprint, or in this planned one's draft."),
        label=TEXT,
        component=TEXT,
        updated_since=MOMENT,
        search=says(TEXT, "Words that all stand in title, question, description, findings or reasons.", "seeds"),
        parked=says(BOOL, "Those that were deferred, are still open, and are in no sprint or draft."),
    ),
    (tickets.Tickets, "post"): Call(
        "Make a ticket",
        {201: ref("Ticket")},
        NEW,
        {
            "type": "algorithm_development", "title": "Wider hidden layer", "story": 1,
            "criteria": [{"metric": "error", "op": "<=", "value": 0.02, "judge": "mean"}],
        },
        words="In the backlog, or in the sprint that it names.",
        conflicts=REFUSED_PLAN,
        tagged=True,
        located=True,
    ),
    (tickets.OneTicket, "get"): Call("Read a ticket", {200: ref("Ticket")}, tagged=True),
    (tickets.OneTicket, "patch"): Call(
        "Edit a ticket",
        {200: ref("EditedTicket")},
        EDIT,
        {"blocked": {"why": "The images are still at the scanner."}, "labels": ["data"]},
        words="While it is in an active sprint, its `type`, `story`, `estimate` and `criteria` change only by a "
        "decision: with `decision` this makes one of a single move, without it is 409 `needs_decision`.",
        conflicts=(*REFUSED_PLAN, "wip_limit"),
        needs_version=True,
        tagged=True,
    ),
    (tickets.OneTicket, "delete"): Call(
        "Delete a ticket",
        {204: None},
        words="Not one that history names: skip it.",
        conflicts=("referenced", "needs_decision"),
        needs_version=True,
    ),
    (tickets.Status, "post"): Call(
        "Move a card",
        {200: ref("EditedTicket")},
        MOVE,
        {"from": "todo", "to": "in_progress"},
        words="`from` is where it was seen. `done` needs an `outcome` and what the type needs; a lead's `override` "
        "gives a reason to do without. Skipping and restoring are decisions.",
        conflicts=("moved", "done_rule", "wip_limit", "needs_decision", "not_mirrored"),
        tagged=True,
    ),
    (tickets.Rank, "post"): Call(
        "Move a ticket before or after another", {200: ref("Ticket")}, BESIDE, {"before": 3}, tagged=True
    ),
    (tickets.Links, "post"): Call(
        "Attach a link",
        {200: ref("Ticket")},
        body(LINK_FIELDS, ("url",)),
        {"url": "https://example.com/scans.ipynb", "title": "All scans, by page"},
        words="Or rename the one to the same address.",
        tagged=True,
    ),
    (tickets.Links, "delete"): Call(
        "Take a link away", {204: None}, query={"url": says(ADDRESS, "The address that it leads to.")}
    ),
    (tickets.PushedLinks, "post"): Call(
        "Attach a link to the tickets that a text names",
        {
            200: obj(
                {
                    "url": ADDRESS,
                    "title": TEXT,
                    "kind": one_of(*links.KINDS),
                    **{name: many(TEXT) for name in ("linked", "unchanged", "unknown", "full")},
                }
            )
        },
        body({**tickets.PUSH, **LINK_FIELDS}, ("text", "url"), text={"type": "string", "maxLength": TEXT_AT_MOST}),
        {"text": "DIG-1, DIG-2: deskew before training", "url": "https://example.com/reader/pull/7"},
        words="For builds and hooks.",
    ),
}  # fmt: skip
