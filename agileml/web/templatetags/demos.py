"""What an edition was frozen as, made to be seen again: charts drawn, Markdown as HTML, days as people say them."""

from collections.abc import Mapping
from datetime import date
from typing import Any

from django import template
from django.utils.safestring import SafeString

from agileml.demos.rules.charts import thaw
from agileml.lib import markdown
from agileml.lib.charts import Chart

register = template.Library()


@register.filter
def drawn(kept: Mapping[str, Any]) -> Chart:
    """The chart that was frozen."""
    return thaw(kept)


@register.filter
def prose(text: str) -> SafeString:
    """A Markdown text as safe HTML."""
    return markdown.html(text)


@register.filter
def day(iso: str) -> str:
    """A frozen day: "2 Nov 2026"."""
    then = date.fromisoformat(iso)
    return f"{then.day} {then:%b %Y}"


@register.filter
def of(found: Any, key: str) -> Any:
    """What a mapping holds under a key; None where there is no mapping or nothing in it."""
    return found.get(key) if isinstance(found, Mapping) else None
