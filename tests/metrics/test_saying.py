"""Each verdict is told in one plain sentence that promises no more than it may."""

from dataclasses import replace

import pytest

from agileml.metrics.rules.saying import TONES, WORDS, allowed, guarded, plan_note, sentence
from agileml.metrics.rules.terms import Answer, Guarded, Terms

FIVE = Terms("f1", "higher", 0.01, "holdout", "sha256:1", "test", "seeds", tuple(f"seed={at}" for at in range(5)))
ANSWER = Answer("win", 5, 0.01, 0.0325, mean=0.008)


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (ANSWER, "Better than the champion by 0.8 points over five repeats: safe to say."),
        (
            replace(ANSWER, verdict="deterministic_win"),
            "Better than the champion by 0.8 points, the same over five repeats: there is no chance in it.",
        ),
        (
            replace(ANSWER, verdict="provisional_win", n=3, more=2),
            "Better than the champion by 0.8 points over three repeats, which are too few to be sure; "
            "about 2 more seeds would tell.",
        ),
        (
            replace(ANSWER, verdict="no_win"),
            "Not better than the champion by the 1 point that matters: "
            "ahead of the champion by 0.8 points over five repeats.",
        ),
        (
            replace(ANSWER, verdict="regression", mean=-0.02),
            "Worse than the champion by 2 points over five repeats: safe to say.",
        ),
        (
            replace(ANSWER, verdict="inconclusive", mean=0.0),
            "The two are level over five repeats: that may be chance.",
        ),
        (
            replace(ANSWER, verdict="insufficient", n=1, more=2),
            "Ahead of the champion by 0.8 points over one repeat: too few to tell anything; "
            "about 2 more seeds would tell.",
        ),
        (
            replace(ANSWER, verdict="blocked_by_guardrail", guardrails=(Guarded("latency", -3.0, 1.0, held=False),)),
            "Better than the champion by 0.8 points over five repeats, but latency got worse by 3 ms.",
        ),
        (
            replace(
                ANSWER,
                verdict="blocked_by_guardrail",
                guardrails=(
                    Guarded("recall", -0.0078, 0.002, held=False),
                    Guarded("latency", 1.0, 1.0, held=True),
                    Guarded("f2", None, 0.0, held=False),
                ),
            ),
            "Better than the champion by 0.8 points over five repeats, "
            "but recall got worse by 0.78 points and f2 was not measured.",
        ),
        (
            replace(ANSWER, verdict="not_comparable", mean=None, problem="seed=3 has not been measured."),
            "Not comparable: seed=3 has not been measured.",
        ),
    ],
)
def test_a_verdict_is_one_sentence(answer: Answer, said: str):
    assert sentence(FIVE, answer, {"f1": "%", "latency": "ms", "recall": "%"}) == said


def test_every_verdict_has_a_word_and_a_tone():
    assert WORDS.keys() == TONES.keys()


def test_too_few_pairs_for_the_test_are_told_when_it_is_planned():
    assert plan_note(FIVE, 5) == ""
    assert plan_note(replace(FIVE, place=2), 7) == (
        "With 5 repeats the exact test cannot reach its level, however clear the gain: "
        "as challenger number 2 it needs 7. It can be a win for now at best."
    )


@pytest.mark.parametrize(
    ("change", "unit", "said"),
    [
        (-0.0078, "%", "got worse by 0.78 points"),
        (0.01, "%", "got better by 1 point"),
        (-3.0, "ms", "got worse by 3 ms"),
        (0.0, "ms", "stayed as it was"),
        (None, "ms", "was not measured"),
    ],
)
def test_what_became_of_a_guardrails_metric_is_told_in_its_unit(change: float | None, unit: str, said: str):
    assert guarded(Guarded("x", change, 0.0, held=True), unit) == said


def test_how_much_worse_is_allowed_is_told_in_the_metrics_unit():
    assert [allowed(0.002, "%"), allowed(3, "ms"), allowed(0, "ms")] == [
        "0.2 points worse at most", "3 ms worse at most", "not worse at all",
    ]  # fmt: skip
