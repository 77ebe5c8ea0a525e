"""The sync feed."""

from agileml.api import changes, stream
from agileml.api.schema.kit import (
    BOOL,
    COUNT,
    MOMENT,
    NUMBER,
    OBJECT,
    TEXT,
    UID,
    Call,
    by_name,
    many,
    maybe,
    obj,
    one_of,
    ref,
    says,
)
from agileml.journal.models import Change

_diff = says(by_name({"type": "array", "minItems": 2, "maxItems": 2}), "`{field: [old, new]}`.")
_pointer = says(maybe(obj({"kind": TEXT, "uid": UID})), "What it hangs on.")
_ticket = {"number": NUMBER, "version": COUNT}

SHAPES = {
    "AfterImage": {"oneOf": [obj(_ticket | {"diff": _diff}), obj(_ticket | {"resource": ref("Ticket")})]},
    "Change": obj(
        {
            "revision": says(NUMBER, "Without gaps, in the order of commits.", 41),
            "at": says(MOMENT, "Never decreases."),
            "actor": says(maybe(ref("Person")), "null for what a source brought."),
            "origin": says(TEXT, "The id of the token that wrote."),
            "kind": says(TEXT, "Of what thing.", "ticket"),
            "action": one_of(*Change.Action.values),
            "uid": UID,
            "number": maybe(NUMBER),
            "parent": _pointer,
            "version": maybe(COUNT),
            "diff": maybe(_diff),
            "resource": says(maybe(OBJECT), "Of `created`: the whole thing, as its list shows it."),
        },
        tickets=says(many(ref("AfterImage")), "What became of the tickets that the change touched beside its object."),
    ),
    "Changes": obj(
        {
            "epoch": says(TEXT, "Names the history."),
            "changes": many(ref("Change")),
            "next_after": COUNT,
            "has_more": BOOL,
        }
    ),
}

_epoch = says(TEXT, "That of the lists that were read.")
_after = says(COUNT, "The revision that one has come to.")
_without = says(TEXT, "Leaves out what has this origin; `me` is the token that asks.", "me")

CALLS = {
    (changes.Changes, "get"): Call(
        "Follow a project",
        {200: ref("Changes")},
        words="Every change once, in the order in which it was committed, enough to keep a replica without reading "
        "anything again. A page ends at `limit` or 1 MB.",
        gone=True,
        query={
            "epoch": _epoch,
            "after": _after,
            "exclude_origin": _without,
            "limit": {"type": "integer", "minimum": 1, "maximum": changes.MOST, "default": 100},
        },
    ),
    (stream.ChangesStream, "get"): Call(
        "Follow a project as it happens",
        {200: says(TEXT, "Server-sent events `change`, each with one change as `data` and `epoch:revision` as `id`.")},
        words="Goes on after `Last-Event-ID`, if that is sent. A comment every 15 seconds says that it is alive.",
        gone=True,
        streams=True,
        makes=("text/event-stream",),
        query={"epoch": _epoch, "after": _after, "exclude_origin": _without},
    ),
}
