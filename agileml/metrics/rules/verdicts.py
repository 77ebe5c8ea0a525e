"""Champion against challenger: what may honestly be said.

Pairing and t bounds: Dietterich 1998 (doi 10.1162/089976698300017197). Folds of one cross-validation share their
training data, so their variance is corrected by n_test/n_train = 1/(k-1): Nadeau and Bengio 2003 (doi
10.1023/A:1024068626366), as Bouckaert and Frank 2004 (doi 10.1007/978-3-540-24775-3_3) advise. That seeds alone move a
benchmark: Bouthillier et al. 2021 (arXiv 2103.03098). How often this and simpler rules call a win where there is none,
`python -m benchmarks.false_wins` simulates; docs/verdicts.md has the figures.
"""

import math
from collections.abc import Sequence
from dataclasses import replace
from itertools import combinations

from agileml.metrics.rules.arms import TOO_LARGE, ab_test
from agileml.metrics.rules.distributions import critical
from agileml.metrics.rules.exact import least_pairs, mcnemar, sign_flip
from agileml.metrics.rules.terms import AB_TEST, KFOLD, SINGLE, Answer, Guarded, Guardrail, Inputs, Terms, Values

NOT_COMPARABLE, INSUFFICIENT, INCONCLUSIVE = "not_comparable", "insufficient", "inconclusive"
WIN, PROVISIONAL, DETERMINISTIC = "win", "provisional_win", "deterministic_win"
NO_WIN, REGRESSION, BLOCKED = "no_win", "regression", "blocked_by_guardrail"
WINS = frozenset({WIN, PROVISIONAL, DETERMINISTIC})

LEAST_FOR_VERDICT = 3
LEAST_FOR_WIN = 5
MOST_MORE = 10_000


def verdict(terms: Terms, inputs: Inputs) -> Answer:
    """Judge one look. Pure: the same terms and inputs give the same answer for ever."""
    if terms.design == AB_TEST:
        answer = ab_test(terms, inputs.champion_arm, inputs.challenger_arm)
    else:
        answer = _paired(terms, inputs)
    answer = replace(answer, before_guardrails=answer.verdict)
    if answer.verdict in {NOT_COMPARABLE, INSUFFICIENT}:
        return answer
    guarded = tuple(_guarded(one, terms, inputs) for one in terms.guardrails)
    if answer.verdict in WINS and not all(one.held for one in guarded):
        return replace(answer, verdict=BLOCKED, guardrails=guarded)
    return replace(answer, guardrails=guarded)


def problem_with(metric: str, pairs: Sequence[str], champion: Values, challenger: Values, digest: str) -> str:
    """Why these pairs cannot be compared on a metric, naming the first that cannot; empty if they can."""
    for pair in pairs:
        for side, values in (("champion", champion), ("challenger", challenger)):
            found = values.get(metric, {}).get(pair)
            named = f"{metric} of the {side}" + (f", {pair}," if pair else "")
            if found is None:
                return f"{named} has not been measured."
            if found.digest != digest:
                return f"{named} was measured on another dataset ({found.digest or 'without a digest'})."
            if found.value is None:
                return f"{named} is not a finite number."
    return ""


def _paired(terms: Terms, inputs: Inputs) -> Answer:
    pairs = terms.pairs_at(inputs.look)
    blank = Answer(NOT_COMPARABLE, len(pairs), terms.margin, terms.level)
    problem = problem_with(terms.metric, pairs, inputs.champion, inputs.challenger, terms.dataset_digest)
    if problem or not pairs:
        return replace(blank, problem=problem or "No pair is planned.")
    differences = _differences(terms.metric, terms.sign, pairs, inputs)
    if any(abs(one) > TOO_LARGE for one in differences):
        return replace(blank, problem="The values are too far apart to be compared.")
    answer = replace(
        blank,
        mean=_mean(differences),
        differences=tuple(zip(pairs, differences, strict=True)),
        noise=_noise([inputs.champion[terms.metric][pair].value for pair in pairs]),
    )
    if terms.design == SINGLE:
        return _single(terms, inputs, answer)
    return _repeats(terms, differences, answer)


def _differences(metric: str, sign: int, pairs: Sequence[str], inputs: Inputs) -> list[float]:
    found = []
    for pair in pairs:
        champion, challenger = inputs.champion[metric][pair].value, inputs.challenger[metric][pair].value
        assert champion is not None
        assert challenger is not None
        found.append(sign * (challenger - champion))
    return found


def _repeats(terms: Terms, differences: list[float], answer: Answer) -> Answer:
    """Seeds or folds: t bounds at 1-α′ and the exact sign-flip test, both against the margin."""
    n, m, level, mean = len(differences), terms.margin, terms.level, answer.mean
    assert mean is not None
    if n < LEAST_FOR_VERDICT:
        return replace(answer, verdict=INSUFFICIENT, more=LEAST_FOR_VERDICT - n)
    sd = _sd(differences, mean)
    if sd == 0:
        word = REGRESSION if mean < 0 else DETERMINISTIC if mean >= m and mean > 0 else NO_WIN
        return replace(answer, verdict=word, sd=0.0, error=0.0, lower=mean, upper=mean)
    error = _error(terms, sd, n)
    reach = critical(level, n - 1) * error
    lower, upper = mean - reach, mean + reach
    p = sign_flip([one - m for one in differences])
    reachable = least_pairs(level)
    answer = replace(answer, sd=sd, error=error, lower=lower, upper=upper, p=p, reachable_n=reachable)
    if upper < 0:
        return replace(answer, verdict=REGRESSION)
    if lower >= m and n >= LEAST_FOR_WIN and p <= level:
        return replace(answer, verdict=WIN)
    if lower >= m and (n < LEAST_FOR_WIN or n < reachable):
        return replace(answer, verdict=PROVISIONAL, more=max(LEAST_FOR_WIN, reachable) - n)
    if upper < m:
        return replace(answer, verdict=NO_WIN)
    return replace(answer, verdict=INCONCLUSIVE, more=_more(terms, mean, sd, n))


def _error(terms: Terms, sd: float, n: int) -> float:
    """Standard error of the mean difference; folds of one cross-validation are not independent of each other."""
    shared = 1 / (terms.folds - 1) if terms.design == KFOLD and terms.folds else 0.0
    return sd * math.sqrt(1 / n + shared)


def _more(terms: Terms, mean: float, sd: float, n: int) -> int | None:
    """With about how many more pairs the lower bound would reach the margin, if mean and sd stayed what they are.

    None where the mean does not exceed the margin, or where no number would do (folds are fixed by their design).
    """
    if mean <= terms.margin or terms.design == KFOLD:
        return None

    def reaches(total: int) -> bool:
        return mean - critical(terms.level, total - 1) * _error(terms, sd, total) >= terms.margin

    high = max(n + 1, LEAST_FOR_WIN, least_pairs(terms.level))
    if reaches(high):
        return high - n
    low = high
    while not reaches(high):
        low, high = high, high * 2
        if high > MOST_MORE:
            return None
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if reaches(middle) else (middle, high)
    return high - n


def _single(terms: Terms, inputs: Inputs, answer: Answer) -> Answer:
    """One test set: exact McNemar on the examples that only one of the two got right.

    It tests whether the challenger is better at all, not by more than the margin, so the margin is asked for besides.
    """
    counts, mean = inputs.discordant, answer.mean
    assert mean is not None
    if counts is None:
        return replace(
            answer, verdict=NOT_COMPARABLE, problem="It was not said which examples only one of the two got right."
        )
    p = mcnemar(counts.only_challenger, counts.only_champion)
    answer = replace(answer, n=counts.only_challenger + counts.only_champion, p=p)
    if mcnemar(counts.only_champion, counts.only_challenger) <= terms.level and mean < 0:
        return replace(answer, verdict=REGRESSION)
    if p <= terms.level:
        return replace(answer, verdict=WIN if mean >= terms.margin and mean > 0 else NO_WIN)
    return replace(answer, verdict=INCONCLUSIVE)


def _guarded(guardrail: Guardrail, terms: Terms, inputs: Inputs) -> Guarded:
    """Whether a guardrail held: the mean change over the same pairs is no worse than allowed, and was measured."""
    metric, allowed = guardrail.metric, guardrail.largest_regression
    pairs = terms.pairs_at(inputs.look)
    problem = problem_with(metric, pairs, inputs.champion, inputs.challenger, terms.dataset_digest)
    if problem:
        return Guarded(metric, None, allowed, held=False, problem=problem)
    change = _mean(_differences(metric, -1 if guardrail.direction == "lower" else 1, pairs, inputs))
    slack = 1e-12 * max(abs(change), allowed)  # 0.03 - 0.02 is not more than 0.01
    return Guarded(metric, change, allowed, held=change >= -allowed - slack)


def _noise(values: Sequence[float | None]) -> float | None:
    """How far two repeats of the champion lie apart on average: what a "gain" amounts to where nothing was changed."""
    finite = [value for value in values if value is not None]
    if len(finite) < 2:
        return None
    return _mean([abs(one - other) for one, other in combinations(finite, 2)])


def _mean(values: Sequence[float]) -> float:
    return math.fsum(value / len(values) for value in values)


def _sd(values: Sequence[float], mean: float) -> float:
    """Standard deviation with n - 1. Differences that are the same but for rounding have none."""
    spread = math.sqrt(math.fsum((value - mean) ** 2 for value in values) / (len(values) - 1))
    return 0.0 if spread <= 1e-12 * max(map(abs, values), default=0.0) else spread
