"""What people write on a ticket."""

from agileml.api import columns, notes
from agileml.api.schema.kit import (
    ELSEWHERE,
    MOMENT,
    NUMBER,
    REVISION,
    TEXT,
    UID,
    Call,
    body,
    listed,
    many,
    obj,
    one_of,
    ref,
    shape,
)
from agileml.planning.actions.notes import FINDING_FIELDS, OPINION_FIELDS
from agileml.work.fields import external_refs
from agileml.work.models import Finding, ReviewOpinion

CITES = many({"oneOf": [obj({"snapshot": UID}), obj({"evaluation": UID})]})

SHAPES = {
    "Finding": shape(
        columns.FINDING,
        uid=UID,
        ticket=NUMBER,
        kind=one_of(*Finding.Kind.values),
        text=TEXT,
        cites=CITES,
        author=ref("Person"),
        at=MOMENT,
        external_refs=ELSEWHERE,
        revision=REVISION,
    ),
    "Opinion": shape(
        columns.OPINION,
        uid=UID,
        ticket=NUMBER,
        opinion=one_of(*ReviewOpinion.Opinion.values),
        text=TEXT,
        author=ref("Person"),
        at=MOMENT,
        revision=REVISION,
    ),
    "Comment": shape(
        columns.COMMENT,
        uid=UID,
        ticket=NUMBER,
        text=TEXT,
        author=ref("Person"),
        at=MOMENT,
        external_refs=ELSEWHERE,
        revision=REVISION,
    ),
}

NAMES = body({"external_refs": external_refs}, ("external_refs",))
NAMED = {"external_refs": [{"system": "jira", "id": "OCR-3", "url": "https://jira.example.com/3"}]}

CALLS = {
    (notes.OneFinding, "get"): Call("Read a finding", {200: ref("Finding")}),
    (notes.OneFinding, "patch"): Call(
        "Say what a finding is called elsewhere", {200: ref("Finding")}, NAMES, NAMED, conflicts=("external_ref_taken",)
    ),
    (notes.OneComment, "get"): Call("Read a remark", {200: ref("Comment")}),
    (notes.OneComment, "patch"): Call(
        "Say what a remark is called elsewhere", {200: ref("Comment")}, NAMES, NAMED, conflicts=("external_ref_taken",)
    ),
    (notes.Findings, "get"): listed("List what was learned on a ticket", "Finding", columns.FINDING),
    (notes.Findings, "post"): Call(
        "Write a finding down",
        {201: ref("Finding")},
        body(FINDING_FIELDS, ("kind", "text"), cites=CITES | {"maxItems": 100}),
        conflicts=("external_ref_taken",),
        example={"kind": "refutes", "text": "More features do not help: 2.9 % at 512 units.", "cites": []},
    ),
    (notes.Opinions, "get"): listed("List what reviewers say of a ticket", "Opinion", columns.OPINION),
    (notes.Opinions, "post"): Call(
        "Give an opinion",
        {201: ref("Opinion")},
        body(OPINION_FIELDS, ("opinion",)),
        {"opinion": "rework", "text": "One seed is not enough."},
    ),
    (notes.Comments, "get"): listed("List the remarks on a ticket", "Comment", columns.COMMENT),
    (notes.Comments, "post"): Call(
        "Make a remark",
        {201: ref("Comment")},
        body(notes.COMMENT, ("text",), text={"type": "string", "minLength": 1, "maxLength": 20_000}),
        {"text": "Running four more."},
        conflicts=("external_ref_taken",),
        words="Stakeholders may, too.",
    ),
}
