"""Secrets at rest: encrypted with the installation's field keys."""

import base64
import hashlib
import json
from collections.abc import Mapping
from typing import Any

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings


class Unopened(Exception):
    """What was sealed cannot be read: none of the keys at hand is the one that it was sealed with."""

    def __init__(self) -> None:
        super().__init__(
            "The secret that is kept here cannot be read: AGILEML_FIELD_KEYS lacks the key that it was kept under. "
            "Add that key, or set the secret anew."
        )


def seal(secrets: Mapping[str, Any]) -> str:
    """Encrypt with the first of the installation's keys; nothing stays nothing."""
    return _keys().encrypt(json.dumps(dict(secrets)).encode()).decode() if secrets else ""


def open_(text: str) -> dict[str, Any]:
    """What was sealed, with whichever of the keys fits. Raises Unopened."""
    if not text:
        return {}
    try:
        opened: dict[str, Any] = json.loads(_keys().decrypt(text.encode()))
    except InvalidToken:
        raise Unopened from None
    return opened


def _keys() -> MultiFernet:
    # A digest, so that a key may be any text: `openssl rand -hex 32` makes one as well as Fernet itself.
    digests = (hashlib.sha256(key.encode()).digest() for key in settings.FIELD_KEYS)
    return MultiFernet([Fernet(base64.urlsafe_b64encode(digest)) for digest in digests])
