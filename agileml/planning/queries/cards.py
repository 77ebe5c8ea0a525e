"""What the board's cards hold, read for all tickets of a sprint at once."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from django.db.models import Case, F, Q, Value, When, Window
from django.db.models.functions import RowNumber
from django.utils.text import Truncator

from agileml.accounts.rules import initials
from agileml.lib.figures import measured
from agileml.metrics.models import Criterion, Snapshot
from agileml.planning.models import Decision, Move
from agileml.planning.queries.handover import OPEN, TELLING, counting
from agileml.planning.queries.lines import Line
from agileml.planning.queries.strip import Gain
from agileml.projects.models import Project
from agileml.work.models import Ticket


@dataclass(frozen=True)
class Light:
    """How a criterion stands, in ready-made texts."""

    state: str
    role: str
    value: str
    op: str
    target: str
    metric: str


@dataclass(frozen=True)
class Card:
    """A card as the board shows it to everybody and at any time: it is kept rendered, keyed by all that it holds."""

    key: str
    url: str
    type: str
    title: str
    assignee: str = ""
    initials: str = ""
    lights: tuple[Light, ...] = ()
    diff: str = ""
    blocked: str = ""
    waiting: str = ""
    facts: tuple[str, ...] = ()
    hand_over: str = ""
    skipped_why: str = ""
    skipped_in: int | None = None
    skipped_url: str = ""
    menu: bool = False


def cards(
    project: Project,
    tickets: Sequence[Line],
    *,
    lights: Mapping[int, Sequence[Light]],
    findings: Mapping[int, str],
    needs: Mapping[int, Sequence[str]],
    menus: bool,
    metric: int | None = None,
    gains: Mapping[int, Gain] | None = None,
) -> dict[int, Card]:
    """The card of each ticket, by the ticket's id; two queries, however many tickets there are.

    `lights`, `findings` and `needs` (the keys of open tickets) are known already, by the tickets' ids. `menus` says
    whether cards have the way to their actions. `metric` is the id of the one that matters most: a card without a
    criterion shows it rather than another. `gains` says by ticket number what its newest candidate gains.
    """
    ids = [ticket.pk for ticket in tickets]
    newest = _newest([pk for pk in ids if pk not in lights], metric)
    moves = _moves(tickets)
    made = {}
    for ticket in tickets:
        url = f"/p/{project.key}/tickets/{ticket.number}/"
        gain, lit = (gains or {}).get(ticket.number), lights.get(ticket.pk, ())
        facts = [f"{gain.metric} {gain.value}" if gain and not lit else newest.get(ticket.pk, "")]
        facts += [_ended(ticket), findings.get(ticket.pk, "")]
        facts += [f"needs {key}" for key in needs.get(ticket.pk, ())] if ticket.status in OPEN else []
        if ticket.status == Ticket.Status.IN_REVIEW and ticket.reviewer_name:
            facts.append(f"asks {ticket.reviewer_name}")
        skip, hand = moves.get(ticket.pk, (None, None))
        why, version, where = _skipped(project, skip) if skip else ("", None, "")
        who = (ticket.assignee_name or "") if ticket.status != Ticket.Status.SKIPPED else ""  # nobody is at that
        made[ticket.pk] = Card(
            key=f"{project.key}-{ticket.number}",
            url=url,
            type=ticket.type,
            title=ticket.title,
            assignee=who,
            initials=initials(who) if who else "",
            lights=tuple(lit),
            diff=_diff(gain, lit) if gain else "",
            blocked=f"blocked: {ticket.blocked_why}"[:80] if ticket.blocked_why else "",
            waiting="waiting on a run" if ticket.waiting_on_run else "",
            facts=tuple(fact for fact in facts if fact),
            hand_over=_handed_over(hand) if hand else "",
            skipped_why=why,
            skipped_in=version,
            skipped_url=where,
            menu=menus,
        )
    return made


def _diff(gain: Gain, lights: Sequence[Light]) -> str:
    """A gain in words; beside lights that are all about something else it says of which metric."""
    named = not lights or any(light.metric == gain.metric for light in lights)
    return gain.gap if named else f"{gain.metric} {gain.value}, {gain.gap}"


LIGHT = ("state", "role", "value", "op", "target", "against", "margin", "metric__key", "metric__unit")


def light(row: Criterion) -> Light:
    """A criterion's light. Needs `metric` loaded."""
    return light_of(
        row.state, row.role, row.value, row.op, row.target, row.against, row.margin, row.metric.key, row.metric.unit
    )


def light_of(
    state: str, role: str, value: float | None, op: str, target: float | None, against: str, margin: float, metric: str,
    unit: str,
) -> Light:  # fmt: skip
    """The same from its columns, those that `LIGHT` names."""
    wanted = measured(target, unit)
    if against == Criterion.Against.BASELINE:
        sign = "+" if op == Criterion.Op.AT_LEAST else "\N{MINUS SIGN}"
        wanted = f"baseline {sign} {measured(margin, unit)}" if margin else "baseline"
    return Light(
        state=state,
        role=role,
        value=measured(value, unit) if value is not None else "",
        op=str(Criterion.Op(op).label),
        target=wanted,
        metric=metric,
    )


def _newest(ids: Iterable[int], metric: int | None) -> dict[int, str]:
    """The newest value of a watched metric on each ticket, one row a ticket however many runs it has."""
    first = Case(When(metric=metric, then=Value(0)), default=Value(1))
    place = Window(
        RowNumber(),
        partition_by=F("ticket"),
        order_by=[first, F("observed_at").desc(), F("step").desc(), F("pk").desc()],
    )
    rows = Snapshot.objects.current().filter(ticket__in=ids).exclude(metric__direction="").annotate(place=place)
    return {
        ticket: f"{key} {measured(value, unit, state=state)}"
        for ticket, key, value, unit, state in rows.filter(place=1).values_list(
            "ticket", "metric__key", "value", "metric__unit", "value_state"
        )
    }


def _moves(tickets: Iterable[Line]) -> dict[int, tuple[Move | None, Move | None]]:
    """For each ticket the move that skipped it, if it is skipped, and the defer that counts, if it is open."""
    by_status: dict[bool, list[int]] = {True: [], False: []}
    for ticket in tickets:
        if ticket.status != Ticket.Status.DONE:
            by_status[ticket.status in OPEN].append(ticket.pk)
    which = Q(ticket__in=by_status[True]) & TELLING | Q(ticket__in=by_status[False], move=Move.Kind.SKIP)
    found: dict[int, list[Move]] = defaultdict(list)
    for move in Move.objects.filter(which).select_related("decision__sprint").order_by("pk"):
        assert move.ticket_id is not None
        found[move.ticket_id].append(move)
    return {pk: (rows[-1] if rows[-1].move == Move.Kind.SKIP else None, counting(rows)) for pk, rows in found.items()}


def _skipped(project: Project, move: Move) -> tuple[str, int | None, str]:
    """Why, by which plan version, and where that stands in the history."""
    past = move.decision
    said = past.reason or (str(Decision.Reason(past.reason_code).label) if past.reason_code else "")
    url = f"/p/{project.key}/sprints/{past.sprint.number}/history/#v{past.version}" if past.sprint else ""
    return Truncator(said).words(20, truncate=" …"), past.version, url


def _handed_over(move: Move) -> str:
    after, sprint = move.after or {}, move.decision.sprint
    where = f" from sprint {sprint.number}" if sprint else ""
    note = Truncator(after.get("note", "")).words(20, truncate=" …")
    return f"Deferred{where}{f': {note}' if note else ''} · cost of resuming: {after.get('resume_cost') or 'low'}"


def _ended(ticket: Line) -> str:
    ended = str(Ticket.Outcome(ticket.outcome).label).lower() if ticket.outcome else ""
    return f"{ended}, unverified" if ticket.unverified else ended
