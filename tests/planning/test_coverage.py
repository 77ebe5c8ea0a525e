"""Skeleton coverage: a component stands once anything in it is done; what is skipped touches nothing."""

import pytest

from agileml.planning.rules.coverage import Covered, Work, coverage, stands

COMPONENTS = ["data", "model", "serving"]


def test_each_component_of_the_epic_is_told_in_its_order():
    work = [Work("model", "todo"), Work("data", "done", 2), Work("data", "todo")]
    assert coverage(COMPONENTS, work) == [
        Covered("data", "stands", 2, 3),
        Covered("model", "planned", 0, 1),
        Covered("serving", "bare", 0, 0),
    ]


@pytest.mark.parametrize(
    ("statuses", "state"),
    [
        ([], "bare"),
        (["skipped"], "bare"),
        (["todo", "skipped"], "planned"),
        (["todo", "in_progress"], "begun"),
        (["in_review"], "begun"),
        (["in_progress", "done", "todo"], "stands"),
    ],
)
def test_a_component_is_as_far_as_its_furthest_work(statuses: list[str], state: str):
    assert [one.state for one in coverage(["data"], [Work("data", status) for status in statuses])] == [state]


def test_skipped_work_and_other_components_do_not_count():
    found = coverage(["data"], [Work("data", "skipped", 4), Work("", "done"), Work("labels", "done")])
    assert found == [Covered("data", "bare", 0, 0)]


def test_the_skeleton_stands_only_when_every_component_does():
    whole = [Work(component, "done") for component in COMPONENTS]
    assert stands(coverage(COMPONENTS, whole))
    assert not stands(coverage(COMPONENTS, whole[:-1]))
    assert not stands(coverage([], whole))
