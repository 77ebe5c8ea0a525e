"""`manage.py demo`: the whole product on one data folder, until Ctrl-C."""

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from agileml.ops import demo, environment
from agileml.ops.folder import Unavailable
from agileml.ops.supervisor import GaveUp


class Command(BaseCommand):
    help = "Run the web server and the worker on one data folder, with a sample project, until Ctrl-C."
    requires_system_checks: list[str] = []  # the database may not be there yet

    def add_arguments(self, parser: CommandParser) -> None:
        environment.add_arguments(parser)

    def handle(self, *args: object, **options: Any) -> None:
        data = options["data"] or settings.DATA
        if data.resolve() != settings.DATA:
            raise CommandError(f"The settings were read from {settings.DATA}: start with AGILEML_DATA={data}.")
        try:
            demo.run(port=options["port"], data=settings.DATA, now=timezone.now)
        except (Unavailable, GaveUp) as reason:
            raise CommandError(str(reason)) from None
