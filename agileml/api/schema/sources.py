"""Where metrics come from, and what is bound to tickets by hand."""

from agileml.api import columns, sources
from agileml.api.schema.kit import (
    BOOL,
    COUNT,
    DOUBLE,
    MOMENT,
    NUMBER,
    OBJECT,
    REVISION,
    TEXT,
    UID,
    VERSION,
    Call,
    body,
    listed,
    maybe,
    obj,
    one_of,
    ref,
    says,
    shape,
)
from agileml.ingest.actions.bindings import BINDING_FIELDS
from agileml.ingest.models import Binding

CONFIG = says(OBJECT, "What may be in it depends on the kind. A secret goes in as text and comes out as `{set: true}`.")

SHAPES = {
    "Poll": shape(
        columns.POLL,
        first_at=MOMENT,
        at=MOMENT,
        took_ms=COUNT,
        times=says(COUNT, "How many looks in a row came out like this."),
        seen=COUNT,
        created=COUNT,
        unchanged=COUNT,
        superseded=COUNT,
        refused=COUNT,
        problems={"type": "array"},
    ),
    "Source": shape(
        columns.SOURCE,
        uid=UID,
        kind=says(TEXT, "Which connector reads it.", "metric_file"),
        name=TEXT,
        config=CONFIG,
        every_seconds=says({"type": ["number", "null"]}, "How often it is looked at."),
        state=one_of("active", "paused"),
        trouble=says(TEXT, "Why the last look failed, or why it is paused."),
        last_poll=maybe(ref("Poll")),
        version=VERSION,
        revision=REVISION,
    ),
    "Binding": shape(
        columns.BINDING,
        uid=UID,
        ticket=NUMBER,
        source=says(UID, "The source's."),
        ref=TEXT,
        reduce=one_of(*Binding.Reduce.values),
        step=maybe(DOUBLE),
        state=one_of("active", "ended", "gone"),
        trouble=TEXT,
        created_at=MOMENT,
        revision=REVISION,
    ),
}

CALLS = {
    (sources.Sources, "get"): listed("List sources", "Source", columns.SOURCE, words="Secrets are left out."),
    (sources.Sources, "post"): Call(
        "Set a source up",
        {201: ref("Source")},
        body(sources.NEW, ("kind", "name", "config"), config=CONFIG),
        {"kind": "metric_file", "name": "Training machine", "config": {"root": "runs"}},
        words="Leads may. It is looked at now.",
        tagged=True,
        located=True,
    ),
    (sources.OneSource, "get"): Call("Read a source", {200: ref("Source")}, tagged=True, words="Secrets are left out."),
    (sources.OneSource, "patch"): Call(
        "Set a source up anew, pause or resume it",
        {200: ref("Source")},
        body(sources.EDIT, config=CONFIG),
        {"name": "Runs", "state": "paused"},
        words="Leads may. A secret that is left out stays as it is.",
        tagged=True,
    ),
    (sources.OneSource, "delete"): Call("Take a source away", {204: None}, words="Leads may. What it brought stays."),
    (sources.CheckSource, "post"): Call(
        "Try whether a source can be read",
        {200: obj({"good": BOOL, "message": says(TEXT, "What was found, and what to do.")})},
        body({}),
        {},
        words="Leads may.",
    ),
    (sources.RefreshSources, "post"): Call(
        "Have all sources looked at now", {202: obj({"sources": says(COUNT, "How many.")})}, body({}), {}
    ),
    (sources.Polls, "get"): listed(
        "List the looks at a source", "Poll", columns.POLL, words="Those of what is bound included, the oldest first."
    ),
    (sources.Bindings, "get"): listed("List what is bound to a ticket by hand", "Binding", columns.BINDING),
    (sources.Bindings, "post"): Call(
        "Bind a run, a filter, a file or an expression",
        {201: ref("Binding")},
        body(BINDING_FIELDS, ("text",)),
        {"text": "DIG-1/svm.json", "reduce": "latest"},
        words="`text` is what somebody would paste. The same again is the binding that there is.",
    ),
    (sources.OneBinding, "delete"): Call("Look at a binding no more", {204: None}, words="What it brought stays."),
}
