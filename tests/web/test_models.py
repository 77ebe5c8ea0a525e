"""The models of a project: champions, comparisons, and the rules that were agreed before."""

import re
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from pytest_django import Settings

from agileml.ingest.actions import make_source
from agileml.metrics.actions.evaluations import look, open_evaluation
from agileml.metrics.models import Candidate, Evaluation, Policy, Promotion, RegisteredModel
from tests.challenges import BETTER, ON, RULE, candidate, challenge, take
from tests.factories import NOW, Cast, make_ticket, measure
from tests.ingest.serving import sample, serve
from tests.web.browsing import browser_of

pytestmark = pytest.mark.django_db
MODELS = "/p/TST/models/"


def read(cast: Cast, who: Any = None) -> str:
    answer = browser_of(who or cast.lead).get(MODELS)
    assert answer.status_code == 200
    return answer.content.decode()


def send(cast: Cast, path: str, sent: dict[str, Any], who: Any = None) -> Any:
    return browser_of(who or cast.lead).post(MODELS + path, sent)


POLICY = {"metric": "error", "margin": "0,02", "planned_n": "5", "looks": "1", "design": "seeds",
          "dataset_name": "holdout", "dataset_digest": "sha256:1", "split": "test", "folds": ""}  # fmt: skip


def test_without_a_model_it_says_what_one_is_and_a_lead_registers_it(cast: Cast):
    html = read(cast)
    assert "No model is registered" in html
    answer = send(cast, "register/", {"slug": "reader", "name": "Reader", "purpose": ""})
    assert (answer.status_code, answer["Location"]) == (302, MODELS)
    assert RegisteredModel.objects.get().slug == "reader"


def test_the_champion_and_what_was_compared_with_it_are_shown(cast: Cast, model: RegisteredModel):
    challenge(cast, candidate(cast, "svm", BETTER))
    html = read(cast)
    assert "rule" in html
    assert "5 of 5 pairs are in." in html
    assert "none yet" in html  # nothing is in use
    take(cast)
    html = read(cast)
    assert "Better than the champion by" in html
    assert "safe to say" in html


def test_before_a_look_nothing_tells_how_it_would_come_out(cast: Cast, model: RegisteredModel):
    challenge(cast, candidate(cast, "svm", BETTER))
    html = browser_of(cast.member).get(f"{MODELS}reader/evaluations/1/").content.decode()
    assert "Nobody has looked yet." in html
    assert "Look 1 of 1" in html
    for told in ("better by", "Better", "safe to say", '<svg class="chart"'):
        assert told not in html


def test_a_policy_is_set_and_one_that_makes_no_sense_is_kept_in_the_form(cast: Cast, model: RegisteredModel):
    answer = send(cast, "reader/policy/", POLICY | {"margin": "much"})
    assert answer.status_code == 422
    html = answer.content.decode()
    assert "Margin: This must be a number." in html
    assert 'value="much"' in html
    assert send(cast, "reader/policy/", POLICY).status_code == 302
    assert Policy.objects.get(version=2).margin == 0.02


def test_a_candidate_is_registered_as_challenger_and_looked_at_and_crowned(cast: Cast, model: RegisteredModel):
    svm = candidate(cast, "svm", BETTER)
    answer = send(cast, "reader/challenge/", {"challenger": str(svm.uid), "expects": "Fewer errors."}, cast.member)
    assert answer["Location"] == f"{MODELS}reader/evaluations/1/"
    page = "reader/evaluations/1/"
    assert send(cast, page, {"do": "look", "look": "1"}, cast.member).status_code == 302
    html = browser_of(cast.lead).get(MODELS + page).content.decode()
    assert re.search(r"Better than the champion by [\d.]+ over five repeats: safe to say", html)
    assert "Promote svm" in html
    assert "Noise" in html
    assert "Promote svm" not in browser_of(cast.member).get(MODELS + page).content.decode()
    assert send(cast, page, {"do": "promote"}).status_code == 302
    assert Promotion.objects.latest("number").candidate == svm


def test_of_two_who_look_at_once_the_later_is_told(cast: Cast, model: RegisteredModel):
    challenge(cast, candidate(cast, "svm", BETTER))
    take(cast)
    answer = send(cast, "reader/evaluations/1/", {"do": "look", "look": "1"}, cast.member)
    assert answer.status_code == 422
    assert "This evaluation is closed already." in answer.content.decode()


def test_a_lead_goes_against_what_was_measured_only_with_a_reason(cast: Cast, model: RegisteredModel):
    challenge(cast, candidate(cast, "svm", RULE))
    take(cast)
    page = "reader/evaluations/1/"
    assert "Make it champion all the same" in browser_of(cast.lead).get(MODELS + page).content.decode()
    assert send(cast, page, {"do": "override", "reason": " "}).status_code == 422
    assert send(cast, page, {"do": "override", "reason": "It explains itself."}).status_code == 302
    assert "It explains itself." in read(cast)


def test_a_ticket_brings_the_champion_into_use(cast: Cast, model: RegisteredModel):
    ticket = make_ticket(cast, "Ship it", type="deployment")
    sent = {"deployment": str(ticket.number)}
    assert send(cast, "reader/champions/1/deploy/", sent).status_code == 302
    assert Promotion.objects.get().deployment == ticket
    assert send(cast, "reader/champions/1/deploy/", {"deployment": "x"}).status_code == 422


def test_who_may_not_finds_no_knobs_and_no_way_round_them(cast: Cast, model: RegisteredModel):
    html = read(cast, cast.stakeholder)
    for knob in ("Register a model", "Agree on other rules", "Compare a candidate"):
        assert knob not in html
    assert send(cast, "reader/policy/", POLICY, cast.member).status_code == 403
    assert send(cast, "register/", {"slug": "x", "name": "X"}, cast.member).status_code == 403
    assert send(cast, "reader/challenge/", {}, cast.stakeholder).status_code == 403
    assert browser_of(cast.outsider).get(MODELS).status_code == 404
    assert browser_of(cast.outsider).get(f"{MODELS}reader/evaluations/1/").status_code == 404


@pytest.mark.parametrize("name", ["<script>alert(1)</script>", "\u202egnp.exe", "x" * 200])
def test_a_hostile_name_of_a_candidate_is_only_text(cast: Cast, model: RegisteredModel, name: str):
    challenge(cast, candidate(cast, name, BETTER))
    take(cast)
    for html in (read(cast), browser_of(cast.lead).get(f"{MODELS}reader/evaluations/1/").content.decode()):
        assert "<script>alert" not in html


def test_it_asks_as_often_for_many_comparisons_as_for_few(cast: Cast, model: RegisteredModel):
    browser = browser_of(cast.lead)

    def queries() -> int:
        with CaptureQueriesContext(connection) as asked:
            assert browser.get(MODELS).status_code == 200
        return len(asked)

    def compare(name: str, number: int) -> None:
        ticket = make_ticket(cast, name)
        measure(cast, ticket, BETTER, candidate=name, external_id=name, **ON)
        sent = {"challenger": str(Candidate.objects.get(name=name).uid)}
        open_evaluation(project=cast.project, model="reader", sent=sent, actor=cast.member, now=NOW)
        look(project=cast.project, model="reader", number=number, expected=1, actor=cast.member, now=NOW)

    compare("a", 1)
    few = queries()
    for number in range(2, 7):
        compare(f"c{number}", number)
    assert Evaluation.objects.count() == 6
    assert queries() == few <= 16


def test_the_registry_is_asked_which_version_it_calls_champion(cast: Cast, settings: Settings):
    settings.ALLOWED_SOURCE_HOSTS = ["127.0.0.1"]
    with serve() as server:
        server.answers["/api/2.0/mlflow/registered-models/alias"] = sample("mlflow3_alias_champion.json")
        config = {"url": server.url, "experiments": ["digits"]}
        source = make_source(
            project=cast.project, kind="mlflow", name="Tracking", config=config, actor=cast.lead, now=NOW
        )
        sent = {"slug": "reader", "name": "Reader", "registry_source": str(source.uid), "registry_name": "digits"}
        assert send(cast, "register/", sent).status_code == 302
        html = send(cast, "reader/registry/", {}, cast.member).content.decode()
    assert "In Tracking the champion of digits is version 1." in html
    assert send(cast, "reader/registry/", {}, cast.stakeholder).status_code == 403
