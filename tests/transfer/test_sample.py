"""The sample project tells a true story that ends the working day before it is made."""

from datetime import UTC, datetime, timedelta

import pytest

from agileml.metrics.models import Evaluation, Look, Promotion, Snapshot
from agileml.metrics.rules.terms import Inputs, Terms
from agileml.metrics.rules.verdicts import verdict
from agileml.planning.models import Decision, Proposal, Sprint
from agileml.planning.queries import suggestions
from agileml.planning.queries.handover import lot
from agileml.planning.queries.replays import recorded
from agileml.planning.queries.report import of_sprint
from agileml.planning.rules.replay import replay
from agileml.projects.calendar import working_days
from agileml.transfer import cheque_reader
from agileml.transfer.digits import Runs
from agileml.transfer.sample import DAYS, TODAY, WEEK, Days, make
from agileml.work.models import Finding, Ticket

NOW = datetime(2027, 1, 3, 1, 30, tzinfo=UTC)  # a Sunday, long after the runs were made


@pytest.mark.parametrize("shift", range(7))
def test_on_every_weekday_it_is_day_six_of_ten_and_the_story_lies_behind(shift: int) -> None:
    now = datetime(2026, 11, 23, 0, 5, tzinfo=UTC) + timedelta(days=shift)
    days = Days(now)
    assert working_days(days.start_2, now.date(), **WEEK) == TODAY
    assert working_days(days.start_2, days.end_2, **WEEK) == working_days(days.start_1, days.end_1, **WEEK) == DAYS
    assert days.start_1 < days.end_1 < days.start_2 <= now.date() <= days.end_2
    assert days.second(5, 16, 30) < now


def test_it_has_one_closed_sprint_with_its_report_and_one_active_at_v2_with_two_tickets_skipped(db: None) -> None:
    make(now=NOW)

    first, second = Sprint.objects.order_by("number")
    assert (first.state, second.state) == ("closed", "active")
    assert (second.plan_version, second.replans) == (2, 1)
    assert [decision.kind for decision in Decision.objects.filter(sprint=second).order_by("version")] == [
        "start",
        "replan",
    ]
    plan = replay(recorded(second))
    assert sorted(number for number, line in plan.tickets.items() if line["skipped"]) == [17, 18]
    assert plan.tickets[20]["added_in"] == 2
    assert Decision.objects.get(sprint=second, version=2).evidence.get().finding.kind == "refutes"

    assert set(Ticket.objects.values_list("type", flat=True)) == {
        "literature_review", "data_exploration", "algorithm_development", "result_analysis", "review", "deployment",
        "engineering",
    }  # fmt: skip
    seven = Ticket.objects.get(number=7)
    assert {(row.role, row.state) for row in seven.criteria.all()} == {("success", "pending"), ("kill", "pending")}

    measured = {
        (run.name, point["metric"], point.get("step", -1)): point["value"]
        for topic in Runs().folder.iterdir()
        if topic.is_dir()
        for candidate in {path.stem.rsplit("-seed=", 1)[0] for path in topic.glob("*.json")}
        for run in Runs().of(topic.name, candidate)
        for point in run.body["points"]
    }
    stored = Snapshot.objects.values_list("external_id", "metric__key", "step", "value")
    assert stored.count() >= 1_000
    assert all(measured[name, metric, step] == value for name, metric, step, value in stored), "no number is made up"
    assert max(Snapshot.objects.values_list("observed_at", flat=True)) < NOW
    assert Finding.objects.filter(text__contains=Runs().percent("svm-deskew", "svm-deskew")).exists()

    (suggested,) = suggestions.of_sprint(second.project, second)
    assert (suggested.kind, suggested.ticket) == ("refutes", 10)
    assert Runs().percent("mlp-width", "mlp-512-raw") in suggested.text

    (proposed,) = Proposal.objects.filter(sprint=second)
    assert (proposed.state, proposed.moves[0]["ticket"]) == ("open", 15)
    ((parked, move),) = lot(second.project, most=10)
    assert (parked.number, move.after["note"]) == (21, cheque_reader.PARKED)

    body = of_sprint(first).body
    assert (body["outcomes"]["shipped"], body["outcomes"]["carried"]) == ([1, 4], [13, 21])
    assert [line["kind"] for line in body["retro"]] == ["keep", "change", "try"]
    assert Ticket.objects.get(number=body["retro"][2]["ticket"]["number"]).title == cheque_reader.RETRO_1[2]["text"]
    gained = 0.01 + 0.007 - Runs().mean("svm-raw", "svm-raw")
    assert [gain["measured"] for gain in body["gains"]] == [pytest.approx(gained)]


def test_the_tickets_of_the_plan_stand_in_number_order() -> None:
    assert [row.title for row in cheque_reader.TICKETS][6] == "More features: edges and zoning beside the pixels"
    assert len({row.title for row in cheque_reader.TICKETS}) == len(cheque_reader.TICKETS)


def test_its_champions_came_by_its_own_runs_with_a_verdict_of_each_important_kind(db: None) -> None:
    make(now=NOW)

    crowned = Promotion.objects.order_by("model", "number")
    assert list(crowned.values_list("model__slug", "candidate__name", "kind", "provisional")) == [
        ("digit-reader", "centroid-raw", "first", False),
        ("digit-reader", "knn-3-raw", "evaluation", True),
        ("digit-reader", "svm-raw", "evaluation", False),
        ("digit-reader", "svm-deskew", "evaluation", False),
        ("chip-reader", "knn-3-raw", "first", False),
    ]
    assert Promotion.objects.get(model__slug="digit-reader", number=4).deployment.number == 14
    looks = list(Look.objects.order_by("pk"))
    said = [(look.evaluation.challenger.name, look.number, look.verdict) for look in looks]
    assert said == [
        ("knn-3-raw", 1, "provisional_win"),
        ("svm-c1-raw", 1, "inconclusive"),
        ("svm-c1-raw", 2, "inconclusive"),
        ("forest-200-raw", 1, "inconclusive"),
        ("forest-200-raw", 2, "regression"),
        ("svm-raw", 1, "provisional_win"),
        ("svm-raw", 2, "win"),
        ("svm-deskew", 1, "inconclusive"),
        ("svm-deskew", 2, "win"),
        ("svm-c3-deskew", 1, "inconclusive"),
        ("svm-c3-deskew", 2, "no_win"),
        ("mlp-64-raw", 1, "blocked_by_guardrail"),
    ]
    again = [verdict(Terms.of(look.terms), Inputs.of(look.inputs)) for look in looks]
    assert [answer.stored() for answer in again] == [look.answer for look in looks]
    assert [row.challenger.name for row in Evaluation.objects.filter(state="open")] == ["mlp-512-raw"]
    assert max(look.at for look in looks) < NOW

    none, held = (
        next(look.answer for look in looks if look.verdict == word) for word in ("no_win", "blocked_by_guardrail")
    )
    assert none["lower"] < 0 < none["upper"] < none["margin"], "precise: the gain that matters is ruled out"
    assert held["before_guardrails"] == "win"
    lost = Runs().mean("mlp-width", "mlp-64-raw") - Runs().mean("knn", "knn-3-raw")
    (guarded,) = held["guardrails"]
    assert (guarded["metric"], guarded["held"], guarded["change"]) == ("error", False, pytest.approx(-lost))
