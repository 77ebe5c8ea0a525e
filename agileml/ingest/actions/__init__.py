"""The writers of ingest: pushes that come in, sources as people set them up, and the looks at them."""

from agileml.ingest.actions.bindings import bind, refresh_ticket, unbind
from agileml.ingest.actions.polling import poll
from agileml.ingest.actions.pushes import receive_push
from agileml.ingest.actions.sources import edit_source, make_source, pause, refresh, remove, resume

__all__ = [
    "bind",
    "edit_source",
    "make_source",
    "pause",
    "poll",
    "receive_push",
    "refresh",
    "refresh_ticket",
    "remove",
    "resume",
    "unbind",
]
