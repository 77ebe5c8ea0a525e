"""A file that cannot be taken is listed with what is wrong with it, holds up no other, and is not forgotten."""

import os
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from pytest_django import Settings

from agileml.ingest.actions import make_source
from agileml.ingest.connectors.base import Since
from agileml.ingest.connectors.metric_file import MetricFile
from agileml.ingest.models import Source
from agileml.metrics.models import Snapshot
from tests.factories import NOW, make_ticket
from tests.ingest.watched import Watched

pytestmark = pytest.mark.django_db

GOOD = {"error": 0.1}


@pytest.mark.parametrize(
    ("name", "content", "code"),
    [
        ("half.json", '{"error": 0.', "does_not_parse"),
        ("empty.json", "", "does_not_parse"),
        ("half.yaml", "error: 0.", "half_written"),
        ("broken.yaml", "error: [0.1\n", "does_not_parse"),
        ("binary.json", b"\x89PNG\r\n\x1a\n\x00\xff", "does_not_parse"),
        ("large.json", '{"a": 1}' + " " * 10_000_000, "too_large"),
        ("list.json", [0.1], "not_an_object"),
        ("text.yaml", "0.1\n", "not_an_object"),
        ("twice.json", '{"error": 0.1, "error": 0.2}', "collision"),
        ("many.json", {f"m{n}": n for n in range(201)}, "too_many"),
        ("params.json", {"points": [], "params": []}, "invalid"),
        ("deep.json", "[" * 200_000, "does_not_parse"),
        ("anchors.yaml", "a: &x [1]\nb: *x\n", "does_not_parse"),
    ],
)
def test_a_bad_file_is_listed_and_the_good_one_beside_it_is_taken(watched: Watched, name: str, content: Any, code: str):
    watched.drop(f"TST-1/{name}", content)
    watched.drop("TST-1/good.json", GOOD)
    looked = watched.look()
    assert [(problem["where"], problem["code"]) for problem in looked.problems] == [(f"TST-1/{name}", code)]
    assert looked.problems[0]["message"]
    assert watched.values() == GOOD


@pytest.mark.parametrize("kind", ["inside", "outside", "broken"])
def test_a_link_to_a_file_is_not_followed(watched: Watched, tmp_path_factory: pytest.TempPathFactory, kind: str):
    elsewhere = tmp_path_factory.mktemp("elsewhere") / "secret.json"
    elsewhere.write_text('{"secret": 1}')
    watched.drop("notes/own.json", GOOD)
    target = {"inside": watched.root / "notes/own.json", "outside": elsewhere, "broken": Path("nowhere")}[kind]
    (watched.root / "TST-1").mkdir()
    (watched.root / "TST-1" / "link.json").symlink_to(target)
    assert watched.problems() == {"TST-1/link.json": "symlink"}
    assert not Snapshot.objects.exists()


def test_a_link_to_a_folder_is_not_followed(watched: Watched, tmp_path_factory: pytest.TempPathFactory):
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    (elsewhere / "secret.json").write_text('{"secret": 1}')
    (watched.root / "TST-1").symlink_to(elsewhere)
    assert watched.problems() == {"TST-1": "not_a_folder"}
    assert not Snapshot.objects.exists()


def test_a_pipe_a_folder_and_a_bad_name_hold_nothing_up(watched: Watched):
    watched.drop("TST-1/good.json", GOOD)
    os.mkfifo(watched.root / "TST-1" / "pipe.json")
    (watched.root / "TST-1" / "folder.json").mkdir()
    Path(os.fsdecode(os.fsencode(watched.root) + b"/TST-1/\xff.json")).write_text('{"a": 1}')
    assert watched.problems() == {
        "TST-1/pipe.json": "not_a_file",
        "TST-1/folder.json": "not_a_file",
        "TST-1/\N{REPLACEMENT CHARACTER}.json": "invalid",
    }
    assert watched.values() == GOOD


def test_a_long_name_makes_a_shortened_candidate(watched: Watched):
    watched.drop(f"TST-1/{'x' * 240}.json", GOOD)
    watched.look()
    assert Snapshot.objects.get().candidate.name == "x" * 200


def test_two_paths_that_collide_are_refused_and_the_rest_of_the_file_is_taken(watched: Watched):
    watched.drop("TST-1/svm.json", {"a": {"b": 1}, "a.b": 2, "error": 0.1})
    looked = watched.look()
    assert {problem["code"] for problem in looked.problems} == {"refused"}
    assert "a.b" in looked.problems[0]["message"]
    assert (looked.counts["refused"], watched.values()) == (2, GOOD)


def test_one_bad_point_of_a_file_is_refused_and_the_rest_is_taken(watched: Watched):
    points = [{"metric": "error", "value": 0.1}, {"metric": "f1", "value": "high"}]
    watched.drop("TST-1/svm.json", {"points": points})
    looked = watched.look()
    assert [problem["code"] for problem in looked.problems] == ["refused"]
    assert watched.values() == GOOD


def test_nan_in_all_its_spellings_is_kept_and_enters_no_light(watched: Watched):
    make_ticket(watched.cast, criteria=[{"metric": "a", "op": "<=", "value": 1}])
    watched.drop("TST-6/svm.json", '{"a": NaN, "b": "NaN", "c": Infinity, "d": "-Infinity", "e": 1e400}')
    watched.drop("TST-6/svm.yaml", "f: .nan\ng: NaN\n")
    assert watched.look().problems == ()
    states = dict(Snapshot.objects.values_list("metric__key", "value_state"))
    assert states == {
        "a": "nan", "b": "nan", "c": "pos_inf", "d": "neg_inf", "e": "pos_inf", "f": "nan", "g": "nan",
    }  # fmt: skip
    assert set(Snapshot.objects.values_list("value", flat=True)) == {None}


def test_a_key_called_timestamp_is_no_metric(watched: Watched):
    watched.drop("TST-1/svm.json", {"timestamp": 1763631000.5, "seed": 1, "fold": 2, "step": 3, "error": 0.1})
    assert watched.look().problems == ()
    assert watched.values() == GOOD


def test_a_file_from_the_future_is_refused(watched: Watched):
    file = watched.drop("TST-1/svm.json", GOOD)
    os.utime(file, (0, (NOW + timedelta(days=400)).timestamp()))
    assert watched.problems() == {"TST-1/svm.json": "refused"}
    assert not Snapshot.objects.exists()


def test_a_file_that_is_gone_again_is_no_problem(watched: Watched):
    watched.drop("TST-1/svm.json", "{").unlink()
    assert watched.problems() == {}


def test_what_was_half_written_is_taken_when_it_is_whole(watched: Watched):
    watched.drop("TST-1/svm.json", '{"error": 0.')
    assert watched.problems() == {"TST-1/svm.json": "does_not_parse"}
    watched.drop("TST-1/svm.json", '{"error": 0.1}')
    assert watched.problems() == {}
    assert watched.values() == GOOD
    watched.source.refresh_from_db()
    assert watched.source.waiting == []


def test_a_yaml_file_whose_last_line_is_not_ended_is_taken_once_it_stays_as_it_is(watched: Watched):
    watched.drop("TST-1/svm.yaml", "error: 0.")
    assert watched.problems() == {"TST-1/svm.yaml": "half_written"}
    watched.drop("TST-1/svm.yaml", "error: 0.1")
    assert watched.problems() == {}
    assert watched.values() == {}
    watched.look()
    assert watched.values() == GOOD


def test_what_stays_broken_is_said_once_and_tried_ever_more_seldom(watched: Watched):
    watched.drop("TST-1/svm.json", "{")
    assert watched.problems() == {"TST-1/svm.json": "does_not_parse"}
    assert [watched.problems() for _ in range(5)] == [{}] * 5
    watched.source.refresh_from_db()
    (waits,) = watched.source.waiting
    assert (waits["where"], waits["code"]) == ("TST-1/svm.json", "does_not_parse")
    assert waits["tries"] >= 3
    assert watched.source.polls.count() == 2


def test_a_file_that_changes_while_it_is_read_is_tried_again(watched: Watched, monkeypatch: pytest.MonkeyPatch):
    file = watched.drop("TST-1/svm.json", GOOD)
    real, calls = os.fstat, []

    def writing_goes_on(descriptor: int) -> os.stat_result:
        calls.append(descriptor)
        if len(calls) == 3:  # the folder, the file before it was read, the file after
            file.write_text('{"error": 0.25}')
        return real(descriptor)

    monkeypatch.setattr(os, "fstat", writing_goes_on)
    assert watched.problems() == {"TST-1/svm.json": "changed"}
    monkeypatch.undo()
    os.utime(file, (NOW.timestamp(), NOW.timestamp()))
    watched.look()
    assert watched.values() == {"error": 0.25}


def test_a_folder_that_may_not_be_read_is_listed(watched: Watched, monkeypatch: pytest.MonkeyPatch):
    watched.drop("TST-1/svm.json", GOOD)
    watched.drop("TST-2/svm.json", GOOD)
    real = os.open

    def forbid(path: Any, *args: Any, **more: Any) -> int:
        if path == "TST-1":
            raise PermissionError(13, "Permission denied")
        return real(path, *args, **more)

    # The tests may run as root, whom no mode of a folder keeps out.
    monkeypatch.setattr(os, "open", forbid)
    assert watched.problems() == {"TST-1": "no_permission"}
    assert watched.values(2) == GOOD


@pytest.mark.parametrize("root", ["/etc", "../outside", "TST-1/../../outside", "link"])
def test_a_folder_outside_of_the_roots_is_never_read(watched: Watched, settings: Settings, root: str):
    outside = watched.root / "outside" / "TST-1"
    outside.mkdir(parents=True)
    (outside / "svm.json").write_text('{"error": 0.1}')
    inside = watched.root / "inside"
    inside.mkdir()
    (inside / "link").symlink_to(outside.parent)
    settings.METRIC_ROOTS = [inside]
    Source.objects.filter(pk=watched.source.pk).update(config={"root": root})
    looked = watched.look()
    assert [problem["code"] for problem in looked.problems] == ["auth"]
    assert "AGILEML_METRIC_ROOTS" in looked.problems[0]["message"]
    source = Source.objects.get(pk=watched.source.pk)
    assert (source.state, source.trouble) == ("paused", looked.problems[0]["message"])


def test_without_roots_nothing_is_read(watched: Watched, settings: Settings):
    settings.METRIC_ROOTS = []
    assert not MetricFile().check({}).good
    assert [problem["code"] for problem in watched.look().problems] == ["auth"]


def test_a_root_that_is_missing_pauses_the_source_after_some_looks_and_it_resumes(watched: Watched):
    Source.objects.filter(pk=watched.source.pk).update(config={"root": str(watched.root / "missing")})
    for _ in range(5):
        assert Source.objects.get(pk=watched.source.pk).state == "active"
        assert [problem["code"] for problem in watched.look().problems] == ["gone"]
    source = Source.objects.get(pk=watched.source.pk)
    assert (source.state, "missing" in source.trouble) == ("paused", True)
    assert source.polls.get().times == 5


def test_the_folder_is_the_first_root_unless_it_is_named(watched: Watched):
    source = make_source(
        project=watched.cast.project, kind="metric_file", name="All", config={}, actor=watched.cast.lead, now=NOW
    )
    watched.drop("TST-1/svm.json", GOOD)
    look = MetricFile().fetch(source.config, "TST", Since())
    assert [found.where for found in look.found] == ["TST-1/svm.json"]
