"""Re-plans that were begun elsewhere: opened as a draft, with nothing applied, and nothing dropped in silence."""

import re
from datetime import timedelta
from typing import Any

import pytest

from agileml.metrics.models import Snapshot
from agileml.planning.actions.decide import StalePlan, Why
from agileml.planning.actions.notes import write_finding
from agileml.planning.actions.progress import progress
from agileml.planning.actions.proposals import decide_changed, decline, propose
from agileml.planning.actions.suggestions import dismiss
from agileml.planning.models import Decision, Proposal, Sprint
from agileml.planning.queries import suggestions
from agileml.planning.queries.replan import EvidenceOption, Line
from agileml.planning.rules.moves import Refused, parse
from agileml.projects.doors import Forbidden, Hidden
from agileml.web.replan_begun import Ground, fill, tick
from agileml.web.replan_form import Draft, Part, choice_of
from agileml.work.models import Finding, Ticket
from tests.factories import NOW, Cast, make_cast, make_sprint, make_ticket, make_tickets, measure, replan
from tests.planning.mirror import everything
from tests.web.browsing import browser_of

PATH = "/p/TST/sprints/1/replan/"
OTHER = Sprint(number=3, state="active", plan_version=4)
PLANNED = Sprint(number=4, state="planned")
UIDS = [f"0f8fad5b-d9cb-469f-a165-7086772895{nth:02}" for nth in range(5)]


def checked(html: str) -> dict[str, list[str]]:
    """What is ticked or chosen in the form, by the fields' names."""
    found: dict[str, list[str]] = {}
    for tag in re.findall(r"<input [^>]*checked[^>]*>", html):
        name, value = (re.search(rf'{what}="([^"]*)"', tag) for what in ("name", "value"))
        assert name
        assert value
        found.setdefault(name[1], []).append(value[1])
    return found


def moved(html: str) -> dict[str, str]:
    """What is to become of each ticket that is not kept."""
    return {name: values[0] for name, values in checked(html).items() if name[:3] == "do-" and values != ["keep"]}


def page(cast: Cast, query: str, status: int = 200, user: Any = None) -> str:
    answer = browser_of(user or cast.lead).get(f"{PATH}?{query}")
    assert answer.status_code == status
    return answer.content.decode()


def hidden(html: str, name: str) -> str:
    found = re.search(rf'<input type="hidden" name="{name}" value="([^"]*)">', html)
    assert found
    return found[1]


# ── Suggestions ──


@pytest.fixture
def killed(cast: Cast) -> Cast:
    """A sprint in which 1 meets its kill criterion, 2 needs it, and 3 does not."""
    criterion = {"role": "kill", "metric": "error", "op": ">=", "value": 0.02}
    make_ticket(cast, "Edges", criteria=[criterion])
    make_ticket(cast, "Finer edges", depends_on=[1])
    make_ticket(cast, "Slant")
    make_sprint(cast, [1, 2, 3], active=True)
    measure(cast, Ticket.objects.get(number=1), [0.03, 0.05])
    return cast


def the_key(cast: Cast) -> str:
    (one,) = suggestions.of_sprint(cast.project, Sprint.objects.get(number=1))
    return one.key


def test_a_suggestion_opens_as_a_draft_that_is_filled_in_and_nothing_is_done(killed: Cast):
    html = page(killed, f"suggestion={the_key(killed)}")
    assert moved(html) == {"do-1": "skip", "do-2": "skip"}
    (box,) = checked(html)["evidence"]
    assert box.startswith("snapshot:")
    assert len(box.split()) == 2
    assert '<option value="finding_invalidates" selected>' in html
    assert "TST-1 meets its kill criterion: error is 0.04 (≥ 0.02).</textarea>" in html
    assert Sprint.objects.get().plan_version == 1


def test_the_draft_of_a_suggestion_is_decided_as_it_stands(killed: Cast):
    html = page(killed, f"suggestion={the_key(killed)}")
    form = {name: value for name, (value,) in checked(html).items()}
    form |= {"base": "1", "code": "finding_invalidates", "reason": "It is as it was.", "decide": "1"}
    assert browser_of(killed.member).post(PATH, form).status_code == 302
    assert Decision.objects.get(version=2).evidence.count() == 2
    assert suggestions.of_sprint(killed.project, Sprint.objects.get(number=1)) == []


def test_a_suggestion_that_a_finding_made_rests_on_it(killed: Cast):
    dismiss(project=killed.project, sprint=1, key=the_key(killed), actor=killed.member, now=NOW)
    measure(killed, Ticket.objects.get(number=3), [0.9], external_id="slant")
    cited = Snapshot.objects.get(ticket__number=3).uid
    sent = {"kind": "blocker", "text": "The scanner is broken.", "cites": [{"snapshot": str(cited)}]}
    finding = write_finding(project=killed.project, ticket=3, sent=sent, actor=killed.member, now=NOW)
    html = page(killed, f"suggestion=finding:{finding.uid}")
    assert moved(html) == {"do-3": "defer"}
    assert "“The scanner is broken.”" in html
    assert sorted(checked(html)["evidence"]) == [f"finding:{finding.uid}", f"snapshot:{cited}"]
    assert '<option value="blocked" selected>' in html
    assert hidden(html, "finding") == str(finding.uid)


@pytest.mark.parametrize("key", ["kill:0f8fad5b-d9cb-469f-a165-70867728950e", "x", "finding:", "\x00", "<script>"])
def test_a_suggestion_that_is_no_longer_due_opens_an_empty_draft_and_says_so(killed: Cast, key: str):
    html = page(killed, f"suggestion={key}")
    assert "What was suggested is no longer due." in html
    assert moved(html) == {}
    assert "<script>alert" not in html


# ── Proposals ──


def proposed(cast: Cast, *moves: dict[str, Any], code: str = "other", evidence: Any = (), sprint: int = 1) -> Proposal:
    return propose(
        project=cast.project,
        sprint=sprint,
        base_version=Sprint.objects.get(project=cast.project, number=sprint).plan_version,
        why=Why(code=code, text="It would not help.", evidence=list(evidence)),
        moves=list(moves),
        actor=cast.member,
        now=NOW,
    )


def test_a_proposal_opens_as_a_draft_with_all_that_it_says(cast: Cast, sprint: Sprint):
    sent = {"kind": "refutes", "text": "No."}
    finding = write_finding(project=cast.project, ticket=1, sent=sent, actor=cast.member, now=NOW)
    row = proposed(
        cast,
        {"move": "skip", "ticket": 1, "revisit_if": "there is more data"},
        {"move": "defer", "ticket": 2, "note": "Half way", "resume_cost": "high"},
        {"move": "add", "ticket": 5},
        {"move": "add", "new": {"title": "Deskew first", "type": "review"}},
        {"move": "sprint", "set": {"goal": "Less"}},
        code="finding_invalidates",
        evidence=[{"finding": str(finding.uid)}],
    )
    html = page(cast, f"proposal={row.uid}")
    assert moved(html) == {"do-1": "skip", "do-2": "defer"}
    assert checked(html)["add"] == ["5"]
    assert checked(html)["evidence"] == [f"finding:{finding.uid}"]
    for said in ("there is more data", "Half way", 'value="Deskew first"', ">Less</textarea>", "It would not help."):
        assert said in html
    assert "Member Person proposed this on plan v1." in html
    assert hidden(html, "proposal") == str(row.uid)


def test_what_no_longer_fits_is_said_and_the_rest_is_in_the_draft(cast: Cast, sprint: Sprint):
    row = proposed(cast, *({"move": "skip", "ticket": number} for number in (1, 2, 3)))
    replan(cast, sprint, {"move": "skip", "ticket": 2}, reason="Meanwhile.")
    progress(project=cast.project, number=3, to="done", outcome="shipped", actor=cast.lead, now=NOW)
    html = page(cast, f"proposal={row.uid}")
    assert moved(html) == {"do-1": "skip"}
    assert "TST-2 is skipped by now; it was to be skipped." in html
    assert "TST-3 is no longer left in the sprint; it was to be skipped." in html
    assert "Decided since then:" in html
    assert "Meanwhile." in html


def test_to_decide_the_changed_draft_answers_the_proposal(cast: Cast, sprint: Sprint):
    row = proposed(cast, {"move": "skip", "ticket": 1})
    form = {"base": "1", "code": "other", "reason": "Only half.", "do-2": "skip", "proposal": row.uid, "decide": "1"}
    assert browser_of(cast.lead).post(PATH, form).status_code == 302
    row.refresh_from_db()
    decision = Decision.objects.get(version=2)
    assert (row.state, row.decision, row.answered_by) == ("decided", decision, cast.lead)
    assert [move.ticket.number for move in decision.moves.all() if move.ticket] == [2]


def test_a_proposal_that_was_answered_meanwhile_is_said_and_the_draft_goes_on_without_it(cast: Cast, sprint: Sprint):
    row = proposed(cast, {"move": "skip", "ticket": 1})
    decline(project=cast.project, proposal=str(row.uid), answer="Not now.", actor=cast.lead, now=NOW)
    form = {"base": "1", "code": "other", "reason": "Half.", "do-2": "skip", "proposal": row.uid, "decide": "1"}
    answer = browser_of(cast.lead).post(PATH, form)
    html = answer.content.decode()
    assert answer.status_code == 422
    assert "This proposal was declined already." in html
    assert moved(html) == {"do-2": "skip"}
    assert hidden(html, "proposal") == ""
    assert not Decision.objects.filter(version=2).exists()
    assert browser_of(cast.lead).post(PATH, form | {"proposal": ""}).status_code == 302


def test_a_proposal_that_was_answered_already_opens_as_a_draft_of_its_own(cast: Cast, sprint: Sprint):
    row = proposed(cast, {"move": "skip", "ticket": 1})
    decline(project=cast.project, proposal=str(row.uid), answer="Not now.", actor=cast.lead, now=NOW)
    html = page(cast, f"proposal={row.uid}")
    assert "It was declined; this is a draft of its own." in html
    assert moved(html) == {"do-1": "skip"}
    assert hidden(html, "proposal") == ""


def test_only_a_proposal_of_this_sprint_opens_here(cast: Cast, sprint: Sprint):
    other = make_cast("OTH")
    make_tickets(other, 1)
    make_sprint(other, [1], active=True)
    elsewhere = proposed(other, {"move": "skip", "ticket": 1})
    make_ticket(cast)
    make_sprint(cast, [6], active=True)
    next_door = proposed(cast, {"move": "skip", "ticket": 6}, sprint=2)
    for uid in (elsewhere.uid, next_door.uid, "0f8fad5b-d9cb-469f-a165-70867728950e", "no-uid"):
        page(cast, f"proposal={uid}", status=404)
    with pytest.raises(Hidden):
        changed(cast, next_door)
    with pytest.raises(Hidden):
        changed(cast, elsewhere)


def changed(cast: Cast, row: Proposal, *, actor: Any = None, base: int = 1) -> Decision:
    return decide_changed(
        project=cast.project,
        sprint=1,
        proposal=str(row.uid),
        base_version=base,
        why=Why(code="other", text="Half."),
        moves=parse([{"move": "skip", "ticket": 2}]),
        actor=actor or cast.lead,
        now=NOW,
    )


def test_a_changed_proposal_is_decided_whole_or_not_at_all(cast: Cast, sprint: Sprint):
    row = proposed(cast, {"move": "skip", "ticket": 1})
    replan(cast, sprint, {"move": "skip", "ticket": 2})
    rows = everything()
    with pytest.raises(StalePlan):
        changed(cast, row)
    with pytest.raises(Refused):
        changed(cast, row, base=2)  # 2 is skipped already
    assert everything() == rows


def test_where_only_leads_decide_a_member_opens_the_draft_and_cannot_decide_it(db: None):
    cast = make_cast(replanners="leads")
    make_tickets(cast, 2)
    make_sprint(cast, [1, 2], active=True)
    row = proposed(cast, {"move": "skip", "ticket": 1})
    assert moved(page(cast, f"proposal={row.uid}", user=cast.member)) == {"do-1": "skip"}
    with pytest.raises(Forbidden):
        changed(cast, row, actor=cast.member)


def test_the_proposals_page_leads_to_its_draft(cast: Cast, sprint: Sprint):
    row = proposed(cast, {"move": "skip", "ticket": 1})
    address = f"/p/TST/proposals/{row.uid}/"
    link = f'href="{PATH}?proposal={row.uid}">Open as a draft</a>'
    assert link in browser_of(cast.lead).get(address).content.decode()
    assert link not in browser_of(cast.stakeholder).get(address).content.decode()


def test_evidence_that_was_ticked_stays_on_the_page_whatever_is_newer(cast: Cast, sprint: Sprint):
    sent = {"kind": "refutes", "text": "The first of many"}
    first = write_finding(project=cast.project, ticket=5, sent=sent, actor=cast.member, now=NOW - timedelta(days=1))
    assert "The first of many" not in page(cast, "")  # it is of a ticket in the backlog
    form = {"base": "1", "evidence": f"finding:{first.uid}", "preview": "1"}
    html = browser_of(cast.lead).post(PATH, form).content.decode()
    assert checked(html)["evidence"] == [f"finding:{first.uid}"]


# ── What a draft can hold ──


def ground(*tickets: Ticket, stories: dict[int, str] | None = None) -> Ground:
    lines = [Line(ticket, needs=[], criterion=None) for ticket in tickets]
    return Ground("TST", lines, targets=[OTHER, PLANNED], stories=stories or {})


def filled(on: Ground, *moves: dict[str, Any]) -> Draft:
    draft = Draft(base=1, choices={line.ticket.number: choice_of(line.ticket) for line in on.lines}, new=[Part()])
    fill(draft, parse(list(moves)), on)
    return draft


def ticket(number: int = 1, status: str = "todo") -> Ticket:
    return Ticket(number=number, status=status, type="review")


@pytest.mark.parametrize(
    ("to", "chosen", "lost"),
    [(3, "3@4", 0), (4, "4", 0), (None, "", 0), (9, "", 1)],
    ids=["a running sprint", "a planned one", "the backlog", "one that has closed"],
)
def test_where_something_is_deferred_to_is_named_as_the_form_does(to: int | None, chosen: str, lost: int):
    on = ground(ticket())
    draft = filled(on, {"move": "defer", "ticket": 1, "to": to, "note": "So far", "resume_cost": "medium"})
    assert (draft.choices[1].to, draft.choices[1].note, draft.choices[1].cost) == (chosen, "So far", "medium")
    assert len(on.lost) == lost


def test_a_change_is_filled_in_as_far_as_the_form_can():
    on = ground(ticket(), ticket(2), stories={2: "Slant"})
    criteria = [{"metric": "error", "op": "<=", "value": 1}]
    fields = {"type": "deployment", "story": 2, "estimate": 2.5}
    draft = filled(
        on,
        {"move": "change", "ticket": 1, "set": fields | {"criteria": criteria}},
        {"move": "change", "ticket": 2, "set": {"criteria": criteria}},
    )
    one = draft.choices[1]
    assert (one.what, one.type, one.story, one.estimate) == ("change", "deployment", "2", "2.5")
    assert draft.choices[2].what == "keep"
    assert on.lost == [f"TST-{n} was to get other criteria too; here that cannot be set." for n in (1, 2)]


def test_a_split_and_new_tickets_keep_title_type_and_story():
    on = ground(ticket(), stories={2: "Slant"})
    draft = filled(
        on,
        {"move": "split", "ticket": 1, "into": [{"title": "Half", "type": "review", "story": 2}]},
        {"move": "add", "new": {"title": "New", "type": "review", "component": "data", "story": 7}},
    )
    assert draft.choices[1].parts == [Part("Half", "review", "2")]
    assert draft.new == [Part("New", "review"), Part()]
    assert on.lost == [
        "“New” was to have component too; here that cannot be set.",
        "The story of “New” is gone.",
    ]


def test_a_restore_needs_what_is_skipped_and_taking_out_is_said():
    on = ground(ticket(1, "skipped"), ticket(2), ticket(3))
    draft = filled(on, *({"move": "restore", "ticket": number} for number in (1, 2)), {"move": "remove", "ticket": 3})
    assert [draft.choices[number].what for number in (1, 2, 3)] == ["restore", "keep", "keep"]
    assert on.lost == [
        "TST-2 is not skipped any more; it was to be restored.",
        "TST-3 was to be taken out for good; here it can be deferred to the backlog.",
    ]


def test_evidence_ticks_the_boxes_that_it_fills_and_brings_its_own_for_the_rest():
    whole = EvidenceOption(at=NOW, ticket=1, snapshots=UIDS[:2])
    too_much = EvidenceOption(at=NOW, ticket=1, snapshots=UIDS[2:4])
    own = EvidenceOption(at=NOW, ticket=1, snapshots=UIDS[2:3])
    finding = EvidenceOption(at=NOW, ticket=1, finding=Finding(uid=UIDS[4]))
    evidence = [{"snapshot": uid.upper()} for uid in UIDS[:3]] + [{"finding": UIDS[4]}]
    assert tick(evidence, [whole, too_much, finding], [own]) == [whole.key, finding.key, own.key]
    assert tick([], [whole, finding], []) == []
