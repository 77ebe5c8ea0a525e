"""What was said of a goal, as the note of its review."""

from agileml.demos.rules.reviewing import note_of


def test_a_note_that_would_be_too_long_is_cut_between_two_reasons():
    note = note_of("First", {"keep": 3}, [("Ada", "x" * 900)] * 3)
    assert note.count("Ada") == 2
    assert len(note) <= 2000
