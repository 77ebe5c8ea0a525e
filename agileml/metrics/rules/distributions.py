"""Student's t, the normal and the binomial distribution, in pure Python; held to scipy's by the tests.

P(T > t) = I(x; d/2, 1/2) / 2 for t ≥ 0 with x = d / (d + t²), and P(X ≥ k) = I(q; k, n - k + 1) for X ~ Binomial(n, q),
I being the regularised incomplete beta function (DLMF 8.17.5 and 8.17.22, https://dlmf.nist.gov/8.17), whose continued
fraction is evaluated by the modified Lentz method.
"""

import math
from collections.abc import Callable
from functools import lru_cache

PRECISE = 1e-16
MOST_TERMS = 10_000
TINY = 1e-300  # stands for a zero denominator in Lentz's method


def upper_tail(t: float, df: float) -> float:
    """P(T > t) for Student's t with `df` > 0 degrees of freedom (not necessarily whole)."""
    if t < 0:
        return 1 - upper_tail(-t, df)
    if math.isinf(t):
        return 0.0
    square = t * t
    return _incomplete_beta(df / (df + square), square / (df + square), df / 2, 0.5) / 2


def quantile(p: float, df: float) -> float:
    """The t with P(T ≤ t) = p, for 0 < p < 1 and `df` > 0. Raises ValueError for any other p."""
    if not 0 < p < 1:
        raise ValueError("A quantile is asked of a probability between 0 and 1.")
    return -_upper_quantile(p, df) if p < 0.5 else _upper_quantile(1 - p, df)


@lru_cache(maxsize=1024)
def critical(alpha: float, df: float) -> float:
    """The t with P(T > t) = alpha, for 0 < alpha < 1: what one-sided bounds at level 1 - alpha are made with.

    Asked of the tail itself, so that an alpha far below 1e-16 is not rounded away.
    """
    if not 0 < alpha < 1:
        raise ValueError("A level lies between 0 and 1.")
    return _upper_quantile(alpha, df) if alpha <= 0.5 else -_upper_quantile(1 - alpha, df)


def normal_upper_tail(z: float) -> float:
    """P(Z > z) for a standard normal Z."""
    return math.erfc(z / math.sqrt(2)) / 2


def normal_critical(alpha: float) -> float:
    """The z with P(Z > z) = alpha, for 0 < alpha <= 0.5."""
    return _root(normal_upper_tail, alpha)


def binomial_upper_tail(k: int, n: int) -> float:
    """P(X ≥ k) for X ~ Binomial(n, 1/2)."""
    return 1.0 if k <= 0 else _incomplete_beta(0.5, 0.5, k, n - k + 1)


def _upper_quantile(tail: float, df: float) -> float:
    """The t ≥ 0 with P(T > t) = tail, for 0 < tail <= 0.5."""
    return _root(lambda t: upper_tail(t, df), tail)


def _root(falling: Callable[[float], float], wanted: float) -> float:
    """Where a falling function of t ≥ 0 takes a value: by halving, down to neighbouring doubles."""
    if falling(0.0) <= wanted:
        return 0.0
    low, high = 0.0, 1.0
    while falling(high) > wanted:
        low, high = high, high * 2
    while True:
        middle = (low + high) / 2
        if middle in (low, high):
            return middle
        low, high = (middle, high) if falling(middle) > wanted else (low, middle)


def _incomplete_beta(x: float, rest: float, a: float, b: float) -> float:
    """I(x; a, b), given also `rest` = 1 - x, which would lose its digits if it were taken from an x near 1."""
    if x <= 0:
        return 0.0
    if rest <= 0:
        return 1.0
    front = math.exp(a * math.log(x) + b * math.log(rest) - _log_beta(a, b))
    # The fraction converges quickly on this side of the mean; the other side is its mirror image.
    if x < (a + 1) / (a + b + 2):
        return front * _fraction(x, a, b) / a
    return 1 - front * _fraction(rest, b, a) / b


def _log_beta(a: float, b: float) -> float:
    return math.lgamma(a) + math.lgamma(b) - math.lgamma(a + b)


def _fraction(x: float, a: float, b: float) -> float:
    c, d = 1.0, 1 / (_kept(1 - (a + b) * x / (a + 1)))
    result = d
    for m in range(1, MOST_TERMS):
        for numerator in (
            m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m)),
            -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1)),
        ):
            d = 1 / _kept(1 + numerator * d)
            c = _kept(1 + numerator / c)
            step = c * d
            result *= step
        if abs(step - 1) < PRECISE:
            break
    return result


def _kept(value: float) -> float:
    return value if abs(value) > TINY else TINY
