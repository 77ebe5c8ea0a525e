"""The sample's first sprint has a demo worth showing, in which no figure is made up."""

import re
from datetime import UTC, datetime
from typing import Any

from agileml.demos.models import Demo, Edition, Feedback, GoalAnswer
from agileml.demos.queries import listed, shown
from agileml.demos.rules.charts import thaw
from agileml.metrics.models import Look, Snapshot
from agileml.planning.queries.report import of_sprint
from agileml.transfer.digits import Runs
from agileml.transfer.sample import make
from agileml.work.models import Finding, Ticket
from tests.demos.showing import check

NOW = datetime(2027, 1, 3, 1, 30, tzinfo=UTC)


def test_the_first_sprint_was_shown_with_its_real_numbers_and_answered(db: None):
    make(now=NOW)

    edition = Edition.objects.get()
    sections: dict[str, list[dict[str, Any]]] = {one["code"]: one["items"] for one in edition.body["sections"]}
    tickets = {
        code: [item["ticket"] and item["ticket"]["number"] for item in items] for code, items in sections.items()
    }
    assert tickets == {"learned": [2, 6], "better": [3, 4], "shipped": [1], "not_done": [5, None]}
    items = {item["ticket"]["number"]: item for rows in sections.values() for item in rows if item["ticket"]}
    assert all(item["story"] and item["presenter"] for item in items.values())
    assert edition.at < NOW
    assert not shown.unpublished(Demo.objects.get())

    told = edition.body["intro"] + "".join(item["headline"] + item["story"] for item in items.values())
    known = "".join(Finding.objects.values_list("text", flat=True)) + "".join(
        Runs().percent(topic, candidate)
        for topic, candidate in (
            ("rule", "centroid-raw"), ("rule", "most-frequent"), ("svm-raw", "svm-c1-raw"), ("knn", "knn-3-raw"),
            ("svm-raw", "svm-raw"), ("forest", "forest-200-raw"),
        )
    )  # fmt: skip
    derived = {str(round(1_000 * Runs().mean("svm-raw", "svm-raw"))), "1,000"}
    figures = set(re.findall(r"\d[\d.,]*\d|\d", told)) - derived
    assert {figure for figure in figures if figure not in known} == set(), "no figure is made up"

    verdicts = [verdict for item in items.values() for verdict in item["verdicts"]]
    assert len(verdicts) == len({look.evaluation_id for look in Look.objects.filter(at__lt=edition.at)})
    assert all(verdict["sentence"].endswith(".") for verdict in verdicts)
    assert items[4]["verdicts"][-1]["sentence"].startswith("Better than the champion by")

    drawn = [thaw(chart) for item in items.values() for chart in item["charts"]]
    drawn += [thaw(verdict["chart"]) for verdict in verdicts if verdict["chart"]]
    assert all(chart.svg.startswith("<svg") and chart.rows for chart in drawn)
    kinds = {number: [chart["kind"] for chart in item["charts"]] for number, item in items.items()}
    assert (kinds[3], kinds[4], kinds[2]) == (["series", "staircase"], ["series", "staircase"], [])
    values = [value["value"] for chart in items[4]["charts"][:1] for value in chart["values"]]
    measured = Snapshot.objects.filter(ticket__number=4, metric__key="error", revision__lt=edition.revision)
    assert sorted(values) == list(measured.order_by("value").values_list("value", flat=True))

    ends = dict(Ticket.objects.filter(number__in=range(1, 7)).values_list("number", "outcome"))
    assert ends == {1: "shipped", 2: "demoed", 3: "demoed", 4: "shipped", 5: "demoed", 6: "demoed"}
    report = of_sprint(Demo.objects.get().sprint).body["outcomes"]
    assert (report["shipped"], report["learned"]) == ([1, 4], [2, 3, 5, 6])

    guests = set(Feedback.objects.exclude(guest_name="").values_list("guest_name", flat=True))
    assert guests == {"Clerk of the pilot branch", "Head of payments"}
    assert Feedback.objects.exclude(answer="").count() == 2
    (became,) = [row.became for row in Feedback.objects.all() if row.became]
    assert Finding.objects.get(uid=became["finding"]).ticket.number == 2
    (tally,) = listed.tallies(Demo.objects.get())
    assert (tally.counts, tally.verdict) == ({"keep": 2, "adjust": 1, "stop": 0}, "keep")
    assert GoalAnswer.objects.count() == 3
    assert [link.views for link in listed.links(Demo.objects.get().project)] == [2]
    check(Demo.objects.get().project)
