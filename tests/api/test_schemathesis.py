"""Calls made from the description itself, by everybody: no answer is a failure, or anything that is not described."""

import json
from functools import cache
from typing import Any

import pytest
import schemathesis
from django.test import Client
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from requests import PreparedRequest
from schemathesis import GenerationMode

from tests.api import described
from tests.api.client import Api
from tests.api.routes import undone
from tests.api.world import BASE, ERROR, World, make_world

OPERATIONS = sorted(described.operations())
MODES = [GenerationMode.POSITIVE, GenerationMode.NEGATIVE]
ROLES = ("lead", "member", "stakeholder", "outsider", "anonymous")
OURS = {"authorization", "cookie", "content-length", "transfer-encoding", "host", "connection"}


@pytest.fixture
def world(db: None) -> World:
    return make_world()


@cache
def whole() -> dict[str, Any]:
    """What schemathesis makes of each operation, by its id."""
    found = schemathesis.openapi.from_dict(described.document()).get_all_operations()
    return {one.ok().definition.raw["operationId"]: one.ok() for one in found}


@cache
def cases(operation: str, mode: GenerationMode) -> st.SearchStrategy[Any]:
    """The calls of an operation that its description allows, or does not."""
    strategy: st.SearchStrategy[Any] = whole()[operation].as_strategy(generation_mode=mode)
    return strategy


def in_the_world(world: World, path: str) -> dict[str, Any]:
    """What leads an address to something that is there."""
    known = {"key": "TST", "number": 1, "version": 2, "slug": "reader", "proposal": world.proposal.uid}
    known |= {"source": world.source.uid, "binding": world.binding.uid}
    known |= {"item": world.item.uid, "image": world.picture, "feedback": world.feedback.uid, "edition": 1}
    known |= {"link": world.shared.uid}
    known["uid"] = ERROR if "/metrics/" in path else BASE if "/baselines/" in path else world.decision.uid
    return {
        name: value if isinstance(value, int) else str(value) for name, value in known.items() if f"{{{name}}}" in path
    }


def token_of(world: World, role: str) -> dict[str, str]:
    return Api(None if role == "anonymous" else getattr(world.cast, role)).headers


@settings(max_examples=4 * settings.default.max_examples, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_no_call_finds_a_failure_or_what_is_not_described(world: World, data: st.DataObject):
    operation = data.draw(st.sampled_from(OPERATIONS))
    case = data.draw(cases(operation, data.draw(st.sampled_from(MODES))))
    if data.draw(st.integers(0, 3)):
        case.path_parameters = {**case.path_parameters, **in_the_world(world, case.path)}
    sent = case.as_transport_kwargs(base_url="http://testserver")
    with undone():
        token = token_of(world, data.draw(st.sampled_from(ROLES)))
        answer = ask(sent, token)
    assert answer.status_code < 500
    described.check(sent["method"], address_of(sent), None, answer)


def ask(sent: dict[str, Any], token: dict[str, str]) -> Any:
    """Send what schemathesis would, with somebody's token in place of any other."""
    headers = {name: value for name, value in (sent.get("headers") or {}).items() if name.lower() not in OURS}
    body = json.dumps(sent["json"]).encode() if "json" in sent else sent.get("data") or b""
    kind = headers.pop("Content-Type", "application/json" if body else "")
    if sent.get("files"):  # a form, which requests puts together
        form = PreparedRequest()
        form.prepare_headers({})
        form.prepare_body(sent.get("data"), sent["files"])
        body, kind = form.body or b"", str(form.headers["Content-Type"])
    return Client().generic(sent["method"], address_of(sent), body, content_type=kind, headers={**headers, **token})


def address_of(sent: dict[str, Any]) -> str:
    """The address with its query, as requests makes it."""
    prepared = PreparedRequest()
    prepared.prepare_url(sent["url"], sent.get("params"))
    return str(prepared.url).removeprefix("http://testserver")
