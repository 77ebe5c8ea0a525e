"""Tickets that another system keeps in step."""

from agileml.api import mirrored
from agileml.api.schema.kit import BOOL, TEXT, Call, Schema, body, many, maybe, obj, ref, says
from agileml.api.schema.tickets import IN_PART, REFUSED_PLAN
from agileml.api.schema.tickets import SHAPES as OF_TICKETS
from agileml.work.fields import TICKET_FIELDS

_ticket = OF_TICKETS["Ticket"]["properties"]
_beside: dict[str, Schema] = {**IN_PART, "decision": maybe(ref("Why"))}
SENT = body({**TICKET_FIELDS, **mirrored.BESIDE}, **_beside)
LINE = body({**TICKET_FIELDS, **mirrored.BESIDE, **mirrored.WHICH}, **_beside)
ANY_LINE = {"anyOf": [LINE, says({}, "What is no such line is answered in its own result.")]}
TICKET = {"type": "review", "title": "Look at it"}
REFUSED_LINE = obj({"status": {"type": "integer", "minimum": 400, "maximum": 499}, "problem": ref("Problem")})

SHAPES = {
    "MirroredTicket": obj(
        {**_ticket, "held": says(many(TEXT), "What was not taken over: the plan of an active sprint.")},
        notes=many(TEXT),
    ),
    "BatchResult": {
        "oneOf": [
            obj({"status": {"type": "integer", "enum": [201, 200]}, "body": ref("MirroredTicket")}),
            REFUSED_LINE,
        ]
    },
    "BatchRefusal": {"oneOf": [says(obj({"status": {"const": 424}}), "Held up by the others."), REFUSED_LINE]},
}

CALLS = {
    (mirrored.ByExternal, "put"): Call(
        "Make or edit a ticket by its name elsewhere",
        {201: ref("MirroredTicket"), 200: ref("MirroredTicket")},
        SENT,
        TICKET,
        words="An edit names its version in If-Match; what is plan of an active sprint is held.",
        conflicts=(*REFUSED_PLAN, "wip_limit"),
        upserts=True,
        tagged=True,
        query={"system": says(TEXT, "The other system.", "jira"), "id": says(TEXT, "The name there.", "OCR-1")},
    ),
    (mirrored.Batch, "post"): Call(
        "Make or edit up to two hundred tickets",
        {200: obj({"results": many(ref("BatchResult"))})},
        body(mirrored.BATCH, ("tickets",), tickets=many(ANY_LINE) | {"maxItems": mirrored.MOST}, atomic=BOOL),
        {"atomic": True, "tickets": [TICKET]},
        words="In order: all or none, or with `atomic` false as many as can be.",
        conflicts=("batch_refused",),
    ),
}
