"""A project's metrics: what all see of them, what leads say of them, and what work gained by kind."""

import re
from datetime import timedelta
from typing import Any

import pytest

from agileml.accounts.models import User
from agileml.journal.models import Change
from agileml.metrics.actions.settings import set_baseline, watch_metric
from agileml.metrics.models import Baseline, Metric
from agileml.planning.actions.sprints import close_sprint
from agileml.planning.rules.starting import Destination
from tests.api.client import Api
from tests.factories import NOW, Cast, crowned, make_cast, make_sprint, make_ticket, measure
from tests.web.browsing import browser_of, queries

PATH = "/p/TST/metrics/"
HOSTILE = ["<script>alert(1)</script>", "\u202eabc.txt", "m" * 200, '"><img src=x onerror=1>', "{{ 7|add:7 }}"]
SAID: dict[str, Any] = {"direction": "lower", "unit": "%", "smallest_difference": "0,1"}


def by(cast: Cast) -> dict[str, Any]:
    return {"project": cast.project, "actor": cast.lead, "now": NOW}


def page(user: User, path: str = PATH) -> str:
    answer = browser_of(user).get(path)
    assert answer.status_code == 200
    return re.sub(r"\s+", " ", answer.content.decode())


def words(html: str) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", html))


def line(user: User, key: str) -> str:
    rows = page(user).split('<tr id="metric-')[1:]
    return next(words(row.partition(">")[2].partition("</tr>")[0]) for row in rows if f">{key}</bdi></th>" in row)


def one(key: str = "error") -> str:
    return f"{PATH}{Metric.objects.get(key=key).uid}/"


@pytest.fixture
def measured(cast: Cast) -> Cast:
    watch_metric(key="error", direction="lower", unit="%", smallest_difference=0.001, **by(cast))
    ticket = make_ticket(cast)
    measure(cast, ticket, [0.03, 0.01], dataset_name="holdout", dataset_digest="sha256:1", split="test")
    measure(cast, make_ticket(cast), [0.5], metric="loss", external_id="later", observed_at=NOW + timedelta(hours=1))
    return cast


def test_everybody_in_it_reads_each_metric_with_its_baseline_and_newest_value(measured: Cast):
    of = by(measured) | {"metric": "error"}
    candidate = Metric.objects.get(key="error").snapshots.first().candidate
    set_baseline(label="The rule", candidate=candidate, dataset_digest="sha256:1", split="test", **of)
    set_baseline(label="Guessing", constant=0.9, **of)
    for user in (measured.lead, measured.member, measured.stakeholder):
        said = line(user, "error")
        assert "lower is better" in said
        assert "0.1 %" in said
        assert "2 % The rule TST-1 first on holdout, test" in said
        assert "90 % Guessing on any dataset" in said
        assert " 2 1 % TST-1 first" in said
        assert "not watched" in line(user, "loss")
        assert "0.5 TST-2" in line(user, "loss")


def test_the_watched_ones_come_first_and_a_value_that_is_no_number_says_so(measured: Cast):
    make_ticket(measured)
    Api(measured.lead).post("tickets/3/snapshots/", {"auc": "NaN"}, status=200)
    html = page(measured.member)
    assert html.index(">error<") < html.index(">auc<") < html.index(">loss<")
    assert "NaN TST-3" in line(measured.member, "auc")


def test_only_leads_find_the_knobs(measured: Cast):
    assert f'href="{one()}"' in page(measured.lead)
    assert 'href="/p/TST/metrics/"' in page(measured.lead, "/p/TST/settings/")
    for user in (measured.member, measured.stakeholder):
        assert one() not in page(user)
        assert browser_of(user).get(one()).status_code == 403
        assert browser_of(user).post(one(), SAID).status_code == 403
        assert browser_of(user).post(f"{one()}baseline/", {}).status_code == 403
    assert browser_of(measured.outsider).get(PATH).status_code == 404
    assert browser_of(measured.outsider).post(one(), SAID).status_code == 404


def test_a_metric_of_another_project_is_not_found(measured: Cast):
    other = make_cast("OTH")
    address = f"/p/OTH/metrics/{Metric.objects.get(key='error').uid}/"
    assert browser_of(other.lead).get(address).status_code == 404
    assert browser_of(other.lead).post(address, SAID).status_code == 404
    assert browser_of(other.lead).post(f"{address}baseline/", {"label": "x"}).status_code == 404


def test_a_lead_says_how_it_is_read_in_the_figures_that_are_shown(measured: Cast):
    answer = browser_of(measured.lead).post(one("loss"), SAID)
    assert (answer.status_code, answer["Location"]) == (302, PATH)
    row = Metric.objects.get(key="loss")
    assert (row.direction, row.unit, row.smallest_difference) == ("lower", "%", 0.001)
    change = Change.objects.latest("revision")
    assert (change.kind, change.action, change.diff["direction"]) == ("metric", "updated", ["", "lower"])
    assert 'name="smallest_difference" value="0.1"' in page(measured.lead, one("loss"))
    browser_of(measured.lead).post(one("loss"), SAID)
    assert Change.objects.latest("revision") == change


@pytest.mark.parametrize(
    "wrong",
    [
        {"direction": "sideways"}, {"unit": "furlongs a fortnight"}, {"unit": "a\0b"}, {"smallest_difference": "few"},
        {"smallest_difference": "-1"}, {"smallest_difference": "nan"}, {"smallest_difference": "1e400"},
    ],
)  # fmt: skip
def test_what_cannot_be_is_refused_and_the_form_kept(measured: Cast, wrong: dict[str, str]):
    before = Metric.objects.filter(key="loss").values().get()
    answer = browser_of(measured.lead).post(one("loss"), {"unit": "points", "direction": "higher"} | SAID | wrong)
    html = answer.content.decode()
    assert answer.status_code == 422
    assert "Not saved yet" in html
    assert all(f'value="{value}"' in html for value in wrong.values() if value != "sideways")
    assert Metric.objects.filter(key="loss").values().get() == before


def test_it_is_unwatched_unless_something_rests_on_it(measured: Cast):
    unwatched = SAID | {"direction": ""}
    make_ticket(measured, criteria=[{"metric": "error", "op": "<=", "value": 0.02}])
    answer = browser_of(measured.lead).post(one(), unwatched)
    assert answer.status_code == 409
    assert "something rests on it: a criterion of TST-3." in answer.content.decode()
    assert Metric.objects.get(key="error").watched
    watch_metric(key="loss", direction="lower", **by(measured))
    assert browser_of(measured.lead).post(one("loss"), unwatched).status_code == 302
    assert not Metric.objects.get(key="loss").watched


def test_what_models_are_judged_by_stays_watched(cast: Cast):
    crowned(cast, make_ticket(cast), [0.3, 0.31])
    answer = browser_of(cast.lead).post(one(), {"direction": ""})
    assert answer.status_code == 409
    assert "the policy of Reader" in answer.content.decode()


def test_a_baseline_is_what_was_measured_or_a_constant(measured: Cast):
    lead = browser_of(measured.lead)
    value = re.findall(r'<option value="([^"]+\|sha256:1\|test)"', page(measured.lead, one()))[0]
    sent = {"made_of": "measured", "place": value, "label": "The rule"}
    assert lead.post(f"{one()}baseline/", sent).status_code == 302
    row = Baseline.objects.get()
    assert (row.label, row.candidate.name, row.dataset_digest, row.split) == ("The rule", "first", "sha256:1", "test")
    constant = {"made_of": "constant", "constant": "10 %", "label": "Guessing", "holds_for": ""}
    assert lead.post(f"{one()}baseline/", constant).status_code == 302
    assert Baseline.objects.get(label="Guessing").constant == 0.1
    assert lead.post(f"{one()}baseline/", constant | {"holds_for": "sha256:1|test"}).status_code == 302
    assert Baseline.objects.get(dataset_digest="sha256:1").constant == 0.1


def test_a_baseline_is_removed_by_a_lead_on_the_page_of_its_metric(measured: Cast):
    base = set_baseline(metric="error", label="Guessing", constant=0.9, **by(measured))
    address = f"{one()}baseline/{base.uid}/remove/"
    assert address in page(measured.lead, one())
    assert browser_of(measured.member).post(address).status_code == 403
    assert browser_of(measured.lead).post(f"{one('loss')}baseline/{base.uid}/remove/").status_code == 404
    assert browser_of(measured.lead).post(address).status_code == 302
    assert "No baseline yet." in page(measured.lead, one())
    assert browser_of(measured.lead).post(address).status_code == 404


@pytest.mark.parametrize(
    ("sent", "said"),
    [
        ({"made_of": "measured", "label": "x", "place": "7|no|where"}, "Choose what was measured."),
        ({"made_of": "constant", "label": " ", "constant": "1"}, "This must not be empty."),
        ({"made_of": "constant", "label": "a\0b", "constant": "1"}, "characters that are not text"),
        ({"made_of": "constant", "label": "x" * 121, "constant": "1"}, "At most 120 characters."),
        ({"made_of": "constant", "label": "kept <b>", "constant": "inf"}, "This must be a finite number."),
        ({"made_of": "constant", "label": "x", "constant": "a lot"}, "This must be a number."),
        (
            {"made_of": "constant", "label": "x", "constant": "1", "holds_for": "no|where"},
            "Nothing was measured there.",
        ),
        ({}, "A measured candidate, or a constant?"),
    ],
)
def test_a_baseline_that_cannot_be_is_refused_and_the_form_kept(measured: Cast, sent: dict[str, str], said: str):
    answer = browser_of(measured.lead).post(f"{one()}baseline/", sent)
    html = answer.content.decode()
    assert answer.status_code == 422
    assert said in html
    assert "kept <b>" not in html
    assert ("kept &lt;b&gt;" in html) == sent.get("label", "").startswith("kept")
    assert not Baseline.objects.exists()


@pytest.mark.parametrize("key", HOSTILE)
def test_a_hostile_name_does_no_harm(cast: Cast, key: str):
    measure(cast, make_ticket(cast), [1.0], metric=key, candidate=key, dataset_name=key)
    for path in (PATH, one(key)):
        html = page(cast.lead, path)
        assert "<script>alert" not in html
        assert "<img src=x" not in html
        assert "<bdi" in html
    assert browser_of(cast.lead).post(one(key), SAID).status_code == 302


def test_many_metrics_are_paged_in_as_many_queries_as_few(measured: Cast):
    set_baseline(metric="error", label="Guessing", constant=0.9, **by(measured))
    candidate = Metric.objects.get(key="loss").snapshots.first().candidate
    set_baseline(metric="loss", label="The rule", candidate=candidate, **by(measured))
    browser = browser_of(measured.member)
    browser.get(PATH)
    _, few = queries(browser, PATH)
    for number in range(120):
        watch_metric(key=f"m{number:03}", direction="lower", **by(measured))
        if number < 20:
            measure(measured, candidate.ticket, [0.1], metric=f"m{number:03}", candidate="first")
            set_baseline(metric=f"m{number:03}", label="x", candidate=candidate, **by(measured))
    answer, many = queries(browser, PATH)
    assert many == few <= 14
    assert "Page 1 of 2" in answer.content.decode()
    assert ">loss<" in page(measured.member, f"{PATH}?page=2")
    for strange in ("0", "-1", "x", "99999999999", "3"):
        assert browser.get(f"{PATH}?page={strange}").status_code == 200


def test_what_work_of_a_kind_gained_is_told_over_all_closed_sprints(measured: Cast):
    said = {"metric": "error", "op": "<=", "value": 0.05, "expected_gain": 0.01}
    for start, values in ((0, [0.04]), (14, [0.02])):
        ticket = make_ticket(measured, criteria=[said])
        sprint = make_sprint(
            measured, [ticket.number], start=NOW.date() - timedelta(days=40 - start), days=12, active=True
        )
        measure(measured, ticket, values, external_id=f"run-{ticket.number}")
        away = {ticket.number: Destination("backlog")}
        close_sprint(number=sprint.number, destinations=away, reason="Time is up.", **by(measured))
    told = words(page(measured.stakeholder).partition('id="metrics-gains"')[2])
    assert "Engineering error where it set out 2 2 of 2 +1 point +3 points" in told
    assert measured.lead.name not in told
