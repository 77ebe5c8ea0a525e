"""Who takes part in a project, and the tokens that people and service accounts ask with."""

from agileml.api import columns, members, tokens
from agileml.api.schema.kit import (
    BOOL,
    MOMENT,
    REVISION,
    TEXT,
    UID,
    Call,
    Schema,
    listed,
    maybe,
    obj,
    one_of,
    ref,
    says,
    shape,
)
from agileml.api.schema.projects import KEY, ROLE
from agileml.projects.checks import LONGEST_ADDRESS, LONGEST_NAME
from agileml.projects.models import Token

NAME: Schema = {"type": "string", "minLength": 1, "maxLength": LONGEST_NAME, "examples": ["Nightly training"]}
SCOPE = says(one_of(*Token.Scope.values), "`metrics` only pushes.")
EMAIL: Schema = {"type": "string", "maxLength": LONGEST_ADDRESS, "examples": ["ada@example.org"]}
EXPIRES = says(maybe(MOMENT), "Null for never.")
SESSION = "Only in a browser's session: no token comes near tokens."

_token = {
    "id": UID,
    "name": NAME,
    "begins": says(TEXT, "How its secret begins, to tell one from another.", "aml_x1y2"),
    "scope": SCOPE,
    "project": says(maybe(KEY), "The only project that it reaches."),
    "created_at": MOMENT,
    "expires_at": EXPIRES,
    "revoked_at": maybe(MOMENT),
    "last_used_at": says(maybe(MOMENT), "To the minute."),
}

SHAPES = {
    "Member": shape(
        columns.MEMBER,
        uid=UID,
        user=ref("Person"),
        kind=one_of("person", "service"),
        role=ROLE,
        active=says(BOOL, "False for a service account that was stopped."),
        joined_at=MOMENT,
        revision=REVISION,
    ),
    "Token": shape(columns.TOKEN, **_token),
    "NewToken": says(
        obj({**_token, "secret": says(TEXT, "What the header takes.")}), "A token with its secret, shown this once."
    ),
}

CALLS = {
    (members.Members, "get"): listed("List the participants", "Member", columns.MEMBER),
    (members.Members, "post"): Call(
        "Let somebody in, or make a service account",
        {201: ref("Member")},
        {"anyOf": [obj({"name": NAME, "role": ROLE}), obj({"email": EMAIL, "role": ROLE})]},
        {"name": "Nightly training", "role": "member"},
        words="Leads may. By `email` only people who share a project with you already.",
    ),
    (members.OneMember, "get"): Call("Read a participant", {200: ref("Member")}),
    (members.OneMember, "patch"): Call(
        "Change a role, or a service account",
        {200: ref("Member")},
        obj({}, role=ROLE, name=NAME, active=BOOL),
        {"role": "lead"},
        words="Leads may. `name` and `active` are a service account's.",
        conflicts=("last_lead",),
    ),
    (members.OneMember, "delete"): Call(
        "End a participation", {204: None}, words="Leads may.", conflicts=("last_lead",)
    ),
    (tokens.ServiceTokens, "get"): listed(
        "List a service account's tokens", "Token", columns.TOKEN, words=f"Leads may. {SESSION}"
    ),
    (tokens.ServiceTokens, "post"): Call(
        "Make a token of a service account",
        {201: ref("NewToken")},
        obj({"name": NAME, "scope": SCOPE}, expires_at=EXPIRES),
        {"name": "Training machine", "scope": "metrics"},
        words=f"Leads may. {SESSION}",
    ),
    (tokens.ServiceToken, "delete"): Call(
        "Revoke a service account's token", {204: None}, words=f"Leads may. {SESSION}"
    ),
    (tokens.OwnTokens, "get"): listed("List one's own tokens", "Token", columns.TOKEN, words=SESSION),
    (tokens.OwnTokens, "post"): Call(
        "Make a token of one's own",
        {201: ref("NewToken")},
        obj({"name": NAME, "scope": SCOPE}, project=maybe(KEY), expires_at=EXPIRES),
        {"name": "Sync", "scope": "read"},
        words=SESSION,
    ),
    (tokens.OwnToken, "delete"): Call("Revoke one of one's own tokens", {204: None}, words=SESSION),
}
