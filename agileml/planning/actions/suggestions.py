"""Suggested re-plans are put aside here; deciding them is deciding like any other."""

from datetime import datetime

from agileml.accounts.models import User
from agileml.planning import shapes
from agileml.planning.actions.decide import sprint_row
from agileml.planning.models import Dismissal, Sprint
from agileml.planning.queries import suggestions
from agileml.projects.doors import writing
from agileml.projects.models import Project
from agileml.projects.rules import Need


def dismiss(
    *, project: Project, sprint: int, key: str, actor: User, now: datetime, origin: str = ""
) -> Dismissal | None:
    """Put a suggestion aside for everybody: it does not come back for the same cause.

    What was put aside already stays so, as the first one did it. Answers None, and writes nothing, where there is
    nothing to put aside: the sprint is not running, or no such thing ever happened in this project. Raises Hidden,
    Forbidden.
    """
    with writing(project, actor=actor, now=now, need=Need.WORK, origin=origin) as w:
        row = sprint_row(w, sprint)
        assert row is not None
        if row.state != Sprint.State.ACTIVE or not suggestions.exists(w.project, key):
            return None
        stands = Dismissal.objects.filter(sprint=row, key=key).first()
        if stands is not None:
            return stands
        made = Dismissal(sprint=row, key=key, actor=actor, at=w.now, revision=w.revision)
        made.save(force_insert=True)
        w.journal.record("dismissal", "created", made, parent=("sprint", row.uid), resource=shapes.dismissal(made))
    return made
