"""The sync feed as server-sent events: the same changes, as they happen."""

from collections.abc import Callable
from dataclasses import dataclass

from django.http.response import HttpResponseBase
from rest_framework.request import Request

from agileml.api import changes, paging
from agileml.api.problems import Wrong, one
from agileml.api.views import ProjectView
from agileml.journal.queries import Head, Resync, head, vouch
from agileml.journal.watching import watcher
from agileml.lib.sse import EventStream, Over, event
from agileml.projects.following import Grant, grant

AT_ONCE = 100  # changes
LARGEST_PAGE = 250_000  # bytes: what an open stream may hold, however slowly it is read
LAST_SEEN = "Last-Event-ID"


class ChangesStream(ProjectView):
    """The changes of a project, from a revision on and without an end."""

    takes = {"get": ("epoch", "after", "exclude_origin")}

    def get(self, request: Request, key: str) -> HttpResponseBase:
        """Begin after a revision, or after the last event seen. 410 as in the feed; 429 for too many open ones."""
        epoch = paging.text(request, "epoch")
        after = paging.whole(request, "after", default=0, least=0, most=2**62)
        if LAST_SEEN in request.headers:
            epoch, after = _last_seen(request.headers[LAST_SEEN])
        without = changes.excluded(self, request)
        vouch(self.history, epoch=epoch, after=after)
        held = grant(self.person, self.project, token=self.token, session=request.session.session_key)
        source = Following(held, self.project.stream_id, epoch=self.history.epoch, after=after, without_origin=without)
        return self.vouched(EventStream(source, holder=("token", held.token) if held.token else ("user", held.user)))


def _last_seen(text: str) -> tuple[str, int]:
    """The epoch and revision of an event's id. Raises Wrong (400)."""
    epoch, _, digits = text.partition(":")
    if not (epoch.isascii() and epoch.isalnum() and digits.isascii() and digits.isdigit() and len(digits) < 19):
        error = one(LAST_SEEN, "bad_parameter", "Send the id of the last event as it was: epoch:revision.")
        raise Wrong(400, "bad_parameter", "The last event cannot be understood.", [error])
    return epoch, int(digits)


@dataclass
class Following:
    """What one reader has yet to be sent."""

    grant: Grant
    stream_id: int
    epoch: str
    after: int
    without_origin: str | None
    newest: Head | None = None

    def follow(self, news: Callable[[], None]) -> Callable[[], None]:
        """Have `news` called when the project's stream has got further."""

        def told(newest: Head) -> None:
            self.newest = newest
            news()

        return watcher.follow(self.stream_id, told)

    def rest(self) -> bytes | None:
        """Nothing when the reader has all that was told of; else the journal is to be read."""
        return b"" if self.newest == Head(self.epoch, self.after) else None

    def read(self) -> bytes:
        """The next changes as events; what is left out still moves the reader's last id. Raises Over."""
        at = head(self.stream_id)
        try:
            vouch(at, epoch=self.epoch, after=self.after)
        except Resync:
            raise Over("another history has begun") from None
        found = changes.page(
            self.stream_id, at, after=self.after, limit=AT_ONCE, largest=LARGEST_PAGE,
            without_origin=self.without_origin,
        )  # fmt: skip
        events = [event(id=f"{self.epoch}:{revision}", data=change) for revision, change in found.changes]
        if found.reached > (found.changes[-1][0] if found.changes else self.after):
            events.append(event(id=f"{self.epoch}:{found.reached}"))
        self.after = found.reached
        return b"".join(events)
