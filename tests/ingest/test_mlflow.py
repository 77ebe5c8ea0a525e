"""Runs of MLflow servers, from the recorded answers of a 2.x and a 3.x, over real HTTP."""

import json
from typing import Any

import pytest

from agileml.ingest.connectors.base import (
    Connector,
    Look,
    Since,
    SourceAuthError,
    SourceBadData,
    SourceGone,
    SourceTransient,
)
from agileml.ingest.connectors.mlflow import MLflow
from agileml.lib.http import Limits, Web
from agileml.metrics.rules.points import Point
from tests.ingest.serving import SAMPLES, Asked, Reply, Served, as_json, sample

API = "/api/2.0/mlflow/"
MLFLOW = MLflow(Web(Limits(connect=0.5, read=1, total=2)))
RUN = "c5ea7ec75199474f90ab6575aa82e6f2"


def config(served: Served, **more: Any) -> dict[str, Any]:
    return {"url": served.url, "experiments": ["fraud-detector"], **more}


def tagged(name: str = "mlflow2_runs_search.json", **change: Any) -> dict[str, Any]:
    """A recorded page of runs, tagged for a ticket."""
    page = json.loads((SAMPLES / name).read_text())
    page.pop("next_page_token")
    for run in page["runs"]:
        run["data"]["tags"].append({"key": "agileml.ticket", "value": "TST-1"})
        run["info"].update(change)
    return page


def searched(served: Served, page: dict[str, Any]) -> None:
    """Serve this page to the search for tagged runs, and nothing to every other search."""

    def answer(asked: Asked) -> Reply:
        assert asked.headers["content-type"] == "application/json"
        wanted = asked.body["filter"]
        return as_json(page if "agileml.ticket" in wanted and "RUNNING" not in wanted else {})

    served.answers[API + "runs/search"] = answer
    served.answers[API + "experiments/get-by-name"] = sample("mlflow2_experiment_get_by_name.json")


def bound(served: Served, name: str, **since: Any) -> Look:
    served.answers[API + "runs/get"] = sample(name)
    return MLFLOW.fetch(config(served), RUN, Since(**since))


def points(look: Look) -> list[Point]:
    return [point for found in look.found for point in found.body.points]


def test_it_is_a_connector():
    assert isinstance(MLFLOW, Connector)


@pytest.mark.parametrize("version", ["2", "3"])
def test_tagged_runs_find_their_ticket(served: Served, version: str):
    searched(served, tagged(f"mlflow{version}_runs_search.json"))
    look = MLFLOW.fetch(config(served), "TST", Since())
    assert [found.ticket for found in look.found] == ["TST-1", "TST-1"]
    assert {(p.candidate, p.pair_key) for p in points(look)} == {("challenger", "seed=1"), ("challenger", "seed=4")}
    assert {p.metric for p in points(look)} == {"train_loss", "val/f1", "val auc-pr"}
    assert all(p.run_url.endswith(f"/#/experiments/1/runs/{p.run_id}") for p in points(look))
    assert (look.more, look.running) == (False, ())
    again = MLFLOW.fetch(config(served), "TST", Since(look.cursor))
    assert again.cursor["since"] > 0


def test_a_name_with_the_key_as_a_whole_word_finds_it_too(served: Served):
    page = tagged()
    for run, name in zip(page["runs"], ("TST-7-svm", "TST-77x"), strict=True):
        run["info"]["run_name"] = name
        run["data"]["tags"] = []
    searched(served, {})
    served.answers[API + "runs/search"] = lambda asked: as_json(
        page if "run_name" in asked.body["filter"] and "RUNNING" not in asked.body["filter"] else {}
    )
    look = MLFLOW.fetch(config(served), "TST", Since())
    assert [found.ticket for found in look.found] == ["TST-7"]


def test_a_running_run_is_waited_for_and_a_failed_one_told(served: Served):
    searched(served, tagged(status="FAILED"))
    assert {problem.code for problem in MLFLOW.fetch(config(served), "TST", Since()).problems} == {"failed_run"}
    running = tagged(status="RUNNING")
    for run in running["runs"]:
        del run["info"]["end_time"]
    served.answers[API + "runs/search"] = lambda asked: as_json(running if "RUNNING" in asked.body["filter"] else {})
    look = MLFLOW.fetch(config(served), "TST", Since())
    assert (look.found, look.running) == ((), ("TST-1",))


@pytest.mark.parametrize("version", ["2", "3"])
def test_nan_and_infinities_arrive_as_such(served: Served, version: str):
    found = {
        p.metric: (p.value, p.value_state) for p in points(bound(served, f"mlflow{version}_runs_get_nan_inf.json"))
    }
    assert found["nan_m"] == (None, "nan")
    assert (found["inf_m"], found["ninf_m"]) == ((None, "pos_inf"), (None, "neg_inf"))
    assert found["big"] == (1e300, "ok")


def test_the_data_and_their_split_are_copied(served: Served):
    (point,) = points(bound(served, "mlflow3_runs_get_dataset_model.json"))
    assert (point.dataset_name, point.dataset_digest) == ("holdout-v3", "fb5441d3")
    assert {p.split for p in points(bound(served, "mlflow2_runs_get.json"))} == {"training"}


def test_a_parent_names_the_candidate(served: Served):
    page = tagged()
    for run in page["runs"]:
        run["data"]["tags"].append({"key": "mlflow.parentRunId", "value": RUN})
    searched(served, page)
    served.answers[API + "runs/get"] = sample("mlflow2_runs_get.json")
    look = MLFLOW.fetch(config(served), "TST", Since())
    assert {p.candidate for p in points(look)} == {"champion-seed0"}


@pytest.mark.parametrize(
    ("reduce", "step", "value"), [("max", None, 1.0032383276483317), ("at_step", 2, 0.33984267806373186)]
)
def test_a_curve_is_reduced_as_the_binding_says(served: Served, reduce: str, step: int | None, value: float):
    served.answers[API + "metrics/get-history"] = lambda asked: (
        sample("mlflow2_get_history_page1.json") if asked.params["metric_key"] == "train_loss" else Reply(b"{}")
    )
    (point,) = points(bound(served, "mlflow2_runs_get.json", reduce=reduce, step=step))
    assert (point.metric, point.value) == ("train_loss", value)


def test_a_deleted_run_and_an_unknown_one_are_gone(served: Served):
    run = json.loads((SAMPLES / "mlflow2_runs_get.json").read_text())
    run["run"]["info"]["lifecycle_stage"] = "deleted"
    served.answers[API + "runs/get"] = as_json(run)
    with pytest.raises(SourceGone, match="deleted"):
        MLFLOW.fetch(config(served), RUN, Since())
    with pytest.raises(SourceGone, match="no such run"):
        bound(served, "mlflow3_error_missing_run.txt")


def test_a_server_that_dies_between_two_pages_leaves_the_look_to_be_done_again(served: Served):
    def answer(asked: Asked) -> Reply | None:
        if "page_token" not in asked.body:
            return as_json(tagged() | {"next_page_token": "2"})
        asked.out.write(b"HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\n{")
        return None

    searched(served, {})
    served.answers[API + "runs/search"] = answer
    with pytest.raises(SourceTransient):
        MLFLOW.fetch(config(served), "TST", Since())
    searched(served, tagged())
    assert len(MLFLOW.fetch(config(served), "TST", Since()).found) == 2


def test_a_page_that_is_too_large_is_asked_for_in_smaller_pieces(served: Served):
    searched(served, {})
    served.answers[API + "runs/search"] = lambda asked: (
        Reply(b" " * 1_100_000) if asked.body["max_results"] > 6 else as_json(tagged())
    )
    look = MLFLOW.fetch(config(served), "TST", Since())
    assert (len(look.found), look.cursor["size"]) == (2, 6)


def test_too_many_metrics_of_one_run_are_told(served: Served):
    page = tagged()
    page["runs"][0]["data"]["metrics"] = [{"key": f"m{n}", "value": 1.0, "step": 0} for n in range(201)]
    searched(served, page)
    look = MLFLOW.fetch(config(served), "TST", Since())
    assert ([problem.code for problem in look.problems], len(look.found)) == (["too_many"], 1)


@pytest.mark.parametrize(
    ("reply", "said"),
    [
        (sample("mlflow3_error_401.txt"), "choose one"),
        (sample("mlflow3_error_403.txt"), "may not read"),
        (Reply(b"Invalid Host header - possible DNS rebinding attack detected", 403, "text/plain"), "--allowed-hosts"),
        (Reply(b"{}"), "no experiment"),
        (as_json({"error_code": "RESOURCE_DOES_NOT_EXIST"}, status=404), "no experiment"),
        (Reply(b"<html>", 404, "text/html"), "no MLflow server"),
        (Reply(b"<html>", 200, "text/html"), "web page"),
        (Reply(b"secret text of theirs", 500, "text/plain"), "500"),
    ],
)
def test_what_is_wrong_comes_with_advice_and_never_with_their_words(served: Served, reply: Reply, said: str):
    served.answers[API + "experiments/get-by-name"] = reply
    advice = MLFLOW.check(config(served))
    assert not advice.good
    assert said in advice.message
    assert "theirs" not in advice.message


def test_a_good_source_is_said_to_be(served: Served):
    served.answers[API + "experiments/get-by-name"] = sample("mlflow3_experiment_get_by_name.json")
    assert MLFLOW.check(config(served, auth="basic", username="me", password="word")).good
    assert served.asked[0].headers["authorization"].startswith("Basic ")


@pytest.mark.parametrize(
    ("reply", "error"),
    [
        (Reply(status=401), SourceAuthError), (Reply(status=408), SourceTransient),
        (Reply(status=503), SourceTransient), (Reply(status=404, kind="text/html"), SourceGone),
        (Reply(b"[]"), SourceBadData), (Reply(b'{"run": 3}'), SourceBadData), (Reply(b"half {"), SourceBadData),
    ],
)  # fmt: skip
def test_each_fault_has_its_kind(served: Served, reply: Reply, error: type[Exception]):
    served.answers[API + "runs/get"] = reply
    with pytest.raises(error):
        MLFLOW.fetch(config(served), RUN, Since())


def test_a_server_that_is_busy_says_when_to_come_again(served: Served):
    served.answers[API + "runs/get"] = Reply(status=429, headers={"retry-after": "17"})
    with pytest.raises(SourceTransient) as refused:
        MLFLOW.fetch(config(served), RUN, Since())
    assert refused.value.after == 17


def test_what_is_pasted_is_understood(served: Served):
    def ref(text: str) -> str | None:
        return MLFLOW.parse_ref(config(served), text)

    assert ref(f"{served.url}/#/experiments/1/runs/{RUN}") == f"1/{RUN}"
    assert ref(f" {served.url}/#/experiments/1/runs/{RUN}/model-metrics?workspace=default ") == f"1/{RUN}"
    assert ref(RUN) == RUN
    assert ref("tags.`role` = 'champion'") == "filter:tags.`role` = 'champion'"
    assert ref(f"http://other.example/#/experiments/1/runs/{RUN}") is None
    assert ref("whatever") is None
    assert MLFLOW.url(config(served), f"1/{RUN}") == f"{served.url}/#/experiments/1/runs/{RUN}"


@pytest.mark.parametrize("version", ["2", "3"])
def test_the_champions_alias_is_read(served: Served, version: str):
    served.answers[API + "registered-models/alias"] = sample(f"mlflow{version}_alias_champion.json")
    alias = MLFLOW.champion_alias(config(served), "fraud-detector")
    assert alias is not None
    assert alias.version == "1"
    served.answers[API + "registered-models/alias"] = as_json({"error_code": "INVALID_PARAMETER_VALUE"}, status=400)
    assert MLFLOW.champion_alias(config(served), "fraud-detector") is None


def test_the_ticket_is_written_on_the_run_only_if_the_source_is_set_to(served: Served):
    served.answers[API + "runs/set-tag"] = Reply(b"{}")
    assert not MLFLOW.tell(config(served), RUN, "http://a/TST-1")
    assert MLFLOW.tell(config(served, back_link=True), RUN, "http://a/TST-1")
    assert [asked.body["value"] for asked in served.asked] == ["http://a/TST-1"]
