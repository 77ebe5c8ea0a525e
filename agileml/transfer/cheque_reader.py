"""The sample project as a plan: its goal, its stories, and its tickets in the order in which they are made.

Numbers that were measured are filled in from the runs; what stands here are questions, limits and words.
"""

from dataclasses import dataclass, field
from typing import Any

KEY = "DIG"
NAME = "Cheque reader"

EPIC = {
    "title": "Read the amount on 99 of 100 cheques without a second look",
    "goal": (
        "Clerks type four of five amounts by hand today. If a machine reads single digits well enough, they only look "
        "at the cheques that it is unsure of."
    ),
    "components": ["data", "features", "model", "evaluation", "serving", "monitoring"],
}
TARGET: dict[str, Any] = {"metric": "error", "op": "<=", "value": 0.004}

STORIES = [
    {"title": "A bare-bones reader, end to end", "epic": 1},
    {"title": "Which features carry a digit?", "epic": 1},
    {"title": "Which model reads best?", "epic": 1},
    {"title": "In front of the clerks of the pilot branch", "epic": 1},
]

SPRINT_1 = {
    "name": "Skeleton first",
    "goal": "Read digits end to end with something, and know what a learner adds",
    "increment": "A reader that the pilot branch can be shown",
}
REVIEW_1 = (
    "The clerks still want it most for the cheques that they only have to look at. "
    "Keep the goal: the next sprint takes errors off the reader."
)
WORD_1 = "It reads from scan to digit, and we know that learning pays."
RETRO_1 = [
    {"kind": "keep", "text": "One idea a ticket, with the number it has to beat: the forest was out after a day."},
    {
        "kind": "change",
        "text": "Ask first whether the hold-out is clean: we believed our errors for nine days.",
    },
    {"kind": "try", "text": "Show the clerks ten misread digits at the end of each sprint, and ask which ones hurt"},
]
PARKED = (
    "The votes of the support vectors are written beside each digit; whether they can be trusted is not looked at yet."
)
SPRINT_2 = {
    "name": "Fewer errors",
    "goal": "Halve the errors of the reader without new data",
    "increment": "The better reader behind the pilot branch's scanner",
}
PROPOSED = "The pilot branch has not asked about sevens. The questions that are open on our errors come first."


READER = {"slug": "digit-reader", "name": "Digit reader", "purpose": "Reads one digit of an amount."}
POLICY_1: dict[str, Any] = {"metric": "error", "margin": 0.001, "planned_n": 3}
POLICY_2: dict[str, Any] = POLICY_1 | {"planned_n": 10, "looks": 2}
# A second line, with another metric and a guardrail: what it gains on one digit it must not lose on the others.
NINES = {
    "slug": "chip-reader",
    "name": "Reader on the scanner's chip",
    "purpose": "Finds the nines on the scanner itself, before a cheque is taken out again.",
}
POLICY_OF_NINES: dict[str, Any] = {
    "metric": "error_on_nines",
    "margin": 0.005,
    "planned_n": 10,
    "guardrails": [{"metric": "error", "largest_regression": 0.002}],
}
EXPECTS = {
    READER["slug"]: {
        "knn-3-raw": "Far fewer errors than class means, for a table of images that has to be carried along.",
        "svm-c1-raw": "A learned boundary beats looking up, even with the penalty left as it is.",
        "forest-200-raw": "About as good as looking up, and much faster.",
        "svm-raw": "Half the errors of looking up.",
        "svm-deskew": "A third of the errors gone.",
        "svm-c3-deskew": "Straight digits need less bending: a harder penalty should now read better.",
        "mlp-512-raw": "A network reaches the support vectors if it is wide enough.",
    },
    NINES["slug"]: {
        "mlp-64-raw": "A small network fits the chip, and misses fewer nines than looking up.",
    },
}


def at_most(value: float, **more: Any) -> dict[str, Any]:
    """A success criterion on the error over the hold-out."""
    return {"metric": "error", "op": "<=", "value": value, "split": "test"} | more


# An error as high as without the new features means that they are not worth another day.
KILL = {"role": "kill", "metric": "error", "op": ">=", "value": 0.007, "split": "test"}


@dataclass(frozen=True)
class T:
    """A ticket of the sample: who has it, and its fields."""

    type: str
    title: str
    story: int
    who: str | None = None
    fields: dict[str, Any] = field(default_factory=dict)


TICKETS = [
    T("engineering", "A reader without any learning: templates and class means", 1, "engineer", {
        "question": "What does a clerk gain if nothing is learned at all?",
        "expected_benefit": "Every part is touched once, and there is a number to beat.",
        "component": "serving",
    }),
    T("data_exploration", "How do the digits differ: slant, stroke, balance?", 1, "scientist", {
        "question": "What in the images could mislead a simple reader?", "component": "data",
        "expected_benefit": "Features that are chosen rather than guessed.",
    }),
    T("algorithm_development", "Look up the most similar image", 3, "engineer", {
        "question": "How far does memory alone get?", "component": "model",
        "expected_benefit": "A bar that each learner has to clear.", "criteria": [at_most(0.05)],
    }),
    T("algorithm_development", "Support vectors on the raw pixels", 3, "scientist", {
        "question": "Does a learned boundary beat looking up?", "component": "model",
        "expected_benefit": "Half the errors of the look-up.", "criteria": [at_most(0.01, expected_gain=0.007)],
    }),
    T("algorithm_development", "A random forest on the raw pixels", 3, "engineer", {
        "question": "Do trees read as well, and faster?", "component": "model",
        "expected_benefit": "A reader that explains itself.", "criteria": [at_most(0.01)],
    }),
    T("literature_review", "What do others do about slanted digits?", 2, "scientist", {
        "question": "Is there a cheap correction for slant?", "component": "features",
        "expected_benefit": "An idea that we need not find ourselves.",
    }),
    T("algorithm_development", "More features: edges and zoning beside the pixels", 2, "engineer", {
        "question": "Do edge histograms and zoning tell the reader something that the pixels do not?",
        "expected_benefit": "A fifth of the errors gone, for a day of work.", "component": "features",
        "riskiest_assumption": "That the pixels do not hold it all already.",
        "stop_when": "ten seeds are in",
        "criteria": [at_most(0.006, expected_gain=0.0016), KILL],
    }),
    T("result_analysis", "Which digits do the new features read differently?", 2, "scientist", {
        "question": "Where do the new features help, and where do they hurt?", "component": "evaluation",
        "expected_benefit": "The next feature to try.", "depends_on": [7],
    }),
    T("algorithm_development", "Choose the smallest set of edges and zones", 2, "engineer", {
        "question": "Which of the new features are enough?", "component": "features",
        "expected_benefit": "A faster reader at the same error.", "depends_on": [7], "criteria": [at_most(0.006)],
    }),
    T("algorithm_development", "How wide must a hidden layer be?", 3, "engineer", {
        "question": "Does a network of one hidden layer reach the support vectors?", "component": "model",
        "expected_benefit": "A reader that fits the scanner's chip.", "criteria": [at_most(0.0076)],
    }),
    T("algorithm_development", "Straighten the digits before reading them", 2, "scientist", {
        "question": "Does deskewing by image moments help the support vectors?", "component": "features",
        "expected_benefit": "A third of the errors gone, for an hour of work.",
        "criteria": [at_most(0.006, expected_gain=0.0016)],
    }),
    T("data_exploration", "How many of the errors are wrong labels?", 1, "scientist", {
        "question": "Is there a floor below which no reader can get on this hold-out?", "component": "data",
        "expected_benefit": "We stop in time.",
    }),
    T("review", "Is the hold-out free of the images we train on?", 1, "engineer", {
        "question": "May we believe the errors that we report?", "component": "evaluation",
        "expected_benefit": "No surprise in the pilot.",
    }),
    T("deployment", "Put the better reader behind the pilot branch's scanner", 4, "engineer", {
        "question": "Does it read what the scanner sends?", "component": "serving",
        "expected_benefit": "Clerks look at fewer cheques.", "depends_on": [11],
    }),
    T("literature_review", "What do others do about sevens with a bar?", 2, "scientist", {
        "question": "Do European sevens need training data of their own?", "component": "data",
        "expected_benefit": "We know whether to ask for data.",
    }),
    T("algorithm_development", "Edge histograms instead of the pixels", 2, "scientist", {
        "question": "Are edges without their place enough?", "component": "features",
        "expected_benefit": "A reader that does not care where the digit sits.", "criteria": [at_most(0.0076)],
    }),
    T("algorithm_development", "Finer bins for the edge histograms", 2, "scientist", {
        "question": "How many directions does an edge histogram need?", "component": "features",
        "expected_benefit": "The best form of the edge reader.", "depends_on": [16],
    }),
    T("result_analysis", "Which edge directions carry the digits?", 2, "scientist", {
        "question": "Could half of the directions go?", "component": "evaluation",
        "expected_benefit": "A smaller edge reader.", "depends_on": [16],
    }),
    T("engineering", "Each training run leaves its metric file for the tracker", 4, "engineer", {
        "question": "Can nobody forget to report a run?", "component": "monitoring",
        "expected_benefit": "No metric is typed by hand.",
    }),
    # In the backlog; the re-plan adds the first. The second is thought of in sprint 1 and parked when that closes; then
    # comes the ticket of its retro.
    T("data_exploration", "How much would more labelled images buy?", 1, "scientist", {
        "question": "Is the reader still hungry for data?", "component": "data",
        "expected_benefit": "A reason to pay for labels, or not to.",
    }),
    T("algorithm_development", "Say of each digit how sure the reader is", 4, "engineer", {
        "question": "Can the reader tell the cheques that a clerk has to look at?", "component": "serving",
        "expected_benefit": "Clerks look only where it matters.",
    }),
    T("algorithm_development", "Edge directions by place beside the straightened pixels", 2, None, {
        "question": "Do edges help once they know where they are?", "component": "features",
        "expected_benefit": "The epic's target in one step.", "criteria": [at_most(0.004, expected_gain=0.001)],
    }),
    T("engineering", "Watch the slant of what the scanner sends", 4, None, {
        "question": "Would we notice if the branch changed its scanner?", "component": "monitoring",
        "expected_benefit": "Errors are noticed before the clerks do.",
    }),
    T("review", "Do the clerks trust what the reader is sure of?", 4, None, {
        "question": "At which confidence do clerks stop looking?", "component": "serving",
        "expected_benefit": "The goal is measured where it counts.",
    }),
]  # fmt: skip
