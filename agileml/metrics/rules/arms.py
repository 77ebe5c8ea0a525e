"""An online A/B test: two arms over a fixed horizon."""

import math
from dataclasses import replace

from agileml.metrics.rules.distributions import critical, normal_critical, normal_upper_tail, upper_tail
from agileml.metrics.rules.terms import Answer, Arm, Terms

LEAST_COUNT = 10  # successes and failures in each arm, for the normal approximation to hold
LEAST_DAYS = 3
TOO_LARGE = 1e150  # its square is still a double


def ab_test(terms: Terms, champion: Arm | None, challenger: Arm | None) -> Answer:
    """Judge two arms against the margin: by counts as two proportions (unpooled normal bounds), by days as Welch's t.

    The horizon is fixed: by days it is the number of planned pairs, and before that it is `insufficient`.
    """
    blank = Answer("not_comparable", 0, terms.margin, terms.level)
    if champion is None or challenger is None:
        return replace(blank, problem="An arm has not been measured.")
    if champion.trials is not None and challenger.trials is not None:
        return _proportions(terms, champion, challenger, blank)
    if champion.days and challenger.days:
        return _days(terms, champion, challenger, blank)
    return replace(blank, problem="One arm has counts, the other daily values: they cannot be compared.")


def _proportions(terms: Terms, champion: Arm, challenger: Arm, blank: Answer) -> Answer:
    rates, variances = [], []
    for arm in (champion, challenger):
        successes, trials = arm.successes or 0, arm.trials or 0
        if not 0 <= successes <= trials:
            return replace(blank, problem="An arm has more successes than trials.")
        if min(successes, trials - successes) < LEAST_COUNT:
            return replace(blank, verdict="insufficient", n=(champion.trials or 0) + (challenger.trials or 0))
        rates.append(successes / trials)
        variances.append(successes / trials * (1 - successes / trials) / trials)
    gain = terms.sign * (rates[1] - rates[0])
    error = math.sqrt(math.fsum(variances))
    reach = normal_critical(terms.level) * error
    p = normal_upper_tail((gain - terms.margin) / error)
    n = (champion.trials or 0) + (challenger.trials or 0)
    return _worded(replace(blank, n=n, mean=gain, error=error, lower=gain - reach, upper=gain + reach, p=p))


def _days(terms: Terms, champion: Arm, challenger: Arm, blank: Answer) -> Answer:
    n = min(len(champion.days), len(challenger.days))
    blank = replace(blank, n=n)
    if n < max(LEAST_DAYS, len(terms.pairs)):
        return replace(blank, verdict="insufficient", more=max(LEAST_DAYS, len(terms.pairs)) - n)
    if any(abs(day) > TOO_LARGE for arm in (champion, challenger) for day in arm.days):
        return replace(blank, problem="The values are too large to be compared.")
    means, shares = [], []
    for arm in (champion, challenger):
        mean = math.fsum(arm.days) / len(arm.days)
        variance = math.fsum((day - mean) ** 2 for day in arm.days) / (len(arm.days) - 1)
        means.append(mean)
        shares.append((variance / len(arm.days), len(arm.days) - 1))
    gain = terms.sign * (means[1] - means[0])
    square = math.fsum(share for share, _ in shares)
    if square == 0:
        word = "regression" if gain < 0 else "deterministic_win" if gain >= terms.margin and gain > 0 else "no_win"
        return replace(blank, verdict=word, mean=gain, error=0.0, lower=gain, upper=gain)
    # Welch-Satterthwaite: the degrees of freedom of two unequal variances together.
    df = square**2 / math.fsum(share**2 / left for share, left in shares)
    error = math.sqrt(square)
    reach = critical(terms.level, df) * error
    p = upper_tail((gain - terms.margin) / error, df)
    return _worded(replace(blank, mean=gain, error=error, lower=gain - reach, upper=gain + reach, p=p))


def _worded(answer: Answer) -> Answer:
    assert answer.lower is not None
    assert answer.upper is not None
    if answer.upper < 0:
        return replace(answer, verdict="regression")
    if answer.lower >= answer.margin:
        return replace(answer, verdict="win")
    if answer.upper < answer.margin:
        return replace(answer, verdict="no_win")
    return replace(answer, verdict="inconclusive")
