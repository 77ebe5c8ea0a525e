"""The API's reference can be read by anybody, without a script, and leaves nothing out."""

import re
from urllib.parse import urljoin

import pytest
from django.test import Client

from agileml.web.reference import GUIDES
from agileml.web.reference_words import fields, kind
from tests.api.described import document, operations

HERE = "/api/docs/"


@pytest.fixture
def page(db: None) -> str:
    answer = Client().get(HERE)
    assert answer.status_code == 200
    return answer.content.decode()


def test_every_call_and_every_shape_has_its_place_and_every_link_leads_somewhere(page: str):
    anchors = set(re.findall(r'id="([^"]+)"', page))
    assert set(operations()) <= anchors
    assert {f"shape-{name}" for name in document()["components"]["schemas"]} <= anchors
    assert set(re.findall(r'href="#([^"]+)"', page)) <= anchors


def test_a_call_shows_its_words_fields_errors_and_an_example_to_paste(page: str):
    call = page.partition('<section id="patch_ticket"')[2].partition("<section")[0]
    assert "Edit a ticket" in call
    assert "change only by a decision" in call
    assert "<code>blocked.why</code>" in call
    assert "<code>needs_decision</code>" in call
    assert "curl -X PATCH &quot;$AGILEML/projects/DIG/tickets/17/&quot;" in call
    assert "-H &#x27;If-Match: &quot;3&quot;&#x27;" in call
    assert 'href="#shape-EditedTicket"' in call


def test_a_call_that_takes_a_file_shows_a_form_to_paste(page: str):
    call = page.partition('<section id="post_demo_images"')[2].partition("<section")[0]
    assert "-F &#x27;picture=@errors.png&#x27;" in call
    assert "-F &#x27;alt=How the errors fall&#x27;" in call
    assert "application/json" not in call.partition("</pre>")[0]


@pytest.mark.usefixtures("db")
def test_the_guides_are_there_and_no_other_file_is():
    for name, title in GUIDES.items():
        assert f">{title}</b>" in Client().get(f"{HERE}{name}/").content.decode()
    answer = Client().get(f"{HERE}api/")
    assert "A project that is not yours answers 404" in " ".join(answer.content.decode().split())
    for name in ("look", "planning", "nothing", "..%2fREADME"):
        assert Client().get(f"{HERE}{name}/").status_code == 404


@pytest.mark.usefixtures("db")
@pytest.mark.parametrize("name", GUIDES)
def test_the_links_of_a_guide_lead_somewhere(name: str):
    here = f"{HERE}{name}/"
    for to in re.findall(r'href="([^"#]+)', Client().get(here).content.decode().partition("<article")[2]):
        if not to.startswith("http"):
            assert Client().get(urljoin(here, to), follow=True).status_code == 200, to


@pytest.mark.parametrize(
    ("schema", "words"),
    [
        ({"type": ["string", "null"], "maxLength": 2000}, "text, at most 2,000 characters or null"),
        ({"anyOf": [{"$ref": "#/components/schemas/Why"}, {"type": "null"}]}, "Why or null"),
        ({"type": "array", "items": {"type": "integer", "minimum": 1}}, "list of whole number from 1"),
        ({"type": "object", "additionalProperties": {"type": "boolean"}}, "object of true or false"),
        ({"const": "skip"}, '"skip"'),
        ({}, "anything"),
    ],
)
def test_what_a_value_is_is_said_in_words(schema: dict[str, object], words: str):
    assert kind(schema).words == words


def test_what_is_inside_a_field_is_told_after_it():
    inside = {"type": "object", "properties": {"why": {"type": "string"}}, "required": ["why"]}
    schema = {
        "properties": {"blocked": {"anyOf": [inside, {"type": "null"}]}, "list": {"type": "array", "items": inside}}
    }
    assert [(field.name, field.required) for field in fields(schema)] == [
        ("blocked", False), ("blocked.why", True), ("list", False), ("list[].why", True),
    ]  # fmt: skip
