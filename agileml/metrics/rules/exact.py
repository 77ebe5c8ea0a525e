"""Exact tests, which assume nothing of how values are distributed."""

import math
import random
from collections.abc import Sequence

from agileml.metrics.rules.distributions import binomial_upper_tail

MOST_EXACT = 16  # pairs: 65,536 ways to give them signs
DRAWS = 10_000
SEED = 20_230_515  # any fixed number: the same pairs must get the same p whenever they are judged
TIE = 1e-12  # of the sum of magnitudes; two ways whose sums differ by less differ only in rounding


def sign_flip(differences: Sequence[float]) -> float:
    """One-sided p of "the mean difference is positive": the share of signs with a sum at least as large as observed.

    If the differences are symmetric about zero, each could as well have had the other sign. Over all 2ⁿ signs for
    n ≤ 16, else over 10,000 seeded draws of them, the observed one counted in. 1 for no differences.
    """
    if len(differences) > MOST_EXACT:
        return _drawn(differences)
    # Flipping some takes twice their sum away: the total is at least the observed where that sum is not positive.
    flipped = [0.0]
    for difference in differences:
        flipped += [total + difference for total in flipped]
    tie = TIE * math.fsum(map(abs, differences))
    return sum(total <= tie for total in flipped) / len(flipped)


def _drawn(differences: Sequence[float]) -> float:
    draw = random.Random(SEED)  # noqa: S311 -- a permutation test, not a secret
    tie = TIE * math.fsum(map(abs, differences))
    hits = 0
    for _ in range(DRAWS):
        signs = draw.getrandbits(len(differences))
        flipped = math.fsum(value for at, value in enumerate(differences) if signs >> at & 1)
        hits += flipped <= tie
    return (hits + 1) / (DRAWS + 1)


def least_pairs(alpha: float) -> int:
    """With fewer pairs than this no outcome at all gets `sign_flip` down to `alpha`: ⌈log₂(1/α)⌉."""
    return math.ceil(math.log2(1 / alpha) - 1e-9)


def mcnemar(better: int, worse: int) -> float:
    """One-sided exact p of McNemar's test: P(X ≥ better) for X ~ Binomial(better + worse, 1/2).

    `better` examples only the challenger got right, `worse` only the champion. 1 where they agree on all.
    """
    return binomial_upper_tail(better, better + worse)
