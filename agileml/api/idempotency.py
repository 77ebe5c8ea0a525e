"""A POST with an Idempotency-Key is done once: its key, what it does and what it is answered are one transaction."""

import hashlib
import json
from collections.abc import Callable
from functools import wraps
from typing import Any

import orjson
from django.core.files.uploadedfile import UploadedFile
from django.utils.crypto import salted_hmac
from rest_framework.request import Request
from rest_framework.response import Response

from agileml.api.problems import Wrong
from agileml.api.render import dumps
from agileml.journal.actions import Busy, keep_answer
from agileml.journal.models import Answer
from agileml.journal.queries import kept_answer
from agileml.lib.sealing import Unopened, open_, seal
from agileml.projects import doors

LONGEST = 200  # characters of a key
PATIENCE = 5  # seconds that a twin waits for the first
KEPT_HEADERS = ("ETag", "Location")

Handler = Callable[..., Response]


def key_of(request: Request) -> str:
    """The key that a request carries, empty for none. Raises Wrong (400)."""
    key = request.META.get("HTTP_IDEMPOTENCY_KEY")
    if key is None:
        return ""
    key = str(key).strip()
    if not (0 < len(key) <= LONGEST and key.isascii() and key.isprintable()):
        raise Wrong(
            400, "bad_idempotency_key", f"An Idempotency-Key is 1 to {LONGEST} printable ASCII characters, say a UUID."
        )
    return key


def once(post: Handler) -> Handler:
    """A view's POST, done once a key; without a key it is what it was.

    Only what went well is kept, so a request that was refused may be sent again under its key. It is kept encrypted:
    some answers show a secret of which nothing else keeps more than a hash.
    """

    @wraps(post)
    def answer(view: Any, request: Request, *args: Any, **kwargs: Any) -> Response:
        if not view.request_key:
            return post(view, request, *args, **kwargs)
        wanted = _digest(request, str(view.person.uid))
        told: dict[str, Any] = {"user": view.person, "key": view.request_key, "now": view.now}
        stream = view.project.stream
        kept = kept_answer(stream, **told)  # asked before the lock: who sends again need not wait for anybody
        if kept is not None:
            return _again(kept, wanted)
        try:
            with doors.together(view.project, patience=PATIENCE):
                kept = kept_answer(stream, **told)
                if kept is not None:
                    return _again(kept, wanted)
                response = post(view, request, *args, **kwargs)
                if 200 <= response.status_code < 300:
                    keep_answer(
                        stream=stream,
                        digest=wanted,
                        status=response.status_code,
                        headers={name: response[name] for name in KEPT_HEADERS if name in response},
                        body=seal({"body": dumps(response.data).decode()}),
                        **told,
                    )
                return response
        except Busy:
            raise Wrong(
                409, "idempotency_in_progress", "This is being done right now; ask again, with the same key."
            ) from None

    return answer


def _digest(request: Request, user: str) -> str:
    # The body as it was understood: its bytes are gone where it was read to look for a CSRF token. With a key, since it
    # may hold a passphrase: whoever has the database alone could otherwise try out which it was.
    told = json.dumps([request.method, request.get_full_path(), user, request.data], sort_keys=True, default=_file)
    return salted_hmac("what was sent", told, algorithm="sha256").hexdigest()


def _file(sent: UploadedFile) -> list[str]:
    """What stands for a file of a form: its name, and a digest of its bytes."""
    found = [str(sent.name), hashlib.file_digest(sent, "sha256").hexdigest()]
    sent.seek(0)
    return found


def _again(kept: Answer, wanted: str) -> Response:
    """The answer that was kept, byte for byte. Raises Wrong: 422 when it was to something else, 409 when it is lost."""
    if kept.digest != wanted:
        raise Wrong(422, "idempotency_key_reused", "Under this key something else was sent before: take a new one.")
    try:
        body = open_(kept.body)["body"]
    except Unopened:
        raise Wrong(409, "answer_lost", "This was done; what it was answered can no longer be read.") from None
    headers = kept.headers | {"Idempotency-Replayed": "true"}
    return Response(orjson.Fragment(body), status=kept.status, headers=headers)
