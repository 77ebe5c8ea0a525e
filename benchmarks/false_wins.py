"""How often a rule calls a win where there is none: `python -m benchmarks.false_wins`.

A challenger whose true gain is exactly the margin is no win. Every rule here but the first claims to err in 5 % of such
cases. Champion and challenger repeat with the same seeds; values are normal, with the same spread. Folds of one
cross-validation correlate by 1/k, the share of the data that a fold is tested on (Nadeau and Bengio 2003).
"""

import math
import random
import statistics
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from itertools import pairwise

from agileml.metrics.rules.distributions import critical
from agileml.metrics.rules.exact import sign_flip
from agileml.metrics.rules.terms import KFOLD, SEEDS, Inputs, Terms, Value
from agileml.metrics.rules.verdicts import PROVISIONAL, WIN, verdict

REPEATS = 2_000
RESAMPLES = 400
ALPHA = 0.05
FAMILY = 10
Gains = Sequence[float]
Rule = Callable[[Gains], bool]
Trial = Callable[[random.Random], bool]


def mean_above(gains: Gains) -> bool:
    """The mean gain is above the margin."""
    return math.fsum(gains) > 0


def bootstrap(gains: Gains, draw: random.Random) -> bool:
    """The lower end of a one-sided percentile bootstrap interval is above the margin."""
    means = sorted(math.fsum(draw.choices(gains, k=len(gains))) for _ in range(RESAMPLES))
    return means[int(RESAMPLES * ALPHA)] > 0


def t_bound(gains: Gains, level: float = ALPHA) -> bool:
    """The lower t bound of the mean gain is above the margin."""
    error = statistics.stdev(gains) / math.sqrt(len(gains))
    return statistics.fmean(gains) - critical(level, len(gains) - 1) * error > 0


def ours(
    gains: Gains,
    *,
    words: Sequence[str] = (WIN,),
    design: str = SEEDS,
    folds: int | None = None,
    place: int = 1,
    looks: tuple[int, int] = (1, 1),
    planned: int = 0,
) -> bool:
    """The verdict of this product is one of `words`; `looks` is which look of how many, `planned` the pairs in all."""
    pairs = tuple(map(str, range(planned or len(gains))))
    terms = Terms("m", "higher", 0.0, "", "", "", design, pairs, ALPHA, looks[1], place, folds)
    zeros = {pair: Value(0.0, "", "") for pair in pairs}
    values = {pair: Value(gain, "", "") for pair, gain in zip(pairs, gains, strict=False)}
    return verdict(terms, Inputs(looks[0], {"m": zeros}, {"m": values})).verdict in words


def seeds(draw: random.Random, n: int) -> list[float]:
    """Gains over the margin of n seeds, when there is none on the whole."""
    return [draw.gauss(0, 1) for _ in range(n)]


def folds(draw: random.Random, k: int) -> list[float]:
    """The same for the k folds of one cross-validation."""
    shared = draw.gauss(0, math.sqrt(1 / k))
    return [shared + draw.gauss(0, math.sqrt(1 - 1 / k)) for _ in range(k)]


def family(draw: random.Random, n: int) -> list[list[float]]:
    """Ten challengers of one champion, whose repeats they all are compared with."""
    champion = seeds(draw, n)
    return [[value - one for value, one in zip(seeds(draw, n), champion, strict=True)] for _ in range(FAMILY)]


def rate(trial: Trial, *, repeats: int = REPEATS, seed: int = 1) -> float:
    """The share of repeats in which a rule called a win."""
    draw = random.Random(seed)
    return sum(trial(draw) for _ in range(repeats)) / repeats


def at_each_seed(gains: Gains, rule: Rule, start: int = 3) -> bool:
    """Whether a rule that is asked again at each new seed ever says yes."""
    return any(rule(gains[:n]) for n in range(start, len(gains) + 1))


def so_far(gains: Gains, place: int) -> bool:
    """A t bound and the sign flip, at 5 % divided by how many challengers there were so far."""
    return t_bound(gains, ALPHA / place) and sign_flip(gains) <= ALPHA / place


def planned_looks(draw: random.Random, n: int = 10) -> bool:
    """Whether one of two planned looks says win."""
    gains = seeds(draw, n)
    return any(ours(gains[: n * look // 2], looks=(look, 2), planned=n) for look in (1, 2))


def on(make: Callable[[random.Random, int], list[float]], n: int, rule: Rule) -> Trial:
    """A trial of a rule on one challenger."""
    return lambda draw: rule(make(draw, n))


def on_family(n: int, rule: Callable[[Gains, int], bool]) -> Trial:
    """A trial of a rule on ten challengers, told the place of each."""
    return lambda draw: any(rule(gains, place) for place, gains in enumerate(family(draw, n), 1))


def on_bootstrap(n: int) -> Trial:
    """A trial of the bootstrap, which draws too."""
    return lambda draw: bootstrap(seeds(draw, n), draw)


def trials() -> Iterator[tuple[str, str, Trial]]:
    """(situation, rule, trial), all that the table holds."""
    for n in (3, 5, 10):
        yield f"{n} seeds", "mean above the margin", on(seeds, n, mean_above)
        yield f"{n} seeds", "bootstrap interval", on_bootstrap(n)
        yield f"{n} seeds", "paired t bound", on(seeds, n, t_bound)
        yield f"{n} seeds", "AgileML: win", on(seeds, n, ours)
        yield f"{n} seeds", "AgileML: win or provisional win", on(seeds, n, partial(ours, words=(WIN, PROVISIONAL)))
    for k in (5, 10):
        yield f"{k} folds", "paired t bound", on(folds, k, t_bound)
        yield f"{k} folds", "AgileML: win", on(folds, k, partial(ours, design=KFOLD, folds=k))
    yield (
        "10 seeds, looked at after each from the 3rd",
        "paired t bound",
        on(seeds, 10, partial(at_each_seed, rule=t_bound)),
    )
    yield "10 seeds, two looks that were planned", "AgileML: win", planned_looks
    for n in (5, 10):
        best = f"best of ten challengers, {n} seeds"
        yield best, "paired t bound", on_family(n, lambda gains, _: t_bound(gains))
        yield best, "t bound and sign flip at 5 % / how many so far", on_family(n, so_far)
        yield best, "AgileML: win", on_family(n, lambda gains, place: ours(gains, place=place))


def table(repeats: int = REPEATS) -> str:
    """The whole table in Markdown."""
    lines = ["| situation | rule | false wins |", "| --- | --- | --- |"]
    found = [(situation, rule, rate(trial, repeats=repeats)) for situation, rule, trial in trials()]
    for before, (situation, rule, share) in pairwise([("", "", 0.0), *found]):
        shown = "" if situation == before[0] else situation
        lines.append(f"| {shown} | {rule} | {100 * share:.1f} % |")
    return "\n".join(lines)


if __name__ == "__main__":
    print(table())
