"""Jobs that keep the journal tidy."""

from celery import shared_task
from django.utils import timezone

from agileml.journal import actions


@shared_task(name="journal.forget_answers")
def forget_answers() -> None:
    """Forget what requests were answered, once it need not be kept."""
    actions.forget_answers(now=timezone.now())
