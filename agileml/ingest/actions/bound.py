"""Looking at what is bound of a source, in the claim of the source: one binding after the other, each whole.

One that fails holds up no other; a server that does not answer ends the whole look, since it would answer none of the
others either.
"""

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet

from agileml.ingest import shapes
from agileml.ingest.actions.claims import Claim, Looked, line, note, pause_after, shortened, told
from agileml.ingest.actions.pushes import believable
from agileml.ingest.actions.running import tell_tickets
from agileml.ingest.connectors.base import (
    Look,
    Problem,
    Since,
    SourceAuthError,
    SourceError,
    SourceGone,
    SourceTransient,
)
from agileml.ingest.models import Binding, Source
from agileml.ingest.rules.keeping import is_over
from agileml.ingest.rules.reducing import reduced
from agileml.metrics.actions.snapshots import all_known, attach
from agileml.metrics.rules.points import Point
from agileml.planning.models import Assignment, Sprint
from agileml.projects.doors import ProjectWriting, writing_as_job

AT_ONCE = 100  # bindings a look; the rest comes with the next one, after other sources had their turn

Fetch = Callable[[Source, str, Since], Look]


def due_bindings(source: Source, now: datetime) -> QuerySet[Binding]:
    """The bindings of a source that are due."""
    return Binding.objects.filter(source=source, state=Binding.State.ACTIVE, due_at__lte=now)


def look_at_bindings(claim: Claim, fetch: Fetch) -> Looked:
    """Look at what is due, longest due first, for at most a third of a claim's time.

    Raises Overtaken, and SourceAuthError or SourceTransient where the source itself does not answer.
    """
    counts: Counter[str] = Counter()
    problems: list[dict[str, Any]] = []
    rows = list(
        due_bindings(claim.source, claim.now)
        .select_related("ticket")
        .order_by("due_at", "pk")[: AT_ONCE + 1]
    )  # fmt: skip
    wanted = _wanted(rows)
    ends = claim.now + timedelta(seconds=settings.LEASE_SECONDS / 3)
    left = len(rows)
    for binding in rows[:AT_ONCE]:
        if claim.moment > ends:
            break
        claim.renew()
        claim.begin()
        looked = _look(claim, binding, fetch, is_wanted=binding.ticket_id in wanted)
        counts.update(looked.counts)
        problems += looked.problems
        left -= 1
    return Looked(counts, tuple(shortened(problems)), more=left > 0)


def _wanted(rows: list[Binding]) -> set[int]:
    """The tickets of these that are in an active sprint."""
    inside = Assignment.objects.filter(ticket__in={row.ticket_id for row in rows}, ended_by=None)
    inside = inside.filter(opened_by__isnull=False, sprint__state=Sprint.State.ACTIVE)
    return set(inside.values_list("ticket", flat=True)) if rows else set()


def _look(claim: Claim, binding: Binding, fetch: Fetch, *, is_wanted: bool) -> Looked:
    try:
        look = fetch(claim.source, binding.ref, _since(binding))
    except (SourceAuthError, SourceTransient):
        raise
    except SourceGone as gone:
        return _gone(claim, binding, gone)
    except SourceError as error:
        return _failed(claim, binding, error)
    return _write(claim, binding, look, is_wanted=is_wanted)


def _since(binding: Binding) -> Since:
    return Since(binding.cursor, reduce=binding.reduce, step=binding.step)


def _write(claim: Claim, binding: Binding, look: Look, *, is_wanted: bool) -> Looked:
    """Attach what a look brought, all or nothing."""
    running = bool(look.running)
    is_wanted = is_wanted or running
    ends = is_over(
        now=claim.now, wanted_at=binding.wanted_at, is_wanted=is_wanted, ticket_type=binding.ticket.type
    ) and not look.more  # fmt: skip
    batches, problems = _taken(claim, binding, look)
    points = [point for batch in batches for point in batch]
    columns: dict[str, Any] = {
        "cursor": dict(look.cursor), "running": running, "failures": 0,
        "due_at": claim.now if look.more else _next(claim),
    } | ({"wanted_at": claim.now} if is_wanted else {})  # fmt: skip
    is_news = ends or running != binding.running or binding.trouble
    if not is_news and all_known(binding.ticket, points):
        with transaction.atomic():
            claim.hold()
            return _finish(claim, binding, look, Counter(unchanged=len(points)), problems, columns)
    counts: Counter[str] = Counter()
    with _writing(claim) as w:
        claim.hold()
        if _current(binding):
            if binding.ticket.deleted_at is None:
                for batch in batches:
                    counts.update(arrival.result for arrival in attach(w, ticket=binding.ticket, points=batch))
            state = Binding.State.ENDED if ends else binding.state
            looked = _finish(claim, binding, look, counts, problems, columns)
            set_binding(w, binding, state=state, trouble="")
            if ends or running != binding.running:
                binding.running = running
                tell_tickets(w, [binding.ticket_id])
            return looked
    return Looked()


def _taken(claim: Claim, binding: Binding, look: Look) -> tuple[list[tuple[Point, ...]], list[dict[str, Any]]]:
    """The points of a look as coming from this source, and what is wrong with the rest."""
    batches = []
    problems = [line(problem) for problem in look.problems]
    for found in look.found:
        body = believable(found.body, now=claim.moment)
        own = [replace(point, source=str(claim.source.uid)) for point in body.points]
        batches.append(reduced(own, binding.reduce, binding.step))
        problems += [line(Problem(found.where, "refused", f"{item.metric}: {item.why}")) for item in body.refused]
        problems += [line(Problem(found.where, "left_out", warning)) for warning in body.warnings]
    return batches, shortened(problems)


def _finish(
    claim: Claim,
    binding: Binding,
    look: Look,
    counts: Counter[str],
    problems: list[dict[str, Any]],
    columns: dict[str, Any],
) -> Looked:
    Binding.objects.filter(pk=binding.pk, state=Binding.State.ACTIVE).update(**columns)
    looked = Looked(counts, tuple(problems), look.more)
    note(claim, looked, seen=look.seen, binding=binding)
    return looked


def _gone(claim: Claim, binding: Binding, gone: SourceGone) -> Looked:
    """The source has deleted it: what was copied stays, and nobody looks again."""
    looked = Looked(problems=(told(gone, binding.ref),))
    with _writing(claim) as w:
        claim.hold()
        if _current(binding):
            Binding.objects.filter(pk=binding.pk).update(running=False)
            set_binding(w, binding, state=Binding.State.GONE, trouble=str(gone))
            if binding.running:
                tell_tickets(w, [binding.ticket_id])
            note(claim, looked, seen=0, binding=binding)
    return looked


def _failed(claim: Claim, binding: Binding, error: SourceError) -> Looked:
    """It answers with what cannot be read: that is this binding's own trouble, and tried again ever more seldom."""
    looked = Looked(problems=(told(error, binding.ref),))
    failures = binding.failures + 1
    due_at = claim.now + pause_after(claim.source, failures)
    columns = {"failures": failures, "due_at": due_at}
    if binding.trouble == str(error):
        with transaction.atomic():
            claim.hold()
            Binding.objects.filter(pk=binding.pk, state=Binding.State.ACTIVE).update(**columns)
            note(claim, looked, seen=0, binding=binding)
        return looked
    with _writing(claim) as w:
        claim.hold()
        if _current(binding):
            Binding.objects.filter(pk=binding.pk).update(**columns)
            set_binding(w, binding, state=binding.state, trouble=str(error))
            note(claim, looked, seen=0, binding=binding)
    return looked


def set_binding(w: ProjectWriting, row: Binding, *, state: str, trouble: str) -> None:
    """Set how a binding stands, inside an open write; the same again is no change."""
    if (row.state, row.trouble) == (state, trouble):
        return
    was = {"state": row.state, "trouble": row.trouble}
    row.state, row.trouble, row.revision = state, trouble, w.revision
    row.save(update_fields=["state", "trouble", "revision"])
    shape = shapes.binding(row)
    changed = {name: [was[name], shape[name]] for name in was if was[name] != shape[name]}
    w.journal.record("binding", "updated", row, parent=("ticket", row.ticket.uid), diff=changed)


def _writing(claim: Claim) -> Any:
    return writing_as_job(claim.source.project, now=claim.moment, origin=f"source:{claim.source.uid}")


def _current(binding: Binding) -> bool:
    """Whether a binding is still looked at, now that the project is locked; a person may have ended it meanwhile."""
    binding.refresh_from_db(fields=["state", "trouble", "revision"])
    return binding.state == Binding.State.ACTIVE


def _next(claim: Claim) -> datetime:
    return claim.now + timedelta(seconds=max(0, claim.source.every_seconds - settings.SWEEP_SECONDS / 2))
