"""Demos, their editions, what was said of them, and the links by which others see them."""

from rest_framework.parsers import MultiPartParser

from agileml.api import columns, demo_feedback, demo_items, demos
from agileml.api.schema.kit import (
    ADDRESS,
    BOOL,
    BYTES,
    COUNT,
    MOMENT,
    NUMBER,
    OBJECT,
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
from agileml.demos.actions.answers import ANSWER_FIELDS, FEEDBACK_FIELDS, GOAL_FIELDS
from agileml.demos.actions.edit import DEMO_FIELDS, ITEM_FIELDS, SHOWN
from agileml.demos.actions.sharing import LINK_FIELDS
from agileml.demos.models import Demo, DemoItem, Feedback, GoalAnswer
from agileml.demos.rules.images import LARGEST, MEDIA_TYPES, MOST
from agileml.work.fields import TICKET_FIELDS

BESIDE = body(demo_items.RANK) | {"oneOf": [{"required": ["before"]}, {"required": ["after"]}]}
SEEN = "What is on it, for whoever cannot see it."
FORM = obj({demo_items.PICTURE: says(BYTES, "The file.")}, alt=says(of_check(demo_items.SAID["alt"]), SEEN))
MARKDOWN = says(TEXT, "Markdown.")
BODY = says(OBJECT, "All that a viewer sees, as it was at that time.")
SECTION = one_of(*DemoItem.Section.values)
NEW_ITEM = {name: check for name, check in ITEM_FIELDS.items() if name not in SHOWN}
EXPECTED = says(of_check(demos.PUBLISH["expected"]), "The newest edition that one knows; 0 for none.")
_said: dict[str, Schema] = {
    "uid": UID,
    "demo": NUMBER,
    "edition": says(COUNT, "The one that it was said of."),
    "user": maybe(ref("Person")),
    "guest": says(maybe(TEXT), "The name that a guest gave."),
    "at": MOMENT,
    "revision": REVISION,
}
_link: dict[str, Schema] = {
    "id": UID,
    "demo": says(maybe(NUMBER), "Null for whatever was published last."),
    "passphrase": says(BOOL, "Whether it asks for one."),
    "expires_at": MOMENT,
    "revoked_at": maybe(MOMENT),
    "views": says(COUNT, "Looks, not people."),
    "actor": ref("Person"),
    "created_at": MOMENT,
}

SHAPES = {
    "Demo": shape(
        columns.DEMO,
        uid=UID,
        number=NUMBER,
        sprint=NUMBER,
        title=says(TEXT, "What it is called.", "Sprint 1"),
        intro=MARKDOWN,
        state=one_of(*Demo.State.values),
        edition=says(COUNT, "The newest; 0 for none."),
        created_at=MOMENT,
        published_at=maybe(MOMENT),
        version=VERSION,
        revision=REVISION,
    ),
    "DemoImage": obj(
        {
            "uid": UID,
            "name": says(TEXT, "What the file was called.", "errors.png"),
            "alt": says(TEXT, SEEN, "How the errors fall"),
            "media_type": one_of(*MEDIA_TYPES),
            "size": says(COUNT, "In bytes.", 20_480),
        }
    ),
    "DemoItem": shape(
        columns.DEMO_ITEM,
        uid=UID,
        demo=NUMBER,
        ticket=says(maybe(NUMBER), "Null for what is no ticket."),
        section=SECTION,
        headline=TEXT,
        story=MARKDOWN,
        findings=says(maybe(many(UID)), "Null for all of the ticket's."),
        charts=says(maybe(many(TEXT)), "Keys of metrics; null for those of its criteria."),
        evaluations=says(maybe(many(UID)), "Null for all of the ticket's."),
        presenter=maybe(ref("Person")),
        rank=says(TEXT, "Compared as text: the order in which items are shown."),
        left_out=BOOL,
        images=many(ref("DemoImage")),
        version=VERSION,
        revision=REVISION,
    ),
    "Edition": shape(
        columns.EDITION,
        demo=NUMBER,
        edition=NUMBER,
        at=MOMENT,
        actor=ref("Person"),
        body=BODY,
    ),
    "Feedback": shape(
        columns.FEEDBACK,
        **_said,
        item=says(maybe(UID), "Null for the whole demo."),
        kind=one_of(*Feedback.Kind.values),
        text=TEXT,
        answer=TEXT,
        answered_by=maybe(ref("Person")),
        answered_at=maybe(MOMENT),
        became=says({"type": ["object", "null"]}, "`{ticket: number}` or `{finding: uid}`."),
    ),
    "GoalAnswer": shape(
        columns.GOAL_ANSWER, **_said, epic=NUMBER, verdict=one_of(*GoalAnswer.Verdict.values), note=TEXT
    ),
    "ShareLink": shape(columns.SHARE_LINK, **_link),
    "NewShareLink": says(obj({**_link, "url": ADDRESS}), "A link with its address, shown this once."),
}

CALLS = {
    (demos.Demos, "get"): listed("List demos", "Demo", columns.DEMO, words="Drafts too."),
    (demos.Demos, "post"): Call(
        "Begin the demo of a sprint",
        {201: ref("Demo")},
        body(demos.BEGIN, ("sprint",)),
        {"sprint": 1},
        words="From its done and skipped tickets. The one that there is, if there is one.",
        conflicts=("not_started",),
        tagged=True,
        located=True,
    ),
    (demos.OneDemo, "get"): Call("Read a demo", {200: ref("Demo")}, tagged=True),
    (demos.OneDemo, "patch"): Call(
        "Edit a demo", {200: ref("Demo")}, body(DEMO_FIELDS), {"title": "Fewer errors"}, needs_version=True, tagged=True
    ),
    (demo_items.Items, "get"): listed("List what a demo shows", "DemoItem", columns.DEMO_ITEM, words="In its draft."),
    (demo_items.Items, "post"): Call(
        "Show something that is no ticket",
        {201: ref("DemoItem")},
        body(NEW_ITEM, ("section", "headline")),
        {"section": "learned", "headline": "Scanners differ more than writers"},
        tagged=True,
    ),
    (demo_items.RefreshItems, "post"): Call(
        "Take in the tickets that ended since",
        {200: obj({"items": many(ref("DemoItem"))})},
        obj({}),
        {},
        words="At the end; what is there stays as it was written. Answers with those that came.",
    ),
    (demo_items.OneItem, "get"): Call("Read one thing that a demo shows", {200: ref("DemoItem")}, tagged=True),
    (demo_items.OneItem, "patch"): Call(
        "Edit what a demo shows",
        {200: ref("DemoItem")},
        body(ITEM_FIELDS),
        {"headline": "Straightened digits are read better"},
        needs_version=True,
        tagged=True,
    ),
    (demo_items.ItemRank, "post"): Call(
        "Move what a demo shows before or after another",
        {200: ref("DemoItem")},
        BESIDE,
        {"after": UID["examples"][0], "section": "better"},
        words="And perhaps into another section.",
        tagged=True,
    ),
    (demo_items.ItemLeftOut, "post"): Call(
        "Leave something out of a demo, or take it back",
        {200: ref("DemoItem")},
        body(demo_items.LEFT_OUT, ("left_out",)),
        {"left_out": True},
        words="Of what is published next. What was published stays.",
        tagged=True,
    ),
    (demo_items.Images, "post"): Call(
        "Put a picture on what a demo shows",
        {201: ref("DemoImage")},
        FORM,
        {demo_items.PICTURE: "@errors.png", "alt": "How the errors fall"},
        words="A form with a file: PNG, JPEG, GIF, WebP or SVG, told by its bytes. "
        f"At most {MOST} on one item, of {LARGEST // 1024**2} MB each.",
        takes=MultiPartParser.media_type,
        located=True,
    ),
    (demo_items.OneImage, "get"): Call(
        "Read a picture",
        {200: says(BYTES, "As they were sent.")},
        words="Whoever may see the project reads those that an edition shows, members the draft's too.",
        makes=MEDIA_TYPES,
    ),
    (demo_items.OneImage, "patch"): Call(
        "Say what is on a picture", {200: ref("DemoImage")}, body(demo_items.SAID, ("alt",)), {"alt": "How errors fall"}
    ),
    (demo_items.OneImage, "delete"): Call(
        "Take a picture off", {204: None}, words="An edition that shows it goes on to."
    ),
    (demos.Preview, "get"): Call(
        "Look at what would be published",
        {200: obj({"demo": NUMBER, "edition": NUMBER, "at": MOMENT, "body": BODY})},
        words="What the draft shows, with the numbers of this moment. Members may. Nothing is frozen.",
    ),
    (demos.Publish, "post"): Call(
        "Publish a demo",
        {201: ref("Edition")},
        body(demos.PUBLISH, expected=EXPECTED),
        {"expected": 0},
        words="Freezes what the draft shows; what was only learned is demoed.",
        conflicts=("nothing_to_show",),
    ),
    (demos.NewestEdition, "get"): Call("Read what viewers see of a demo", {200: ref("Edition")}),
    (demos.Editions, "get"): listed("List the editions of a demo", "Edition", columns.EDITION),
    (demos.OneEdition, "get"): Call("Read what viewers saw of a demo", {200: ref("Edition")}),
    (demo_feedback.FeedbackOnDemo, "get"): listed("List what was said of a demo", "Feedback", columns.FEEDBACK),
    (demo_feedback.FeedbackOnDemo, "post"): Call(
        "Say something of a demo",
        {201: ref("Feedback")},
        body(FEEDBACK_FIELDS, ("kind",)),
        {"kind": "question", "text": "Does it hold for other branches?"},
        conflicts=("not_published", "too_much_said"),
    ),
    (demo_feedback.AnswerFeedback, "post"): Call(
        "Answer what was said of a demo",
        {200: ref("Feedback")},
        body(ANSWER_FIELDS, ("text",)),
        {"text": "Not yet."},
        words="Guests of a link read what was said and answered. No text takes the answer back.",
    ),
    (demo_feedback.FeedbackToTicket, "post"): Call(
        "Make a ticket of what was said",
        {200: ref("Feedback")},
        body(TICKET_FIELDS),
        {"title": "Try it at other branches", "type": "data_exploration"},
        words="In the backlog, with the words that were said unless others are sent. What became something already is "
        "left as it is; `became` says what.",
        conflicts=("external_ref_taken",),
    ),
    (demo_feedback.FeedbackToFinding, "post"): Call(
        "Write down what was said as a finding",
        {200: ref("Feedback")},
        body(demo_feedback.FINDING),
        {"kind": "surprise"},
        words="On the ticket that it was said of. What became something already is left as it is.",
        conflicts=("no_ticket",),
    ),
    (demo_feedback.Goals, "get"): listed("List what was said of the goals", "GoalAnswer", columns.GOAL_ANSWER),
    (demo_feedback.Goals, "post"): Call(
        "Say whether a goal is still right",
        {201: ref("GoalAnswer")},
        body(GOAL_FIELDS, ("epic", "verdict")),
        {"epic": 1, "verdict": "keep"},
        conflicts=("not_published", "too_much_said"),
    ),
    (demos.ShareLinks, "get"): listed(
        "List the links to a demo", "ShareLink", columns.SHARE_LINK, words="Leads may. Without their addresses."
    ),
    (demos.ShareLinks, "post"): Call(
        "Share a demo by a link",
        {201: ref("NewShareLink")},
        body(LINK_FIELDS),
        {"expires_in_days": 7, "passphrase": None},
        words="Leads may. The address is shown this once.",
        conflicts=("not_published",),
    ),
    (demos.OneShareLink, "delete"): Call("End a link", {204: None}, words="Leads may."),
    (demos.AllShareLinks, "get"): listed(
        "List all links to demos", "ShareLink", columns.SHARE_LINK, words="Leads may. Without their addresses."
    ),
    (demos.AllShareLinks, "post"): Call(
        "Share whatever is published last by a link",
        {201: ref("NewShareLink")},
        body(LINK_FIELDS),
        {"expires_in_days": 30, "passphrase": None},
        words="Leads may. The address is shown this once.",
    ),
    (demos.AnyShareLink, "delete"): Call("End a link, whatever it shows", {204: None}, words="Leads may."),
}
