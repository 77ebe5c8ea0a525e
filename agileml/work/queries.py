"""Reading what teams work on."""

from typing import Any

from django.db.models import BooleanField, F, Func, Value

from agileml.projects.models import ExternalRef, Project
from agileml.work.models import Comment, Finding, ReviewOpinion, Ticket

LABELS = "labels"


def ticket_called(project: Project, *, system: str, external_id: str) -> Ticket | None:
    """The ticket that another system has under this name; None when there is none."""
    refs = ExternalRef.objects.filter(
        project=project, kind=Ticket.known_as, system=system, external_id=external_id
    ).values("object_uid")
    return Ticket.objects.alive().filter(project=project, uid__in=refs).first()


class HasLabel(Func):
    """Whether a ticket carries a label; the two back ends look into a JSON list each in its own way."""

    output_field = BooleanField()
    template = "(%(expressions)s)"
    arg_joiner = " ? "

    def __init__(self, label: str) -> None:
        super().__init__(F(LABELS), Value(label))

    def as_sqlite(self, compiler: Any, connection: Any, **extra: Any) -> Any:
        """One row of the list is the label."""
        return self.as_sql(
            compiler,
            connection,
            template="EXISTS (SELECT 1 FROM json_each(%(expressions)s))",
            arg_joiner=") AS label WHERE label.value = (",
            **extra,
        )


def written_on(ticket: Ticket) -> list[dict[str, str]]:
    """What goes with a ticket that is deleted: `{"kind","uid"}` of each finding, opinion and comment."""
    kinds = {"finding": Finding, "opinion": ReviewOpinion, "comment": Comment}
    finding, *others = (
        model._default_manager.filter(ticket=ticket).order_by().values_list(Value(kind), "uid")
        for kind, model in kinds.items()
    )
    return [{"kind": kind, "uid": str(uid)} for kind, uid in sorted(finding.union(*others, all=True))]
