"""The main story, step by step, as a lead lives it in the browser: a metric arrives, and the sprint is re-planned."""

import shutil
from pathlib import Path

from playwright.sync_api import Page, expect

from tests.source import ROOT

RUNS = ROOT / "examples" / "digits" / "runs" / "more-features"
# The board asks for news every 15 seconds, and the worker looks at the folder every 2.
ARRIVES_WITHIN = 60_000


class Story:
    """One lead, one page. Each method is something that she does, and what she sees then."""

    def __init__(self, page: Page, url: str, log_ins: dict, data: Path) -> None:
        self.page = page
        self.url = url.rstrip("/")
        self.users = log_ins["users"]
        self.metrics = data / "metrics"

    def log_in(self, role: str = "lead") -> None:
        self.page.goto(f"{self.url}/login/")
        self.page.get_by_label("E-mail").fill(self.users[role]["email"])
        self.page.get_by_label("Password").fill(self.users[role]["password"])
        self.page.get_by_role("button", name="Log in").click()
        expect(self.page.get_by_role("heading", level=1)).to_be_visible()

    def open_board(self) -> None:
        self.page.goto(f"{self.url}/p/DIG/")
        expect(self.page.get_by_text("day 6 of 10")).to_be_visible()
        expect(self.page.get_by_role("link", name="Plan v2 · 1 re-plan")).to_be_visible()
        expect(self.card(7)).to_contain_text("pending")

    def card(self, number: int):
        return self.page.locator(".card").filter(has=self.page.get_by_text(f"DIG-{number}", exact=True))

    def runs_arrive(self) -> None:
        """Ten runs that were really measured land in the watched folder; nobody touches the page."""
        folder = self.metrics / "DIG-7"
        folder.mkdir(parents=True, exist_ok=True)
        for path in sorted(RUNS.glob("svm-raw-edges-zoning-*.json")):
            draft = folder / f".{path.name}.draft"
            shutil.copyfile(path, draft)
            draft.rename(folder / path.name)

    def light_turns_red(self) -> None:
        expect(self.card(7)).to_contain_text("not met 0.741 %", timeout=ARRIVES_WITHIN)
        suggested = self.page.locator(".suggest").filter(has_text="DIG-7 meets its kill criterion.")
        expect(suggested).to_contain_text("error is 0.741 % (≥ 0.7 %). DIG-8 and DIG-9 need it.")

    def write_finding(self) -> None:
        self.page.goto(f"{self.url}/p/DIG/tickets/7/")
        self.page.get_by_label("What did you learn?").fill(
            "More features don't help: edges and zoning beside the pixels leave the error where it was."
        )
        self.page.locator("#findings").get_by_text("Refutes", exact=True).click()
        self.page.get_by_role("button", name="Write finding").click()
        expect(self.page.locator("#findings article")).to_contain_text("More features don't help")

    def choose_replan(self) -> None:
        self.page.get_by_role("link", name="Re-plan because of this").first.click()
        expect(self.page.get_by_role("heading", level=1)).to_contain_text("Re-plan")
        self.become(8, "Skip")
        self.become(9, "Skip")
        self.become(15, "Defer")
        self.page.get_by_role("textbox", name="Note").and_(self.page.locator("[name=note-15]")).fill(
            "Two surveys are in the shared folder; start at the section on European sevens."
        )
        self.page.locator("[name=new-title]").first.fill("Keep the edges with their place")
        self.page.locator("[name=new-type]").first.select_option("algorithm_development")
        self.page.get_by_label("In a sentence").fill(
            "Edges without their place tell nothing new. With their place they may: one ticket for that instead."
        )
        expect(self.page.locator("#follows")).to_contain_text("+1")

    def become(self, number: int, what: str) -> None:
        line = self.page.locator(f"#line-{number}")
        line.get_by_text(what, exact=True).click()

    def decide(self) -> None:
        self.page.get_by_role("button", name="Decide: plan v3").click()
        expect(self.page.get_by_role("link", name="Plan v3 · 2 re-plans")).to_be_visible()

    def open_history(self) -> None:
        self.page.goto(f"{self.url}/p/DIG/sprints/2/history/")
        expect(self.page.get_by_role("heading", level=1)).to_be_visible()

    def take_back(self) -> None:
        self.page.get_by_role("link", name="Take back").or_(
            self.page.get_by_role("button", name="Take back")
        ).first.click()
        self.page.locator("form.take").get_by_role("button", name="Take back").click()
        expect(self.page.get_by_text("Plan v4", exact=True)).to_be_visible()
