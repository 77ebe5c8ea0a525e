"""Student's t, the normal and the binomial distribution agree with scipy."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from agileml.metrics.rules import distributions

DF = st.one_of(st.integers(1, 2_000), st.floats(0.5, 300))
LEVELS = st.floats(-12, -0.302).map(lambda power: 10**power)


@given(LEVELS, DF)
def test_critical_values_of_t_are_those_of_scipy(alpha: float, df: float):
    assert distributions.critical(alpha, df) == pytest.approx(stats.t.isf(alpha, df), rel=1e-9, abs=1e-12)


@given(st.floats(0.001, 0.999), DF)
def test_quantiles_of_t_are_those_of_scipy(p: float, df: float):
    assert distributions.quantile(p, df) == pytest.approx(stats.t.ppf(p, df), rel=1e-9, abs=1e-9)


@given(st.floats(-200, 200), DF)
def test_tails_of_t_are_those_of_scipy(t: float, df: float):
    assert distributions.upper_tail(t, df) == pytest.approx(stats.t.sf(t, df), rel=1e-9, abs=1e-15)


@given(st.floats(-12, -0.302).map(lambda power: 10**power))
def test_critical_values_of_the_normal_are_those_of_scipy(alpha: float):
    assert distributions.normal_critical(alpha) == pytest.approx(stats.norm.isf(alpha), rel=1e-9, abs=1e-12)


@given(st.integers(0, 5_000), st.integers(0, 5_000))
def test_tails_of_the_binomial_are_those_of_scipy(k: int, more: int):
    n = k + more
    assert distributions.binomial_upper_tail(k, n) == pytest.approx(stats.binom.sf(k - 1, n, 0.5), rel=1e-9, abs=1e-15)


@pytest.mark.parametrize("p", [0.0, 1.0, -0.1, 1.1])
def test_a_quantile_is_asked_of_a_probability_only(p: float):
    with pytest.raises(ValueError, match="between 0 and 1"):
        distributions.quantile(p, 3)
    with pytest.raises(ValueError, match="between 0 and 1"):
        distributions.critical(p, 3)
