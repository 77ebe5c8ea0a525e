"""What would follow from a decision: shown while it is being made, before anything is written."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from agileml.planning.rules.moves import MoveRequest
from agileml.planning.rules.replay import PLAN_FIELDS, Plan

OK, NOTE, WARNING = "ok", "note", "warning"
LEAVES = {"skip": "skipped", "defer": "deferred", "remove": "taken out"}
OPEN = ("todo", "in_progress", "in_review")


@dataclass(frozen=True)
class PlanLine:
    """A ticket as consequences depend on it: of the sprint, or named by a move. `needs` are ticket numbers,
    `metrics` the keys of those that its criteria test, `estimate` is in days where the project boxes time.
    """

    number: int
    key: str
    status: str
    in_sprint: bool
    story: int | None = None
    component: str = ""
    needs: tuple[int, ...] = ()
    type: str = ""
    estimate: float | None = None
    assignee: str = ""
    metrics: tuple[str, ...] = ()


@dataclass(frozen=True)
class EpicFacts:
    """An epic as far as coverage depends on it: `components` are the parts of the system that it must touch."""

    number: int
    title: str
    components: tuple[str, ...]


@dataclass(frozen=True)
class Ground:
    """What else consequences depend on: the titles of stories by number, the epic that aims at a metric by its key,
    how many tickets one person may have under way, and the working days left where estimates are time-boxes.
    """

    stories: Mapping[int, str] = field(default_factory=dict)
    targets: Mapping[str, str] = field(default_factory=dict)
    person_limit: int | None = None
    days_left: int | None = None


@dataclass(frozen=True)
class Consequence:
    """One thing that follows; `level` is "ok", "note" or "warning", `ticket` the number it is about, if any."""

    code: str
    level: str
    ticket: int | None
    message: str


def consequences(
    moves: Sequence[MoveRequest],
    *,
    tickets: Sequence[PlanLine],
    epics: Mapping[int, EpicFacts] | None = None,
    wip_limit: int | None = None,
    ground: Ground | None = None,
) -> list[Consequence]:
    """Everything that follows from these moves, warnings first.

    `tickets` are those of the sprint and those that the moves name; `epics` gives the epic of each story, by the
    story's number; `wip_limit` is how many tickets the project wants in progress at most, `ground` what the
    rarer consequences need.
    """
    ground = ground or Ground()
    lines = {line.number: line for line in tickets}
    leaving = {
        move.ticket: LEAVES[move.move]
        for move in moves
        if move.ticket in lines and move.ticket is not None and move.move in LEAVES
    }
    added = {move.ticket for move in moves if move.move == "add" and move.ticket is not None}
    stories = {move.ticket: move.set["story"] for move in moves if move.move == "change" and "story" in move.set}
    stays = [
        replace(line, story=stories.get(line.number, line.story))
        for line in tickets
        if (line.in_sprint or line.number in added) and line.number not in leaving
    ]
    found = list(_dependants(lines, leaving, stays))
    found += _relieved(lines, moves, stays)
    found += _same_story(lines, leaving, moves, stays, {consequence.ticket for consequence in found})
    found += _uncovered(tickets, stays, moves, epics or {})
    found += _in_progress(tickets, stays, wip_limit)
    found += _for_each_person(tickets, stays, ground.person_limit)
    found += _nothing_left(moves, leaving, stays)
    found += _emptied(tickets, stays, moves, epics or {}, ground.stories)
    found += _untested(tickets, stays, moves, ground.targets)
    found += _undeployed(leaving, lines, stays, moves)
    found += _time(tickets, stays, moves, ground.days_left)
    return sorted(found, key=lambda consequence: (WARNING, NOTE, OK).index(consequence.level))


def would(plan: Plan, moves: Iterable[MoveRequest], *, fields: Mapping[int, Mapping[str, object]]) -> Plan:
    """The plan as it would be after these moves, tickets that do not exist yet left out.

    `fields` holds the plan fields of the tickets that the moves name, by number.
    """
    sprint, tickets = dict(plan.sprint), dict(plan.tickets)
    for move in moves:
        if move.move == "sprint":
            sprint.update(move.set)
        elif move.ticket is None or move.move == "split":
            continue
        elif move.move == "add":
            line = {name: fields[move.ticket][name] for name in PLAN_FIELDS}
            tickets[move.ticket] = line | {"added_in": plan.version + 1}
        elif move.move in {"remove", "defer"}:
            tickets.pop(move.ticket, None)
        elif move.ticket in tickets:
            changed = move.set if move.move == "change" else {"skipped": move.move == "skip"}
            tickets[move.ticket] = {**tickets[move.ticket], **changed}
    return Plan(version=plan.version + 1, sprint=sprint, tickets=tickets)


def _dependants(
    lines: Mapping[int, PlanLine], leaving: Mapping[int, str], stays: Sequence[PlanLine]
) -> Iterable[Consequence]:
    for line in stays:
        lost = [number for number in line.needs if number in leaving]
        if line.status not in OPEN or not lost:
            continue
        what = ", and ".join(f"{lines[number].key}, which would be {leaving[number]}" for number in lost)
        yield Consequence("dependant", WARNING, line.number, f"{line.key} needs {what}.")


def _relieved(
    lines: Mapping[int, PlanLine], moves: Sequence[MoveRequest], stays: Sequence[PlanLine]
) -> Iterable[Consequence]:
    restored = {move.ticket for move in moves if move.move == "restore"}
    for line in stays:
        skipped = {number for number in line.needs if number in lines and lines[number].status == "skipped"}
        if line.status in OPEN and skipped and skipped <= restored:
            yield Consequence("relieved", OK, line.number, f"{line.key} no longer waits for a skipped ticket.")


def _same_story(
    lines: Mapping[int, PlanLine],
    leaving: Mapping[int, str],
    moves: Sequence[MoveRequest],
    stays: Sequence[PlanLine],
    said: set[int | None],
) -> Iterable[Consequence]:
    stories: dict[int, list[str]] = {}
    for number in leaving:
        story = lines[number].story
        if story is not None:
            stories.setdefault(story, []).append(lines[number].key)
    named = {move.ticket for move in moves}
    for line in stays:
        if line.story in stories and line.status in OPEN and line.number not in named | said:
            yield Consequence(
                "perhaps_affected",
                NOTE,
                line.number,
                f"{line.key} is perhaps affected: same story as {' and '.join(stories[line.story])}.",
            )


def _uncovered(
    tickets: Sequence[PlanLine],
    stays: Sequence[PlanLine],
    moves: Sequence[MoveRequest],
    epics: Mapping[int, EpicFacts],
) -> Iterable[Consequence]:
    def covered(parts: Iterable[tuple[int | None, str]]) -> set[tuple[int, str]]:
        return {
            (epics[story].number, component)
            for story, component in parts
            if story is not None and story in epics and component in epics[story].components
        }

    restored = {move.ticket for move in moves if move.move == "restore"}
    story_of = {line.number: line.story for line in tickets}
    component_of = {line.number: line.component for line in tickets}
    fresh = [(move.new.get("story"), str(move.new.get("component", ""))) for move in moves if move.new is not None]
    fresh += [
        (
            part.get("story", story_of.get(move.ticket or 0)),
            str(part.get("component", component_of.get(move.ticket or 0, ""))),
        )
        for move in moves
        for part in move.into
    ]
    before = covered((line.story, line.component) for line in tickets if line.in_sprint and line.status != "skipped")
    after = covered(
        [(line.story, line.component) for line in stays if line.status != "skipped" or line.number in restored] + fresh
    )
    titles = {epic.number: epic.title for epic in epics.values()}
    for number, component in sorted(before - after):
        yield Consequence(
            "uncovered", WARNING, None, f"{titles[number]}: nothing left in this sprint touches {component}."
        )


def _in_progress(tickets: Sequence[PlanLine], stays: Sequence[PlanLine], limit: int | None) -> Iterable[Consequence]:
    before = sum(line.in_sprint and line.status == "in_progress" for line in tickets)
    after = sum(line.status == "in_progress" for line in stays)
    if before == after:
        return
    over = limit is not None and after > limit
    of = f" of {limit}" if limit is not None else ""
    verb = "falls" if after < before else "rises"
    yield Consequence("in_progress", WARNING if over else OK, None, f"In progress {verb} to {after}{of}.")


def _nothing_left(
    moves: Sequence[MoveRequest], leaving: Mapping[int, str], stays: Sequence[PlanLine]
) -> Iterable[Consequence]:
    coming = any(move.new is not None or move.into or move.move == "restore" for move in moves)
    if leaving and not coming and not any(line.status in OPEN for line in stays):
        yield Consequence("nothing_left", WARNING, None, "Nothing would be left to do in this sprint.")


def _for_each_person(
    tickets: Sequence[PlanLine], stays: Sequence[PlanLine], limit: int | None
) -> Iterable[Consequence]:
    if limit is None:
        return
    under_way = ("in_progress", "in_review")
    before = Counter(line.assignee for line in tickets if line.in_sprint and line.status in under_way)
    after = Counter(line.assignee for line in stays if line.status in under_way)
    for name, count in sorted(after.items()):
        if name and count > limit and count > before[name]:
            message = f"{name} would have {count} tickets under way, {limit} at most are wanted."
            yield Consequence("person_limit", WARNING, None, message)


def _coming(
    moves: Sequence[MoveRequest], story_of: Mapping[int, int | None]
) -> Iterable[tuple[int | None, Mapping[str, Any]]]:
    """The tickets that these moves would make, each with its story: a part has its ticket's unless it names one."""
    for move in moves:
        if move.new is not None:
            yield move.new.get("story"), move.new
        for part in move.into:
            yield part.get("story", story_of.get(move.ticket or 0)), part


def _emptied(
    tickets: Sequence[PlanLine],
    stays: Sequence[PlanLine],
    moves: Sequence[MoveRequest],
    epics: Mapping[int, EpicFacts],
    stories: Mapping[int, str],
) -> Iterable[Consequence]:
    restored = {move.ticket for move in moves if move.move == "restore"}
    before = {line.story for line in tickets if line.in_sprint and line.status in OPEN}
    after = {line.story for line in stays if line.status in OPEN or line.number in restored}
    after |= {story for story, _ in _coming(moves, {line.number: line.story for line in tickets})}
    emptied = sorted(story for story in before - after if story is not None and story in stories)
    alive = {epics[story].number for story in after if story is not None and story in epics}
    said: set[int] = set()
    for story in emptied:
        epic = epics.get(story)
        if epic is None or epic.number in alive:
            yield Consequence("story_emptied", NOTE, None, f"{stories[story]}: nothing left to do in this sprint.")
        elif epic.number not in said:
            said.add(epic.number)
            yield Consequence("epic_emptied", NOTE, None, f"{epic.title}: nothing left to do for it in this sprint.")


def _untested(
    tickets: Sequence[PlanLine],
    stays: Sequence[PlanLine],
    moves: Sequence[MoveRequest],
    targets: Mapping[str, str],
) -> Iterable[Consequence]:
    changed = {move.ticket: move.set["criteria"] for move in moves if "criteria" in move.set}
    restored = {move.ticket for move in moves if move.move == "restore"}
    before = {metric for line in tickets if line.in_sprint and line.status != "skipped" for metric in line.metrics}
    after: set[str] = set()
    for line in stays:
        if line.number in changed:
            after |= {str(criterion["metric"]) for criterion in changed[line.number] or ()}
        elif line.status != "skipped" or line.number in restored:
            after |= set(line.metrics)
    for _, fresh in _coming(moves, {}):
        after |= {str(criterion["metric"]) for criterion in fresh.get("criteria") or ()}
    for metric in sorted(before - after):
        aim = f", which {targets[metric]} aims at" if metric in targets else ""
        level = WARNING if metric in targets else NOTE
        yield Consequence("untested", level, None, f"No ticket left in this sprint tests {metric}{aim}.")


def _undeployed(
    leaving: Mapping[int, str],
    lines: Mapping[int, PlanLine],
    stays: Sequence[PlanLine],
    moves: Sequence[MoveRequest],
) -> Iterable[Consequence]:
    lost = [lines[number].key for number in leaving if lines[number].type == "deployment" and lines[number].in_sprint]
    restored = {move.ticket for move in moves if move.move == "restore"}
    left = any(line.type == "deployment" and (line.status != "skipped" or line.number in restored) for line in stays)
    if lost and not left and not any(fresh.get("type") == "deployment" for _, fresh in _coming(moves, {})):
        message = f"Without {' and '.join(lost)} nothing in this sprint deploys: look at its goal and its increment."
        yield Consequence("undeployed", WARNING, None, message)


def _time(
    tickets: Sequence[PlanLine], stays: Sequence[PlanLine], moves: Sequence[MoveRequest], days_left: int | None
) -> Iterable[Consequence]:
    if days_left is None:
        return
    changed = {move.ticket: move.set["estimate"] for move in moves if "estimate" in move.set}
    restored = {move.ticket for move in moves if move.move == "restore"}
    before = sum(line.estimate or 0 for line in tickets if line.in_sprint and line.status in OPEN)
    after = sum(
        changed.get(line.number, line.estimate) or 0 for line in stays if line.status in OPEN or line.number in restored
    )
    after += sum(fresh.get("estimate") or 0 for _, fresh in _coming(moves, {}))
    if before != after:
        message = f"Time-boxes left: {after:g} days of work, from {before:g}; working days left: {days_left}."
        yield Consequence("time_boxes", NOTE if after > before else OK, None, message)
