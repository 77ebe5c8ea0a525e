"""Metric files of every form land on their ticket under the names that their path gives them."""

import json
import os
import shutil
import time
from datetime import timedelta

import pytest

from agileml.ingest.connectors.metric_file import MetricFile
from agileml.metrics.models import Candidate, Snapshot
from tests.factories import NOW
from tests.ingest.watched import EXAMPLES, SAMPLES, Watched

pytestmark = pytest.mark.django_db


def copy(watched: Watched, path: str, to: str) -> None:
    watched.drop(to, (EXAMPLES / path if path.startswith(("runs", "formats")) else SAMPLES / path).read_bytes())


@pytest.mark.parametrize(
    ("sample", "expected"),
    [
        ("dvclive_metrics.json", {"train.loss": 0.3333333333333333, "val.f1": 0.8200000000000001, "best/f1": 0.82}),
        ("dvc_metrics.json", {"val.f1": 0.883, "val.auc": 0.93, "val.n": 12000.0, "loss": 0.41, "nanm": None}),
        ("formats/flat/forest-200-raw-seed=0.yaml",
         {"error": 0.027777777778, "macro_f1": 0.972116061437, "error_on_nines": 0.074074074074}),
    ],
)  # fmt: skip
def test_a_form_lands_whole(watched: Watched, sample: str, expected: dict[str, float | None]):
    copy(watched, sample, f"TST-1/{sample.rpartition('/')[2]}")
    watched.look()
    assert watched.values() == expected


def test_a_classification_report_lands_by_its_paths(watched: Watched):
    copy(watched, "formats/sklearn_report/svm-deskew-seed=0.json", "TST-1/svm-deskew-seed=0.json")
    copy(watched, "sklearn_classification_report.json", "TST-2/report.json")
    assert watched.look().problems == ()
    assert {"0.precision", "9.f1-score", "accuracy", "macro avg.support"} <= watched.values(1).keys()
    assert watched.values(2)["fraud.recall"] == 0.6666666666666666


def test_a_nested_file_of_dvc_lands_by_its_paths(watched: Watched):
    copy(watched, "formats/dvc/metrics.json", "TST-1/metrics.json")
    watched.look()
    assert watched.values()["test.error_by_digit.digit_8"] == 0.019230769230769232
    assert Candidate.objects.get().name == "metrics"


def test_nan_is_kept_as_nan_and_the_text_and_the_list_are_listed(watched: Watched):
    copy(watched, "dvc_metrics.json", "TST-1/metrics.json")
    looked = watched.look()
    assert Snapshot.objects.get(metric__key="nanm").value_state == "nan"
    assert [(problem["code"], problem["where"]) for problem in looked.problems] == [
        ("left_out", "TST-1/metrics.json"), ("left_out", "TST-1/metrics.json"),
    ]  # fmt: skip
    assert "note" in looked.problems[0]["message"]


def test_every_committed_run_of_the_digits_lands(watched: Watched):
    for topic in ("svm-raw", "mlp-width", "rule"):
        shutil.copytree(EXAMPLES / "runs" / topic, watched.root / "TST-1", dirs_exist_ok=True)
    files = sorted((watched.root / "TST-1").iterdir())
    points = sum(len(json.loads(file.read_text())["points"]) for file in files)
    now = NOW + timedelta(days=30)
    counts = []
    while True:
        looked = watched.look_at(now)
        counts.append(looked.counts["created"])
        if not looked.more:
            break
    assert sum(counts) == points == Snapshot.objects.count()
    assert Snapshot.objects.filter(candidate__name="svm-raw", metric__key="error").count() == 10
    row = Snapshot.objects.get(external_id="TST-1/mlp-64-raw-seed=3.json", metric__key="train_loss", step=10)
    assert (row.pair_key, row.split, row.dataset_name) == ("seed=3", "test", "digits holdout v1")


def test_time_and_name_come_from_the_file(watched: Watched):
    file = watched.drop("TST-1/svm-raw-seed=3.json", {"error": 0.1})
    os.utime(file, (0, (NOW - timedelta(hours=2)).timestamp()))
    watched.look()
    row = Snapshot.objects.get()
    assert (row.observed_at, row.external_id, row.pair_key, row.candidate.name, row.run_name) == (
        NOW - timedelta(hours=2), "TST-1/svm-raw-seed=3.json", "seed=3", "svm-raw", "svm-raw-seed=3",
    )  # fmt: skip


def test_training_again_on_the_same_ticket_supersedes_and_does_not_double(watched: Watched):
    point = {"metric": "error", "value": 0.1, "pair_key": "seed=0"}
    body = {"candidate": "svm", "points": [point]}
    watched.drop("TST-1/svm-seed=0.json", body | {"observed_at": "2026-11-20T08:00:00Z"})
    watched.look()
    point["value"] = 0.2
    watched.drop("TST-1/svm-seed=0.json", body | {"observed_at": "2026-11-20T09:00:00Z"})
    assert watched.look().counts["superseded"] == 1
    assert watched.values() == {"error": 0.2}
    assert Snapshot.objects.count() == 2


def test_a_b_a_in_a_file_is_three_rows(watched: Watched):
    for value in (0.1, 0.2, 0.1):
        watched.drop("TST-1/svm.json", {"error": value})
        watched.look()
    assert list(Snapshot.objects.order_by("nth").values_list("nth", "value")) == [(0, 0.1), (1, 0.2), (2, 0.1)]


def test_two_files_that_tell_of_one_run_in_one_look_come_one_after_the_other(watched: Watched):
    for name, value in (("a", 0.1), ("b", 0.2)):
        watched.drop(f"TST-1/{name}.json", {"external_id": "run", "points": [{"metric": "error", "value": value}]})
    assert watched.look().counts == {"created": 1, "superseded": 1, "refused": 0}
    assert watched.values() == {"error": 0.2}


@pytest.mark.parametrize(
    "path",
    ["index.json", "OTH-1/svm.json", "tst-1/svm.json", "TST-1/svm.txt", "TST-1/.svm.json", "TST-1/deep/svm.json",
     "notes/svm.json", "TST-01/svm.json"],
)  # fmt: skip
def test_what_is_not_for_a_ticket_of_the_project_is_left_alone(watched: Watched, path: str):
    watched.drop(path, {"error": 0.1})
    looked = watched.look()
    assert (looked.counts["created"], looked.problems) == (0, ())


def test_a_yml_ending_is_yaml(watched: Watched):
    watched.drop("TST-1/svm.yml", "error: 1e-2\n")
    watched.look()
    assert watched.values() == {"error": 0.01}


def test_many_files_are_read_in_bounded_looks_and_none_twice(watched: Watched):
    for number in range(250):
        watched.drop(f"TST-1/run-{number}.json", {"error": number})
    looks = [watched.look() for _ in range(4)]
    assert [(look.counts["created"], look.more) for look in looks] == [
        (100, True),
        (100, True),
        (50, False),
        (0, False),
    ]
    assert [look.counts["unchanged"] for look in looks] == [0, 0, 0, 0]


def long_ago(watched: Watched) -> None:
    """Make all that is in the folder now older than what has been read."""
    watched.source.refresh_from_db()
    watched.source.cursor = watched.source.cursor | {"since": time.time_ns() + 1, "recent": []}
    watched.source.save()


def test_a_folder_that_is_moved_to_its_place_is_read_however_old_its_files_are(watched: Watched):
    watched.drop("TST-2/svm.json", {"error": 0.1})
    for number in range(120):
        watched.drop(f"out/run-{number}.json", {"error": number})
    watched.look()
    long_ago(watched)
    (watched.root / "out").rename(watched.root / "TST-1")
    looks = [watched.look() for _ in range(3)]
    assert [look.counts["created"] for look in looks] == [100, 20, 0]
    assert [look.counts["unchanged"] for look in looks] == [0, 0, 0]


def test_once_a_day_everything_is_looked_at_again(watched: Watched):
    watched.drop("TST-1/svm.json", {"error": 0.1})
    watched.look()
    watched.source.refresh_from_db()
    cursor = watched.source.cursor
    future = cursor | {"since": 2**62, "recent": []}
    watched.source.cursor = future
    watched.source.save()
    watched.drop("TST-1/svm.json", {"error": 0.2})
    assert watched.look().counts["superseded"] == 0  # as if the clock had stepped back
    watched.source.cursor = future | {"whole_at": cursor["whole_at"] - 25 * 3600}
    watched.source.save()
    assert watched.look().counts["superseded"] == 1


def test_the_cursor_of_a_quiet_folder_does_not_grow(watched: Watched):
    watched.drop("TST-1/svm.json", {"error": 0.1})
    watched.look()
    watched.source.refresh_from_db()
    cursor = watched.source.cursor
    watched.look()
    watched.source.refresh_from_db()
    assert watched.source.cursor == cursor
    assert len(cursor["recent"]) == 1


def test_a_pasted_path_becomes_a_reference_only_inside_the_folder(watched: Watched):
    connector, config = MetricFile(), watched.source.config
    assert connector.parse_ref(config, "TST-1/svm.json") == "TST-1/svm.json"
    assert connector.parse_ref(config, f" {watched.root}/TST-1/svm.json ") == "TST-1/svm.json"
    for text in ("TST-1/../../svm.json", "/etc/passwd", "svm.json", "TST-1/svm.txt", "TST-1/\0.json", "a" * 5000):
        assert connector.parse_ref(config, text) is None


def test_the_connection_can_be_tried(watched: Watched):
    connector = MetricFile()
    watched.drop("TST-1/svm.json", {"error": 0.1})
    good = connector.check(watched.source.config)
    assert good.good
    assert "tickets in it: 1" in good.message
    bad = connector.check({"root": str(watched.root / "missing")})
    assert not bad.good
    assert "missing" in bad.message
