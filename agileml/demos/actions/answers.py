"""What those who saw a demo say of it: participants, and guests who came by a link and gave a name."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar
from uuid import UUID

from agileml.accounts.models import User
from agileml.demos import shapes
from agileml.demos.actions import rows
from agileml.demos.models import Demo, DemoItem, Edition, Feedback, GoalAnswer, ShareLink
from agileml.demos.queries import shown
from agileml.lib import fields
from agileml.lib.fields import FieldError, Invalid
from agileml.metrics.rules.refusing import CannotBe
from agileml.projects.doors import ProjectWriting, writing, writing_as_job
from agileml.projects.models import Project
from agileml.projects.rules import Need
from agileml.work.models import Epic

FEEDBACK_FIELDS: dict[str, fields.Check] = {
    "item": fields.maybe(fields.uid),
    "kind": fields.one_of(*Feedback.Kind.values),
    "text": fields.text(2_000),
    "key": fields.text(64),
}
GOAL_FIELDS: dict[str, fields.Check] = {
    "epic": fields.reference,
    "verdict": fields.one_of(*GoalAnswer.Verdict.values),
    "note": fields.text(2_000),
    "key": fields.text(64),
}
GUEST_FIELDS: dict[str, fields.Check] = {"name": fields.text(60, least=1)}
ANSWER_FIELDS: dict[str, fields.Check] = {"text": fields.text(2_000)}
# Of one demo, by those of one link, or by all participants: a link that got about must not fill the disk, nor leave
# everybody else without a word.
MOST_SAID = 10_000

Kept = TypeVar("Kept", Feedback, GoalAnswer)


@dataclass(frozen=True)
class Speaker:
    """Who says something of an edition: a participant, or a guest with the link that she came by."""

    edition: Edition
    demo: Demo
    user: User | None = None
    link: ShareLink | None = None
    guest_name: str = ""


def give_feedback(
    *, project: Project, demo: int, sent: Mapping[str, Any], actor: User, now: datetime, origin: str = ""
) -> Feedback:
    """Say something of a published demo, as a participant of any role.

    `sent` holds kind, item (the uid of one that the newest edition shows; none is the whole), text (a comment needs
    it) and key: what is sent again with the same key is kept once. Raises Invalid, Hidden, CannotBe `not_published`.
    """
    values = _feedback(sent)
    with writing(project, actor=actor, now=now, need=Need.COMMENT, origin=origin) as w:
        return _say(w, _participant(w, demo), values)


def guest_feedback(*, token: str, name: Any, sent: Mapping[str, Any], now: datetime) -> Feedback:
    """The same as a guest, by a name that she gives (1 to 60 characters). Raises Hidden where the link ended."""
    values, guest = _feedback(sent), _guest_name(name)
    with _as_guest(token, guest, now) as (w, speaker):
        return _say(w, speaker, values)


def answer_goal(
    *, project: Project, demo: int, sent: Mapping[str, Any], actor: User, now: datetime, origin: str = ""
) -> GoalAnswer:
    """Say whether an epic is still the right goal, as a participant; of what one person says the newest holds.

    `sent` holds epic (the number of one that the newest edition asks about), verdict, note, and key as above. Raises
    Invalid, Hidden, CannotBe `not_published`.
    """
    values = fields.clean(sent, fields=GOAL_FIELDS, required=("epic", "verdict"))
    with writing(project, actor=actor, now=now, need=Need.COMMENT, origin=origin) as w:
        return _judge(w, _participant(w, demo), values)


def guest_answer_goal(*, token: str, name: Any, sent: Mapping[str, Any], now: datetime) -> GoalAnswer:
    """The same as a guest, by a name that she gives. Raises Hidden where the link ended."""
    values, guest = fields.clean(sent, fields=GOAL_FIELDS, required=("epic", "verdict")), _guest_name(name)
    with _as_guest(token, guest, now) as (w, speaker):
        return _judge(w, speaker, values)


def answer_feedback(
    *, project: Project, demo: int, feedback: UUID, text: Any, actor: User, now: datetime, origin: str = ""
) -> Feedback:
    """Answer what was said, or say the answer anew; no text takes it back. Raises Invalid, Hidden.

    What is answered is shown to everybody who opens a link to the demo, with the answer; what is not is not.
    """
    said = fields.clean({"text": text}, fields=ANSWER_FIELDS)["text"]
    with writing(project, actor=actor, now=now, need=Need.WORK, origin=origin) as w:
        of = rows.demo_row(w, demo)
        row = rows.feedback_row(w, of, feedback)
        if row.answer == said:
            return row
        by, at = (actor, w.now) if said else (None, None)
        values = {"answer": said, "answered_by": by, "answered_at": at}
        return store_feedback(w, of, row, values)


def store_feedback(w: ProjectWriting, demo: Demo, row: Feedback, values: Mapping[str, Any]) -> Feedback:
    """Set columns of what was said and record them, inside a write."""
    was = shapes.feedback(row, demo=demo.number)
    for name, value in values.items():
        setattr(row, name, value)
    row.revision = w.revision
    row.save(update_fields=[*values, "revision"])
    now = shapes.feedback(row, demo=demo.number)
    diff = {name: [was[name], now[name]] for name in now if name != "revision" and was[name] != now[name]}
    w.journal.record("feedback", "updated", row, parent=("demo", demo.uid), diff=diff)
    return row


def _feedback(sent: Mapping[str, Any]) -> dict[str, Any]:
    values = fields.clean(sent, fields=FEEDBACK_FIELDS, required=("kind",))
    if values["kind"] == Feedback.Kind.COMMENT and not values.get("text"):
        raise Invalid([FieldError("/text", "required", "Say what you think.")])
    return values


def _guest_name(name: Any) -> str:
    given: str = fields.clean({"name": name}, fields=GUEST_FIELDS)["name"]
    return " ".join(given.split())


def _participant(w: ProjectWriting, demo: int) -> Speaker:
    row = rows.demo_row(w, demo)
    if row.state != Demo.State.PUBLISHED:
        raise CannotBe("not_published", "This demo is not published yet.")
    return Speaker(shown.edition(w.project, demo), row, user=w.actor)


@contextmanager
def _as_guest(token: str, name: str, now: datetime) -> Iterator[tuple[ProjectWriting, Speaker]]:
    """A write of whoever has a link, which must still work under the lock. Raises Hidden."""
    link = shown.working_link(token, now=now)
    with writing_as_job(link.project, now=now, origin=f"share link {link.uid}") as w:
        link = shown.working_link(token, now=w.now)
        edition = shown.of_link(link)
        yield w, Speaker(edition, edition.demo, link=link, guest_name=name)


def _say(w: ProjectWriting, speaker: Speaker, values: Mapping[str, Any]) -> Feedback:
    values = dict(values)
    named = values.pop("item", None)
    there = _kept(Feedback, speaker, values, {"item__uid": named})
    if there is not None:
        return there
    item = None
    if named is not None:
        visible = {one["uid"] for section in speaker.edition.body["sections"] for one in section["items"]}
        item = DemoItem.objects.filter(demo=speaker.demo, uid=named).first() if named in visible else None
        if item is None:
            raise Invalid([FieldError("/item", "unknown", "This demo does not show such an item.")])
    row = Feedback(item=item, **_by(w, speaker), **values)
    return _keep(w, "feedback", row, speaker.demo, shapes.feedback)


def _judge(w: ProjectWriting, speaker: Speaker, values: Mapping[str, Any]) -> GoalAnswer:
    values = dict(values)
    number = values.pop("epic")
    there = _kept(GoalAnswer, speaker, values, {"epic__number": number})
    if there is not None:
        return there
    asked = {goal["epic"] for goal in speaker.edition.body["goals"]}
    epic = Epic.objects.filter(project=w.project, number=number).first() if number in asked else None
    if epic is None:
        raise Invalid([FieldError("/epic", "unknown", "This demo does not ask about such a goal.")])
    row = GoalAnswer(epic=epic, **_by(w, speaker), **values)
    return _keep(w, "goal_answer", row, speaker.demo, shapes.goal_answer)


def _kept(model: type[Kept], speaker: Speaker, values: Mapping[str, Any], about: Mapping[str, Any]) -> Kept | None:
    """What was kept under this key already. Raises Invalid where that is something else."""
    if not values.get("key"):
        return None
    row = model._default_manager.filter(demo=speaker.demo, key=values["key"]).first()
    if row is None:
        return None
    same = model._default_manager.filter(
        pk=row.pk, user=speaker.user, link=speaker.link, guest_name=speaker.guest_name, **about, **values
    )
    if not same.exists():
        raise Invalid([FieldError("/key", "taken", "Something else was sent with this key.")])
    return row


def _by(w: ProjectWriting, speaker: Speaker) -> dict[str, Any]:
    return {
        "demo": speaker.demo,
        "edition": speaker.edition.number,
        "user": speaker.user,
        "link": speaker.link,
        "guest_name": speaker.guest_name,
        "at": w.now,
    }


def _keep(w: ProjectWriting, kind: str, row: Kept, demo: Demo, shape: Callable[..., dict[str, Any]]) -> Kept:
    if type(row)._default_manager.filter(demo=demo, link=row.link).count() >= MOST_SAID:
        raise CannotBe("too_much_said", "So much was said of this demo that no more can be taken.")
    row.revision = w.revision
    row.save(force_insert=True)
    w.journal.record(kind, "created", row, parent=("demo", demo.uid), resource=shape(row, demo=demo.number))
    return row
