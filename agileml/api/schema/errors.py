"""Every answer that is an error, with the codes that a call may give."""

from collections.abc import Iterable, Mapping, Sequence
from http import HTTPStatus
from typing import Any

from agileml.api.problems import CONTENT_TYPE
from agileml.api.schema.kit import BOOL, COUNT, NUMBER, TEXT, Call, Schema, many, maybe, obj, one_of, ref, says

ERROR = obj(
    {
        "pointer": says(TEXT, "A JSON pointer into the body, or `?name` for a query parameter.", "/moves/0"),
        "code": TEXT,
        "message": says(TEXT, "For people."),
    },
    ticket=says(maybe(NUMBER), "The number of the ticket that it is about."),
    versions=says(many(COUNT), "The plan versions that stand in the way."),
    uid=says(TEXT, "Of what goes by that name."),
    number=maybe(NUMBER),
    limit=says(COUNT, "The limit that this goes beyond."),
)
PROBLEM = says(
    obj(
        {
            "type": says(TEXT, "Names the kind of problem.", "urn:agileml:invalid"),
            "title": TEXT,
            "status": {"type": "integer", "minimum": 400, "maximum": 599},
            "detail": says(TEXT, "For people."),
            "code": says(TEXT, "For machines.", "invalid"),
            "errors": says(many(ref("Error")), "Everything that is wrong, not the first thing."),
        },
        need=says(TEXT, "What one's role lacks."),
        current=says({}, "The thing, or the plan's version, as it is."),
        conflicting_fields=says(
            many(obj({"field": TEXT, "who": {}, "at": maybe(TEXT), "yours": {}, "theirs": {}})),
            "What somebody wrote in the same fields meanwhile.",
        ),
        since=says({"type": "array"}, "The decisions since the version that was seen."),
        fields=says(many(TEXT), "Which fields need a decision."),
        sprint=says(maybe(NUMBER), "The sprint whose plan it is."),
        partial_possible=says(BOOL, "Whether the rest can be taken back."),
        epoch=says(TEXT, "The new history's."),
        revision=says(COUNT, "The new history's."),
        results=says(many(ref("BatchRefusal")), "Why each line of a batch, in order, was not done."),
    ),
    "RFC 9457. What is there beside the six that are always there depends on the code.",
)
SHAPES = {"Error": ERROR, "Problem": PROBLEM}

QUERY = ("unknown_parameter", "bad_parameter", "twice", "bad_request", "bad_idempotency_key")
WORDS: Mapping[int, str] = {
    400: "The query, a header or the body cannot be read.",
    401: "Log in.",
    403: "Yours to see, not to do.",
    404: "Not there, or not yours to see.",
    409: "The state of things does not allow it.",
    410: "The history began anew: read the lists again.",
    411: "Send the body with its `Content-Length`.",
    412: "Edited since: `current` is the thing as it is.",
    413: "The body is too large.",
    415: "Send `application/json`, or what the call says that it takes.",
    422: "The fields cannot be stored; `errors` points at each.",
    428: "Name the version that was seen, in `If-Match`.",
    429: "Too much at once: wait `Retry-After` seconds.",
    503: "Busy: try again after `Retry-After` seconds.",
}
CODES: Mapping[int, Sequence[str]] = {
    401: ("not_authenticated", "authentication_failed", "token_expired", "token_revoked"),
    403: ("forbidden", "scope", "csrf", "session_only"),
    404: ("not_found",),
    410: ("resync",),
    411: ("length_required",),
    412: ("stale",),
    413: ("too_large",),
    415: ("unsupported_media_type",),
    422: ("invalid",),
    428: ("if_match_required",),
    429: ("too_many",),
    503: ("busy",),
}
BODY_STATUSES = (411, 413, 415, 422)
LATER = (429, 503)
RETRY_AFTER = {"Retry-After": {"description": "Seconds.", "schema": COUNT}}


BAD_REQUESTS: Mapping[tuple[str, ...], str] = {
    QUERY: "BadQuery",
    (*QUERY, "parse_error"): "BadQueryOrBody",
    (*QUERY, "bad_if_match"): "BadQueryOrVersion",
    (*QUERY, "parse_error", "bad_if_match"): "BadRequest",
}


REUSED = (*CODES[422], "idempotency_key_reused")
KEYED = ("idempotency_in_progress", "answer_lost")
UPSERTING = (*CODES[412], "exists")
STREAMING = (*CODES[429], "too_many_streams")
SHARED: Mapping[int, Mapping[tuple[str, ...], str]] = {
    400: BAD_REQUESTS,
    409: {KEYED: "InProgress"},
    412: {UPSERTING: "PreconditionFailedOrExists"},
    429: {STREAMING: "TooManyStreams"},
    422: {REUSED: "UnprocessableOrReused"},
}


def codes_of(call: Call, *, named: bool, done_once: bool) -> dict[int, Sequence[str]]:
    """The codes that a call may give, by status.

    `named`: its address names something that may not be there. `done_once`: it takes an Idempotency-Key.
    """
    if call.is_open:
        return {400: QUERY, 411: CODES[411]}
    found: dict[int, Sequence[str]] = {400: QUERY, **{status: CODES[status] for status in (401, 403, *LATER)}}
    statuses: list[int] = [411]
    if named:
        statuses.append(404)
    if call.body is not None:
        statuses += BODY_STATUSES
        found[400] = (*found[400], "parse_error")
    if call.needs_version or call.upserts:
        statuses += [412, 428]
        found[400] = (*found[400], "bad_if_match")
    if call.gone:
        statuses.append(410)
    found |= {status: CODES[status] for status in statuses}
    conflicts = (*call.conflicts, *(KEYED if done_once else ()))
    if conflicts:
        found[409] = tuple(dict.fromkeys(conflicts))
    if call.upserts:
        found[412] = UPSERTING
    if done_once:
        found[422] = REUSED
    if call.streams:
        found[429] = STREAMING
    return dict(sorted(found.items()))


def name_of(status: int, codes: Iterable[str]) -> str | None:
    """The name of the answer that many calls share; None for one that is a call's own."""
    if tuple(codes) in SHARED.get(status, {}):
        return SHARED[status][tuple(codes)]
    if status in CODES:
        return HTTPStatus(status).phrase.title().replace(" ", "").replace("-", "")
    return None


def answer(status: int, codes: Sequence[str]) -> dict[str, Any]:
    """The description of an error."""
    listed = ", ".join(f"`{code}`" for code in codes)
    schema: Schema = {"allOf": [ref("Problem"), {"properties": {"status": {"const": status}, "code": one_of(*codes)}}]}
    told: dict[str, Any] = {
        "description": f"{WORDS[status]} {listed}.",
        "content": {CONTENT_TYPE: {"schema": schema}},
    }
    return told | ({"headers": RETRY_AFTER} if status in LATER else {})


def shared() -> dict[str, Any]:
    """The errors that many calls share, by name."""
    found = [*CODES.items(), *((status, codes) for status, known in SHARED.items() for codes in known)]
    return {str(name_of(status, codes)): answer(status, codes) for status, codes in found}
