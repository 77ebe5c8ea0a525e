"""What things are called in other systems."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db.models import Q, QuerySet

from agileml.projects.doors import ProjectWriting
from agileml.projects.models import ExternalRef, KnownElsewhere
from agileml.projects.rules import Ref, named, refs_after


@dataclass(frozen=True)
class TakenLine:
    """One name that is taken; `pointer` leads to it in what was sent, `number` is the holder's, if it has one."""

    pointer: str
    message: str
    uid: UUID
    number: int | None


class Taken(Exception):
    """Some of these names belong to something else of the project; `lines` say which, and whose they are."""

    def __init__(self, lines: Sequence[TakenLine]) -> None:
        super().__init__("; ".join(line.message for line in lines))
        self.lines = list(lines)


def keep_refs(
    w: ProjectWriting, row: KnownElsewhere, wanted: Sequence[Ref], *, new: bool = False, pointer: str = ""
) -> None:
    """Set what something is called in other systems, inside a write; whoever calls records it.

    `new` is something that was stored just now. Raises Taken: a system's name for things of a kind means one of them.
    """
    had: list[Ref] = [] if new else row.external_refs
    row.__dict__["external_refs"] = after = refs_after(had, wanted)
    known = {named(ref): ref for ref in had}
    fresh = [ref for ref in after if named(ref) not in known]
    moved = [ref for ref in after if named(ref) in known and known[named(ref)]["url"] != ref["url"]]
    gone = known.keys() - {named(ref) for ref in after}
    all_refs = ExternalRef.objects.filter(project=w.project, kind=row.known_as)
    if fresh:
        _refuse_taken(w, row, all_refs.filter(_any_of(map(named, fresh))), [named(ref) for ref in wanted], pointer)
    if gone:
        all_refs.filter(_any_of(gone)).delete()
    for ref in moved:
        all_refs.filter(_any_of([named(ref)])).update(url=ref["url"])
    ExternalRef.objects.bulk_create(
        ExternalRef(
            project=w.project,
            kind=row.known_as,
            object_uid=row.uid,
            system=ref["system"],
            external_id=ref["id"],
            url=ref["url"],
        )
        for ref in fresh
    )


def forget_refs(w: ProjectWriting, row: KnownElsewhere) -> None:
    """Free the names of something that is deleted, inside the write that deletes it."""
    ExternalRef.objects.filter(project=w.project, kind=row.known_as, object_uid=row.uid).delete()


def _any_of(names: Iterable[tuple[str, str]]) -> Q:
    found = Q(pk__in=[])
    for system, external_id in names:
        found |= Q(system=system, external_id=external_id)
    return found


def _refuse_taken(
    w: ProjectWriting, row: KnownElsewhere, taken: QuerySet[ExternalRef], order: Sequence[tuple[str, str]], pointer: str
) -> None:
    model: Any = type(row)
    lines = []
    for ref in taken:
        holder = model.objects.get(uid=ref.object_uid)
        at = order.index((ref.system, ref.external_id))
        message = f"{ref.system} {ref.external_id} is {holder.called(w.project.key)} already."
        number = getattr(holder, "number", None)
        lines.append(TakenLine(f"{pointer}/external_refs/{at}", message, ref.object_uid, number))
    if lines:
        raise Taken(sorted(lines, key=lambda line: line.pointer))
