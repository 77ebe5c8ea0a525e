"""The committed runs of the digits example, and its script where scikit-learn is not installed."""

import importlib
import json
import re
import statistics
import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import yaml

DIGITS = Path(__file__).resolve().parents[2] / "examples" / "digits"
RUNS = DIGITS / "runs"
FORMATS = DIGITS / "formats"

FILES = sorted(RUNS.glob("*/*.json"))
INDEX = json.loads((RUNS / "index.json").read_text(encoding="utf-8"))
LISTED = [(topic, entry) for topic, content in INDEX["topics"].items() for entry in content["candidates"]]


def read(path: Path) -> dict[str, Any]:
    return json.loads(path.read_text(encoding="utf-8"))


def values(body: dict[str, Any]) -> dict[str, float]:
    """The metrics of a run without its curves."""
    return {point["metric"]: point["value"] for point in body["points"] if "step" not in point}


def run_without_packages(*arguments: str, script: str = "train.py") -> subprocess.CompletedProcess[str]:
    """Runs a script with the standard library alone (-S), whatever is installed where the tests run."""
    return subprocess.run(
        [sys.executable, "-S", "-E", "-B", str(DIGITS / script), *arguments],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.fixture
def example(monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, ModuleType]]:
    """The modules that need no scikit-learn, imported as the script imports them, and forgotten afterwards."""
    names = ("catalogue", "metric_file", "train")
    with monkeypatch.context() as patch:
        patch.syspath_prepend(str(DIGITS))
        before = set(sys.modules)
        yield {name: importlib.import_module(name) for name in names}
        for name in set(sys.modules) - before:
            if str(getattr(sys.modules[name], "__file__", "")).startswith(str(DIGITS)):
                del sys.modules[name]


@pytest.mark.parametrize("topic", INDEX["topics"])
def test_a_committed_run_is_a_whole_push_body(topic: str) -> None:
    for path in (RUNS / topic).iterdir():
        body = read(path)
        assert set(body) == {"candidate", "observed_at", "dataset", "split", "params", "points"}, path
        assert body["split"] == "test"
        assert body["dataset"]["name"] == "digits holdout v1"
        assert re.fullmatch(r"sha256:[0-9a-f]{16,64}", body["dataset"]["digest"])
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z", body["observed_at"])
        assert datetime.fromisoformat(body["observed_at"]).utcoffset() == timedelta(0)
        seed = body["params"]["seed"]
        assert path.name == f"{body['candidate']}-seed={seed}.json"
        assert {"model", "train_images", "scikit-learn", "numpy", "python"} <= set(body["params"])
        assert {point["pair_key"] for point in body["points"]} == {f"seed={seed}"}
        assert all(set(point) <= {"metric", "value", "step", "pair_key"} for point in body["points"])
        assert {"error", "macro_f1"} <= set(values(body))


@pytest.mark.parametrize("topic", INDEX["topics"])
def test_an_error_is_a_count_of_hold_out_images(topic: str) -> None:
    for path in (RUNS / topic).iterdir():
        misread = values(read(path))["error"] * INDEX["hold_out_images"]
        assert 0 <= misread <= INDEX["hold_out_images"]
        assert misread == pytest.approx(round(misread), abs=1e-9), path


def test_every_run_is_measured_on_the_same_hold_out() -> None:
    assert {json.dumps(read(path)["dataset"], sort_keys=True) for path in FILES} == {
        json.dumps(INDEX["dataset"], sort_keys=True)
    }


def test_every_run_was_made_with_the_versions_of_the_index() -> None:
    for path in FILES:
        params = read(path)["params"]
        assert {name: params[name] for name in INDEX["versions"]} == INDEX["versions"], path


def test_the_pinned_packages_are_those_that_made_the_runs() -> None:
    lines = (DIGITS / "requirements.txt").read_text(encoding="utf-8").splitlines()
    assert all(re.fullmatch(r"[a-z0-9-]+==[0-9.]+", line) for line in lines)
    pins = dict(line.split("==") for line in lines)
    assert {name: pins[name] for name in ("scikit-learn", "numpy")} == {
        name: INDEX["versions"][name] for name in ("scikit-learn", "numpy")
    }


def test_the_index_lists_every_file_and_no_other() -> None:
    found = defaultdict(set)
    for path in FILES:
        body = read(path)
        found[path.parent.name, body["candidate"]].add(body["params"]["seed"])
    assert {(topic, entry["candidate"]): entry["seeds"] for topic, entry in LISTED} == {
        key: len(seeds) for key, seeds in found.items()
    }


@pytest.mark.parametrize(("topic", "entry"), LISTED, ids=[f"{topic}/{entry['candidate']}" for topic, entry in LISTED])
def test_the_index_agrees_with_the_files(topic: str, entry: dict[str, Any]) -> None:
    errors = [values(read(path))["error"] for path in (RUNS / topic).glob(f"{entry['candidate']}-seed=*.json")]
    assert len(errors) == entry["seeds"] >= 6
    assert entry["mean_error"] == pytest.approx(statistics.fmean(errors), abs=1e-12)
    assert entry["sd_error"] == pytest.approx(statistics.stdev(errors), abs=1e-12)
    assert (entry["min_error"], entry["max_error"]) == (min(errors), max(errors))


@pytest.mark.parametrize(("topic", "entry"), LISTED, ids=[f"{topic}/{entry['candidate']}" for topic, entry in LISTED])
def test_the_command_in_the_index_names_the_candidate_and_its_seeds(
    topic: str, entry: dict[str, Any], example: dict[str, ModuleType]
) -> None:
    script, *options = entry["train"].replace("KEY", "DIG-7").split()
    train = example["train"]
    given = train.parser().parse_args(options)
    assert script == "train.py"
    assert train.chosen_candidate(given).name == entry["candidate"]
    assert {path.name for path in (RUNS / topic).glob(f"{entry['candidate']}-seed=*.json")} == {
        f"{entry['candidate']}-seed={seed}.json" for seed in given.seeds
    }


def test_the_catalogue_and_the_index_name_the_same_topics(example: dict[str, ModuleType]) -> None:
    topics = {topic.name: [chosen.name for chosen in topic.candidates] for topic in example["catalogue"].TOPICS}
    assert topics == {
        topic: [entry["candidate"] for entry in content["candidates"]] for topic, content in INDEX["topics"].items()
    }


def test_candidates_with_the_same_seed_and_share_train_on_as_many_images() -> None:
    counts = {
        read(path)["params"]["train_images"]
        for path in FILES
        if "pct" not in path.name and not path.name.startswith("rule-")
    }
    assert len(counts) == 1


def test_a_run_that_two_topics_share_has_the_same_values() -> None:
    by_name = defaultdict(list)
    for path in FILES:
        by_name[path.name].append(values(read(path)))
    shared = [runs for runs in by_name.values() if len(runs) > 1]
    assert shared
    assert all(run == runs[0] for runs in shared for run in runs)


def test_a_network_writes_its_loss_by_epoch() -> None:
    for path in (RUNS / "mlp-width").glob("*.json"):
        curve = [point for point in read(path)["points"] if "step" in point]
        assert {point["metric"] for point in curve} == {"train_loss"}
        steps = [point["step"] for point in curve]
        assert steps == sorted(set(steps))
        assert len(steps) >= 5


def test_the_runs_stay_small() -> None:
    assert sum(path.stat().st_size for path in RUNS.rglob("*") if path.is_file()) < 1_500_000


def test_the_scikit_learn_report_tells_the_same_as_the_run() -> None:
    report = read(FORMATS / "sklearn_report" / "svm-deskew-seed=0.json")
    run = values(read(RUNS / "svm-deskew" / "svm-deskew-seed=0.json"))
    assert set(report) == {*map(str, range(10)), "accuracy", "macro avg", "weighted avg"}
    assert 1 - report["accuracy"] == pytest.approx(run["error"])
    assert report["macro avg"]["f1-score"] == pytest.approx(run["macro_f1"])


def test_the_dvc_metrics_tell_the_same_as_the_run() -> None:
    metrics = read(FORMATS / "dvc" / "metrics.json")
    run = read(RUNS / "svm-deskew" / "svm-deskew-seed=0.json")
    assert {name: metrics["test"][name] for name in values(run)} == values(run)
    assert metrics["train"]["images"] == run["params"]["train_images"]
    assert len(metrics["test"]["error_by_digit"]) == 10


def test_the_dvclive_metrics_have_a_step_and_a_best() -> None:
    metrics = read(FORMATS / "dvclive" / "metrics.json")
    assert set(metrics) == {"train", "val", "step", "best/val_error"}
    assert metrics["step"] > 0
    assert 0 <= metrics["best/val_error"] <= metrics["val"]["error"] <= 1


def test_the_flat_yaml_tells_the_same_as_the_run() -> None:
    flat = yaml.safe_load((FORMATS / "flat" / "forest-200-raw-seed=0.yaml").read_text(encoding="utf-8"))
    run = values(read(RUNS / "forest" / "forest-200-raw-seed=0.json"))
    assert flat.pop("seed") == 0
    assert flat == pytest.approx(run, abs=1e-11)


def test_the_options_are_explained_without_scikit_learn() -> None:
    ran = run_without_packages("--help")
    assert ran.returncode == 0
    assert ran.stderr == ""
    for option in ("--ticket", "--model", "--features", "--size", "--seeds", "--out", "--observed-at"):
        assert option in ran.stdout


def test_training_without_scikit_learn_says_so_in_one_line(tmp_path: Path) -> None:
    ran = run_without_packages("--ticket", "DIG-7", "--out", str(tmp_path))
    assert ran.returncode == 1
    assert ran.stdout == ""
    assert len(ran.stderr.splitlines()) == 1
    assert "scikit-learn" in ran.stderr
    assert "examples/digits/requirements.txt" in ran.stderr
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--ticket", "../etc"], "not a ticket's key"),
        (["--ticket", "DIG-7", "--seeds", "5-0"], "not a list of seeds"),
        (["--ticket", "DIG-7", "--features", "colour"], "no feature set is called 'colour'"),
        (["--ticket", "DIG-7", "--features", "raw+raw"], "named twice"),
        (["--ticket", "DIG-7", "--model", "svm", "--size", "8"], "svm takes no --size"),
        (["--ticket", "DIG-7", "--model", "knn", "--size", "51"], "--size of knn must be between 1 and 50"),
        (["--ticket", "DIG-7", "--model", "rule", "--features", "raw"], "rule takes no --features"),
        (["--ticket", "DIG-7", "--percent", "0"], "--percent must be between"),
        (["--ticket", "DIG-7", "--observed-at", "2026-01-31T09:30:00"], "has no time zone"),
    ],
)
def test_an_option_without_a_meaning_is_refused_before_anything_is_trained(options: list[str], said: str) -> None:
    ran = run_without_packages(*options)
    assert ran.returncode == 2
    assert said in ran.stderr


def test_files_go_to_the_watched_folder_of_the_demo(example: dict[str, ModuleType], tmp_path: Path) -> None:
    watched_folder = example["metric_file"].watched_folder
    assert watched_folder({"AGILEML_DATA": str(tmp_path)}) == tmp_path / "metrics"
    beside_manage = DIGITS.parents[1]
    assert (beside_manage / "manage.py").is_file()
    assert watched_folder({}) == beside_manage / "var" / "metrics"


def test_a_file_is_replaced_in_one_move(example: dict[str, ModuleType], tmp_path: Path) -> None:
    target = tmp_path / "DIG-7" / "run.json"
    write_json = example["metric_file"].write_json
    write_json(target, {"points": [1]})
    first = target.open(encoding="utf-8")
    with first:
        write_json(target, {"points": [2]})
        assert json.load(first) == {"points": [1]}
    assert read(target) == {"points": [2]}
    assert [path.name for path in target.parent.iterdir()] == ["run.json"]


def test_a_write_that_fails_leaves_nothing_behind(example: dict[str, ModuleType], tmp_path: Path) -> None:
    (tmp_path / "run.json").mkdir()
    with pytest.raises(IsADirectoryError):
        example["metric_file"].write_json(tmp_path / "run.json", {"points": []})
    assert [path.name for path in tmp_path.iterdir()] == ["run.json"]
