"""The Celery app that workers and beat are started with."""

import os
from pathlib import Path

from celery import Celery
from celery.signals import worker_ready

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "agileml.settings")

# Named one by one: a module that nobody includes would be a task that nobody runs, and a test compares the two.
app = Celery("agileml", include=["agileml.tasks.ingest", "agileml.tasks.journal", "agileml.tasks.webhooks"])
app.config_from_object("django.conf:settings", namespace="CELERY")
# The current app belongs to one thread; every other thread of the web process gets the default one.
app.set_default()


@worker_ready.connect
def _say_ready(**_: object) -> None:
    """Leave the sign that a supervisor waits for: only the worker itself knows when it takes tasks."""
    sign = os.environ.get("AGILEML_READY_FILE")
    if sign:
        Path(sign).touch()
