"""The API is described whole, the description is valid, and nothing in it is taken from clients unawares."""

import copy
import json
import subprocess
import sys
from typing import Any

import pytest
from django.core.management import call_command
from django.http import JsonResponse

from agileml.api import columns
from agileml.api.schema import catalogue
from tests.api.breaking import breaks
from tests.api.client import Api
from tests.api.committed import KEPT, written
from tests.api.described import check, document, operations, validator
from tests.api.routes import ROUTES, every_route, patterns, view_of

KINDS = [name for name in vars(columns) if name.isupper()]


def test_the_description_is_valid_and_made_without_a_warning(capsys: pytest.CaptureFixture[str]):
    call_command("spectacular", validate=True, fail_on_warn=True, format="openapi-json")
    assert json.loads(capsys.readouterr().out)["openapi"].startswith("3.1")


def test_every_address_and_method_is_described_and_nothing_else():
    views = {str(pattern.name): view_of(pattern) for pattern in patterns()}
    assert set(catalogue.CALLS) == {(views[name], method) for name, method in every_route()}
    assert set(operations()) == {f"{method}_{name.replace('-', '_')}" for name, method in every_route()}


def test_every_operation_has_words_and_says_what_it_answers_when_it_works_and_when_it_does_not():
    for name, operation in operations().items():
        assert operation["summary"], name
        statuses = set(operation["responses"])
        assert {status[0] for status in statuses} - {"3"} == {"2", "4", "5"} or not operation["security"], name
        assert {"400", "401", "403", "503"} <= statuses or not operation["security"], name


@pytest.mark.parametrize("kind", KINDS)
def test_every_shape_has_the_columns_of_its_list(kind: str):
    fields = list(getattr(columns, kind))
    told = [shape for shape in catalogue.SHAPES.values() if list(shape.get("properties", ())) == fields]
    assert [shape["required"] for shape in told] == [fields]


def test_every_example_is_as_it_is_described():
    for name, operation in operations().items():
        for status, told in operation["responses"].items():
            for content in told.get("content", {}).values():
                if "example" in content:
                    found = validator(name, int(status))
                    assert found is not None
                    assert found.is_valid(content["example"]), (name, status, content["example"])
        for content in operation.get("requestBody", {}).get("content", {}).values():
            body = validator(name, None)
            assert body is not None
            assert body.is_valid(content["example"]), (name, content["example"])


def test_the_bodies_that_the_other_tests_send_are_as_they_are_described():
    sent = {f"{route.method}_{route.name.replace('-', '_')}": route.sent for route in ROUTES if route.sent is not None}
    assert {name for name, operation in operations().items() if "requestBody" in operation} == set(sent)
    for name, body in sent.items():
        checks = validator(name, None)
        assert checks is not None
        assert checks.is_valid(body), (name, body)


def test_anybody_reads_the_description(db: None):
    answer = Api(None)("GET", "/api/v1/schema/")
    assert answer.json() == document()


def test_the_kept_copy_is_this_description():
    assert KEPT.read_text() == written(document()), "Run `make schema`."


def test_nothing_that_clients_rely_on_is_taken_away():
    assert breaks(json.loads(KEPT.read_text()), document()) == []


def changed(**places: Any) -> dict[str, Any]:
    """The description with something else at some places, each a path with __ between; ... takes it away."""
    found = copy.deepcopy(document())
    for place, value in places.items():
        *way, last = place.split("__")
        inside: Any = found
        for name in way:
            inside = inside[name]
        if value is ...:
            del inside[last]
        else:
            inside[last] = value
    return found


TICKET = "components__schemas__Ticket__"
TICKETS = "/api/v1/projects/{key}/tickets/"


@pytest.mark.parametrize(
    ("place", "value", "words"),
    [
        (f"paths__{TICKETS}__get", ..., "is gone"),
        (f"{TICKET}properties__title", ..., "/title is gone"),
        (f"{TICKET}required", ["uid"], "/title is no longer always there"),
        (f"{TICKET}properties__title__type", "integer", "/title may have become integer"),
        (f"{TICKET}properties__title__type", ["string", "null"], "/title may have become null"),
        ("components__schemas__NewTicket__properties__title__maxLength", 20, "has maxLength 20 now"),
        ("components__schemas__Why__properties__reason", ..., "/reason is taken no more"),
        ("components__schemas__NewTicket__required", ["type", "title", "story"], "/story has become required"),
        ("components__schemas__MoveRequest__oneOf", [], ""),
        ("components__parameters__limit__required", True, "query limit has become required"),
        ("components__parameters__limit__schema__maximum", 100, "query limit has maximum 100 now"),
    ],
)
def test_what_breaks_clients_is_found(place: str, value: Any, words: str):
    broken = breaks(document(), changed(**{place: value}))
    assert any(words in line for line in broken) == bool(words), broken


def test_what_is_new_breaks_nothing():
    more = changed(
        **{
            f"{TICKET}properties__mood": {"type": "string"},
            "components__schemas__NewTicket__properties__mood": {"type": "string"},
            "components__schemas__NewTicket__properties__title": {},
            "paths__/api/v1/moods/": document()["paths"][TICKETS],
        }
    )
    assert breaks(document(), more) == []


def test_an_answer_that_is_not_as_it_is_described_is_found():
    answer = JsonResponse({"uid": "x"})
    with pytest.raises(AssertionError, match="in a shape that it is not said to"):
        check("GET", "/api/v1/me/", None, answer)
    with pytest.raises(AssertionError, match="answers 418"):
        check("GET", "/api/v1/me/", None, JsonResponse({}, status=418))
    with pytest.raises(AssertionError, match="took what it is not said to take"):
        check("POST", "/api/v1/projects/TST/sources/refresh/", {"x": 1}, JsonResponse({"sources": 1}, status=202))


AT_ONCE = """
import django
from concurrent.futures import ThreadPoolExecutor
django.setup()
from agileml.api.schema.auto import Generator
with ThreadPoolExecutor(8) as threads:
    made = list(threads.map(lambda _: len(Generator().get_schema(public=True)["paths"]), range(8)))
assert made == [made[0]] * 8
"""


def test_the_first_who_ask_may_ask_at_once():
    ran = subprocess.run([sys.executable, "-c", AT_ONCE], capture_output=True, text=True, timeout=120, check=False)
    assert ran.returncode == 0, ran.stderr
