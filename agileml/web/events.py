"""News for pages that are open: that a project has got further, not what happened; the page asks for what it shows."""

from collections.abc import Callable
from dataclasses import dataclass

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.views.decorators.http import require_GET

from agileml.journal.queries import Head, head
from agileml.journal.watching import watcher
from agileml.lib.sse import AGAIN_SECONDS, EventStream, TooMany, event
from agileml.projects.following import Grant, grant
from agileml.web.project import enter


@login_required
@require_GET
def follow(request: HttpRequest, key: str) -> HttpResponseBase:
    """Say the revision now, and each time that it has risen."""
    access = enter(request, key)
    held = grant(access.user, access.project, token=None, session=request.session.session_key)
    try:
        return EventStream(News(held, access.project.stream_id), holder=("user", access.user.pk))
    except TooMany as many:
        return HttpResponse(str(many), status=429, content_type="text/plain", headers={"Retry-After": AGAIN_SECONDS})


@dataclass
class News:
    """The revisions of a project, of which one page has yet to be told the newest."""

    grant: Grant
    stream_id: int
    newest: Head | None = None
    said: Head | None = None

    def follow(self, news: Callable[[], None]) -> Callable[[], None]:
        """Have `news` called when the project's stream has got further."""

        def told(newest: Head) -> None:
            self.newest = newest
            news()

        return watcher.follow(self.stream_id, told)

    def rest(self) -> bytes | None:
        """What was told of, without a look at the database: two hundred boards would look two hundred times."""
        return None if self.newest is None else self._say(self.newest)

    def read(self) -> bytes:
        """The revision as it is now, if it was not said yet."""
        return self._say(head(self.stream_id))

    def _say(self, at: Head) -> bytes:
        if at == self.said:
            return b""
        self.said = at
        return event(id=f"{at.epoch}:{at.revision}", data=b'{"revision":%d}' % at.revision)
