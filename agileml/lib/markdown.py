"""Markdown that people write, as HTML that is safe to show to everybody else."""

import nh3
from django.utils.safestring import SafeString, mark_safe
from markdown_it import MarkdownIt
from markdown_it.rules_core import StateCore

from agileml.lib.figures import tied

# No raw HTML and no images: an image of another site would tell it who reads what, and the page's policy refuses it.
_PARSER = MarkdownIt("commonmark", {"html": False, "breaks": True}).enable(["table", "strikethrough"]).disable("image")
_OF_FILES = MarkdownIt("commonmark", {"html": False}).enable(["table", "strikethrough"]).disable("image")


def _tie(state: StateCore) -> None:
    for block in state.tokens:
        for part in block.children or ():
            if part.type == "text":  # and not code, which is copied as it stands
                part.content = tied(part.content)


for _each in (_PARSER, _OF_FILES):
    _each.core.ruler.push("tie", _tie)
_TAGS = {
    "a", "blockquote", "br", "code", "em", "h1", "h2", "h3", "h4", "h5", "h6", "hr", "li", "ol", "p", "pre", "s",
    "strong", "table", "tbody", "td", "th", "thead", "tr", "ul",
}  # fmt: skip


def html(text: str, *, wrapped: bool = False) -> SafeString:
    """The HTML of a Markdown text: known elements only, links only to http, https and mailto.

    `wrapped` says that its lines end where a file's do: then a line break means nothing.
    """
    cleaned = nh3.clean(
        (_OF_FILES if wrapped else _PARSER).render(text),
        tags=_TAGS,
        attributes={"a": {"href"}, "ol": {"start"}, "*": set()},
        url_schemes={"http", "https", "mailto"},
        link_rel="noopener noreferrer nofollow",
    )
    return mark_safe(cleaned)  # noqa: S308 -- nh3 has just cleaned it
