"""Links of a ticket: what stands behind an address, and which tickets a text names. Pure."""

import re
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit

Link = dict[str, str]

KINDS = {"pr": "Pull request", "paper": "Paper", "notebook": "Notebook", "run": "Run", "other": "Link"}
AT_MOST = 50  # a ticket; beyond that nobody finds anything

PAPERS = (
    "arxiv.org",
    "doi.org",
    "openreview.net",
    "aclanthology.org",
    "semanticscholar.org",
    "pubmed.ncbi.nlm.nih.gov",
)
NOTEBOOKS = ("colab.research.google.com", "nbviewer.org")
RUNS = ("wandb.ai", "neptune.ai", "comet.com")
PULL_REQUEST = re.compile(r"/(pull|pulls|merge_requests|pull-requests|pullrequest)/[0-9]+|/c/.+/\+/[0-9]+")
NOTEBOOK = re.compile(r"\.ipynb\Z|/notebooks?/")
RUN = re.compile(r"/runs?/|/experiments/")


def kind_of(url: str) -> str:
    """What an address most likely leads to, by its host and path: one of KINDS."""
    parts = urlsplit(url)
    host = (parts.netloc.rpartition("@")[2].partition(":")[0]).lower()
    path = parts.path.lower()
    if "/" in parts.fragment:  # some trackers route after the "#"
        path += parts.fragment.lower()
    if PULL_REQUEST.search(path):
        return "pr"
    if _is_of(host, PAPERS) or path.endswith(".pdf"):
        return "paper"
    if _is_of(host, NOTEBOOKS) or NOTEBOOK.search(path):
        return "notebook"
    if _is_of(host, RUNS) or RUN.search(path):
        return "run"
    return "other"


def _is_of(host: str, sites: Sequence[str]) -> bool:
    return any(host == site or host.endswith(f".{site}") for site in sites)


def attached(links: Sequence[Mapping[str, str]], *more: Mapping[str, str]) -> list[Link]:
    """The links with these attached: an address that is there already gets the new title and kind in its place."""
    by_url = {link["url"]: dict(link) for link in links}
    return list((by_url | {link["url"]: dict(link) for link in more}).values())


def without(links: Sequence[Mapping[str, str]], url: str) -> list[Link]:
    """The links but for the one to this address."""
    return [dict(link) for link in links if link["url"] != url]


def named_in(text: str, key: str) -> list[int]:
    """The numbers of the project's tickets that a text names as whole words ("BIO-12"), each once, as they come."""
    word = re.compile(rf"(?<![A-Za-z0-9]){re.escape(key)}-([1-9][0-9]{{0,8}})(?![A-Za-z0-9])")
    return list(dict.fromkeys(int(found[1]) for found in word.finditer(text)))


def told(links: Sequence[Mapping[str, Any]]) -> list[Link]:
    """Stored links as everybody sees them, with a kind also where none was kept."""
    return [
        {"url": link["url"], "title": link["title"], "kind": link.get("kind") or kind_of(link["url"])} for link in links
    ]
