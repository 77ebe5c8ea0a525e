"""Epics with their targets and reviews, and the stories under them."""

from agileml.api import columns, stories
from agileml.api.schema.kit import (
    DOUBLE,
    ELSEWHERE,
    MOMENT,
    NUMBER,
    REVISION,
    TEXT,
    UID,
    VERSION,
    Call,
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
from agileml.planning.actions.alignment import REVIEW_FIELDS, TEMPLATE
from agileml.planning.models import AlignmentReview
from agileml.work.actions import EPIC_FIELDS, STORY_FIELDS

RANK = says(TEXT, "Its place in the order of all: compare as text.", "a0")
BESIDE = body(stories.RANK) | {"minProperties": 1, "maxProperties": 1}
EPIC = {"title": "Read 99 of 100 digits", "goal": "Cheques that nobody has to type.", "components": ["data", "model"]}

SHAPES = {
    "Target": obj(
        {
            "metric": says(TEXT, "Its key.", "error"),
            "op": one_of(">=", "<="),
            "value": says(DOUBLE, "In the metric's unit; per cent are fractions.", 0.01),
        }
    ),
    "Epic": shape(
        columns.EPIC,
        uid=UID,
        number=NUMBER,
        title=says(TEXT, "What is wanted.", EPIC["title"]),
        goal=says(TEXT, "What for.", EPIC["goal"]),
        components=many(says(TEXT, "A part of the product.", "data")),
        target=says(maybe(ref("Target")), "Where it wants a metric to be."),
        rank=RANK,
        external_refs=ELSEWHERE,
        version=VERSION,
        revision=REVISION,
        created_at=MOMENT,
        updated_at=MOMENT,
    ),
    "Review": shape(
        columns.REVIEW,
        uid=UID,
        epic=NUMBER,
        sprint=NUMBER,
        verdict=one_of(*AlignmentReview.Verdict.values),
        note=TEXT,
        author=ref("Person"),
        at=MOMENT,
        revision=REVISION,
    ),
    "Story": shape(
        columns.STORY,
        uid=UID,
        number=NUMBER,
        title=says(TEXT, "What is to be found out or made.", "Do more features help?"),
        description=says(TEXT, "In Markdown."),
        epic=says(maybe(NUMBER), "The number of its epic."),
        rank=RANK,
        external_refs=ELSEWHERE,
        version=VERSION,
        revision=REVISION,
        created_at=MOMENT,
        updated_at=MOMENT,
    ),
}

CALLS = {
    (stories.Epics, "get"): listed("List epics", "Epic", columns.EPIC),
    (stories.Epics, "post"): Call(
        "Make an epic",
        {201: ref("Epic")},
        body(EPIC_FIELDS, ("title",), template=maybe(of_check(TEMPLATE["template"]))),
        EPIC,
        conflicts=("external_ref_taken",),
        words="With `template` it begins with stories and typed tickets in order, all made with it or none.",
        tagged=True,
        located=True,
    ),
    (stories.OneEpic, "get"): Call("Read an epic", {200: ref("Epic")}, tagged=True),
    (stories.OneEpic, "patch"): Call(
        "Edit an epic",
        {200: ref("Epic")},
        body(EPIC_FIELDS),
        {"goal": "Sooner"},
        conflicts=("external_ref_taken",),
        needs_version=True,
        tagged=True,
    ),
    (stories.OneEpic, "delete"): Call(
        "Delete an epic",
        {204: None},
        words="Not one that stories are under.",
        conflicts=("referenced", "external_ref_taken"),
        needs_version=True,
    ),
    (stories.EpicRank, "post"): Call(
        "Move an epic before or after another", {200: ref("Epic")}, BESIDE, {"before": 2}, tagged=True
    ),
    (stories.EpicTarget, "put"): Call(
        "Say where an epic wants a metric to be",
        {200: ref("Epic")},
        body(stories.TARGET, tuple(stories.TARGET)),
        {"metric": "error", "op": "<=", "value": 0.01},
        tagged=True,
    ),
    (stories.Reviews, "get"): listed("List the reviews of an epic", "Review", columns.REVIEW),
    (stories.Reviews, "post"): Call(
        "Say whether an epic is still the right goal",
        {201: ref("Review")},
        body(REVIEW_FIELDS, ("sprint", "verdict")),
        {"sprint": 1, "verdict": "adjust", "note": "Fewer digits."},
        words="After a sprint that runs or has closed. To adjust or stop asks for a note; none is edited.",
    ),
    (stories.Stories, "get"): listed("List stories", "Story", columns.STORY, epic=says(NUMBER, "Those of this epic.")),
    (stories.Stories, "post"): Call(
        "Make a story",
        {201: ref("Story")},
        body(STORY_FIELDS, ("title",)),
        {"title": "Do more features help?", "description": "", "epic": 1},
        conflicts=("external_ref_taken",),
        tagged=True,
        located=True,
    ),
    (stories.OneStory, "get"): Call("Read a story", {200: ref("Story")}, tagged=True),
    (stories.OneStory, "patch"): Call(
        "Edit a story",
        {200: ref("Story")},
        body(STORY_FIELDS),
        {"title": "Do fewer features help?"},
        conflicts=("external_ref_taken",),
        needs_version=True,
        tagged=True,
    ),
    (stories.OneStory, "delete"): Call(
        "Delete a story",
        {204: None},
        words="Not one that has tickets.",
        conflicts=("referenced", "external_ref_taken"),
        needs_version=True,
    ),
    (stories.StoryRank, "post"): Call(
        "Move a story before or after another", {200: ref("Story")}, BESIDE, {"after": 2}, tagged=True
    ),
}
