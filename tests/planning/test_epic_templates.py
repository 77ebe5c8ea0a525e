"""Templates of epics: typed tickets in order, each needing only what comes before it."""

import pytest

from agileml.planning.rules.epic_templates import SKELETON, TEMPLATES, Template, laid_out
from agileml.work.actions import COMPONENTS
from agileml.work.types import TicketType


@pytest.mark.parametrize("components", [COMPONENTS, ["data", "labels"], [], ["serving"]])
@pytest.mark.parametrize("template", TEMPLATES.values(), ids=TEMPLATES)
def test_a_ticket_has_a_type_a_question_and_a_benefit_and_needs_what_came_before(
    template: Template, components: list[str]
):
    known: set[str] = set()
    for story in laid_out(template, components):
        assert story.tickets
        for ticket in story.tickets:
            assert ticket.type in TicketType.values
            assert ticket.question
            assert ticket.benefit
            assert ticket.component in {"", *components}
            assert set(ticket.needs) <= known
            known.add(ticket.key)


@pytest.mark.parametrize("components", [COMPONENTS, ["data", "labels", "serving"]])
def test_a_skeleton_touches_every_component(components: list[str]):
    touched = {ticket.component for story in laid_out(SKELETON, components) for ticket in story.tickets}
    assert touched - {""} == set(components)


def test_what_needed_a_component_that_is_left_out_needs_what_that_needed():
    tickets = {ticket.key: ticket for story in laid_out(SKELETON, ["data", "model"]) for ticket in story.tickets}
    assert tickets["model"].needs == ("data",)
    assert tickets["weakest"].needs == ("model",)


def test_nothing_speaks_of_a_champion_that_is_not_there():
    said = [f"{ticket.title} {ticket.question}" for template in TEMPLATES.values() for story in template.stories
            for ticket in story.tickets]  # fmt: skip
    assert not [text for text in said if "champion" in text]
