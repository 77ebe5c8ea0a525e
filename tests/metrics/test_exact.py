"""The exact tests agree with scipy, and are never kinder than the truth."""

import math
from fractions import Fraction
from itertools import product
from operator import mul

import numpy
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from scipy import stats

from agileml.metrics.rules.exact import DRAWS, least_pairs, mcnemar, sign_flip

WHOLE = st.lists(st.integers(-1_000, 1_000), min_size=2, max_size=9)
# Doubles add these up without rounding. Where they round, scipy takes sums that tie near zero for different ones.
GAINS = WHOLE.map(lambda gains: [gain / 1_024 for gain in gains])


@given(WHOLE)
@example([278, -895, 554, -109, -482, -218, 169, 770, -67])
def test_where_doubles_round_a_sign_flip_is_what_whole_numbers_say(gains: list[int]):
    ways = [sum(map(mul, signs, gains)) for signs in product((1, -1), repeat=len(gains))]
    share = Fraction(sum(way >= sum(gains) for way in ways), len(ways))
    assert sign_flip([gain / 1_000 for gain in gains]) == share


@given(GAINS)
def test_a_sign_flip_is_the_permutation_test_of_scipy(gains: list[float]):
    asked = stats.permutation_test(
        (numpy.array(gains),),
        lambda values, axis: values.mean(axis=axis),
        permutation_type="samples",
        alternative="greater",
        n_resamples=math.inf,
        vectorized=True,
    )
    assert sign_flip(gains) == pytest.approx(asked.pvalue, abs=1e-9)


@given(st.lists(st.integers(-50, 50), min_size=1, max_size=10))
def test_a_sign_flip_counts_every_way_to_give_signs(gains: list[int]):
    observed = sum(gains)
    ways = [
        sum(s * gain for s, gain in zip(signs, gains, strict=True)) for signs in product((1, -1), repeat=len(gains))
    ]
    assert sign_flip([float(gain) for gain in gains]) == Fraction(sum(way >= observed for way in ways), len(ways))


def test_rounding_makes_no_gain_look_rarer_than_it_is():
    # 0.1 + 0.2 - 0.3 is not quite 0 in doubles: signs that tie with the observed are counted as ties.
    assert sign_flip([0.1, 0.2, -0.3]) == sign_flip([1.0, 2.0, -3.0])


def test_of_many_pairs_signs_are_drawn_and_always_the_same():
    gains = [math.sin(at) + 0.1 for at in range(40)]
    once = sign_flip(gains)
    assert once == sign_flip(gains)
    assert 1 / (DRAWS + 1) <= once <= 1
    asked = stats.permutation_test(
        (numpy.array(gains),), lambda values, axis: values.mean(axis=axis), permutation_type="samples",
        alternative="greater", n_resamples=100_000, vectorized=True, rng=numpy.random.default_rng(1),
    ).pvalue  # fmt: skip
    assert once == pytest.approx(asked, abs=0.02)


@given(st.integers(0, 3_000), st.integers(0, 3_000))
def test_mcnemar_is_the_binomial_test_of_scipy(better: int, worse: int):
    if better + worse:
        asked = stats.binomtest(better, better + worse, 0.5, alternative="greater").pvalue
        assert mcnemar(better, worse) == pytest.approx(asked, rel=1e-9, abs=1e-15)


def test_a_million_discordant_examples_are_no_trouble():
    assert mcnemar(500_700, 499_300) == pytest.approx(stats.binom.sf(500_699, 1_000_000, 0.5), rel=1e-7)


def test_without_differences_nothing_is_significant():
    assert sign_flip([]) == sign_flip([0.0, 0.0]) == mcnemar(0, 0) == 1


@pytest.mark.parametrize(("alpha", "pairs"), [(0.0325, 5), (0.00875, 7), (0.0175 / 6, 9), (1 / 32, 5)])
def test_so_many_pairs_are_needed_to_reach_a_level(alpha: float, pairs: int):
    assert least_pairs(alpha) == pairs
    assert sign_flip([1.0] * pairs) <= alpha < sign_flip([1.0] * (pairs - 1))
