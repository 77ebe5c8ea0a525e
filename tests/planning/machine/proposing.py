"""Proposals: made, decided whole or in part, on the same plan or a later one, declined, withdrawn, by whoever."""

from agileml.planning.actions import decide, proposals
from agileml.planning.actions.suggestions import dismiss
from agileml.planning.models import Decision, Proposal
from agileml.planning.rules.moves import parse
from agileml.projects.actions import edit_project
from agileml.projects.models import Project
from agileml.work.models import Finding
from tests.planning.machine.deciding import GOOD_REASON, Deciding
from tests.planning.machine.ground import Draw, Now, step


class Proposing(Deciding):
    """What is proposed changes no plan until it is decided, and is answered once."""

    def proposed(self, **which: object) -> list[Proposal]:
        """The project's proposals, the newest first."""
        rows = Proposal.objects.filter(sprint__project=self.cast.project, **which)
        return list(rows.select_related("sprint", "author").order_by("-pk"))

    @step(often=4)
    def propose(self, draw: Draw) -> None:
        before = self.now
        made = self.propose_something(draw, before)
        if made:
            after = self.look()
            assert (after.tickets, after.plans) == (before.tickets, before.plans), "a proposal changed a plan"

    @step()
    def propose_and_decide_at_once(self, draw: Draw) -> None:
        """What could be proposed can be decided, as long as nothing has happened since."""
        before = self.now
        made = self.propose_something(draw, before)
        if made:
            decided = self.decide_proposal(made, draw, before, actor=self.cast.lead, partial=bool(draw.number(1)))
            assert decided, "nothing had happened since, yet it could not be decided"
            assert not Proposal.objects.filter(pk=made.pk, state="open").exists()

    def propose_something(self, draw: Draw, now: Now) -> Proposal | None:
        rows = self.sprints()
        here = draw.one([s for s in rows if s.state == "active"], rows)
        actor = draw.one([self.cast.member, self.cast.lead], [self.cast.stakeholder, self.cast.outsider])
        asked = self.a_plan(draw, here, now)
        made: Proposal | None = self.attempt(proposals.propose, sprint=here.number, actor=actor, **asked)
        if made:
            self.count("proposed")
        return made

    def decide_proposal(self, row: Proposal, draw: Draw, before: Now, *, actor: object, partial: bool) -> object:
        later = row.sprint.plan_version > row.base_version
        made = self.attempt(
            proposals.decide_proposal, proposal=str(row.uid), partial=partial, actor=actor or self.cast.lead
        )
        if not made:
            return None
        self.count("proposal decided")
        if later:
            self.count("proposal decided on a later plan")
        self.assert_alone(made, before)
        named = {move["ticket"] for move in row.moves if "ticket" in move}
        decided = set(made.moves.values_list("ticket__number", flat=True)) - {None}
        assert {number for number in decided if number in before.tickets} <= named, "what nobody proposed was decided"
        if partial and decided & named < named:
            self.count("proposal decided in part")
        elif not partial:
            assert named <= decided, "a part of the proposal was lost"
        assert (made.reason, made.reason_code) == (row.reason, row.reason_code)
        return made

    @step(when=lambda self: bool(self.proposed()))
    def decide_what_was_proposed(self, draw: Draw) -> None:
        before = self.now
        row = draw.one(self.proposed(state="open")[:3], self.proposed())
        actor = draw.one([self.decider], [self.cast.member, self.cast.stakeholder, self.cast.outsider])
        self.decide_proposal(row, draw, before, actor=actor, partial=bool(draw.number(2)))

    @step(when=lambda self: bool(self.proposed(state="open")), often=2)
    def overtake_a_proposal_and_decide_what_still_fits(self, draw: Draw) -> None:
        row = draw.pick(self.proposed(state="open"))
        before = self.now
        named = [move["ticket"] for move in row.moves if "ticket" in move and move["ticket"] in before.tickets]
        here = [number for number in named if before.tickets[number]["sprint"] == row.sprint.number]
        if here:
            move = {"move": draw.pick(["remove", "skip"]), "ticket": draw.pick(here)}
            self.attempt(
                decide.decide, sprint=row.sprint.number, base_version=None, why=GOOD_REASON, moves=parse([move]),
                actor=self.cast.lead,
            )  # fmt: skip
            row.refresh_from_db()
            before = self.look()
        self.decide_proposal(row, draw, before, actor=self.cast.lead, partial=True)

    @step(when=lambda self: bool(self.proposed(state="open")))
    def decide_otherwise_what_was_proposed(self, draw: Draw) -> None:
        """The proposal is the beginning of a draft; what was decided is its answer."""
        before = self.now
        row = draw.one(self.proposed(state="open"), self.proposed())
        asked = self.a_plan(draw, row.sprint, before)
        actor = draw.one([self.decider], [self.cast.member, self.cast.stakeholder])
        made = self.attempt(
            lambda **common: proposals.decide_changed(
                **{**asked, "moves": parse(asked["moves"])}, proposal=str(row.uid), sprint=row.sprint.number, **common
            ),
            actor=actor,
        )
        if made:
            self.count("proposal decided otherwise")
            self.assert_alone(made, before)

    @step(when=lambda self: Finding.objects.filter(ticket__project=self.cast.project).exists())
    def put_a_suggestion_aside(self, draw: Draw) -> None:
        findings = Finding.objects.filter(ticket__project=self.cast.project).order_by("pk")
        keys = [f"finding:{row.uid}" for row in findings]
        here, before = draw.one(self.active(), self.sprints()), self.now
        actor = draw.one([self.cast.member], [self.cast.stakeholder])
        if self.attempt(dismiss, sprint=here.number, key=draw.one(keys, ["finding:none"]), actor=actor):
            self.count("suggestion put aside")
            assert self.look().plans == before.plans, "putting aside changed a plan"

    @step(when=lambda self: bool(self.proposed()), often=2)
    def answer_a_proposal(self, draw: Draw) -> None:
        before = self.now
        row = draw.one(self.proposed(state="open"), self.proposed())
        if draw.number(1):
            actor = draw.one([self.decider], [self.cast.member, self.cast.outsider])
            answer = draw.one(["The seeds are not in yet."], ["", " ", "no\0text"])
            done = self.attempt(proposals.decline, proposal=str(row.uid), answer=answer, actor=actor)
            told = "proposal declined"
        else:
            actor = draw.one([row.author], [self.cast.member, self.cast.lead, self.cast.stakeholder])
            done = self.attempt(proposals.withdraw, proposal=str(row.uid), actor=actor)
            told = "proposal withdrawn"
            assert not done or actor == row.author, "somebody withdrew another's proposal"
        if done:
            self.count(told)
            after = self.look()
            assert (after.tickets, after.plans) == (before.tickets, before.plans), "an answer changed a plan"

    @step()
    def change_who_decides(self, draw: Draw) -> None:
        row = Project.objects.get(pk=self.cast.project.pk)
        sent = {"replanners": draw.pick(["team", "team", "leads"])}
        actor = draw.one([self.cast.lead], [self.cast.member])
        made = self.attempt(edit_project, sent=sent, expected_version=row.version, actor=actor)
        if made and made.version > row.version:
            self.count("who decides changed")

    def check_proposals(self) -> None:
        """A proposal has a decision, of a re-plan, once it is decided, and an answer once it is answered."""
        for row in self.proposed():
            assert (row.decision_id is not None) == (row.state == "decided")
            assert (row.answered_at is not None) == (row.answered_by_id is not None) == (row.state != "open")
        decided = Decision.objects.filter(project=self.cast.project, proposal__isnull=False)
        assert {kind for (kind,) in decided.values_list("kind")} <= {"replan"}
