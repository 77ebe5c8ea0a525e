"""Models, evaluations and champions over the API: one shape everywhere, refusals with their code, a true feed."""

import pytest

from agileml.api import columns
from tests.api.client import Api
from tests.api.replica import Replica, read
from tests.api.world import MLP, SVM, World, make_world

pytestmark = pytest.mark.django_db
HERE = "models/reader/"


@pytest.fixture
def world() -> World:
    return make_world()


def test_a_model_looks_the_same_in_its_list_and_alone(world: World):
    api = Api(world.cast.lead)
    (row,) = api.walk("models/")
    assert tuple(row) == columns.MODEL
    assert api.get(HERE) == row
    assert (row["champion"], row["policy"]["version"]) == (1, 1)
    made = api.post("models/", {"slug": "letters", "name": "Letters"})
    assert api.walk("models/")[-1] == made


def test_an_evaluation_is_looked_at_once_and_its_challenger_is_crowned(world: World):
    api = Api(world.cast.lead)
    said = api.post(f"{HERE}evaluations/1/look/", {"look": 1}, status=200)
    assert tuple(said) == columns.EVALUATION
    assert said["looks"][0]["verdict"] == "deterministic_win"
    assert api.get(f"{HERE}evaluations/1/") == said == api.walk(f"{HERE}evaluations/")[0]
    refused = api.post(f"{HERE}evaluations/1/look/", {"look": 1}, status=409)
    assert refused["code"] in {"ended", "looked_already"}
    made = api.post(f"{HERE}promotions/", {"kind": "evaluation", "evaluation": 1})
    assert tuple(made) == columns.PROMOTION
    assert api.walk("promotions/")[-1] == made == api.walk(f"{HERE}promotions/")[-1]


def test_what_the_state_does_not_allow_is_a_conflict_with_its_code(world: World):
    api = Api(world.cast.lead)
    assert api.post(f"{HERE}evaluations/", {"challenger": SVM}, status=409)["code"] == "open_already"
    assert api.post(f"{HERE}promotions/", {"kind": "evaluation", "evaluation": 1}, status=409)["code"] == "no_win"
    assert api.post(f"{HERE}promotions/", {"kind": "first", "candidate": MLP}, status=409)["code"] == "not_first"


@pytest.mark.parametrize(("name", "status"), [("a\0b", 400), ("\ud800", 400), ("", 422), ("x" * 121, 422)])
def test_a_hostile_name_is_refused(world: World, name: str, status: int):
    Api(world.cast.lead).post("models/", {"slug": "x", "name": name}, status=status)


def test_candidates_say_how_many_pairs_were_measured(world: World):
    rows = Api(world.cast.lead).walk("candidates/?ticket=3&metric=error")
    assert all(tuple(row) == columns.CANDIDATE for row in rows)
    told = {row["name"]: row["measured"] for row in rows}
    assert told["svm"] == [{"metric": "error", "dataset": "d1", "split": "test", "pairs": 3}]
    assert Api(world.cast.lead).walk("candidates/?ticket=1") == []


def test_candidates_count_a_corrected_run_where_it_is_said_to_belong(world: World):
    api = Api(world.cast.lead)
    row = next(
        row for row in api.walk("tickets/3/snapshots/") if (row["candidate"], row["pair_key"]) == ("svm", "seed=1")
    )
    run = {"source": row["source"], "external_id": row["external_id"], "run_pair": "seed=1", "run_split": row["split"]}
    api.post("tickets/3/corrections/", run | {"candidate": "svm, deskewed", "split": "held out", "reason": "It was."})
    told = {row["name"]: row["measured"] for row in api.walk("candidates/?ticket=3&metric=error")}
    assert told["svm"] == [{"metric": "error", "dataset": "d1", "split": "test", "pairs": 2}]
    assert told["svm, deskewed"] == [{"metric": "error", "dataset": "d1", "split": "held out", "pairs": 1}]


def test_a_replica_built_from_the_feed_holds_models_evaluations_and_champions(world: World):
    api = Api(world.cast.lead)
    replica = Replica(api)
    api.post("models/", {"slug": "letters", "name": "Letters"})
    api.post(f"{HERE}policy/", replica.rows["model"][api.get(HERE)["uid"]]["policy"] | {"margin": 0.02}, status=422)
    api.post(f"{HERE}policy/", {"metric": "error", "margin": 0.02, "planned_n": 3})
    api.post(f"{HERE}evaluations/1/look/", {"look": 1}, status=200)
    api.post(f"{HERE}promotions/", {"kind": "override", "candidate": MLP, "reason": "It is fast."})
    assert api("PATCH", f"{HERE}promotions/2/", {"deployment": None}).status_code == 200
    replica.follow()
    assert replica.rows == read(api)


def test_a_finding_and_a_decision_rest_on_an_evaluation(world: World):
    api = Api(world.cast.lead)
    uid = api.walk(f"{HERE}evaluations/")[0]["uid"]
    found = api.post("tickets/1/findings/", {"kind": "confirms", "text": "Yes.", "cites": [{"evaluation": uid}]})
    assert found["cites"] == [{"evaluation": uid}]
    assert api.walk("tickets/1/findings/")[-1] == found
    sent = {"base_version": 2, "reason_code": "finding_invalidates", "reason": "It lost.",
            "evidence": [{"evaluation": uid}], "moves": [{"move": "skip", "ticket": 1}]}  # fmt: skip
    made = api.post("sprints/1/decisions/", sent)
    assert made["evidence"] == [{"evaluation": uid, "ticket": 3}]
    nothing = [{"evaluation": SVM}]
    lost = api.post("tickets/1/findings/", {"kind": "confirms", "text": "Yes.", "cites": nothing}, status=422)
    assert lost["errors"][0]["pointer"] == "/cites/0/evaluation"


def test_a_ticket_that_a_champion_or_an_evaluation_names_is_not_deleted(world: World):
    api = Api(world.cast.lead)
    made = api.post("tickets/", {"type": "deployment", "title": "Put it to use"})
    sent = {"kind": "override", "candidate": MLP, "reason": "It is fast.", "deployment": made["number"]}
    api.post(f"{HERE}promotions/", sent)
    for number in (made["number"], 3):
        version = api.get(f"tickets/{number}/")["version"]
        answer = api("DELETE", f"tickets/{number}/", if_match=f'"{version}"')
        assert (answer.status_code, answer.json()["code"]) == (409, "referenced")
    assert {made["number"], 3} <= {row["number"] for row in api.walk("tickets/")}
