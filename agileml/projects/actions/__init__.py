"""The writers of projects: settings, the people and service accounts in them, and what machines act with."""

from agileml.projects.actions.invitations import TAKEN, call_back, invite, invited, join, join_anew
from agileml.projects.actions.members import LastLead, add_member, edit_member, let_in, remove_member
from agileml.projects.actions.projects import create_project, edit_project
from agileml.projects.actions.references import Taken, forget_refs, keep_refs
from agileml.projects.actions.services import make_service, make_service_token, revoke_service_token
from agileml.projects.actions.tokens import digest, end_token, issue_token, make_token, revoke_token, touch_token

__all__ = [
    "TAKEN",
    "LastLead",
    "Taken",
    "add_member",
    "call_back",
    "create_project",
    "digest",
    "edit_member",
    "edit_project",
    "end_token",
    "forget_refs",
    "invite",
    "invited",
    "issue_token",
    "join",
    "join_anew",
    "keep_refs",
    "let_in",
    "make_service",
    "make_service_token",
    "make_token",
    "remove_member",
    "revoke_service_token",
    "revoke_token",
    "touch_token",
]
