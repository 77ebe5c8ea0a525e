"""What of a source's setting-up is secret: kept encrypted, apart from the rest, and never sent back."""

import base64
import hashlib
import json
from collections.abc import Mapping
from typing import Any

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings

SET = {"set": True}


class Unopened(Exception):
    """What was sealed cannot be read: none of the keys at hand is the one that it was sealed with."""

    def __init__(self) -> None:
        super().__init__(
            "The secret of this source cannot be read: AGILEML_FIELD_KEYS lacks the key that it was kept under. "
            "Add that key, or enter the secret again."
        )


def names(schema: Mapping[str, Any]) -> set[str]:
    """The fields that a connector's schema marks as secret."""
    return {name for name, field in schema.get("properties", {}).items() if field.get("secret") is True}


def split(config: Mapping[str, Any], schema: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """A configuration as what may be shown, with a mark in place of each secret, and the secrets themselves."""
    secret = {name: config[name] for name in names(schema) if config.get(name) not in (None, "", SET)}
    public = {name: value for name, value in config.items() if name not in names(schema)}
    return public | {name: dict(SET) for name in sorted(secret)}, secret


def merge(public: Mapping[str, Any], secrets: Mapping[str, Any]) -> dict[str, Any]:
    """A whole configuration again, without marks that no secret stands behind."""
    return {name: value for name, value in public.items() if value != SET} | dict(secrets)


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
