"""Every error is a problem that a program can read."""

import inspect
from collections.abc import Iterator
from typing import Any

import pytest
from django.db import OperationalError
from django.test import Client

from agileml.api import problems
from agileml.journal import queries as journal_queries
from agileml.journal.rules import edits
from agileml.lib import fields
from agileml.metrics.rules import refusing
from agileml.planning.actions import decide, progress, sprints, take_back, tickets
from agileml.planning.models import Sprint
from agileml.planning.rules import moves
from agileml.planning.rules import progress as progress_rules
from agileml.projects import checks, doors
from agileml.projects import settings as project_settings
from agileml.projects.actions import members, references
from agileml.work import actions as work_actions
from tests.api.client import Api, codes
from tests.factories import Cast

TELLING = [
    journal_queries,
    decide,
    progress,
    sprints,
    take_back,
    tickets,
    moves,
    progress_rules,
    doors,
    fields,
    work_actions,
    edits,
    refusing,
    members,
    references,
    checks,
    project_settings,
]


def errors() -> Iterator[type[Exception]]:
    """Every typed error that the modules whose actions the API calls define."""
    for module in TELLING:
        for name, found in inspect.getmembers(module, inspect.isclass):
            if issubclass(found, Exception) and found.__module__ == module.__name__ and not name.startswith("_"):
                yield found


def test_every_typed_error_has_its_answer():
    missing = [error.__name__ for error in errors() if error not in problems.ANSWERS]
    assert missing == []


def test_a_problem_has_all_that_the_standard_names_and_lists_every_error(cast: Cast):
    answer = Api(cast.member)("POST", "tickets/", {"type": "poem", "labels": [1], "strange": True})
    assert answer.status_code == 422
    assert answer["Content-Type"] == "application/problem+json"
    problem = answer.json()
    assert problem["type"] == "urn:agileml:invalid"
    assert problem["title"] == "Unprocessable Entity"
    assert {error["pointer"]: error["code"] for error in problem["errors"]} == {
        "/type": "unknown_choice",
        "/title": "required",
        "/labels/0": "invalid",
        "/strange": "unknown_field",
    }


@pytest.mark.parametrize("path", ["", "v1/", "v1/nowhere/", "v1/projects", "v1/projects/tst/", "v2/me/"])
@pytest.mark.parametrize("method", ["GET", "POST", "DELETE"])
def test_what_is_no_address_is_a_problem_too(path: str, method: str):
    answer = Client(enforce_csrf_checks=True).generic(method, f"/api/{path}")
    assert answer.status_code == 404
    assert answer["Content-Type"] == "application/problem+json"


def test_a_number_that_no_column_holds_is_no_address(cast: Cast):
    assert Api(cast.member)("GET", "tickets/99999999999999999999/").status_code == 404


def test_a_method_that_an_address_does_not_know_is_405(cast: Cast):
    answer = Api(cast.member)("PUT", "tickets/1/", {})
    assert (answer.status_code, answer.json()["code"]) == (405, "method_not_allowed")
    assert "PATCH" in answer["Allow"]


BAD_JSON = {
    "nothing whole": b'{"title": "a"',
    "no JSON": b"title=a",
    "NaN": b'{"title": NaN}',
    "minus infinity": b'{"title": -Infinity}',
    "a number beyond a double": b'{"estimate": 1e400}',
    "a whole number beyond 64 bits": b'{"estimate": 100000000000000000000000}',
    "a whole number of ten thousand digits": b'{"estimate": ' + b"1" * 10_000 + b"}",
    "a NUL in text": b'{"title": "a\\u0000b"}',
    "a NUL in a name": b'{"ti\\u0000tle": "ab"}',
    "half a character": b'{"title": "\\ud800"}',
    "no UTF-8": b'{"title": "\xff"}',
    "a name twice": b'{"title": "a", "title": "b"}',
    "nesting without end": b'{"title": ' + b"[" * 100_000 + b"]" * 100_000 + b"}",
    "deep nesting": b'{"title": ' + b"[" * 40 + b"]" * 40 + b"}",
}


@pytest.mark.parametrize("what", BAD_JSON)
def test_a_body_that_cannot_be_read_is_400(cast: Cast, what: str):
    api = Api(cast.member)
    answer = api.client.generic("POST", f"{api.base}tickets/", BAD_JSON[what], "application/json", headers=api.headers)
    assert (answer.status_code, answer.json()["code"]) == (400, "parse_error")


@pytest.mark.parametrize("sent", [[], "text", 1, None, True])
def test_a_body_that_is_no_object_is_422(cast: Cast, sent: Any):
    assert Api(cast.member)("POST", "tickets/", sent).status_code == 422


def test_a_body_that_is_too_large_is_413(cast: Cast):
    api = Api(cast.member)
    assert api("POST", "tickets/", {"description": "x" * 1_000_001}).status_code == 413
    assert api("POST", "tickets/1/snapshots/", {"error": "x" * 300_000}).status_code == 413


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"])
def test_a_body_of_another_type_is_415(cast: Cast, kind: str):
    api = Api(cast.member)
    answer = api.client.generic("POST", f"{api.base}tickets/", b"title=a", kind, headers=api.headers)
    assert (answer.status_code, answer.json()["code"]) == (415, "unsupported_media_type")


def test_a_body_without_a_length_is_411_and_never_taken_for_none(cast: Cast):
    api = Api(cast.member)
    request = {"REQUEST_METHOD": "POST", "PATH_INFO": f"{api.base}tickets/", "CONTENT_TYPE": "application/json"}
    authorization = api.headers["Authorization"]
    answer = api.client.request(**request, HTTP_TRANSFER_ENCODING="chunked", HTTP_AUTHORIZATION=authorization)
    assert (answer.status_code, answer.json()["code"]) == (411, "length_required")


def test_whatever_is_accepted_the_answer_is_json(cast: Cast):
    answer = Api(cast.member)("GET", "", accept="text/html")
    assert (answer.status_code, answer["Content-Type"]) == (200, "application/json")


def test_a_query_parameter_that_is_unknown_or_doubled_is_400(cast: Cast):
    api = Api(cast.member)
    for query, code in [("?strange=1", "unknown_parameter"), ("?status=todo&status=done", "twice")]:
        answer = api("GET", f"tickets/{query}")
        assert (answer.status_code, answer.json()["code"]) == (400, code)
    assert api("POST", "tickets/?limit=3", {}).status_code == 400
    assert api("GET", "?format=xml").status_code == 400


def test_several_reasons_are_refused_together(cast: Cast, sprint: Sprint):
    problem = Api(cast.member).post(
        "sprints/1/decisions/",
        {"base_version": 1, "moves": [{"move": "skip", "ticket": 99}, {"move": "skip", "ticket": 5}]},
        status=409,
    )
    assert problem["code"] == "refused"
    assert codes(problem) == ["unknown_ticket", "not_in_sprint", "reason_code_required", "reason_required"]
    assert [error["ticket"] for error in problem["errors"]] == [99, 5, None, None]


def test_a_database_that_is_busy_asks_to_come_back():
    problem = problems.problem_of(OperationalError("database is locked"))
    assert problem is not None
    assert (problem.status, problem.headers["Retry-After"]) == (503, "2")


def test_what_nobody_expects_is_not_hidden():
    assert problems.problem_of(ZeroDivisionError()) is None
