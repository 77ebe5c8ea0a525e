"""Proposals: a re-plan by somebody who may not decide it, or would rather not."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from agileml.accounts.models import User
from agileml.lib.fields import Invalid
from agileml.planning import shapes
from agileml.planning.actions import decide, ledger
from agileml.planning.actions.rows import References
from agileml.planning.models import Decision, Proposal, Sprint
from agileml.planning.rules.fitting import Fit, fitting
from agileml.planning.rules.moves import MoveRequest, Refusal, Refused, parse, text_refusals
from agileml.projects.doors import Hidden, ProjectWriting, writing
from agileml.projects.models import Project
from agileml.projects.rules import Need

NOTHING_FITS = Refusal("nothing_fits", "Nothing of this proposal fits the plan any more.", None, "/moves")


def propose(
    *,
    project: Project,
    sprint: int,
    base_version: int,
    why: decide.Why,
    moves: Sequence[dict[str, Any]],
    actor: User,
    now: datetime,
    origin: str = "",
) -> Proposal:
    """Propose a re-plan of an active sprint, made for the plan at `base_version`.

    `moves` are kept as they were sent. What could not be decided now cannot be proposed either. Raises Hidden,
    Forbidden, StalePlan, Invalid, or Refused with every reason.
    """
    asked = parse(moves)
    with writing(project, actor=actor, now=now, need=Need.WORK, origin=origin) as w:
        row = decide.sprint_row(w, sprint)
        assert row is not None
        decide.refuse_stale(row, base_version)
        decide.check_sprint_dates(row, asked)
        References(w.project, list(decide.wanted_fields(asked)))  # raises Invalid for what leads nowhere
        fit = fit_of(w.project, row, asked, why)
        if not fit.whole:
            raise Refused(fit.refusals)
        made = Proposal(
            sprint=row,
            base_version=base_version,
            moves=list(moves),
            reason_code=why.code,
            reason=why.text.strip(),
            evidence=[dict(item) for item in why.evidence],
            author=actor,
            at=w.now,
            revision=w.revision,
        )
        made.save(force_insert=True)
        w.journal.record("proposal", "created", made, parent=("sprint", row.uid), resource=shapes.proposal(made))
    return made


def decide_proposal(
    *,
    project: Project,
    proposal: str,
    actor: User,
    now: datetime,
    seen_version: int | None = None,
    partial: bool = False,
    origin: str = "",
) -> Decision:
    """Decide what was proposed, checked anew on the plan as it is now.

    `seen_version` is the plan version on which whoever decides has looked at it, None for any. `partial` leaves out
    the moves that no longer fit, and those that relied on them. Raises Hidden, Forbidden, StalePlan, or Refused: it
    was answered already, or something no longer fits, with every reason.
    """
    with writing(project, actor=actor, now=now, need=Need.DECIDE, origin=origin) as w:
        row = _open(w, proposal)
        decide.refuse_stale(row.sprint, seen_version)
        why, moves = why_of(row), parse(row.moves)
        fit = fit_of(w.project, row.sprint, moves, why)
        if fit.against or (fit.unfit and not partial):
            raise Refused(fit.refusals)
        if not fit.stay:
            raise Refused([NOTHING_FITS, *fit.refusals])
        made = decide.decide_in(w, row.sprint, base_version=None, why=why, moves=[moves[at] for at in fit.stay])
        _answer(w, row, Proposal.State.DECIDED, "", decision=made)
    return made


def decide_changed(
    *,
    project: Project,
    sprint: int,
    proposal: str,
    base_version: int,
    why: decide.Why,
    moves: Sequence[MoveRequest],
    actor: User,
    now: datetime,
    origin: str = "",
) -> Decision:
    """Decide a proposal as somebody changed it, for her own reason, on the plan at `base_version` that she saw.

    Its answer is that decision. Raises Hidden, Forbidden, StalePlan, Invalid, or Refused: it was answered already, or
    the moves cannot be decided, with every reason.
    """
    with writing(project, actor=actor, now=now, need=Need.DECIDE, origin=origin) as w:
        row = _open(w, proposal)
        if row.sprint.number != sprint:
            raise Hidden(proposal)
        made = decide.decide_in(w, row.sprint, base_version=base_version, why=why, moves=moves)
        _answer(w, row, Proposal.State.DECIDED, "", decision=made)
    return made


def decline(*, project: Project, proposal: str, answer: str, actor: User, now: datetime, origin: str = "") -> Proposal:
    """Decline a proposal with a word on why. Raises Hidden, Forbidden, or Refused without the word."""
    unfit = text_refusals(answer)
    if not answer.strip():
        unfit.append(Refusal("reason_required", "Say why not, in a sentence.", None, "/answer"))
    if unfit:
        raise Refused(unfit)
    with writing(project, actor=actor, now=now, need=Need.DECIDE, origin=origin) as w:
        row = _open(w, proposal)
        _answer(w, row, Proposal.State.DECLINED, answer.strip())
    return row


def withdraw(*, project: Project, proposal: str, actor: User, now: datetime, origin: str = "") -> Proposal:
    """Take one's own proposal from the table. Raises Hidden, Forbidden, or Refused for somebody else's."""
    with writing(project, actor=actor, now=now, need=Need.WORK, origin=origin) as w:
        row = _open(w, proposal)
        if row.author_id != actor.pk:
            raise Refused([Refusal("not_yours", "Only who made a proposal can withdraw it.")])
        _answer(w, row, Proposal.State.WITHDRAWN, "")
    return row


def why_of(row: Proposal) -> decide.Why:
    """The reason that a proposal gives."""
    return decide.Why(code=row.reason_code, text=row.reason, evidence=row.evidence)


def fit_of(project: Project, sprint: Sprint, moves: Sequence[MoveRequest], why: decide.Why) -> Fit:
    """What of these moves fits the plan as it is now, and why the rest does not; reads only, each thing once."""
    tickets = ledger.read(project, [move.ticket for move in moves if move.ticket is not None])
    targets = decide.targets_of(project, moves)
    found = decide.evidence_rows(project, why.evidence)
    return fitting(
        moves,
        lambda some: decide.refusals_of(sprint, some, why, tickets=tickets, targets=targets, found=found),
        lost=_lost(project, sprint, moves),
    )


def _lost(project: Project, sprint: Sprint, moves: Sequence[MoveRequest]) -> list[Refusal]:
    """Which moves name a story or a person that is gone, or would end the sprint before its start."""
    errors = []
    try:
        decide.check_sprint_dates(sprint, moves)
    except Invalid as invalid:
        errors += invalid.errors
    try:
        References(project, list(decide.wanted_fields(moves)))
    except Invalid as invalid:
        errors += invalid.errors
    return [Refusal(error.code, error.message, None, error.pointer) for error in errors]


def _open(w: ProjectWriting, uid: str) -> Proposal:
    """A proposal that is still open, read after the lock. Raises Hidden, or Refused when it was answered."""
    try:
        wanted = UUID(uid)
    except ValueError:
        raise Hidden(uid) from None
    row = (
        Proposal.objects.filter(sprint__project=w.project, uid=wanted)
        .select_related("sprint", "author", "answered_by", "decision")
        .first()
    )
    if row is None:
        raise Hidden(uid)
    if row.state != Proposal.State.OPEN:
        raise Refused([Refusal("answered", f"This proposal was {row.state} already.")])
    return row


def _answer(w: ProjectWriting, row: Proposal, state: str, answer: str, *, decision: Decision | None = None) -> None:
    was = shapes.proposal(row)
    row.decision, row.state, row.answer = decision, state, answer
    row.answered_by, row.answered_at = w.actor, w.now
    row.revision = w.revision
    row.save()
    w.journal.record(
        "proposal", "updated", row, parent=("sprint", row.sprint.uid), diff=shapes.diff(was, shapes.proposal(row))
    )
