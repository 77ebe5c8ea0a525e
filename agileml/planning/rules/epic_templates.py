"""Ways to begin an epic: each lays out stories and typed tickets in order, with questions and benefits."""

from collections.abc import Sequence
from dataclasses import dataclass, replace


@dataclass(frozen=True)
class TicketPlan:
    """A ticket of a template. `key` is how others of the template name it in `needs`."""

    key: str
    type: str
    title: str
    question: str
    benefit: str
    component: str = ""
    assumption: str = ""
    stop_when: str = ""
    needs: tuple[str, ...] = ()


@dataclass(frozen=True)
class StoryPlan:
    """A story of a template, with its tickets in order."""

    title: str
    tickets: tuple[TicketPlan, ...]


@dataclass(frozen=True)
class Template:
    """A way to begin; `whole` touches every component that the epic names, also those of which it knows nothing."""

    code: str
    name: str
    words: str
    stories: tuple[StoryPlan, ...]
    whole: bool = False


SKELETON = Template(
    code="skeleton",
    name="Skeleton first",
    words="Touch every component with the bare minimum, an expert rule or a constant as the model; then iterate.",
    whole=True,
    stories=(
        StoryPlan(
            "Something end to end",
            (
                TicketPlan(
                    "data", "engineering", "Get one honest sample of the data", "Can we read it again tomorrow?",
                    "Every later ticket starts from the same rows", "data",
                    assumption="The sample looks like what the model will meet",
                ),
                TicketPlan(
                    "features", "engineering", "Use the plainest features there are", "What is there without any work?",
                    "A way from the data to a model that can be made better in parts", "features", needs=("data",),
                ),
                TicketPlan(
                    "model", "algorithm_development", "Put an expert rule or a constant where the model will be",
                    "How far does one get with no learning at all?", "A number that every learner has to beat", "model",
                    stop_when="One rule works end to end; a better one is a later ticket", needs=("features",),
                ),
                TicketPlan(
                    "evaluation", "engineering", "Measure it on data that was set aside",
                    "Does the number mean what the goal means?", "Progress that can be told from luck", "evaluation",
                    assumption="The metric moves when the business would notice", needs=("model",),
                ),
                TicketPlan(
                    "serving", "deployment", "Let somebody use the rule's answer", "Does an answer reach who needs it?",
                    "The hard part of shipping is met while it is small", "serving", needs=("model",),
                ),
                TicketPlan(
                    "monitoring", "engineering", "See each day whether it still answers",
                    "How would we notice that it broke?", "A fault is found by us first", "monitoring",
                    needs=("serving",),
                ),
            ),
        ),
        StoryPlan(
            "What to make better first",
            (
                TicketPlan(
                    "weakest", "result_analysis", "Find out where the skeleton is weakest",
                    "Which component holds the metric back most?", "The next sprint works on what matters",
                    needs=("evaluation",),
                ),
            ),
        ),
    ),
)  # fmt: skip

IMPROVE = Template(
    code="improve",
    name="Improve the best candidate",
    words="Something works. Look at its errors, try the cheapest idea that could help, and compare it fairly.",
    stories=(
        StoryPlan(
            "Where is the best candidate wrong?",
            (
                TicketPlan(
                    "errors", "result_analysis", "Look at the best candidate's errors one by one",
                    "Which kind of error costs the most?", "Ideas that aim at something", "evaluation",
                ),
                TicketPlan(
                    "others", "literature_review", "See what others do about such errors",
                    "What did it buy them, and what did it cost?", "Ideas we need not find ourselves",
                    needs=("errors",),
                ),
            ),
        ),
        StoryPlan(
            "Does the cheapest idea help?",
            (
                TicketPlan(
                    "challenger", "algorithm_development", "Try the cheapest idea against the best candidate",
                    "Does it move the metric by more than its noise?", "A measured gain, or one idea less to try",
                    "model", assumption="The gain holds on data that was set aside",
                    stop_when="No gain after the time-box", needs=("errors",),
                ),
                TicketPlan(
                    "compare", "result_analysis", "Compare the two on the same data and repeats",
                    "Is the difference larger than chance?", "A decision that nobody has to take back", "evaluation",
                    needs=("challenger",),
                ),
                TicketPlan(
                    "check", "review", "Have somebody else look for leaks", "May we rest on the comparison?",
                    "A mistake caught before it ships", needs=("compare",),
                ),
                TicketPlan(
                    "ship", "deployment", "Put the better one in its place", "Does it hold where it is used?",
                    "The gain reaches somebody", "serving", needs=("check",),
                ),
            ),
        ),
    ),
)  # fmt: skip

QUESTION = Template(
    code="question",
    name="Open question",
    words="Nobody knows yet whether it can be done. Find out cheaply, and decide whether to go on.",
    stories=(
        StoryPlan(
            "What is known?",
            (
                TicketPlan(
                    "read", "literature_review", "Read what is known about the question",
                    "Has somebody answered it, or shown that it cannot be?", "Days that we need not spend",
                ),
                TicketPlan(
                    "look", "data_exploration", "Look whether our data could answer it",
                    "Is what we would need in there, and is it right?", "A surprise before it costs a sprint", "data",
                ),
            ),
        ),
        StoryPlan(
            "Is it worth going on?",
            (
                TicketPlan(
                    "probe", "algorithm_development", "Make the smallest trial that could say no",
                    "What would we see if it cannot work?", "An early end, or a reason to go on", "model",
                    assumption="A small trial tells something about the large one",
                    stop_when="The trial is no better than a constant", needs=("read", "look"),
                ),
                TicketPlan(
                    "answer", "result_analysis", "Write down the answer and what to do with it",
                    "Do we go on, change the question, or stop?", "A decision, with what it rests on", needs=("probe",),
                ),
            ),
        ),
    ),
)  # fmt: skip

TEMPLATES = {template.code: template for template in (SKELETON, IMPROVE, QUESTION)}


def laid_out(template: Template, components: Sequence[str]) -> tuple[StoryPlan, ...]:
    """The template's stories for an epic with these components.

    A ticket keeps its component only if the epic has it. A template that is `whole` leaves tickets of other components
    out, whatever needed them then needs what they needed, and touches each component that it has no ticket for.
    """
    if not template.whole:
        return tuple(
            replace(
                story,
                tickets=tuple(
                    ticket if ticket.component in components else replace(ticket, component="")
                    for ticket in story.tickets
                ),
            )
            for story in template.stories
        )
    needs = {ticket.key: ticket.needs for story in template.stories for ticket in story.tickets}
    left_out = {
        ticket.key
        for story in template.stories
        for ticket in story.tickets
        if ticket.component and ticket.component not in components
    }

    def of(key: str) -> tuple[str, ...]:
        found = (of(need) if need in left_out else (need,) for need in needs[key])
        return tuple(dict.fromkeys(key for keys in found for key in keys))

    stories = [
        replace(
            story,
            tickets=tuple(
                replace(ticket, needs=of(ticket.key)) for ticket in story.tickets if ticket.key not in left_out
            ),
        )
        for story in template.stories
    ]
    known = {ticket.component for story in template.stories for ticket in story.tickets}
    more = tuple(
        TicketPlan(
            component,
            "engineering",
            f"Touch {component} with the bare minimum",
            "What is the least that works end to end?",
            "No component is met for the first time when it is too late",
            component,
        )
        for component in components
        if component not in known
    )
    stories[0] = replace(stories[0], tickets=stories[0].tickets + more)
    return tuple(story for story in stories if story.tickets)
