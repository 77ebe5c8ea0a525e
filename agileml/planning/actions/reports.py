"""The report of a sprint, frozen in the transaction that closes it."""

from collections.abc import Sequence

from agileml.planning import shapes
from agileml.planning.models import Decision, Report, RetroLine, Sprint
from agileml.planning.queries import report as queries
from agileml.planning.rules.reporting import report
from agileml.projects.doors import ProjectWriting


def freeze(w: ProjectWriting, sprint: Sprint, close: Decision, retro: Sequence[RetroLine]) -> Report:
    """Write the report of a sprint that this decision has just closed, inside its write."""
    body = report(queries.facts(sprint, w.project, close=close, retro=retro))
    row = Report.objects.create(sprint=sprint, decision=close, at=w.now, body=body)
    w.journal.record(
        "report", "created", row, parent=("sprint", sprint.uid), resource=shapes.report(row, sprint=sprint, close=close)
    )
    return row


def freeze_again(w: ProjectWriting, close: Decision) -> Report:
    """The same when a close that was taken back is put back by this decision: what was said at it holds again."""
    assert close.sprint is not None
    first = close
    while first.reverts is not None:
        first = first.reverts
    said = RetroLine.objects.filter(decision=first).select_related("ticket").order_by("position")
    return freeze(w, close.sprint, close, list(said))
