"""Nobody is offered what she is refused: each link, form and knob on each page that she can reach is hers to use.

A new knob that is shown to those who may not use it fails here, wherever it stands.
"""

from collections import Counter, deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser
from urllib.parse import urljoin, urlsplit

import pytest
from django.conf import settings
from django.urls import resolve

from agileml.projects.rules import Need, capabilities
from tests import askers
from tests.api.world import World
from tests.web.browsing import HTMX
from tests.web.pages import NEVER, PAGES, Open

pytestmark = pytest.mark.django_db
world, _django_db_helper = askers.world, askers._django_db_helper

ROWS = {page.name: page for page in PAGES}
OF_A_NAME = 8  # pages that only differ in what they are about, or in how it is listed
OF_WHAT: dict[tuple[str, str], Need | Open] = {
    ("sources_act", "refresh"): Need.WORK
}  # where it depends on what is done
METHODS = ("get", "post", "put", "patch", "delete")
HANDLES = ("data-move", "data-order", "draggable")  # by these scripts let rows and cards be moved


@dataclass(frozen=True, order=True)
class Ask:
    """Something that a page offers: to ask an address in a way; `do` is what its button says is to be done."""

    method: str
    address: str
    do: str = ""

    @property
    def name(self) -> str:
        return str(resolve(urlsplit(self.address).path).url_name)


@dataclass
class Offers(HTMLParser):
    """What a page offers, and the handles to drag by. A form in which nothing can be filled in or pressed is none."""

    at: str
    asks: set[Ask] = field(default_factory=set)
    handles: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        super().__init__()
        self._forms: dict[str, list[tuple[str, str]]] = {}
        self._inside = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "a" and "href" in given:
            self._add("get", given["href"])
        sent = [(method, given[f"hx-{method}"]) for method in METHODS if f"hx-{method}" in given]
        if tag == "form":
            self._inside = given.get("id", f"form {self.getpos()}")
            self._forms[self._inside] = [(given.get("method", "get"), given.get("action", "")), *sent]
            sent = []
        filled = tag in {"button", "select", "textarea"} or (tag == "input" and given.get("type") != "hidden")
        if filled and given.get("type") != "button":
            do = given.get("value", "") if given.get("name") == "do" else ""
            for method, address in self._forms.get(given.get("form", self._inside), []):
                self._add(method, given.get("formaction", address), do)
        for method, address in sent:
            self._add(method, address)
        self.handles |= {name for name in HANDLES if name in given}

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._inside = ""

    def _add(self, method: str, address: str, do: str = "") -> None:
        to = urlsplit(urljoin(f"http://testserver{self.at}", address))
        if to.netloc == "testserver" and not to.path.startswith(settings.STATIC_URL):
            self.asks.add(Ask(method.lower(), f"{to.path}?{to.query}" if to.query else to.path, do))


def looked_at(role: str, world: World) -> Iterator[Offers]:
    """The pages that a person reaches from her home by links, and from every page of the list that she may see."""
    client = askers.browsers(world)[role]
    can = capabilities(role, replanners="team")
    waiting = deque(["/"])
    waiting += [page.address(world) for page in PAGES if page.get in can and page.got == 200]
    seen, counts = set(waiting), Counter[str]()
    while waiting:
        at = waiting.popleft()
        response = client.get(at, headers=HTMX if at.endswith("/menu/") else {})
        assert response.status_code < 400, f"{role} is led to {at}, which answers {response.status_code}"
        if response.status_code != 200 or not response["Content-Type"].startswith("text/html"):
            continue
        page = Offers(at)
        page.feed(response.content.decode())
        yield page
        for ask in sorted(page.asks):
            if ask.method == "get" and ask.address not in seen and counts[ask.name] < OF_A_NAME and may(role, ask):
                seen.add(ask.address)
                counts[ask.name] += 1
                waiting.append(ask.address)


def may(role: str, ask: Ask) -> bool:
    """Whether somebody with a role may ask for this, as the list of pages says."""
    if ask.name not in ROWS:
        return True  # the description of the API, which is for everybody
    need = OF_WHAT.get((ask.name, ask.do)) or (ROWS[ask.name].get if ask.method == "get" else ROWS[ask.name].post)
    if isinstance(need, Open):
        return need is not NEVER
    return need in capabilities(role, replanners="team")


@pytest.mark.parametrize("role", ["stakeholder", "member", "lead"])
def test_whatever_a_page_offers_is_there_for_whoever_looks_at_it(world: World, role: str):
    refused, asked, handles = set(), set(), set()
    for page in looked_at(role, world):
        asked |= {(ask.method, ask.name) for ask in page.asks}
        refused |= {(page.at, ask) for ask in page.asks if not may(role, ask)}
        handles |= page.handles
    assert refused == set()
    assert (handles != set()) == (Need.WORK in capabilities(role, replanners="team"))
    assert {("post", "ticket_comment"), ("post", "demo_say"), ("post", "demo_goal"), ("get", "report")} <= asked
    assert (("post", "ticket_finding") in asked) == (role != "stakeholder")
    assert (("post", "demo_share") in asked) == (role == "lead")
