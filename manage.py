#!/usr/bin/env python
"""Runs AgileML's management commands."""

import os
import sys

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.core.management import execute_from_command_line

from agileml.ops import environment


def main(arguments: list[str]) -> None:
    """Run the command that `arguments` name; a wrong environment gets one line instead of a traceback."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "agileml.settings")
    try:
        if arguments[1:2] == ["demo"]:
            environment.for_demo(arguments[2:])
        settings.INSTALLED_APPS  # noqa: B018 -- the first look at any setting reads them all
    except ImproperlyConfigured as problem:
        sys.exit(f"Error: {problem}")
    execute_from_command_line(arguments)


if __name__ == "__main__":
    main(sys.argv)
