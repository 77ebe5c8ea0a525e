"""`make screenshot`: lives the story up to the decision and keeps the re-plan page as docs/replan.png."""

import tempfile
from pathlib import Path

from playwright.sync_api import sync_playwright

from tests.browser.story import Story
from tests.conftest import QUIET_CHROMIUM
from tests.ops.test_demo import Demo
from tests.plugin import browser_binary
from tests.source import ROOT

PICTURE = ROOT / "docs" / "replan.png"


def main() -> None:
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        demo = Demo(Path(folder) / "data")
        try:
            demo.says("AgileML is ready at")
            log_ins = demo.log_ins()
            browser = playwright.chromium.launch(executable_path=browser_binary(), args=QUIET_CHROMIUM)
            page = browser.new_page(viewport={"width": 1280, "height": 860}, device_scale_factor=1.5, locale="en-GB")
            story = Story(page, log_ins["url"], log_ins, demo.data)
            story.log_in()
            story.open_board()
            story.runs_arrive()
            story.light_turns_red()
            story.write_finding()
            story.choose_replan()
            page.evaluate("window.scrollTo(0, 0)")
            page.screenshot(path=str(PICTURE))
            browser.close()
        finally:
            demo.process.terminate()
            demo.process.communicate(timeout=30)
    print(f"{PICTURE.relative_to(ROOT)} is new.")


if __name__ == "__main__":
    main()
