"""Epics: begun from a template, and reviewed for alignment."""

from agileml.planning.actions import alignment
from agileml.planning.rules.epic_templates import TEMPLATES
from agileml.work.models import Epic
from tests.planning.machine.ground import Draw, Ground, step


class Aiming(Ground):
    """Goals are beside the plans: nothing here changes one."""

    @step(when=lambda self: not Epic.objects.filter(project=self.cast.project).exists(), often=3)
    def begin_an_epic(self, draw: Draw) -> None:
        sent = draw.one([{"title": "A goal", "components": ["data"]}], [{"title": ""}])
        actor = draw.one([self.cast.member], [self.cast.stakeholder])
        template = draw.one(["skeleton"], [*TEMPLATES, "none"])
        if self.attempt(alignment.begin_epic, template=template, sent=sent, actor=actor):
            self.count("epic begun")

    @step(when=lambda self: Epic.objects.filter(project=self.cast.project).exists(), often=2)
    def review_an_epic(self, draw: Draw) -> None:
        rows, before = self.sprints(), self.now
        begun = [row.number for row in rows if row.state != "planned"]
        sent = {
            "sprint": draw.one(begun, [*[row.number for row in rows], 9]),
            "verdict": draw.one(["keep", "adjust", "stop"], ["perhaps"]),
            "note": draw.one(["The target moved."], [""]),
        }
        actor = draw.one([self.cast.member, self.cast.lead], [self.cast.stakeholder])
        made = self.attempt(alignment.review_epic, epic=draw.one([1], [9]), sent=sent, actor=actor)
        if made:
            self.count("epic reviewed")
            assert self.look().plans == before.plans, "a review changed a plan"
