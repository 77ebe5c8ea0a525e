"""Links: what stands behind an address, and which tickets a text names."""

import pytest

from agileml.lib.fields import Invalid
from agileml.work.fields import ticket_fields
from agileml.work.links import AT_MOST, KINDS, attached, kind_of, named_in, told, without

KINDS_TOLD = [
    ("https://git.example.com/team/reader/pull/7", "pr"),
    ("https://git.example.com/team/reader/pull/7/files?diff=split#r1", "pr"),
    ("https://git.example.com/team/reader/-/merge_requests/12", "pr"),
    ("https://git.example.com/team/reader/pull-requests/3/overview", "pr"),
    ("https://dev.example.com/team/_git/reader/pullrequest/9", "pr"),
    ("https://review.example.com/c/reader/+/4711", "pr"),
    ("https://git.example.com/team/pull/", "other"),
    ("https://arxiv.org/abs/1412.6980", "paper"),
    ("https://www.doi.org/10.1000/182", "paper"),
    ("https://DOI.org/10.1000/182", "paper"),
    ("https://notarxiv.org/abs/1412.6980", "other"),
    ("https://arxiv.org.example.com/abs/1412", "other"),
    ("https://example.com/deskew.PDF", "paper"),
    ("https://git.example.com/team/reader/blob/main/errors.ipynb", "notebook"),
    ("https://colab.research.google.com/drive/1", "notebook"),
    ("http://localhost:8888/notebooks/Untitled", "notebook"),
    ("http://10.0.0.1:5000/#/experiments/3/runs/8f", "run"),
    ("https://wandb.ai/team/reader/runs/8f", "run"),
    ("https://user@wandb.ai:443/team/reader", "run"),
    ("https://git.example.com/team/reader/actions/runs/99", "run"),
    ("https://example.com", "other"),
    ("https://example.com/trunks/8", "other"),
    ("https://example.com/page#part", "other"),
]


@pytest.mark.parametrize(("url", "kind"), KINDS_TOLD)
def test_the_address_tells_what_stands_behind_it(url: str, kind: str):
    assert kind_of(url) == kind


def test_every_kind_is_told_by_some_address_and_has_a_name():
    assert {kind for _, kind in KINDS_TOLD} == set(KINDS)
    assert all(KINDS.values())


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ("BIO-12: deskew", [12]),
        ("Merge branch fix/BIO-12-deskew_BIO-3_x", [12, 3]),
        ("(BIO-12), BIO-12. BIO-7!", [12, 7]),
        ("\N{RIGHT-TO-LEFT OVERRIDE}BIO-12\N{POP DIRECTIONAL FORMATTING}", [12]),
        ("XBIO-12 BIO-12a BIO12 BIO-0 BIO-012 bio-12 BIO-", []),
        ("BIO-1234567890", []),
        ("BIO-\N{ARABIC-INDIC DIGIT ONE}2", []),
        ("", []),
        ("BIO" * 100_000, []),
    ],
)
def test_a_text_names_tickets_as_whole_words(text: str, numbers: list[int]):
    assert named_in(text, "BIO") == numbers


def link(url: str, title: str = "", kind: str = "other") -> dict[str, str]:
    return {"url": url, "title": title, "kind": kind}


def test_an_address_stands_once_with_what_was_said_last():
    one, other = link("https://a.example"), link("https://b.example")
    assert attached([one, other], link("https://a.example", "A", "run")) == [
        link("https://a.example", "A", "run"),
        other,
    ]
    assert attached([], one, one) == [one]
    assert without([one, other], "https://a.example") == [other]
    assert without([one], "https://c.example") == [one]


def test_a_link_that_was_kept_without_a_kind_is_told_with_one():
    assert told([{"url": "https://arxiv.org/abs/1", "title": "A"}]) == [link("https://arxiv.org/abs/1", "A", "paper")]


@pytest.mark.parametrize(
    ("links", "pointer", "code"),
    [
        ([{"url": "javascript:alert(1)"}], "/links/0/url", "invalid"),
        ([{"url": "https://a.example", "kind": "virus"}], "/links/0/kind", "unknown_choice"),
        ([{"url": "https://a.example", "title": "x" * 201}], "/links/0/title", "too_long"),
        ([{"url": "https://a.example", "title": "\0"}], "/links/0/title", "invalid"),
        ([{"url": "https://a.example"}, {"url": "https://a.example", "title": "again"}], "/links/1/url", "twice"),
        ([{"url": f"https://a.example/{n}"} for n in range(AT_MOST + 1)], "/links", "too_many"),
    ],
)
def test_what_is_no_link_is_refused(links: list[dict[str, str]], pointer: str, code: str):
    with pytest.raises(Invalid) as invalid:
        ticket_fields({"links": links}, new=False)
    assert [(error.pointer, error.code) for error in invalid.value.errors] == [(pointer, code)]


def test_a_kind_that_is_given_stays_and_one_that_is_not_is_told_by_the_address():
    sent = [{"url": "https://a.example/pull/1", "kind": "run"}, {"url": "https://b.example/pull/1", "kind": None}]
    assert [one["kind"] for one in ticket_fields({"links": sent}, new=False)["links"]] == ["run", "pr"]
