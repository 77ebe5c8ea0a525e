"""A verdict in one plain sentence, for people who do not read intervals."""

from collections.abc import Mapping

from agileml.lib.figures import amount, gap
from agileml.metrics.rules.terms import AB_TEST, KFOLD, SEEDS, SINGLE, Answer, Guarded, Terms

WORDS = {
    "win": "Win",
    "provisional_win": "Win, for now",
    "deterministic_win": "Win, without chance",
    "no_win": "No win",
    "regression": "Worse",
    "inconclusive": "Cannot tell yet",
    "insufficient": "Too few to tell",
    "not_comparable": "Not comparable",
    "blocked_by_guardrail": "Held by a guardrail",
}
TONES = {
    "win": "good", "deterministic_win": "good", "provisional_win": "wait", "inconclusive": "wait",
    "insufficient": "wait", "no_win": "bad", "regression": "bad", "not_comparable": "bad",
    "blocked_by_guardrail": "bad",
}  # fmt: skip
NUMBERS = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve")


def sentence(terms: Terms, answer: Answer, units: Mapping[str, str]) -> str:
    """What may be said to somebody who was not there; `units` are the metrics', the guardrails' too, by their keys.

    It ends with how safe it is to say, never with a figure that looks safer than it is.
    """
    unit = units.get(terms.metric, "")
    by = "" if answer.mean is None else amount(abs(answer.mean), unit)
    over = _over(terms, answer.n)
    least = amount(terms.margin, unit)
    margin = f" by the {least} that matter{'s' if least == '1 point' else ''}" if terms.margin else ""
    match answer.verdict:
        case "win":
            return f"Better than the champion by {by} {over}: safe to say."
        case "deterministic_win":
            return f"Better than the champion by {by}, the same {over}: there is no chance in it."
        case "provisional_win":
            return f"Better than the champion by {by} {over}, which are too few to be sure{_more(terms, answer)}."
        case "no_win":
            return f"Not better than the champion{margin}: {_side(answer, by)} {over}."
        case "regression":
            return f"Worse than the champion by {by} {over}: safe to say."
        case "insufficient":
            seen = f"{_side(answer, by)} {over}" if answer.mean is not None else "Not enough was measured"
            return f"{seen[0].upper()}{seen[1:]}: too few to tell anything{_more(terms, answer)}."
        case "blocked_by_guardrail":
            broken = " and ".join(_broken(one, units.get(one.metric, "")) for one in answer.guardrails if not one.held)
            return f"Better than the champion by {by} {over}, but {broken}."
        case "not_comparable":
            return f"Not comparable: {answer.problem}"
    return f"{_side(answer, by)[0].upper()}{_side(answer, by)[1:]} {over}: that may be chance{_more(terms, answer)}."


def figures(answer: Answer, unit: str) -> list[tuple[str, str, str]]:
    """The figures under the sentence: what each is called, its value, and what it means to somebody who asks."""
    found = [("Better by", gap(answer.mean, unit) if answer.mean is not None else "–", "the mean over the pairs")]
    if answer.lower is not None and answer.upper is not None:
        found.append(
            ("Between", f"{gap(answer.lower, unit)} and {gap(answer.upper, unit)}",
             f"one-sided bounds, each at {100 * (1 - answer.level):.4g} %")
        )  # fmt: skip
    found.append(("Pairs", str(answer.n), "repeats that both ran"))
    if answer.p is not None:
        found.append(
            ("p", f"{answer.p:.3g}", f"how often chance alone does as well; at most {answer.level:.3g} is allowed")
        )
    found.append(("What matters", amount(answer.margin, unit), "the margin, agreed before"))
    if answer.noise is not None:
        found.append(("Noise", amount(answer.noise, unit), "how far two repeats of the champion itself lie apart"))
    return found


def title_of_pairs(unit: str) -> str:
    """What the chart of the differences is called."""
    return f"How much better in each pair{', in points' if unit == '%' else ''}"


def guarded(one: Guarded, unit: str) -> str:
    """What became of a guardrail's metric, of which `unit` is the unit: "got worse by 0.78 points"."""
    if one.change is None:
        return "was not measured"
    if one.change == 0:
        return "stayed as it was"
    return f"got {'better' if one.change > 0 else 'worse'} by {amount(abs(one.change), unit)}"


def allowed(largest_regression: float, unit: str) -> str:
    """How much worse a guardrail lets its metric get: "0.2 points worse at most"."""
    return f"{amount(largest_regression, unit)} worse at most" if largest_regression else "not worse at all"


def plan_note(terms: Terms, reachable: int) -> str:
    """What has to be said when an evaluation is planned with fewer pairs than its test needs; empty if it is not."""
    if terms.design not in {SEEDS, KFOLD} or len(terms.pairs) >= reachable:
        return ""
    what = "folds" if terms.design == KFOLD else "repeats"
    return (
        f"With {len(terms.pairs)} {what} the exact test cannot reach its level, however clear the gain: "
        f"as challenger number {terms.place} it needs {reachable}. It can be a win for now at best."
    )


def _side(answer: Answer, by: str) -> str:
    if not answer.mean:
        return "the two are level"
    return f"ahead of the champion by {by}" if answer.mean > 0 else f"behind the champion by {by}"


def _over(terms: Terms, n: int) -> str:
    if terms.design == AB_TEST:
        return "in use"
    if terms.design == SINGLE:
        return "on this test set"
    count = NUMBERS[n] if n < len(NUMBERS) else f"{n:,}"
    what = "fold" if terms.design == KFOLD else "repeat"
    return f"over {count} {what}{'' if n == 1 else 's'}"


def _more(terms: Terms, answer: Answer) -> str:
    if not answer.more:
        return ""
    what = {KFOLD: "fold", AB_TEST: "day"}.get(terms.design, "seed")
    return f"; about {answer.more:,} more {what}{'' if answer.more == 1 else 's'} would tell"


def _broken(one: Guarded, unit: str) -> str:
    return f"{one.metric} {guarded(one, unit)}"
