"""The sync feed: every change once, in commit order."""

from typing import Any

from rest_framework.request import Request
from rest_framework.response import Response

from agileml.api import paging
from agileml.api.render import dumps
from agileml.api.views import ProjectView
from agileml.journal.queries import Head, changes_after

MOST = 1000
LARGEST_PAGE = 1_000_000  # bytes
AT_ONCE = 100


class Changes(ProjectView):
    """The changes of a project."""

    takes = {"get": ("epoch", "after", "limit")}

    def get(self, request: Request, key: str) -> Response:
        """Those after a revision. 410 when the epoch or the revision is not of this history."""
        after = paging.whole(request, "after", default=0, least=0, most=2**62)
        limit = paging.whole(request, "limit", default=paging.LIMIT, least=1, most=MOST)
        head, changes = _page(self.project.stream_id, epoch=paging.text(request, "epoch"), after=after, limit=limit)
        reached = changes[-1]["revision"] if changes else after
        body = {
            "epoch": head.epoch,
            "changes": changes,
            "next_after": reached,
            "has_more": reached < head.revision,
        }
        return self.vouched(Response(body))


def _page(stream_id: int, *, epoch: str | None, after: int, limit: int) -> tuple[Head, list[dict[str, Any]]]:
    """As many changes as fit into a page, and one at least; read a few at a time, since some are large."""
    head, found = changes_after(stream_id, epoch=epoch, after=after, limit=min(AT_ONCE, limit))
    changes: list[dict[str, Any]] = []
    size = 0
    while found:
        for change in found:
            size += len(dumps(change)) + 1
            if size > LARGEST_PAGE and changes:
                return head, changes
            changes.append(change)
        wanted = min(AT_ONCE, limit - len(changes))
        if wanted == 0 or len(found) < AT_ONCE:
            break
        _, found = changes_after(stream_id, epoch=head.epoch, after=changes[-1]["revision"], limit=wanted)
    return head, changes
