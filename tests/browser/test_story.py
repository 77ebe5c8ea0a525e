"""The main story in a real browser, against the whole product as `make demo` runs it."""

import json
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from tests.browser.story import Story
from tests.ops.test_demo import Demo

pytestmark = pytest.mark.browser


@pytest.fixture
def demo(tmp_path: Path) -> Iterator[Demo]:
    """The product with its sample project, on a folder of its own."""
    demo = Demo(tmp_path / "data")
    demo.says("AgileML is ready at")
    yield demo
    demo.process.terminate()
    demo.process.communicate(timeout=30)


def test_a_metric_arrives_by_itself_and_the_sprint_is_replanned_and_that_taken_back(
    demo: Demo, browser_page: Page, tmp_path: Path
) -> None:
    log_ins = demo.log_ins()
    story = Story(browser_page, log_ins["url"], log_ins, demo.data)
    complaints: list[str] = []
    browser_page.on("pageerror", lambda error: complaints.append(str(error)))
    browser_page.on("console", lambda said: complaints.append(said.text) if said.type == "error" else None)

    story.log_in()
    story.open_board()
    assert_accessible(browser_page)
    before = plan(log_ins)

    story.runs_arrive()
    story.light_turns_red()
    assert_accessible(browser_page)

    story.write_finding()
    assert_accessible(browser_page)
    story.choose_replan()
    assert_accessible(browser_page)
    story.decide()
    expect(browser_page.locator(".rail")).to_contain_text("DIG-8")
    expect(browser_page.locator(".rail")).to_contain_text("DIG-9")
    expect(story.card(15)).to_have_count(0)
    assert_accessible(browser_page)

    story.open_history()
    newest = browser_page.locator("ol.timeline > li").first
    for words in (
        "Team Lead",
        "More features",
        "Edges without their place",
        "DIG-8",
        "DIG-9",
        "DIG-15",
        "European sevens",
    ):
        expect(newest).to_contain_text(words)
    expect(browser_page.locator("svg").filter(has_text="v3").first).to_be_visible()
    assert_accessible(browser_page)
    made = decisions(log_ins)[-1]
    assert {next(iter(item)) for item in made["evidence"]} == {"finding", "snapshot"}
    added = next(move["ticket"] for move in made["moves"] if move["move"] == "add")

    story.take_back()
    after = plan(log_ins)
    assert after["tickets"] == before["tickets"]
    assert after["sprint"] == before["sprint"]
    assert [decision["kind"] for decision in decisions(log_ins)] == ["start", "replan", "replan", "revert"]
    lying = api(log_ins, f"tickets/{added}/")
    assert lying["sprint"] is None
    assert lying["status"] == "todo"
    assert complaints == []


def assert_accessible(page: Page) -> None:
    found = Axe().run(page)
    assert found.violations_count == 0, found.generate_report()


def api(log_ins: dict[str, Any], path: str) -> Any:
    """What the API answers the lead."""
    request = urllib.request.Request(
        f"{log_ins['url']}api/v1/projects/DIG/{path}",
        headers={"Authorization": f"Bearer {log_ins['users']['lead']['token']}"},
    )
    with urllib.request.urlopen(request, timeout=20) as answer:
        return json.load(answer)


def plan(log_ins: dict[str, Any]) -> dict[str, Any]:
    return api(log_ins, "sprints/2/plan/")


def decisions(log_ins: dict[str, Any]) -> list[dict[str, Any]]:
    found = api(log_ins, "sprints/2/decisions/")["results"]
    return sorted(found, key=lambda decision: decision["version"])
