"""Looking at a source: claim it, read it outside of any transaction, then write all that it brought in one.

A worker may die at any point. Before the write nothing has changed but the claim, which runs out; the write holds
the snapshots, the cursor and the end of the claim together, so it has happened or it has not.
"""

import time
from collections import Counter
from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import transaction

from agileml.ingest import secrets
from agileml.ingest.actions.bound import due_bindings, look_at_bindings
from agileml.ingest.actions.claims import (
    LONGEST_PAUSE,
    MOST_FAILURES,
    Claim,
    Looked,
    Overtaken,
    line,
    note,
    pause_after,
    shortened,
    told,
)
from agileml.ingest.actions.pushes import believable
from agileml.ingest.actions.running import tell_tickets
from agileml.ingest.actions.sources import set_state
from agileml.ingest.connectors.base import (
    Found,
    Look,
    Problem,
    Since,
    SourceAuthError,
    SourceBadData,
    SourceError,
    SourceTransient,
)
from agileml.ingest.connectors.registry import Guard, connector_for, kinds
from agileml.ingest.models import Source
from agileml.lib.times import rfc3339
from agileml.metrics.actions.snapshots import all_known, attach
from agileml.metrics.rules.points import Point
from agileml.projects.doors import ProjectWriting, writing_as_job
from agileml.work.models import Ticket

MOST_WAITING = 500


def poll(*, source_id: int, now: datetime) -> Looked | None:
    """Look at a source and at what of it is bound, as far as they are due and nobody else does; None if not, or if the
    claim ran out meanwhile.

    Safe to call at any time and from any number of workers. What goes wrong with the source is written down,
    not raised.
    """
    claim = _claim(source_id, now)
    if claim is None:
        return None
    try:
        try:
            looked = _look(claim) if claim.source.due_at <= now else Looked()
            bound = look_at_bindings(claim, _fetch)
        except SourceError as error:
            return _failed(claim, error)
        claim.release()
    except Overtaken:
        return None
    counts = Counter(looked.counts)
    counts.update(bound.counts)  # adding them would drop what is zero
    return Looked(counts, looked.problems + bound.problems, looked.more or bound.more)


def _claim(source_id: int, now: datetime) -> Claim | None:
    source = Source.objects.select_related("project").filter(pk=source_id).first()
    if source is None or source.state != Source.State.ACTIVE:
        return None
    if source.due_at > now and (source.failures or not due_bindings(source, now).exists()):
        return None
    held = source.leased_until
    if held is not None and held > now:
        return None
    until = now + timedelta(seconds=settings.LEASE_SECONDS)
    # A claim that ran out is that of a worker which died at this source. The source may be why.
    source.failures += held is not None
    rows = Source.objects.filter(pk=source_id, state=Source.State.ACTIVE, due_at=source.due_at, leased_until=held)
    if not rows.update(leased_until=until, failures=source.failures):
        return None
    source.leased_until = until
    claim = Claim(source, until, time.monotonic(), now)
    if held is not None and source.failures >= MOST_FAILURES:
        _pause(
            claim,
            f"{source.failures} looks in a row did not end within {settings.LEASE_SECONDS:g} s: "
            "the connector is too slow or broken, or the worker died.",
        )
        return None
    return claim


def _look(claim: Claim) -> Looked:
    """Look at all of the project's tickets. Raises SourceError, Overtaken."""
    since = Since(claim.source.cursor, _to_try_again(claim))
    look = _fetch(claim.source, claim.source.project.key, since)
    looked = _write(claim, since, look)
    if looked.counts["created"]:
        _leave_links(claim, look)
    return looked


def _leave_links(claim: Claim, look: Look) -> None:
    """Leave the tickets' addresses on runs that have just arrived, where the source is set to and can.

    What goes wrong with that is nobody's loss: the metrics are in, and the link is left with the next value.
    """
    source = claim.source
    tell = getattr(connector_for(source.kind), "tell", None)
    if tell is None or not settings.PUBLIC_URL:
        return
    config = secrets.merge(source.config, secrets.open_(source.secrets))
    pairs = {(point.run_id, found.ticket) for found in look.found for point in found.body.points if point.run_id}
    for run, ticket in sorted(pairs):
        claim.renew()
        number = ticket.rpartition("-")[2]
        with Guard():
            tell(config, run, f"{settings.PUBLIC_URL}/p/{source.project.key}/tickets/{number}/")


def _fetch(source: Source, ref: str, since: Since) -> Look:
    """What a connector finds; whatever it raises is an error of the source, and never of ours. Raises SourceError."""
    kind = kinds().get(source.kind)
    if kind is None or kind.connector is None:
        why = kind.error if kind else "its package is not installed here"
        raise SourceTransient(f"The connector {source.kind} cannot be used: {why}")
    try:
        config = secrets.merge(source.config, secrets.open_(source.secrets))
    except secrets.Unopened as error:
        raise SourceAuthError(str(error)) from None
    look: object = None
    with Guard(let=SourceError) as guard:
        look = kind.connector.fetch(config, ref, since)
    if not isinstance(look, Look):
        raise SourceBadData(f"The connector {source.kind} is broken: {guard.error or 'it answered nothing'}")
    return look


def _to_try_again(claim: Claim) -> dict[str, str]:
    """Where to look again: places whose ticket has come into being, and those whose pause is over."""
    waiting = claim.source.waiting
    tickets = {item["ticket"] for item in waiting} - {""}
    alive = _tickets(claim.source, tickets) if tickets else {}
    now = rfc3339(claim.now)
    return {
        item["where"]: item["mark"]
        for item in waiting
        if (item["ticket"] in alive if item["ticket"] else item["due_at"] <= now)
    }


def _tickets(source: Source, keys: Iterable[str]) -> dict[str, Ticket]:
    """The project's tickets of these keys, as far as there are any."""
    project = source.project
    numbers = [int(key.removeprefix(f"{project.key}-")) for key in keys if key.startswith(f"{project.key}-")]
    rows = Ticket.objects.alive().filter(project=project, number__in=numbers)
    return {f"{project.key}-{row.number}": row for row in rows}


def _write(claim: Claim, since: Since, look: Look) -> Looked:
    source = claim.source
    found = [_own(item, source, claim.moment) for item in look.found]
    tickets = _tickets(source, {item.ticket for item in found})
    news = look.running is not None and sorted(look.running) != source.running
    if not news and all(all_known(tickets[item.ticket], item.body.points) for item in found if item.ticket in tickets):
        # Nothing is new, so the project need not be locked: snapshots are never changed or removed.
        with transaction.atomic():
            unchanged = sum(len(item.body.points) for item in found if item.ticket in tickets)
            return _finish(claim, since, look, found, set(tickets), Counter(unchanged=unchanged))
    with writing_as_job(source.project, now=claim.moment, origin=f"source:{source.uid}") as w:
        tickets = _tickets(source, {item.ticket for item in found})
        counts = _attach(w, found, tickets)
        looked = _finish(claim, since, look, found, set(tickets), counts)
        if news:
            assert look.running is not None
            changed = set(look.running) ^ set(source.running)
            tell_tickets(w, [row.pk for row in _tickets(source, changed).values()])
        return looked


def _own(found: Found, source: Source, now: datetime) -> Found:
    """What was found, as coming from this source."""
    body = believable(found.body, now=now)
    uid = str(source.uid)
    items = tuple(replace(item, source=uid) if isinstance(item, Point) else item for item in body.items)
    return replace(found, body=replace(body, items=items))


def _attach(w: ProjectWriting, found: list[Found], tickets: dict[str, Ticket]) -> Counter[str]:
    """Attach ticket by ticket, several places together; one that tells of a run anew comes after the first."""
    counts: Counter[str] = Counter()
    for key, ticket in tickets.items():
        batch: list[Point] = []
        runs: set[str] = set()
        for item in (item for item in found if item.ticket == key):
            if item.body.external_id in runs:
                counts.update(arrival.result for arrival in attach(w, ticket=ticket, points=batch))
                batch, runs = [], set()
            runs.add(item.body.external_id)
            batch += item.body.points
        counts.update(arrival.result for arrival in attach(w, ticket=ticket, points=batch))
    return counts


def _finish(
    claim: Claim, since: Since, look: Look, found: list[Found], alive: set[str], counts: Counter[str]
) -> Looked:
    """Write how far the source has been read, what waits, and the look itself. Raises Overtaken."""
    source = claim.source
    strays = [_unknown_ticket(item, source) for item in found if item.ticket not in alive]
    said = [(problem, "") for problem in look.problems] + strays
    old = {item["where"]: item for item in source.waiting}
    waiting = _waiting(claim, since, look, said)
    counts["refused"] += len(said) + sum(len(item.body.refused) for item in found if item.ticket in alive)
    # What waits already has been said before.
    problems = [line(problem) for problem, _ in said if not _is_said(problem, old.get(problem.where))]
    for item in found:
        if item.ticket in alive:
            problems += [
                line(Problem(item.where, "refused", f"{refused.metric}: {refused.why}"))
                for refused in item.body.refused
            ]
            problems += [line(Problem(item.where, "left_out", warning)) for warning in item.body.warnings]
    looked = Looked(counts, tuple(shortened(problems)), look.more)
    # The claim goes on: what is bound is still to be looked at.
    claim.update(
        leased_until=claim.until,
        cursor=dict(look.cursor),
        waiting=waiting,
        failures=0,
        trouble="",
        due_at=claim.now if look.more else _next(claim),
        **({} if look.running is None else {"running": sorted(look.running)}),
    )
    note(claim, looked, seen=look.seen)
    return looked


def _is_said(problem: Problem, waits: dict[str, Any] | None) -> bool:
    return waits is not None and (waits["code"], waits["message"]) == (problem.code, problem.message)


def _next(claim: Claim) -> datetime:
    """When the source is due again, rounded down to a sweep: a moment late would cost a whole sweep."""
    return claim.now + timedelta(seconds=max(0, claim.source.every_seconds - settings.SWEEP_SECONDS / 2))


def _unknown_ticket(found: Found, source: Source) -> tuple[Problem, str]:
    message = f"There is no ticket {found.ticket} in {source.project.key}. It is taken as soon as there is."
    return Problem(found.where, "unknown_ticket", message, again=True), found.ticket


def _waiting(claim: Claim, since: Since, look: Look, said: list[tuple[Problem, str]]) -> list[dict[str, Any]]:
    """What is to be tried again: what waited and was not tried now, and what could not be taken now."""
    tried = set(since.again) | {item.where for item in look.found} | {problem.where for problem in look.problems}
    tries = {item["where"]: item["tries"] for item in claim.source.waiting}
    kept = [item for item in claim.source.waiting if item["where"] not in tried]
    for problem, ticket in said:
        if not problem.again:
            continue
        again = tries.get(problem.where, -1) + 1
        pause = min(claim.source.every_seconds * (2 ** min(again, 20) - 1), LONGEST_PAUSE.total_seconds())
        kept.append(
            line(problem) | {"ticket": ticket, "mark": problem.mark, "tries": again,
                              "due_at": rfc3339(claim.now + timedelta(seconds=pause))}
        )  # fmt: skip
    return kept[-MOST_WAITING:]


def _failed(claim: Claim, error: SourceError) -> Looked:
    """Write down a look that brought nothing; after some in a row that only a person can mend, pause the source."""
    failures = claim.source.failures + 1
    looked = Looked(problems=(told(error),))
    hard = not isinstance(error, SourceTransient)
    if isinstance(error, SourceAuthError) or (hard and failures >= MOST_FAILURES):
        _pause(claim, str(error), looked)
        return looked
    pause = pause_after(claim.source, failures, asked=getattr(error, "after", None))
    with transaction.atomic():
        claim.release(failures=failures, trouble=str(error), due_at=claim.now + pause)
        note(claim, looked, seen=0)
    return looked


def _pause(claim: Claim, why: str, looked: Looked | None = None) -> None:
    source = claim.source
    with writing_as_job(source.project, now=claim.moment, origin=f"source:{source.uid}") as w:
        claim.release(failures=source.failures + 1)
        source.refresh_from_db(fields=["state", "trouble", "version"])  # a person may have paused it meanwhile
        set_state(w, source, Source.State.PAUSED, trouble=why)
        if looked is not None:
            note(claim, looked, seen=0)
