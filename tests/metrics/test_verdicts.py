"""Champion against challenger: each verdict, where it begins and where it ends."""

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from agileml.metrics.rules.terms import Answer, Arm, Discordant, Guardrail, Inputs, Terms, Value, natural
from agileml.metrics.rules.verdicts import verdict

DIGEST = "sha256:1"


def terms(n: int, **more: Any) -> Terms:
    plain: dict[str, Any] = {
        "metric": "f1", "direction": "higher", "margin": 0.0, "dataset_name": "holdout", "dataset_digest": DIGEST,
        "split": "test", "design": "seeds", "pairs": tuple(f"seed={at}" for at in range(n)),
    }  # fmt: skip
    return Terms(**plain | more)


def values(numbers: list[float | None], digest: str = DIGEST) -> dict[str, Value]:
    return {f"seed={at}": Value(number, f"s{at}", digest) for at, number in enumerate(numbers)}


def inputs(champion: list[float | None], challenger: list[float | None], look: int = 1, **more: Any) -> Inputs:
    return Inputs(look, {"f1": values(champion)}, {"f1": values(challenger)}, **more)


def judged(gains: list[float], **more: Any) -> Answer:
    return verdict(terms(len(gains), **more), inputs([0.0] * len(gains), [*gains]))


GAINS = st.lists(st.integers(-400, 600).map(lambda thousandths: thousandths / 1_000), min_size=3, max_size=12)


@given(GAINS, st.sampled_from([0.0, 0.01, 0.2]), st.integers(1, 4), st.sampled_from([1, 2, 3]))
def test_bounds_are_those_of_scipys_t(gains: list[float], margin: float, place: int, looks: int):
    answer = verdict(
        terms(len(gains), margin=margin, place=place, looks=looks), inputs([0.0] * len(gains), [*gains], look=looks)
    )
    if answer.sd == 0:
        return
    share = 0.65 if place == 1 else 0.35 / (place * (place - 1))
    asked = stats.ttest_1samp(gains, 0.0).confidence_interval(1 - 2 * 0.05 * share / looks)
    assert (answer.lower, answer.upper) == pytest.approx((asked.low, asked.high), rel=1e-9, abs=1e-9)


@given(st.lists(st.floats(-1, 1), min_size=5, max_size=5), st.integers(2, 20))
def test_folds_widen_the_bounds_by_what_they_share(gains: list[float], folds: int):
    apart, shared = judged(gains), judged(gains, design="kfold", folds=folds)
    if apart.sd:
        assert apart.error is not None
        assert shared.error == pytest.approx(apart.error * math.sqrt((1 / 5 + 1 / (folds - 1)) / (1 / 5)))


@given(GAINS, st.sampled_from([0.0, 0.05, 0.2]), st.integers(1, 5))
def test_the_word_follows_from_the_bounds(gains: list[float], margin: float, place: int):
    answer = judged(gains, margin=margin, place=place)
    if not answer.sd:
        return
    assert answer.lower is not None
    assert answer.upper is not None
    assert answer.p is not None
    n, level = len(gains), answer.level
    expected = "inconclusive"
    if answer.upper < 0:
        expected = "regression"
    elif answer.lower >= margin and n >= 5 and answer.p <= level:
        expected = "win"
    elif answer.lower >= margin and (n < 5 or n < math.log2(1 / level)):
        expected = "provisional_win"
    elif answer.upper < margin:
        expected = "no_win"
    assert answer.verdict == expected


@given(GAINS, st.sampled_from([0.0, 0.05]))
def test_a_metric_where_lower_is_better_is_judged_as_its_mirror_image(gains: list[float], margin: float):
    up = judged(gains, margin=margin)
    down = judged([-gain for gain in gains], margin=margin, direction="lower")
    assert (up.verdict, up.lower, up.upper, up.p) == (down.verdict, down.lower, down.upper, down.p)


@given(GAINS)
def test_what_was_frozen_is_judged_again_to_the_same_answer(gains: list[float]):
    asked, seen = terms(len(gains), guardrails=(Guardrail("f1", "higher", 0.1),)), inputs([0.0] * len(gains), [*gains])
    answer = verdict(asked, seen)
    assert verdict(Terms.of(asked.stored()), Inputs.of(seen.stored())) == answer == Answer.of(answer.stored())


def test_five_clear_gains_are_a_win():
    answer = judged([0.03, 0.03, 0.04, 0.03, 0.03])
    assert (answer.verdict, answer.n, answer.p) == ("win", 5, 1 / 32)


@pytest.mark.parametrize(("gains", "place", "more"), [([0.03, 0.03, 0.031], 1, 2), ([0.3, 0.3, 0.31, 0.3, 0.3], 2, 2)])
def test_too_few_pairs_for_the_exact_test_are_a_win_only_for_now(gains: list[float], place: int, more: int):
    answer = judged(gains, place=place)
    assert (answer.verdict, answer.more) == ("provisional_win", more)


def test_two_pairs_are_shown_without_a_verdict():
    answer = judged([0.3, 0.4])
    assert (answer.verdict, answer.mean, answer.lower, answer.more) == ("insufficient", pytest.approx(0.35), None, 1)


@pytest.mark.parametrize(
    ("gain", "margin", "word"),
    [(-0.1, 0.0, "regression"), (0.0, 0.0, "no_win"), (0.1, 0.0, "deterministic_win"), (0.1, 0.2, "no_win")],
)
def test_gains_without_any_spread_need_no_statistics(gain: float, margin: float, word: str):
    assert judged([gain] * 3, margin=margin).verdict == word


def test_differences_that_are_the_same_but_for_rounding_have_no_spread():
    answer = verdict(terms(3), inputs([0.1, 0.2, 0.7], [0.4, 0.5, 1.0]))
    assert (answer.verdict, answer.sd) == ("deterministic_win", 0.0)


@pytest.mark.parametrize(
    ("champion", "challenger", "said"),
    [
        ([0.1, 0.1, 0.1], [0.2, 0.2], "f1 of the challenger, seed=2, has not been measured."),
        ([0.1, None, 0.1], [0.2, 0.2, 0.2], "f1 of the champion, seed=1, is not a finite number."),
        ([0.1, 0.1, 1e308], [0.2, 0.2, -1e308], "The values are too far apart to be compared."),
    ],
)
def test_what_cannot_be_compared_is_named(champion: list[float | None], challenger: list[float | None], said: str):
    answer = verdict(terms(3), inputs(champion, challenger))
    assert (answer.verdict, answer.problem) == ("not_comparable", said)


def test_another_dataset_cannot_be_compared():
    seen = Inputs(1, {"f1": values([0.1] * 3)}, {"f1": values([0.2] * 3, digest="sha256:2")})
    answer = verdict(terms(3), seen)
    assert answer.verdict == "not_comparable"
    assert answer.problem == "f1 of the challenger, seed=0, was measured on another dataset (sha256:2)."


def test_each_look_compares_the_next_of_the_planned_pairs():
    asked = terms(5, looks=2)
    assert asked.pairs_at(1) == ("seed=0", "seed=1", "seed=2")
    assert asked.pairs_at(2) == asked.pairs
    assert verdict(asked, inputs([0.0] * 3, [0.1, 0.2, 0.3], look=1)).n == 3


def test_the_levels_of_however_many_challengers_sum_to_alpha():
    total = math.fsum(terms(5, place=place).level for place in range(1, 20_001))
    assert 0.05 * (1 - 1e-4) < total < 0.05


def test_with_about_as_many_pairs_as_it_says_it_would_be_a_win():
    answer = judged([0.5, -0.2, 0.4, 0.1, 0.3, -0.1])
    assert answer.verdict == "inconclusive"
    assert answer.more is not None
    assert answer.mean is not None
    assert answer.sd is not None

    def lower(n: int) -> float:
        return answer.mean - stats.t.isf(answer.level, n - 1) * answer.sd / math.sqrt(n)

    assert lower(6 + answer.more) >= 0 > lower(6 + answer.more - 1)


def test_more_of_the_same_is_not_promised_to_help_where_the_mean_is_below_the_margin():
    assert judged([0.1, -0.2, 0.05], margin=0.1).more is None


GUARDED = (Guardrail("latency", "lower", 0.5),)


def guarded(change: float, gains: tuple[float, ...] = (0.03, 0.03, 0.04, 0.03, 0.03)) -> Answer:
    champion = {"f1": values([0.0] * 5), "latency": values([2.0] * 5)}
    challenger = {"f1": values([*gains]), "latency": values([2.0 + change] * 5)}
    return verdict(terms(5, guardrails=GUARDED), Inputs(1, champion, challenger))


def test_a_win_that_costs_more_than_the_guardrail_allows_is_blocked():
    answer = guarded(0.6)
    assert (answer.verdict, answer.before_guardrails) == ("blocked_by_guardrail", "win")
    assert answer.guardrails[0].change == pytest.approx(-0.6)


@pytest.mark.parametrize("change", [0.5, 0.0, -1.0])
def test_a_guardrail_holds_up_to_what_it_allows(change: float):
    assert guarded(change).verdict == "win"


def test_a_guardrail_that_was_not_measured_blocks_too():
    answer = verdict(terms(5, guardrails=GUARDED), inputs([0.0] * 5, [0.03, 0.03, 0.04, 0.03, 0.03]))
    assert answer.verdict == "blocked_by_guardrail"
    assert answer.guardrails[0].problem == "latency of the champion, seed=0, has not been measured."


def test_a_guardrail_turns_no_loss_into_anything_else():
    assert guarded(0.6, gains=(-0.3, -0.3, -0.4, -0.3, -0.3)).verdict == "regression"


def single(better: int, worse: int, gain: float, margin: float = 0.0) -> Answer:
    seen = Inputs(
        1,
        {"f1": {"": Value(0.5, "s", DIGEST)}},
        {"f1": {"": Value(0.5 + gain, "t", DIGEST)}},
        Discordant(better, worse),
    )
    return verdict(terms(0, pairs=("",), design="single_test_set", margin=margin), seen)


@pytest.mark.parametrize(
    ("better", "worse", "gain", "margin", "word"),
    [
        (30, 10, 0.04, 0.0, "win"),
        (30, 10, 0.04, 0.05, "no_win"),
        (10, 30, -0.04, 0.0, "regression"),
        (12, 10, 0.004, 0.0, "inconclusive"),
        (0, 0, 0.0, 0.0, "inconclusive"),
    ],
)
def test_on_one_test_set_the_examples_decide(better: int, worse: int, gain: float, margin: float, word: str):
    assert single(better, worse, gain, margin).verdict == word


def test_one_test_set_without_counts_cannot_be_compared():
    seen = Inputs(1, {"f1": {"": Value(0.5, "s", DIGEST)}}, {"f1": {"": Value(0.9, "t", DIGEST)}})
    assert verdict(terms(0, pairs=("",), design="single_test_set"), seen).verdict == "not_comparable"


def arms(champion: Arm | None, challenger: Arm | None, n: int = 7, **more: Any) -> Answer:
    return verdict(terms(n, design="ab_test", **more), Inputs(1, {}, {}, None, champion, challenger))


@given(st.integers(10, 900), st.integers(10, 900))
def test_two_arms_with_counts_have_the_bounds_of_two_proportions(one: int, other: int):
    answer = arms(Arm(one, 1_000), Arm(other, 1_000))
    p, q = one / 1_000, other / 1_000
    error = math.sqrt(p * (1 - p) / 1_000 + q * (1 - q) / 1_000)
    assert answer.lower == pytest.approx(q - p - stats.norm.isf(answer.level) * error, abs=1e-9)
    assert answer.p == pytest.approx(stats.norm.sf((q - p) / error), abs=1e-9)


@given(st.lists(st.integers(0, 99), min_size=7, max_size=9), st.lists(st.integers(0, 99), min_size=7, max_size=9))
def test_two_arms_with_daily_values_are_compared_as_welch_does(one: list[int], other: list[int]):
    answer = arms(Arm(days=tuple(map(float, one))), Arm(days=tuple(map(float, other))))
    if answer.error:
        asked = stats.ttest_ind(other, one, equal_var=False, alternative="greater")
        assert answer.p == pytest.approx(asked.pvalue, abs=1e-9)
        assert answer.lower == pytest.approx(asked.confidence_interval(1 - answer.level).low, rel=1e-9, abs=1e-9)


@pytest.mark.parametrize(
    ("champion", "challenger", "word"),
    [
        (Arm(100, 1_000), Arm(180, 1_000), "win"),
        (Arm(180, 1_000), Arm(100, 1_000), "regression"),
        (Arm(100, 1_000), Arm(105, 1_000), "inconclusive"),
        (Arm(5, 1_000), Arm(180, 1_000), "insufficient"),
        (Arm(20, 10), Arm(180, 1_000), "not_comparable"),
        (Arm(days=(1.0,) * 6), Arm(days=(2.0,) * 6), "insufficient"),
        (Arm(days=(1.0,) * 7), Arm(days=(2.0,) * 7), "deterministic_win"),
        (Arm(days=(1.0, 2.0, 1e200) * 3), Arm(days=(2.0,) * 9), "not_comparable"),
        (Arm(100, 1_000), Arm(days=(2.0,) * 7), "not_comparable"),
        (None, Arm(100, 1_000), "not_comparable"),
    ],
)
def test_an_ab_test_speaks_the_same_words(champion: Arm | None, challenger: Arm | None, word: str):
    assert arms(champion, challenger).verdict == word


def test_the_noise_is_how_far_the_champions_own_repeats_lie_apart():
    answer = verdict(terms(3), inputs([0.1, 0.2, 0.4], [0.5, 0.5, 0.5]))
    assert answer.noise == pytest.approx((0.1 + 0.3 + 0.2) / 3)


def test_pairs_are_counted_as_people_count():
    assert natural(["seed=10", "seed=9", "fold=1", ""]) == ["", "fold=1", "seed=9", "seed=10"]
