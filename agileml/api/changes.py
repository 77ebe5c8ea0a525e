"""The sync feed: every change once, in commit order."""

from dataclasses import dataclass

import orjson
from rest_framework.request import Request
from rest_framework.response import Response

from agileml.api import paging
from agileml.api.render import dumps
from agileml.api.views import ProjectView
from agileml.journal.queries import Head, changes_between, vouch

MOST = 1000
LARGEST_PAGE = 1_000_000  # bytes
FARTHEST = 10_000  # revisions that one page passes over, where what it asks for is rare among them


@dataclass(frozen=True)
class Page:
    """Changes as JSON, each with its revision, and the revision up to which there is no other."""

    changes: list[tuple[int, bytes]]
    reached: int


class Changes(ProjectView):
    """The changes of a project."""

    follows_history = True
    takes = {"get": ("epoch", "after", "limit", "exclude_origin")}

    def get(self, request: Request, key: str) -> Response:
        """Those after a revision. 410 when the epoch or the revision is not of this history."""
        after = paging.whole(request, "after", default=0, least=0, most=2**62)
        limit = paging.whole(request, "limit", default=paging.LIMIT, least=1, most=MOST)
        without = excluded(self, request)
        head = self.history
        vouch(head, epoch=paging.text(request, "epoch"), after=after)
        found = page(
            self.project.stream_id, head, after=after, limit=limit, largest=LARGEST_PAGE, without_origin=without
        )
        body = {
            "epoch": head.epoch,
            "changes": [orjson.Fragment(change) for _, change in found.changes],
            "next_after": found.reached,
            "has_more": found.reached < head.revision,
        }
        return self.vouched(Response(body))


def excluded(view: ProjectView, request: Request) -> str | None:
    """The origin whose changes are not wanted: `me` is the token that asks. Raises Wrong (400)."""
    wanted = paging.text(request, "exclude_origin")
    if wanted != "me":
        return wanted or None
    if view.token is None:
        raise paging.bad("exclude_origin", "“me” is the token that asks, and a browser's session has none.")
    return str(view.token.uid)


def page(
    stream_id: int, head: Head, *, after: int, limit: int, largest: int, without_origin: str | None = None
) -> Page:
    """The changes above `after`, up to the head that was read before: `limit` of them, or `largest` bytes.

    One at least, if there is one; only with `without_origin` a page may be empty before the head is reached.
    """
    upto = min(head.revision, after + FARTHEST)
    changes: list[tuple[int, bytes]] = []
    size = 0
    for change in changes_between(stream_id, after=after, upto=upto, limit=limit, without_origin=without_origin):
        text = dumps(change)
        size += len(text) + 1
        if changes and size > largest:
            return Page(changes, reached=changes[-1][0])
        changes.append((change["revision"], text))
    return Page(changes, reached=changes[-1][0] if len(changes) == limit else upto)
