"""What of a source's setting-up is secret: kept encrypted, apart from the rest, and never sent back."""

from collections.abc import Mapping
from typing import Any

from agileml.lib.sealing import Unopened, open_, seal

__all__ = ["SET", "Unopened", "merge", "names", "open_", "seal", "split"]

SET = {"set": True}


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
