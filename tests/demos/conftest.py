"""A sprint with something to show."""

import pytest

from tests.demos.showing import Shown, make_shown
from tests.factories import Cast


@pytest.fixture
def shown(cast: Cast) -> Shown:
    """A project whose sprint learned, got better, shipped and skipped something; its member acts."""
    return make_shown(cast)
