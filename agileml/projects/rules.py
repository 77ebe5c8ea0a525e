"""Who may do what: one table, no database."""

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
