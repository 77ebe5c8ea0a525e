"""Publishing freezes what is shown: whatever happens afterwards, an edition says what it said."""

import json
from typing import Any

import pytest

from agileml.demos.actions.edit import edit_demo, edit_item, leave_out
from agileml.demos.actions.publish import publish
from agileml.demos.models import Demo, DemoItem, Edition
from agileml.demos.queries import shown as queries
from agileml.demos.rules.charts import thaw
from agileml.lib.fields import Invalid
from agileml.metrics.actions.evaluations import look, open_evaluation
from agileml.metrics.models import Snapshot
from agileml.metrics.rules.refusing import CannotBe
from agileml.planning.actions.progress import progress
from agileml.planning.actions.tickets import delete_ticket, edit_ticket
from agileml.projects.doors import Forbidden, Hidden
from agileml.work.actions import Referenced
from agileml.work.models import Finding, Ticket
from tests.demos.showing import DIGEST, Shown, check, find, headlines, item_of
from tests.factories import NOW, crowned, make_ticket, measure


def kept(edition: Edition) -> str:
    """An edition as it is stored, read anew."""
    return json.dumps(Edition.objects.get(pk=edition.pk).body, sort_keys=True)


def shown_item(edition: Edition, ticket: int) -> dict[str, Any]:
    items = [item for section in edition.body["sections"] for item in section["items"]]
    return next(item for item in items if item["ticket"] and item["ticket"]["number"] == ticket)


def test_an_edition_has_all_that_a_viewer_sees_in_its_sections(shown: Shown):
    edition = shown.published()
    assert headlines(edition) == {
        "learned": ["Many digits lean."],
        "better": ["Try a learner"],
        "shipped": ["Serve it"],
        "not_done": ["Try wavelets"],
    }
    body = edition.body
    assert (body["sprint"]["goal"], body["sprint"]["increment"]) == ("Know what works", "A reader")
    assert body["goals"] == [
        {"epic": 1, "title": "Read cheques", "goal": "Clerks type less", "target": "error ≤ 0.4 %"}
    ]
    assert body["as_of_words"] == "Numbers as of 20 November 2026, 09:30"
    one, two, four = (shown_item(edition, number) for number in (1, 2, 4))
    assert [finding["text"] for finding in one["findings"]] == ["Many digits lean. Some more than others."]
    assert (one["charts"], [chart["metric"] for chart in two["charts"]]) == ([], ["error"])
    assert [light["state"] for light in two["criteria"]] == ["met"]
    assert (four["skipped"]["reason"], four["skipped"]["revisit_if"]) == ("Edges do not help.", "we get edges")


def test_later_edits_findings_and_snapshots_change_nothing_in_an_edition(shown: Shown):
    edition = shown.published()
    before = kept(edition)
    drawn = [thaw(chart) for chart in shown_item(edition, 2)["charts"]]
    two = Ticket.objects.get(number=2)
    measure(shown.cast, two, [0.9], dataset_digest=DIGEST, split="test", candidate="second", external_id="later")
    find(shown, 1, "All wrong.")
    edit_ticket(number=1, sent={"title": "Renamed"}, expected_version=None, **shown.who)
    edit_demo(demo=1, sent={"title": "Renamed", "intro": "New"}, expected_version=None, **shown.who)
    edit_item(demo=1, item=item_of(1).uid, sent={"headline": "Renamed", "story": "New"}, expected_version=None,
              **shown.who)  # fmt: skip
    leave_out(demo=1, item=item_of(2).uid, **shown.who)
    assert kept(edition) == before
    assert [thaw(chart) for chart in shown_item(Edition.objects.get(), 2)["charts"]] == drawn
    check(shown.project)


def test_the_chart_of_an_edition_is_drawn_without_the_database(shown: Shown, django_assert_num_queries: Any):
    (chart,) = shown_item(shown.published(), 2)["charts"]
    with django_assert_num_queries(0):
        drawn = thaw(chart)
    assert Snapshot.objects.count() == len(drawn.rows) == 3
    assert "baseline Rule 8 %" in drawn.svg


def test_publishing_again_makes_edition_two_beside_one(shown: Shown):
    first = shown.published()
    assert not queries.unpublished(Demo.objects.get())
    edit_item(demo=1, item=item_of(1).uid, sent={"headline": "Better said"}, expected_version=None, **shown.who)
    assert queries.unpublished(Demo.objects.get())
    second = publish(demo=1, **shown.who)
    assert [(edition.number, headlines(edition)["learned"]) for edition in Edition.objects.order_by("number")] == [
        (1, ["Many digits lean."]), (2, ["Better said"]),
    ]  # fmt: skip
    assert (queries.edition(shown.project, 1), queries.edition(shown.project, 1, number=1)) == (second, first)
    assert (Demo.objects.get().state, Demo.objects.get().edition) == ("published", 2)
    check(shown.project)


def test_who_publishes_for_an_edition_that_has_gone_by_gets_the_one_that_is_there(shown: Shown):
    shown.begun()
    first = publish(demo=1, expected=0, **shown.who)
    revision = Demo.objects.get().revision
    assert publish(demo=1, expected=0, **shown.as_(shown.cast.lead).who) == first
    assert (Edition.objects.count(), Demo.objects.get().revision) == (1, revision)


def test_who_names_an_edition_that_never_was_publishes_nothing(shown: Shown):
    shown.begun()
    for there in (0, 1):
        with pytest.raises(Invalid):
            publish(demo=1, expected=there + 1, **shown.who)
        assert Edition.objects.count() == there
        publish(demo=1, expected=there, **shown.who)


def test_what_was_learned_is_demoed_by_it_and_nothing_else(shown: Shown):
    shown.begun()
    leave_out(demo=1, item=item_of(2).uid, **shown.who)
    publish(demo=1, **shown.who)
    ends = dict(Ticket.objects.order_by("number").values_list("number", "outcome"))
    assert ends == {1: "demoed", 2: "learned", 3: "shipped", 4: "", 5: ""}
    leave_out(demo=1, item=item_of(2).uid, out=False, **shown.who)
    publish(demo=1, **shown.who)
    assert Ticket.objects.get(number=2).outcome == "demoed"
    check(shown.project)


def test_a_ticket_that_was_opened_again_ends_anew(shown: Shown):
    shown.published()
    progress(number=1, to="in_progress", **shown.who)
    assert Ticket.objects.get(number=1).outcome == ""
    publish(demo=1, **shown.who)
    assert Ticket.objects.get(number=1).outcome == ""
    check(shown.project)


def test_only_what_was_chosen_is_shown(shown: Shown):
    shown.begun()
    second = find(shown, 1, "Another.")
    choose = {"findings": [second]}
    edit_item(demo=1, item=item_of(1).uid, sent=choose, expected_version=None, **shown.who)
    edit_item(demo=1, item=item_of(2).uid, sent={"charts": []}, expected_version=None, **shown.who)
    edition = publish(demo=1, **shown.who)
    assert [one["text"] for one in shown_item(edition, 1)["findings"]] == ["Another."]
    assert shown_item(edition, 2)["charts"] == []
    assert Finding.objects.filter(ticket__number=1).count() == 2


def test_a_verdict_is_told_in_a_plain_sentence_first_once_it_was_looked_at(shown: Shown):
    cast = shown.cast
    reigning = make_ticket(cast, "Look up")
    crowned(cast, reigning, [0.2, 0.21, 0.19, 0.2, 0.2, 0.21])
    two = Ticket.objects.get(number=2)
    values = [0.1, 0.11, 0.09, 0.1, 0.1, 0.11]
    measure(cast, two, values, candidate="learner", external_id="l", dataset_digest="sha256:1", split="test")
    challenger = two.candidates.get(name="learner")
    who: dict[str, Any] = {"project": cast.project, "model": "reader", "actor": cast.lead, "now": NOW}
    row = open_evaluation(sent={"challenger": str(challenger.uid)}, **who)
    shown.begun()
    assert shown_item(publish(demo=1, **shown.who), 2)["verdicts"] == [], "not looked at yet"
    look(number=row.number, expected=1, **who)
    (verdict,) = shown_item(publish(demo=1, **shown.who), 2)["verdicts"]
    assert verdict["sentence"].startswith("Ahead of the champion by 0.1 over two repeats: too few to tell")
    assert (verdict["challenger"], verdict["figures"][0][0]) == ("learner", "Better by")
    assert "<circle" in thaw(verdict["chart"]).svg


def test_hostile_words_are_kept_as_they_are_and_drawn_as_text(shown: Shown):
    hostile = "<script>alert(1)</script>\u202e"
    two = Ticket.objects.get(number=2)
    measure(shown.cast, two, [0.04], dataset_digest=DIGEST, split="test", candidate=hostile, external_id="h")
    shown.begun()
    edit_item(demo=1, item=item_of(2).uid, sent={"headline": hostile}, expected_version=None, **shown.who)
    item = shown_item(publish(demo=1, **shown.who), 2)
    assert item["headline"] == hostile
    assert all("<script" not in thaw(chart).svg for chart in item["charts"])


def test_where_everything_is_left_out_nothing_is_published(shown: Shown):
    shown.begun()
    for row in DemoItem.objects.all():
        leave_out(demo=1, item=row.uid, **shown.who)
    with pytest.raises(CannotBe):
        publish(demo=1, **shown.who)
    assert Edition.objects.count() == 0


def test_the_wrong_people_publish_nothing(shown: Shown):
    shown.begun()
    with pytest.raises(Forbidden):
        publish(demo=1, **shown.as_(shown.cast.stakeholder).who)
    with pytest.raises(Hidden):
        publish(demo=1, **shown.as_(shown.cast.outsider).who)
    with pytest.raises(Hidden):
        publish(demo=2, **shown.who)


def test_what_a_published_demo_shows_is_not_deleted(shown: Shown):
    shown.published()
    for number in (1, 4):
        with pytest.raises(Referenced):
            delete_ticket(number=number, expected_version=None, **shown.who)


def test_an_edition_is_read_in_one_query_and_a_link_in_two(shown: Shown, django_assert_num_queries: Any):
    shown.published()
    token = shown.token()
    with django_assert_num_queries(1):
        headlines(queries.edition(shown.project, 1))
    with django_assert_num_queries(2):
        headlines(queries.of_link(queries.working_link(token, now=NOW)))
