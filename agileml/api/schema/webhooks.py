"""Webhooks, and every attempt to tell them of something."""

from agileml.api import columns, webhooks
from agileml.api.schema.kit import (
    ADDRESS,
    BOOL,
    COUNT,
    MOMENT,
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
from agileml.journal.models import Delivery, Endpoint
from agileml.journal.rules.webhooks import KINDS
from agileml.projects.actions.webhooks import LONGEST_DESCRIPTION, LONGEST_URL

KINDS_TOLD = says(many(one_of(*KINDS)), "What it is told of; none is everything.")
SENT: dict[str, Schema] = {
    "url": {"type": "string", "maxLength": LONGEST_URL, "examples": ["https://example.com/agileml"]},
    "description": {"type": "string", "maxLength": LONGEST_DESCRIPTION},
    "kinds": KINDS_TOLD,
}
STATE = one_of(Endpoint.State.ACTIVE, Endpoint.State.PAUSED)
CURSOR = says(COUNT, "The revision up to which everything has arrived, and after which it goes on.")

_webhook: dict[str, Schema] = {
    "uid": UID,
    "url": ADDRESS,
    "description": TEXT,
    "kinds": KINDS_TOLD,
    "state": STATE,
    "trouble": says(TEXT, "The last error."),
    "cursor": CURSOR,
    "behind": says(COUNT, "How many revisions the project is ahead of it."),
    "failures": says(COUNT, "In a row."),
    "failing_since": maybe(MOMENT),
    "next_attempt": maybe(MOMENT),
    "made_by": ref("Person"),
    "created_at": MOMENT,
}

SHAPES = {
    "Webhook": shape(columns.WEBHOOK, **_webhook),
    "NewWebhook": says(
        obj({**_webhook, "secret": says(TEXT, "What requests are signed with.", "whsec_…")}),
        "A webhook with its secret, shown this once.",
    ),
    "Delivery": shape(
        columns.DELIVERY,
        uid=UID,
        event=says(TEXT, "The `webhook-id`."),
        type=says(TEXT, "Kind and action.", "ticket.updated"),
        revision=says(maybe(COUNT), "That of the change; null for a test."),
        cause=one_of(*Delivery.Cause.values),
        attempt=COUNT,
        at=MOMENT,
        took_ms=COUNT,
        status=says(maybe(COUNT), "What it answered, if it did."),
        error=TEXT,
        answer=says(TEXT, "The first 2 kB."),
    ),
}

CALLS = {
    (webhooks.Webhooks, "get"): listed("List webhooks", "Webhook", columns.WEBHOOK, words="Leads may."),
    (webhooks.Webhooks, "post"): Call(
        "Be told of changes",
        {201: ref("NewWebhook")},
        obj({"url": SENT["url"]}, description=SENT["description"], kinds=KINDS_TOLD),
        {"url": "https://example.com/agileml", "description": "Our data lake", "kinds": ["ticket", "decision"]},
        words="Leads may.",
        located=True,
    ),
    (webhooks.OneWebhook, "get"): Call("Read a webhook", {200: ref("Webhook")}, words="Leads may."),
    (webhooks.OneWebhook, "patch"): Call(
        "Change, pause or resume a webhook",
        {200: ref("Webhook")},
        obj({}, **SENT, state=STATE, cursor=CURSOR),
        {"state": "paused"},
        words="Leads may.",
    ),
    (webhooks.OneWebhook, "delete"): Call("Take a webhook away", {204: None}, words="Leads may."),
    (webhooks.RotateSecret, "post"): Call(
        "Give a webhook a new secret",
        {200: ref("NewWebhook")},
        obj({}, keep_old=says(BOOL, "Whether the old one signs for another day, as it does if you do not say.")),
        {"keep_old": False},
        words="Leads may.",
    ),
    (webhooks.PingWebhook, "post"): Call(
        "Try a webhook", {201: ref("Delivery")}, body({}), {}, words="Leads may. Waits for what it answers."
    ),
    (webhooks.Deliveries, "get"): listed(
        "List the attempts to tell a webhook",
        "Delivery",
        columns.DELIVERY,
        words="Those of the last 30 days, the oldest first.",
        event=says(TEXT, "Those for one event."),
    ),
    (webhooks.Redeliver, "post"): Call(
        "Send an event once more",
        {201: ref("Delivery")},
        body({}),
        {},
        words="Under the same id. Waits for what it answers.",
    ),
}
