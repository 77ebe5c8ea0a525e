"""What follows from a decision, by the rules alone."""

from typing import Any

from agileml.planning.rules.consequences import EpicFacts, PlanLine, consequences
from agileml.planning.rules.moves import parse

EPICS = {
    1: EpicFacts(number=1, title="99 of 100", components=("data", "features")),
    2: EpicFacts(number=1, title="99 of 100", components=("data", "features")),
    3: EpicFacts(number=2, title="Faster", components=("serving",)),
}


def line(number: int, status: str = "todo", *, in_sprint: bool = True, **more: Any) -> PlanLine:
    return PlanLine(number=number, key=f"DIG-{number}", status=status, in_sprint=in_sprint, **more)


def told(lines: list[PlanLine], *moves: dict[str, Any], limit: int | None = None) -> list[tuple[str, str, str]]:
    found = consequences(parse(list(moves)), tickets=lines, epics=EPICS, wip_limit=limit)
    return [(item.level, item.code, item.message) for item in found]


def skip(number: int) -> dict[str, Any]:
    return {"move": "skip", "ticket": number}


def test_what_is_in_progress_is_counted_against_the_limit():
    lines = [line(1, "in_progress"), line(2, "in_progress"), line(3), line(4, "in_progress", in_sprint=False)]
    assert told(lines, skip(1), limit=3) == [("ok", "in_progress", "In progress falls to 1 of 3.")]
    assert told(lines, {"move": "add", "ticket": 4}, limit=2) == [
        ("warning", "in_progress", "In progress rises to 3 of 2.")
    ]
    assert told(lines, {"move": "add", "ticket": 4}) == [("ok", "in_progress", "In progress rises to 3.")]
    assert told(lines, skip(3)) == []


def test_who_is_done_or_skipped_waits_for_nobody():
    lines = [line(1), line(2, "done", needs=(1,)), line(3, "skipped", needs=(1,)), line(4, needs=(1, 5)), line(5)]
    assert told(lines, skip(1), {"move": "defer", "ticket": 5}) == [
        ("warning", "dependant", "DIG-4 needs DIG-1, which would be skipped, and DIG-5, which would be deferred.")
    ]


def test_what_is_added_though_it_needs_what_leaves_is_told():
    lines = [line(1), line(2, in_sprint=False, needs=(1,))]
    moves = [{"move": "remove", "ticket": 1}, {"move": "add", "ticket": 2}]
    assert told(lines, *moves) == [("warning", "dependant", "DIG-2 needs DIG-1, which would be taken out.")]


def test_a_component_stays_covered_by_what_is_done_split_restored_or_moved_to_the_story():
    lost = ("warning", "uncovered", "99 of 100: nothing left in this sprint touches data.")
    one = line(1, story=1, component="data")
    other = line(9)
    assert told([one, other], skip(1)) == [lost]
    assert told([one, other, line(2, "done", story=2, component="data")], skip(1)) == []
    assert told([one, other, line(2, "skipped", story=2, component="data")], skip(1)) == [lost]
    restored = told(
        [one, other, line(2, "skipped", story=2, component="data")], skip(1), {"move": "restore", "ticket": 2}
    )
    assert restored == []
    parts = [{"type": "review", "title": "A part"}]
    assert told([one, other], {"move": "split", "ticket": 1, "into": parts}) == []
    moved = {"move": "change", "ticket": 2, "set": {"story": 1}}
    assert told([one, line(2, story=3, component="data")], skip(1), moved) == []
    assert told([one, other], {"move": "change", "ticket": 1, "set": {"story": 3}}) == [lost]


def test_a_component_that_the_epic_does_not_ask_for_is_not_missed():
    assert told([line(1, story=3, component="data"), line(2)], skip(1)) == []


def test_warnings_come_first():
    lines = [line(1, "in_progress", story=1), line(2, story=1), line(3, needs=(1,))]
    assert [level for level, _, _ in told(lines, skip(1))] == ["warning", "note", "ok"]


def test_a_ticket_that_waits_is_not_also_perhaps_affected():
    lines = [line(1, story=1), line(2, story=1, needs=(1,)), line(3, story=2)]
    assert [code for _, code, _ in told(lines, skip(1))] == ["dependant"]
