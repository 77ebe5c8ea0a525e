"""What the demo puts into the environment before the settings are read from it."""

import argparse
import os
from pathlib import Path

from agileml.lib import env

DEFAULT_DATA = Path(__file__).resolve().parents[2] / "var"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What `manage.py demo` takes."""
    parser.add_argument("--port", type=int, default=8000, help="where the pages are served on 127.0.0.1 (default 8000)")
    parser.add_argument("--data", type=Path, help="the folder that everything of this demo is kept in (default var/)")


def for_demo(arguments: list[str]) -> None:
    """Make the settings read the data folder that `arguments` name.

    With servers of its own (DATABASE_URL) the product demands its key and reads no metric file unless told from where;
    a demo on such servers keeps both in its data folder all the same. Raises ImproperlyConfigured.
    """
    parser = argparse.ArgumentParser(add_help=False)
    add_arguments(parser)
    data = parser.parse_known_args(arguments)[0].data or Path(os.environ.get("AGILEML_DATA") or DEFAULT_DATA)
    data = data.resolve()
    os.environ["AGILEML_DATA"] = str(data)
    os.environ.setdefault("AGILEML_METRIC_ROOTS", str(data / "metrics"))
    for name in ("AGILEML_SECRET_KEY", "AGILEML_FIELD_KEYS"):
        os.environ[name] = env.kept_secret(name, folder=data / "keys", embedded=True)
