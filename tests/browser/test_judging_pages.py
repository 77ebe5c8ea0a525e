"""The pages of models, evaluations, metrics, sources and bindings: readable by all, in light and dark."""

from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

from agileml.ingest.actions import bind, make_source
from agileml.ingest.models import Source
from agileml.metrics.actions.settings import watch_metric
from agileml.metrics.models import RegisteredModel
from tests.challenges import BETTER, candidate, challenge, crown, policy, take
from tests.factories import NOW, Cast, make_cast, make_ticket, measure
from tests.web.browsing import browser_of

WORSE = [0.5, 0.6, 0.5, 0.5, 0.6]
GUARDED = [{"metric": "seconds", "largest_regression": 0.1}]


@pytest.fixture
def cast(transactional_db: None) -> Cast:
    """As everywhere, but committed, so that the server's own threads see it."""
    return make_cast()


@pytest.fixture
def scene(cast: Cast, model: RegisteredModel, runs_source: Source) -> list[str]:
    """The pages. One challenger was held by a guardrail, one was worse, one won, one waits to be looked at.

    A run is bound to ticket 1.
    """
    told: dict[str, Any] = {"project": cast.project, "actor": cast.lead, "now": NOW}
    seconds = watch_metric(key="seconds", direction="lower", unit="s", **told)
    policy(cast, guardrails=GUARDED, looks=2)
    challengers = {name: candidate(cast, name, BETTER) for name in ("slow", "svm")}
    challengers |= {"worse": candidate(cast, "worse", WORSE), "next": candidate(cast, "next", BETTER)}
    rule = model.promotions.get().candidate
    for of, values in ((rule, [1.0] * 5), (challengers["slow"], [2.0] * 5), (challengers["svm"], [1.0] * 5)):
        on = {"dataset_name": "holdout", "dataset_digest": "sha256:1", "split": "test"}
        measure(cast, of.ticket, values, metric="seconds", candidate=of.name, external_id=f"{of.name}-s", **on)
    for number, name in enumerate(("slow", "worse", "svm"), 1):
        challenge(cast, challengers[name], expects="Half the errors.")
        take(cast, number)
    take(cast, 3, 2)
    crown(cast, kind="evaluation", evaluation=3)
    challenge(cast, challengers["next"])
    make_ticket(cast, type="deployment")
    bind(ticket=1, sent={"text": "run:abc", "reduce": "max"}, **told)
    folder = make_source(kind="metric_file", name="Folder", config={}, **told)
    evaluations = [f"models/reader/evaluations/{number}/" for number in (1, 2, 4)]
    return ["models/", *evaluations, "sources/", f"sources/{folder.uid}/", "tickets/1/bound/",
            f"metrics/{seconds.uid}/"]  # fmt: skip


def violations(page: Page, **options: Any) -> list[Any]:
    """What axe finds, and where and why."""
    found = Axe().run(page, options={"resultTypes": ["violations"], **options}).response["violations"]
    return [(one["id"], [(node["html"], node["failureSummary"]) for node in one["nodes"]]) for one in found]


def unfold(page: Page) -> None:
    """Show what is folded away, so that it is looked at too."""
    page.evaluate("document.querySelectorAll('details').forEach(one => { one.open = true })")


def enter(page: Page, url: str, cast: Cast) -> None:
    cookie = browser_of(cast.lead).cookies["sessionid"].value
    page.context.add_cookies([{"name": "sessionid", "value": cookie, "url": url}])
    page.emulate_media(reduced_motion="reduce")  # a colour that is on its way is no colour of the page


def test_they_can_be_read_by_all_in_light_and_dark(browser_page: Page, live_server: Any, cast: Cast, scene: list[str]):
    page = browser_page
    enter(page, live_server.url, cast)
    found = {}
    for path in scene:
        page.emulate_media(color_scheme="light")
        answer = page.goto(f"{live_server.url}/p/TST/{path}")
        assert answer is not None
        assert answer.status == 200, path
        unfold(page)
        found[path, "light"] = violations(page)
        page.emulate_media(color_scheme="dark")
        found[path, "dark"] = violations(page, runOnly=["color-contrast"])  # nothing else hangs on colours
    assert {where: wrong for where, wrong in found.items() if wrong} == {}


def test_they_fit_a_narrow_screen(browser_page: Page, live_server: Any, cast: Cast, scene: list[str]):
    page = browser_page
    enter(page, live_server.url, cast)
    page.set_viewport_size({"width": 380, "height": 800})
    for path in scene:
        page.goto(f"{live_server.url}/p/TST/{path}")
        unfold(page)
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), path
