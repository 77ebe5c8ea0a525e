"""What people write must not run in other people's browsers."""

from html.parser import HTMLParser

import pytest

from agileml.lib.markdown import html


class Elements(HTMLParser):
    """The elements and attributes that a browser would see; text that only looks like them is none."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: set[str] = set()
        self.addresses: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attrs}
        self.addresses += [value or "" for name, value in attrs if name == "href"]


@pytest.mark.parametrize(
    "attack",
    [
        "<script>alert(1)</script>",
        "<img src=x onerror=alert(1)>",
        "[look](javascript:alert(1))",
        "[look](JaVaScRiPt:alert(1))",
        "[look](data:text/html;base64,PHNjcmlwdD4=)",
        "[look](vbscript:msgbox(1))",
        "<a href='javascript:alert(1)'>look</a>",
        "![look](https://elsewhere.example/pixel.png)",
        "<svg onload=alert(1)>",
        "<style>*{display:none}</style>",
        '<p style="position:fixed">look</p>',
        "<iframe src=https://elsewhere.example></iframe>",
        '[look](https://example.com "onmouseover=alert(1)")',
        "`<script>alert(1)</script>`",
        "<https://example.com/><script>alert(1)</script>",
    ],
)
def test_nothing_that_runs_or_calls_elsewhere_gets_through(attack: str):
    found = Elements()
    found.feed(html(attack))
    assert found.tags <= {"p", "a", "code"}
    assert found.attributes <= {"href", "rel"}
    assert all(address.startswith("https://") for address in found.addresses)


def test_what_people_mean_gets_through():
    shown = html("**More features** do not help:\n\n- 64: `2.4 %`\n- 512: 2.3 %\n\n[see](https://example.com/a?b=1)")
    assert "<strong>More features</strong>" in shown
    assert "<code>2.4 %</code>" in shown
    assert shown.count("<li>") == 2
    assert 'href="https://example.com/a?b=1"' in shown
    assert 'rel="noopener noreferrer nofollow"' in shown


def test_tables_and_line_ends_are_kept():
    assert "<td>2</td>" in html("|a|b|\n|-|-|\n|1|2|")
    assert "<br" in html("one\ntwo")


def test_a_figure_and_its_per_cent_stay_on_one_line_and_code_as_it_was_written():
    assert html("From 9.5 % to *1.7 %*, or 5 % 2 in `5 % 2`.") == (
        "<p>From 9.5&nbsp;% to <em>1.7&nbsp;%</em>, or 5&nbsp;% 2 in <code>5 % 2</code>.</p>\n"
    )
