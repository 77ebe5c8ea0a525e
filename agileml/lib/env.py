"""Settings from the environment, checked when the process starts: a wrong value stops it with one clear line."""

import contextlib
import os
import secrets
from pathlib import Path

from django.core.exceptions import ImproperlyConfigured

TRUE = {"1", "true", "yes", "on"}
FALSE = {"", "0", "false", "no", "off"}


def flag(name: str, *, default: bool = False) -> bool:
    """Read a yes/no variable.

    Raises ImproperlyConfigured for anything that is neither: a misspelt DEBUG must not silently mean "on".
    """
    raw = os.environ.get(name)
    if raw is None:
        return default
    if raw.strip().lower() in TRUE:
        return True
    if raw.strip().lower() in FALSE:
        return False
    raise ImproperlyConfigured(f"{name} must be yes or no, not {raw!r}.")


def number(name: str, *, default: float, least: float = 0) -> float:
    """Read a number that must be at least `least`; raises ImproperlyConfigured otherwise."""
    raw = os.environ.get(name)
    if raw is None or not raw.strip():
        return default
    try:
        value = float(raw)
    except ValueError:
        raise ImproperlyConfigured(f"{name} must be a number, not {raw!r}.") from None
    if not value >= least:
        raise ImproperlyConfigured(f"{name} must be at least {least}, not {raw!r}.")
    return value


def words(name: str, *, default: str = "") -> list[str]:
    """Read a comma-separated list, empty entries dropped."""
    return [word.strip() for word in os.environ.get(name, default).split(",") if word.strip()]


def kept_secret(name: str, *, folder: Path, embedded: bool) -> str:
    """The value of `name`, or on the embedded default one made once and kept in `folder`.

    In full operation several processes on several machines must agree on it, so there it is demanded.
    """
    value = os.environ.get(name, "")
    if value:
        return value
    if not embedded:
        raise ImproperlyConfigured(f"{name} must be set when DATABASE_URL is.")
    try:
        return _kept(folder / f"{name.lower()}.txt")
    except OSError as problem:
        raise ImproperlyConfigured(f"The data folder {folder.parent} cannot be used: {problem.strerror}.") from None


def kept_keys(name: str, *, folder: Path, embedded: bool, shortest: int = 32) -> list[str]:
    """A comma-separated list of keys, kept as `kept_secret` keeps one. Raises ImproperlyConfigured for a short one."""
    keys = [key.strip() for key in kept_secret(name, folder=folder, embedded=embedded).split(",") if key.strip()]
    if not keys or any(len(key) < shortest for key in keys):
        raise ImproperlyConfigured(f"{name} must be one or more keys of at least {shortest} characters.")
    return keys


def _kept(path: Path) -> str:
    try:
        return path.read_text().strip()
    except FileNotFoundError:
        path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    draft.touch(mode=0o600)
    draft.write_text(secrets.token_urlsafe(48))
    # The first of several starting processes wins, and the rest use what it wrote.
    with contextlib.suppress(FileExistsError):
        os.link(draft, path)
    draft.unlink()
    return path.read_text().strip()
