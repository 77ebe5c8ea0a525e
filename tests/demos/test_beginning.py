"""What a demo begins with: pure."""

import pytest

from agileml.demos.rules.beginning import Ended, first_sentence, headline_of, section_of


@pytest.mark.parametrize(
    ("section", "ticket"),
    [
        ("not_done", Ended("A", "skipped", "", improved=True, won=True)),
        ("shipped", Ended("A", "done", "shipped", won=True)),
        ("better", Ended("A", "done", "learned", improved=True)),
        ("better", Ended("A", "done", "demoed", won=True)),
        ("learned", Ended("A", "done", "learned")),
    ],
)
def test_a_ticket_goes_where_its_end_belongs(section: str, ticket: Ended):
    assert section_of(ticket) == section


def test_the_headline_is_the_newest_findings_first_sentence_else_the_verdicts_else_the_title():
    found = Ended("A title", "done", "learned", findings=["It helps. A lot.", "Old."], verdicts=["Better. Safe."])
    assert headline_of(found) == "It helps."
    assert headline_of(Ended("A title", "done", "learned", verdicts=["Better: safe to say."])) == "Better: safe to say."
    assert headline_of(Ended("A title", "done", "learned", findings=["  \n "])) == "A title"


@pytest.mark.parametrize(
    ("text", "first"),
    [
        ("One. Two.", "One."),
        ("Is it? Yes.", "Is it?"),
        ("From 5.0 % to 2.4 % (LeCun et al. 1998, doi 10.1109/5.7). Worth it.",
         "From 5.0 % to 2.4 % (LeCun et al. 1998, doi 10.1109/5.7)."),
        ("We used e.g. trees. They lost.", "We used e.g. trees."),
        ("He said “no.” Then left.", "He said “no.”"),
        ("# Heading\n\nBody.", "Heading"),
        ("no end", "no end"),
        ("two\nlines", "two"),
        ("", ""),
        ("x" * 300, "x" * 199 + "…"),
        ("word " * 60, "word " * 38 + "word…"),
    ],
)  # fmt: skip
def test_a_first_sentence_ends_where_people_end_it(text: str, first: str):
    assert first_sentence(text) == first
    assert len(first_sentence(text)) <= 200
