"""The sync feed: every change once, in commit order."""

from typing import Any

from rest_framework.request import Request
from rest_framework.response import Response

from agileml.api import paging
from agileml.api.render import dumps
from agileml.api.views import ProjectView
from agileml.journal.queries import changes_after

MOST = 1000
LARGEST_PAGE = 1_000_000  # bytes


class Changes(ProjectView):
    """The changes of a project."""

    takes = {"get": ("epoch", "after", "limit")}

    def get(self, request: Request, key: str) -> Response:
        """Those after a revision. 410 when the epoch or the revision is not of this history."""
        after = paging.whole(request, "after", default=0, least=0, most=2**62)
        limit = paging.whole(request, "limit", default=paging.LIMIT, least=1, most=MOST)
        head, found = changes_after(
            self.project.stream_id, epoch=paging.text(request, "epoch"), after=after, limit=limit
        )
        changes = _fitting(found)
        reached = changes[-1]["revision"] if changes else after
        body = {
            "epoch": head.epoch,
            "changes": changes,
            "next_after": reached,
            "has_more": reached < head.revision,
        }
        return self.vouched(Response(body))


def _fitting(changes: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """As many as fit into a page, and one at least."""
    size = 0
    for at, change in enumerate(changes):
        size += len(dumps(change)) + 1
        if size > LARGEST_PAGE and at:
            return changes[:at]
    return changes
