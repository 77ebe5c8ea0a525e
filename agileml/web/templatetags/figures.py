"""Measured values in templates, written as everywhere else."""

from collections.abc import Mapping

from django import template

from agileml.lib import figures
from agileml.metrics.rules import saying
from agileml.metrics.rules.saying import WORDS
from agileml.metrics.rules.terms import Guarded

register = template.Library()


@register.filter
def measured(value: float | None, unit: str = "") -> str:
    """A value in its metric's unit."""
    return figures.measured(value, unit)


@register.filter
def amount(value: float, unit: str = "") -> str:
    """How far apart two values are."""
    return figures.amount(value, unit)


@register.filter
def tied(text: str) -> str:
    """What people wrote, with its figures kept together."""
    return figures.tied(text)


@register.filter
def percent_of(share: float) -> str:
    """A share of one as people say it."""
    return figures.measured(share, "%")


@register.filter
def verdict_word(verdict: str) -> str:
    """A verdict in a word."""
    return WORDS.get(verdict, verdict)


@register.filter
def change_of(one: Guarded, units: Mapping[str, str]) -> str:
    """What became of a guardrail's metric; `units` are those of some metrics by their keys."""
    return saying.guarded(one, units.get(one.metric, ""))


@register.filter
def unit_of(units: Mapping[str, str], metric: str) -> str:
    """The unit of a metric, of some metrics' units by their keys."""
    return units.get(metric, "")


@register.filter
def worse_at_most(allowed: float, unit: str) -> str:
    """How much worse a guardrail lets its metric get."""
    return saying.allowed(allowed, unit)
