"""What is said when a sprint closes, and the report that is frozen with it."""

from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from agileml.journal.models import Change
from agileml.lib.fields import Invalid
from agileml.planning.actions import notes, progress, tickets
from agileml.planning.actions.sprints import close_sprint, edit_sprint
from agileml.planning.actions.take_back import take_back
from agileml.planning.models import Assignment, Decision, Report, RetroLine, Sprint
from agileml.planning.queries import report as reports
from agileml.planning.rules.retro import parse
from agileml.planning.rules.starting import Destination
from agileml.projects.doors import Hidden
from agileml.work.models import Ticket
from tests.factories import NOW, Cast, make_sprint, make_ticket, make_tickets, measure, replan
from tests.planning.mirror import Mirror, check_feed, everything, images

pytestmark = pytest.mark.django_db

RETRO = [
    {"kind": "keep", "text": "Small tickets."},
    {"kind": "try", "text": "Pair on reviews."},
    {"kind": "change", "text": "Too many meetings."},
    {"kind": "try", "text": "Ask first."},
]


def close(cast: Cast, sprint: Sprint, *, retro: Any = (), **more: Any) -> Decision:
    """Close it with all that is left going to the backlog."""
    inside = Assignment.objects.filter(sprint=sprint, opened_by__isnull=False, ended_by=None)
    left = inside.exclude(ticket__status__in=["done", "skipped"]).values_list("ticket__number", flat=True)
    return close_sprint(
        project=cast.project,
        number=sprint.number,
        destinations={number: Destination("backlog") for number in left},
        retro=parse(list(retro)),
        actor=cast.lead,
        now=NOW,
        **more,
    )


def undo(cast: Cast, decision: Decision) -> Decision:
    return take_back(project=cast.project, decision=str(decision.uid), actor=cast.lead, now=NOW)


def body(sprint: Sprint) -> dict[str, Any]:
    found: dict[str, Any] = reports.of_sprint(sprint).body
    return found


# --- the retro ------------------------------------------------------------------------------------------------------


def test_each_try_becomes_a_ticket_of_the_backlog(cast: Cast, sprint: Sprint):
    decision = close(cast, sprint, retro=RETRO)
    lines = RetroLine.objects.filter(decision=decision).order_by("position")
    assert list(lines.values_list("kind", "text", "ticket__number")) == [
        ("keep", "Small tickets.", None), ("try", "Pair on reviews.", 6), ("change", "Too many meetings.", None),
        ("try", "Ask first.", 7),
    ]  # fmt: skip
    made = images(cast.project)[7]
    assert (made["title"], made["type"], made["status"]) == ("Ask first.", "engineering", "todo")
    assert (made["sprint"], made["planned_sprint"]) == (None, None)


def test_a_try_said_again_after_the_close_was_taken_back_has_its_ticket_already(cast: Cast, sprint: Sprint):
    undo(cast, close(cast, sprint, retro=RETRO))
    again = close(cast, sprint, retro=[*RETRO, {"kind": "try", "text": "Ask first."}])
    lines = RetroLine.objects.filter(decision=again, kind="try").order_by("position")
    assert list(lines.values_list("text", "ticket__number")) == [
        ("Pair on reviews.", 6), ("Ask first.", 7), ("Ask first.", 8),
    ]  # fmt: skip
    assert sorted(images(cast.project)) == [1, 2, 3, 4, 5, 6, 7, 8]


def test_every_ticket_of_a_try_is_a_change_of_its_own_and_a_replica_has_it_all(cast: Cast, sprint: Sprint):
    mirror = Mirror(cast.project)
    make_sprint(cast)
    close(cast, sprint, retro=[*RETRO, {"kind": "try", "text": "Draft this.", "sprint": 2}])
    created = Change.objects.filter(kind="ticket", action="created", number__gte=6)
    assert list(created.order_by("number").values_list("number", flat=True)) == [6, 7, 8]
    revisions = dict(Ticket.objects.filter(number__gte=6).values_list("number", "revision"))
    assert {change.number: change.revision for change in created} == revisions
    assert images(cast.project)[8]["planned_sprint"] == 2
    check_feed(mirror, images(cast.project))
    told = Change.objects.get(kind="report")
    assert told.resource is not None
    assert [line["kind"] for line in told.resource["retro"]] == ["keep", "try", "change", "try", "try"]


@pytest.mark.parametrize(
    ("text", "title", "description"),
    [
        ("Pair on it", "Pair on it", ""),
        ("Pair\non it", "Pair on it", "Pair\non it"),
        ("word " * 60, f"{'word ' * 39}…", ("word " * 60).strip()),
        ("x" * 201, f"{'x' * 198} …", "x" * 201),
    ],
)
def test_what_does_not_fit_a_title_is_the_description(
    cast: Cast, sprint: Sprint, text: str, title: str, description: str
):
    close(cast, sprint, retro=[{"kind": "try", "text": text}])
    made = Ticket.objects.get(number=6)
    assert (made.title, made.description) == (title, description)


@pytest.mark.parametrize(
    ("sent", "pointers"),
    [
        ("no list", ["/retro"]),
        ([{"kind": "keep", "text": "x"}] * 31, ["/retro"]),
        ([{"kind": "keep", "text": "x" * 2_001}], ["/retro/0/text"]),
        ([{"kind": "keep", "text": "fine"}, {"kind": "keep", "text": " "}], ["/retro/1/text"]),
        ([{"kind": "moan", "text": "no\0text"}], ["/retro/0/kind", "/retro/0/text"]),
        ([{"kind": "try", "text": "\ud800"}], ["/retro/0/text"]),
        ([{"kind": "keep"}], ["/retro/0/text"]),
        ([{"kind": "keep", "text": "x", "sprint": 2}], ["/retro/0/sprint"]),
        ([{"kind": "keep", "text": "x", "author": "me"}, 7], ["/retro/0/author", "/retro/1"]),
    ],
)
def test_a_retro_that_cannot_be_kept_is_refused_with_everything_that_is_wrong(sent: Any, pointers: list[str]):
    with pytest.raises(Invalid) as invalid:
        parse(sent)
    assert [error.pointer for error in invalid.value.errors] == pointers


@pytest.mark.parametrize("number", [1, 9])
def test_a_try_goes_only_into_a_planned_sprint_or_nothing_is_written(cast: Cast, sprint: Sprint, number: int):
    before = everything()
    with pytest.raises(Invalid) as invalid:
        close(cast, sprint, retro=[{"kind": "keep", "text": "x"}, {"kind": "try", "text": "x", "sprint": number}])
    assert [(error.pointer, error.code) for error in invalid.value.errors] == [("/retro/1/sprint", "unknown")]
    assert everything() == before


# --- the report -----------------------------------------------------------------------------------------------------


def test_a_report_stays_as_it_was_whatever_is_edited_later(cast: Cast, sprint: Sprint):
    common: dict[str, Any] = {"project": cast.project, "actor": cast.lead, "now": NOW}
    progress.progress(number=1, to="done", outcome="shipped", **common)
    close(cast, sprint, retro=RETRO)
    before = body(sprint)
    tickets.edit_ticket(number=1, sent={"title": "Called otherwise"}, expected_version=None, **common)
    tickets.edit_ticket(number=6, sent={"title": "Do not try"}, expected_version=None, **common)
    progress.progress(number=1, to="done", outcome="learned", **common)
    notes.write_finding(ticket=1, sent={"kind": "surprise", "text": "After all"}, **common)
    edit_sprint(number=1, sent={"name": "Renamed"}, expected_version=None, **common)
    cast.lead.name = "Somebody"
    cast.lead.save()
    assert body(sprint) == before
    assert (before["sprint"]["name"], before["sprint"]["closed_by"]) == ("Sprint 1", "Lead Person")
    assert before["tickets"][0]["title"] == "Try 1"
    assert before["outcomes"]["shipped"] == [1]


def test_an_empty_sprint_closes_with_a_report(cast: Cast):
    sprint = make_sprint(cast, active=True)
    close(cast, sprint)
    assert body(sprint)["headline"] == "An empty sprint: nothing was planned, and nothing was done."
    assert body(sprint)["tickets"] == []


def test_a_close_that_is_taken_back_has_no_report_and_the_next_makes_a_new_one(cast: Cast, sprint: Sprint):
    undo(cast, close(cast, sprint, retro=RETRO))
    with pytest.raises(Hidden):
        reports.of_sprint(sprint)
    assert images(cast.project)[6]["status"] == "todo"
    close(cast, sprint, retro=[{"kind": "keep", "text": "Less."}])
    assert [line["text"] for line in body(sprint)["retro"]] == ["Less."]
    assert [one["version"] for one in body(sprint)["decisions"]] == [1, 2, 3, 4]
    assert body(sprint)["decisions"][1]["taken_back_in"] == 3
    assert Report.objects.count() == 2


def test_a_close_that_is_put_back_is_reported_anew_with_what_was_said_at_it(cast: Cast, sprint: Sprint):
    undone = undo(cast, close(cast, sprint, retro=RETRO, reason="Time is up."))
    tickets.edit_ticket(
        project=cast.project,
        number=1,
        sent={"title": "Called otherwise"},
        expected_version=None,
        actor=cast.lead,
        now=NOW,
    )
    again = undo(cast, undone)
    assert reports.of_sprint(sprint).decision == again
    assert [line["text"] for line in body(sprint)["retro"]] == [line["text"] for line in RETRO]
    assert body(sprint)["tickets"][0]["title"] == "Called otherwise"
    assert body(sprint)["outcomes"]["carried"] == [1, 2, 3, 4]


def test_what_was_measured_is_held_against_what_was_expected(cast: Cast):
    criterion = {"metric": "error", "op": "<=", "value": 0.5, "expected_gain": 0.2}
    make_ticket(cast, type="algorithm_development", criteria=[criterion])
    make_ticket(cast, type="algorithm_development", criteria=[criterion])
    sprint = make_sprint(cast, [1, 2], active=True)
    measure(cast, Ticket.objects.get(number=1), [0.25, 0.35])
    close(cast, sprint)
    gain = body(sprint)["gains"][0]
    assert (gain["type"], gain["against"], gain["criteria"], gain["measured_criteria"]) == (
        "algorithm_development", "number", 2, 1,
    )  # fmt: skip
    assert (gain["expected"], gain["measured"]) == (0.2, pytest.approx(0.4))


def test_numbers_of_any_size_are_reported_as_they_were(cast: Cast):
    criterion = {"metric": "error", "op": "<=", "value": 1.7e308, "expected_gain": 1e23}
    huge = {**criterion, "expected_gain": 1.7e308}
    make_ticket(cast, estimate=1e300, criteria=[criterion, huge])
    cast.project.estimate_mode = "points"
    cast.project.save()
    sprint = make_sprint(cast, [1], active=True)
    measure(cast, Ticket.objects.get(number=1), [-1.7e308])
    close(cast, sprint)
    told = body(sprint)["tickets"][0]["criteria"][0]
    assert (told["reference"], told["value"], told["expected_gain"]) == (1.7e308, -1.7e308, 1e23)
    assert told["gain"] is None
    assert body(sprint)["tickets"][0]["criteria"][1]["reference"] is None
    assert body(sprint)["points"] == {"planned": 1e300, "done": 0.0}


def statements(cast: Cast, many: int) -> int:
    """How many statements a close takes of a sprint with so many tickets, findings, criteria and decisions."""
    first = Ticket.objects.filter(project=cast.project).count() + 1
    criterion = {"metric": "error", "op": "<=", "value": 0.5, "expected_gain": 0.2}
    make_tickets(cast, many, criteria=[criterion])
    numbers = list(range(first, first + many))
    sprint = make_sprint(cast, numbers, active=True)
    planned = make_sprint(cast)
    for number in numbers:
        measure(cast, Ticket.objects.get(number=number), [0.2])
        sent = {"kind": "confirms", "text": "It does."}
        row = notes.write_finding(project=cast.project, ticket=number, sent=sent, actor=cast.lead, now=NOW)
        skip = {"move": "skip", "ticket": number}
        replan(cast, sprint, skip, code="finding_invalidates", evidence=[{"finding": str(row.uid)}])
        replan(cast, sprint, {"move": "restore", "ticket": number})
    with CaptureQueriesContext(connection) as captured:
        close_sprint(
            project=cast.project,
            number=sprint.number,
            destinations={number: Destination("sprint", planned.number) for number in numbers},
            retro=parse([{"kind": "try", "text": "Again."}, {"kind": "try", "text": "Otherwise."}]),
            actor=cast.lead,
            now=NOW,
        )
    return sum("SAVEPOINT" not in query["sql"] for query in captured)


def test_a_close_takes_as_many_statements_for_nine_tickets_as_for_two(cast: Cast):
    assert statements(cast, 2) == statements(cast, 9) <= 45
