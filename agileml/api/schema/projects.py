"""Who asks, projects, and their participants."""

from agileml.api import columns, projects
from agileml.api.schema.kit import (
    BOOL,
    COUNT,
    DAY,
    MOMENT,
    REVISION,
    TEXT,
    UID,
    VERSION,
    Call,
    Schema,
    listed,
    many,
    maybe,
    obj,
    one_of,
    ref,
    says,
    shape,
)
from agileml.projects.models import Membership, Project, Token
from agileml.projects.settings import LIMITED, MOST_HOLIDAYS, MOST_SPRINT_DAYS, MOST_UNDER_WAY, SETTINGS

KEY: Schema = {"type": "string", "pattern": "^[A-Z][A-Z0-9]{1,9}$", "examples": ["DIG"]}
WEEKDAYS: Schema = {
    "type": "array", "items": {"type": "integer", "minimum": 0, "maximum": 6}, "minItems": 1,
    "description": "Monday is 0.", "examples": [[0, 1, 2, 3, 4]],
}  # fmt: skip
_limit: Schema = {"type": "integer", "minimum": 1, "maximum": MOST_UNDER_WAY}
LIMITS = says(obj({}, **dict.fromkeys(LIMITED, _limit)), "How many tickets a column of a sprint may hold.")
MODE, REPLANNERS = one_of(*Project.EstimateMode.values), one_of(*Project.Replanners.values)
ROLE = one_of(*Membership.Role.values)

_sent: dict[str, Schema] = {
    "name": {"type": "string", "minLength": 1, "maxLength": 120},
    "time_zone": says(TEXT, "By its IANA name.", "Europe/Madrid"),
    "working_days": WEEKDAYS,
    "holidays": many(DAY) | {"maxItems": MOST_HOLIDAYS},
    "sprint_days": {"type": "integer", "minimum": 1, "maximum": MOST_SPRINT_DAYS},
    "estimate_mode": MODE,
    "replanners": says(REPLANNERS, "Who decides re-plans."),
    "wip_limits": obj({}, **dict.fromkeys(LIMITED, maybe(_limit))),
    "wip_per_person": maybe(_limit),
    "wip_hard": BOOL,
}
EDIT: Schema = {
    "type": "object", "properties": {name: _sent[name] for name in SETTINGS}, "additionalProperties": False
}  # fmt: skip

SHAPES = {
    "Person": says(obj({"id": UID, "name": says(TEXT, "As it is now.", "Ada")}), "A person or a service account."),
    "Project": shape(
        columns.PROJECT,
        uid=UID,
        key=KEY,
        name=says(TEXT, "What people call it.", "Digit reader"),
        time_zone=says(TEXT, "In which its days begin.", "Europe/Madrid"),
        working_days=WEEKDAYS,
        holidays=many(DAY),
        sprint_days=says(COUNT, "How long a sprint is, unless it says otherwise.", 14),
        estimate_mode=MODE,
        replanners=says(REPLANNERS, "Who decides re-plans."),
        wip_limits=LIMITS,
        wip_per_person=says(maybe(COUNT), "How much one person may have in progress and in review."),
        wip_hard=says(BOOL, "Whether the limits refuse, or only tell."),
        created_at=MOMENT,
        version=VERSION,
        revision=REVISION,
    ),
    "Me": obj(
        {
            "id": UID,
            "name": TEXT,
            "kind": one_of("person", "service"),
            "email": maybe(TEXT),
            "token": maybe(
                obj(
                    {
                        "id": UID,
                        "name": TEXT,
                        "scope": one_of(*Token.Scope.values),
                        "project": says(maybe(KEY), "The only project that the token reaches."),
                        "expires_at": maybe(MOMENT),
                    }
                )
            ),
            "projects": many(obj({"key": KEY, "role": ROLE})),
        }
    ),
}  # fmt: skip

CALLS = {
    (projects.Me, "get"): Call("Who one is", {200: ref("Me")}, words="The token, and the projects that it reaches."),
    (projects.Projects, "get"): listed("List one's projects", "Project", columns.PROJECT),
    (projects.OneProject, "get"): Call("Read a project", {200: ref("Project")}, tagged=True),
    (projects.OneProject, "patch"): Call(
        "Change a project's settings",
        {200: ref("Project")},
        EDIT,
        {"wip_limits": {"in_progress": 4}, "wip_hard": True},
        words="Leads may.",
        needs_version=True,
        tagged=True,
    ),
}
