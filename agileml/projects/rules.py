"""Who may do what, in one table, and what things are called elsewhere: no database."""

from collections.abc import Mapping, Sequence
from enum import StrEnum


class Need(StrEnum):
    """What a person wants to do in a project."""

    READ = "read"
    COMMENT = "comment"  # comments and feedback
    WORK = "work"  # tickets, findings, opinions, planned sprints, progress
    DECIDE = "decide"  # re-plan, and take a re-plan back
    LEAD = "lead"  # start and close sprints, settings, people, sources, baselines


MEMBER = frozenset({Need.READ, Need.COMMENT, Need.WORK})

CAPABILITIES: dict[str, frozenset[Need]] = {
    "lead": frozenset(Need),
    "member": MEMBER,
    "stakeholder": frozenset({Need.READ, Need.COMMENT}),
}


def capabilities(role: str, *, replanners: str) -> frozenset[Need]:
    """What a role may do; `replanners` is the project's word on who decides re-plans, "team" or "leads"."""
    granted = CAPABILITIES[role]
    if role == "member" and replanners == "team":
        return granted | {Need.DECIDE}
    return granted


Ref = dict[str, str]  # {"system", "id", "url"}


def refs_after(had: Sequence[Ref], wanted: Sequence[Ref]) -> list[Ref]:
    """What something is called elsewhere once `wanted` is set, in the order that rows keep: the old ones first."""
    urls = {named(ref): ref for ref in wanted}
    kept = [urls.pop(named(ref)) for ref in had if named(ref) in urls]
    return kept + list(urls.values())


def named(ref: Mapping[str, str]) -> tuple[str, str]:
    """What makes a reference what it is; its address may change."""
    return ref["system"], ref["id"]
