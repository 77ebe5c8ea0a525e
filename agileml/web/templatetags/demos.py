"""What an edition was frozen as, made to be seen again: charts drawn, Markdown as HTML, days as people say them."""

import re
from collections.abc import Mapping
from datetime import date
from typing import Any

from django import template
from django.utils.safestring import SafeString, mark_safe

from agileml.demos.rules.charts import thaw
from agileml.lib import markdown
from agileml.lib.charts import Chart

register = template.Library()
HEADING = re.compile(r"(?<=<h)[1-6](?=>)|(?<=</h)[1-6](?=>)")


@register.filter
def drawn(kept: Mapping[str, Any]) -> Chart:
    """The chart that was frozen."""
    return thaw(kept)


@register.filter
def prose(text: str, under: int = 3) -> SafeString:
    """A Markdown text as safe HTML whose headings are one below the other, under a heading of the page."""
    html: str = markdown.html(text)
    levels = sorted(set(HEADING.findall(html)))
    html = HEADING.sub(lambda found: str(min(under + 1 + levels.index(found[0]), 6)), html)
    return mark_safe(html)  # noqa: S308 -- it was safe, and only the levels of its headings are other ones


@register.filter
def day(iso: str) -> str:
    """A frozen day: "2 Nov 2026"."""
    then = date.fromisoformat(iso)
    return f"{then.day} {then:%b %Y}"


@register.filter
def of(found: Any, key: str) -> Any:
    """What a mapping holds under a key; None where there is no mapping or nothing in it."""
    return found.get(key) if isinstance(found, Mapping) else None
