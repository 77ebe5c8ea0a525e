"""AgileML: a sprint and ticket tracker for machine-learning teams."""

from agileml.celery import app as celery_app

__all__ = ["celery_app"]
