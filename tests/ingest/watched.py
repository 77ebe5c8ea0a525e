"""A watched folder of a test's own, and looks at it."""

import json
import os
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any

from django.conf import settings

from agileml.ingest.actions import make_source
from agileml.ingest.actions.claims import Looked
from agileml.ingest.actions.polling import poll
from agileml.ingest.models import Source
from agileml.metrics.models import Snapshot
from tests.factories import NOW, Cast

SAMPLES = Path(__file__).parent / "samples"
EXAMPLES = Path(settings.BASE_DIR) / "examples" / "digits"


@dataclass
class Watched:
    """A folder, the source that watches it, and a clock that goes on by a minute with each look."""

    root: Path
    cast: Cast
    source: Source
    clock: "count[int]" = field(default_factory=count)

    def drop(self, path: str, content: Any) -> Path:
        """Leave a file, last changed at the test's own time: bytes and text as they are, anything else as JSON."""
        file = self.root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        if isinstance(content, bytes):
            file.write_bytes(content)
        else:
            file.write_text(content if isinstance(content, str) else json.dumps(content))
        os.utime(file, (NOW.timestamp(), NOW.timestamp()))
        return file

    def tick(self) -> datetime:
        return NOW + timedelta(minutes=next(self.clock))

    def look(self) -> Looked:
        """One look, for which the source is made due."""
        return self.look_at(self.tick())

    def look_at(self, now: datetime) -> Looked:
        """One look at this time."""
        Source.objects.filter(pk=self.source.pk).update(due_at=now)
        looked = poll(source_id=self.source.pk, now=now)
        assert looked is not None
        return looked

    def forget(self) -> None:
        """Make the source look at everything as if for the first time."""
        Source.objects.filter(pk=self.source.pk).update(cursor={})

    def problems(self) -> dict[str, str]:
        """What the next look complains of: place to code."""
        return {problem["where"]: problem["code"] for problem in self.look().problems}

    def values(self, ticket: int = 1) -> dict[str, float | None]:
        """The current values on a ticket by metric."""
        rows = Snapshot.objects.current().filter(ticket__project=self.cast.project, ticket__number=ticket)
        return dict(rows.values_list("metric__key", "value"))


def watch(cast: Cast, root: Path) -> Watched:
    """A source of the cast's project on a folder inside the roots."""
    source = make_source(
        project=cast.project,
        kind="metric_file",
        name="Watched folder",
        config={"root": str(root)},
        actor=cast.lead,
        now=NOW,
    )
    return Watched(root, cast, source)
