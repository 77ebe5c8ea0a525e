"""Measured values in templates, written as everywhere else."""

from collections.abc import Mapping

from django import template

from agileml.lib import figures
from agileml.metrics.rules.saying import WORDS

register = template.Library()


@register.filter
def measured(value: float | None, unit: str = "") -> str:
    """A value in its metric's unit."""
    return figures.measured(value, unit)


@register.filter
def gap(value: float | None, unit: str = "") -> str:
    """A difference with its sign."""
    return "–" if value is None else figures.gap(value, unit)


@register.filter
def percent_of(share: float) -> str:
    """A share of one as people say it."""
    return figures.measured(share, "%")


@register.filter
def verdict_word(verdict: str) -> str:
    """A verdict in a word."""
    return WORDS.get(verdict, verdict)


@register.filter
def unit_of(units: Mapping[str, str], metric: str) -> str:
    """The unit of a metric, of some metrics' units by their keys."""
    return units.get(metric, "")
