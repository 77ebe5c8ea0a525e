"""Every error as `application/problem+json` (RFC 9457), from one table."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

from django.core.exceptions import PermissionDenied, RequestDataTooBig, SuspiciousOperation
from django.db import OperationalError
from django.http import Http404, HttpRequest, HttpResponse, UnreadablePostError
from django.views.decorators.csrf import csrf_exempt
from rest_framework.exceptions import APIException, Throttled
from rest_framework.response import Response

from agileml.api.render import dumps
from agileml.journal.queries import Resync
from agileml.journal.rules.edits import Stale
from agileml.lib.fields import Invalid
from agileml.lib.sse import AGAIN_SECONDS, TooMany
from agileml.lib.times import maybe_rfc3339
from agileml.metrics.rules.refusing import CannotBe
from agileml.planning.actions.decide import StalePlan
from agileml.planning.actions.progress import Moved
from agileml.planning.actions.sprints import NeedsDecision
from agileml.planning.actions.take_back import Overtaken
from agileml.planning.rules.moves import Refusal, Refused
from agileml.planning.rules.progress import DoneRule, NeedsPlan
from agileml.planning.rules.wip import WipLimit
from agileml.projects.actions import LastLead, Taken
from agileml.projects.checks import Unfit
from agileml.projects.doors import Forbidden, Hidden
from agileml.projects.settings import BadSettings
from agileml.work.actions import Referenced

CONTENT_TYPE = "application/problem+json"
NOT_THERE = "There is no such thing, or it is not yours to see."
BUSY_SECONDS = "2"


@dataclass(frozen=True)
class Problem:
    """One answer that is an error. `more` are members beside the usual ones: what the client needs to go on."""

    status: int
    code: str
    detail: str
    errors: Sequence[Mapping[str, Any]] = ()
    more: Mapping[str, Any] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)

    def body(self) -> dict[str, Any]:
        """What is sent."""
        return {
            "type": f"urn:agileml:{self.code}",
            "title": HTTPStatus(self.status).phrase,
            "status": self.status,
            "detail": self.detail,
            "code": self.code,
            "errors": list(self.errors),
            **self.more,
        }


class Wrong(Exception):
    """A request that the API itself cannot take, before any action is asked."""

    def __init__(
        self,
        status: int,
        code: str,
        detail: str,
        errors: Sequence[Mapping[str, Any]] = (),
        more: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(detail)
        self.problem = Problem(status, code, detail, errors, more or {})


def one(pointer: str, code: str, message: str) -> dict[str, str]:
    """One line of `errors`; `pointer` is a JSON pointer into the body, or `?name` for a query parameter."""
    return {"pointer": pointer, "code": code, "message": message}


def _refusal(refusal: Refusal) -> dict[str, Any]:
    return {**one(refusal.pointer, refusal.code, refusal.message), "ticket": refusal.ticket}


def _refused(error: Refused) -> Problem:
    codes = {refusal.code for refusal in error.refusals}
    code = codes.pop() if len(codes) == 1 else "refused"
    return Problem(409, code, str(error), [_refusal(refusal) for refusal in error.refusals])


def _invalid(error: Invalid) -> Problem:
    errors = [one(item.pointer, item.code, item.message) for item in error.errors]
    return Problem(422, "invalid", "What was sent cannot be stored.", errors)


def _bad_settings(error: BadSettings | Unfit) -> Problem:
    errors = [one(f"/{item.name}", "invalid", item.message) for item in error.errors]
    return Problem(422, "invalid", "What was sent cannot be stored.", errors)


def _needs_decision(error: NeedsDecision) -> Problem:
    errors = [one(f"/{name}", "needs_decision", "This is part of the plan.") for name in error.names]
    return Problem(409, "needs_decision", str(error), errors, {"fields": error.names, "sprint": error.sprint})


def _stale_plan(error: StalePlan) -> Problem:
    return Problem(409, "stale_version", str(error), more={"current": error.current, "since": error.since})


def _stale(error: Stale) -> Problem:
    fields = [
        {
            "field": conflict.field,
            "who": conflict.who,
            "at": maybe_rfc3339(conflict.at),
            "yours": conflict.yours,
            "theirs": conflict.theirs,
        }
        for conflict in error.conflicts
    ]
    errors = [one(f"/{field['field']}", "stale", "Somebody wrote something else here meanwhile.") for field in fields]
    return Problem(412, "stale", str(error), errors, {"current": error.current, "conflicting_fields": fields})


def _overtaken(error: Overtaken) -> Problem:
    errors = [
        {**one("", blocker.code, blocker.message), "ticket": blocker.ticket, "versions": list(blocker.versions)}
        for blocker in error.blockers
    ]
    return Problem(409, "overtaken", str(error), errors, {"partial_possible": error.rest})


def _done_rule(error: DoneRule) -> Problem:
    return Problem(409, "done_rule", str(error), [one("/to", lack.code, lack.message) for lack in error.missing])


def _wip_limit(error: WipLimit) -> Problem:
    errors = [
        {**one(error.pointer, crossing.over, crossing.message), "limit": crossing.limit} for crossing in error.crossed
    ]
    return Problem(409, "wip_limit", str(error), errors)


def _taken(error: Taken) -> Problem:
    errors = [
        {**one(line.pointer, "external_ref_taken", line.message), "uid": str(line.uid), "number": line.number}
        for line in error.lines
    ]
    return Problem(409, "external_ref_taken", str(error), errors)


def _resync(error: Resync) -> Problem:
    return Problem(410, "resync", str(error), more={"epoch": error.epoch, "revision": error.revision})


def _throttled(error: Throttled) -> Problem:
    seconds = str(math.ceil(getattr(error, "wait", None) or 1))
    return Problem(429, "too_many", f"Too many requests: wait {seconds} s.", headers={"Retry-After": seconds})


def _framework(error: APIException) -> Problem:
    codes = error.get_codes()
    code = codes if isinstance(codes, str) else error.default_code
    return Problem(error.status_code, code, str(error.detail))


ANSWERS: dict[type[Exception], Callable[[Any], Problem]] = {
    Wrong: lambda error: error.problem,
    Hidden: lambda error: Problem(404, "not_found", NOT_THERE),
    Forbidden: lambda error: Problem(403, "forbidden", str(error), more={"need": error.need.value}),
    Invalid: _invalid,
    BadSettings: _bad_settings,
    Unfit: _bad_settings,
    LastLead: lambda error: Problem(409, "last_lead", str(error)),
    Refused: _refused,
    StalePlan: _stale_plan,
    Stale: _stale,
    NeedsDecision: _needs_decision,
    NeedsPlan: lambda error: Problem(409, "needs_decision", str(error), more={"fields": ["status"]}),
    Overtaken: _overtaken,
    Moved: lambda error: Problem(409, "moved", str(error), more={"current": {"status": error.status}}),
    DoneRule: _done_rule,
    WipLimit: _wip_limit,
    CannotBe: lambda error: Problem(409, error.code, str(error)),
    TooMany: lambda error: Problem(429, "too_many_streams", str(error), headers={"Retry-After": str(AGAIN_SECONDS)}),
    Referenced: lambda error: Problem(409, "referenced", str(error)),
    Taken: _taken,
    Resync: _resync,
    Throttled: _throttled,
    APIException: _framework,
    Http404: lambda error: Problem(404, "not_found", NOT_THERE),
    PermissionDenied: lambda error: Problem(403, "forbidden", "You may not do this."),
    RequestDataTooBig: lambda error: Problem(413, "too_large", "The body is too large."),
    SuspiciousOperation: lambda error: Problem(400, "bad_request", "This request cannot be read."),
    UnreadablePostError: lambda error: Problem(400, "bad_request", "The body ended before it was whole."),
    OperationalError: lambda error: Problem(
        503, "busy", "The database is busy; try again.", headers={"Retry-After": BUSY_SECONDS}
    ),
}


def problem_of(error: Exception) -> Problem | None:
    """The answer to an error; None for one that nobody expects."""
    for kind in type(error).__mro__:
        if kind in ANSWERS:
            return ANSWERS[kind](error)
    return None


def handle(error: Exception, context: dict[str, Any]) -> Response | None:
    """Answer an error that a view raised; what is not in the table is left to fail loudly."""
    problem = problem_of(error)
    if problem is None:
        return None
    headers = dict(problem.headers)
    if getattr(error, "auth_header", None):
        headers["WWW-Authenticate"] = error.auth_header  # type: ignore[attr-defined]
    return Response(problem.body(), status=problem.status, content_type=CONTENT_TYPE, headers=headers)


@csrf_exempt  # for whoever posts to an address that does not exist the answer is that, not a page about cookies
def nowhere(request: HttpRequest) -> HttpResponse:
    """Whatever is not an address of the API."""
    problem = Problem(404, "not_found", NOT_THERE)
    return HttpResponse(dumps(problem.body()), status=404, content_type=CONTENT_TYPE)
