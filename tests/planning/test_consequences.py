"""What follows from a decision, by the rules alone."""

from typing import Any

from agileml.planning.rules.consequences import EpicFacts, Ground, PlanLine, consequences
from agileml.planning.rules.moves import parse

EPICS = {
    1: EpicFacts(number=1, title="99 of 100", components=("data", "features")),
    2: EpicFacts(number=1, title="99 of 100", components=("data", "features")),
    3: EpicFacts(number=2, title="Faster", components=("serving",)),
}


def line(number: int, status: str = "todo", *, in_sprint: bool = True, **more: Any) -> PlanLine:
    return PlanLine(number=number, key=f"DIG-{number}", status=status, in_sprint=in_sprint, **more)


def told(
    lines: list[PlanLine], *moves: dict[str, Any], limit: int | None = None, **ground: Any
) -> list[tuple[str, str, str]]:
    found = consequences(parse(list(moves)), tickets=lines, epics=EPICS, wip_limit=limit, ground=Ground(**ground))
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


def test_a_story_and_an_epic_left_with_nothing_to_do_are_named():
    titles = {1: "Slant", 2: "Noise"}
    lines = [line(1, story=1), line(2, story=2), line(3)]
    assert told(lines, skip(1), stories=titles) == [
        ("note", "story_emptied", "Slant: nothing left to do in this sprint.")
    ]
    assert told(lines, skip(1), skip(2), stories=titles) == [
        ("note", "epic_emptied", "99 of 100: nothing left to do for it in this sprint.")
    ]
    again = {"move": "add", "new": {"title": "Again", "type": "review", "story": 1}}
    assert told(lines, skip(1), again, stories=titles) == []


def test_a_metric_that_nothing_tests_any_more_is_named_and_weighs_more_if_an_epic_aims_at_it():
    lines = [line(1, metrics=("error",)), line(2)]
    assert told(lines, skip(1)) == [("note", "untested", "No ticket left in this sprint tests error.")]
    assert told(lines, skip(1), targets={"error": "99 of 100"}) == [
        ("warning", "untested", "No ticket left in this sprint tests error, which 99 of 100 aims at.")
    ]
    assert told([*lines, line(3, "done", metrics=("error",))], skip(1)) == []
    cleared = {"move": "change", "ticket": 1, "set": {"criteria": []}}
    assert [code for _, code, _ in told(lines, cleared)] == ["untested"]


def test_the_last_deployment_that_leaves_puts_the_increment_in_doubt():
    lines = [line(1, type="deployment"), line(2)]
    assert [code for _, code, _ in told(lines, skip(1))] == ["undeployed"]
    assert told([*lines, line(3, "done", type="deployment")], skip(1)) == []


def test_time_boxes_are_set_beside_the_working_days_only_where_they_change():
    lines = [line(1, estimate=2), line(2, estimate=1.5), line(3, "done", estimate=9)]
    assert told(lines, skip(1), days_left=4) == [
        ("ok", "time_boxes", "Time-boxes left: 1.5 days of work, from 3.5; working days left: 4.")
    ]
    assert told(lines, skip(1)) == []


def test_a_person_with_more_under_way_than_wanted_is_named():
    lines = [line(1, "in_progress", assignee="Ada"), line(2, "in_review", in_sprint=False, assignee="Ada"), line(3)]
    found = told(lines, {"move": "add", "ticket": 2}, person_limit=1)
    assert found == [("warning", "person_limit", "Ada would have 2 tickets under way, 1 at most are wanted.")]
