"""What an evaluation freezes when it opens, what a look at it freezes, and what it answers."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

SEEDS, KFOLD, SINGLE, AB_TEST = "seeds", "kfold", "single_test_set", "ab_test"
FIRST_SHARE = 0.65  # of alpha, for the first challenger of a champion; the rest is shared among all later ones


@dataclass(frozen=True)
class Guardrail:
    """A metric that must not get worse by more than `largest_regression` (absolute, ≥ 0)."""

    metric: str
    direction: str
    largest_regression: float


@dataclass(frozen=True)
class Terms:
    """The rules of one evaluation, agreed before anybody sees its outcome.

    `margin` ≥ 0 is the least gain that counts, absolute; `pairs` are the planned ones, in the order in which looks take
    them; `folds` belongs to the design "kfold"; `looks` is how often it may be judged; `place` is the challenger's in
    the family of those tried against this champion on this dataset, from 1.
    """

    metric: str
    direction: str
    margin: float
    dataset_name: str
    dataset_digest: str
    split: str
    design: str
    pairs: tuple[str, ...]
    alpha: float = 0.05
    looks: int = 1
    place: int = 1
    folds: int | None = None
    guardrails: tuple[Guardrail, ...] = ()

    @property
    def sign(self) -> int:
        """What turns "challenger minus champion" into "how much better"."""
        return -1 if self.direction == "lower" else 1

    @property
    def level(self) -> float:
        """The α′ of one look: the place's share of α, which sums to α however many challengers come, over the looks.

        α₁ = 0.65·α and α_k = 0.35·α / (k(k-1)) for k ≥ 2, since Σ 1/(k(k-1)) over k ≥ 2 is 1.
        """
        share = FIRST_SHARE if self.place == 1 else (1 - FIRST_SHARE) / (self.place * (self.place - 1))
        return self.alpha * share / self.looks

    def pairs_at(self, look: int) -> tuple[str, ...]:
        """The pairs that look number `look` (from 1) compares: the first ⌈n·look/looks⌉ of the planned ones.

        Frozen in their order, so that nobody can wait for the seeds that suit.
        """
        return self.pairs[: math.ceil(len(self.pairs) * look / self.looks)]

    def stored(self) -> dict[str, Any]:
        """As plain JSON."""
        return asdict(self) | {"pairs": list(self.pairs), "guardrails": [asdict(one) for one in self.guardrails]}

    @staticmethod
    def of(kept: Mapping[str, Any]) -> "Terms":
        """Terms from what `stored` made."""
        guardrails = tuple(Guardrail(**one) for one in kept["guardrails"])
        return Terms(**{**kept, "pairs": tuple(kept["pairs"]), "guardrails": guardrails})


@dataclass(frozen=True)
class Value:
    """One side of one pair: a snapshot's value, None where it was not finite, and the dataset it was measured on."""

    value: float | None
    snapshot: str
    digest: str


@dataclass(frozen=True)
class Discordant:
    """On one test set: how many examples only one of the two got right."""

    only_challenger: int
    only_champion: int


@dataclass(frozen=True)
class Arm:
    """One arm of an A/B test: successes among trials, or one value a day."""

    successes: int | None = None
    trials: int | None = None
    days: tuple[float, ...] = ()


Values = Mapping[str, Mapping[str, Value]]


@dataclass(frozen=True)
class Inputs:
    """What one look saw. Values are by metric, then by pair; a pair that was not measured is absent."""

    look: int
    champion: Values
    challenger: Values
    discordant: Discordant | None = None
    champion_arm: Arm | None = None
    challenger_arm: Arm | None = None

    def stored(self) -> dict[str, Any]:
        """As plain JSON."""
        return asdict(self)

    @staticmethod
    def of(kept: Mapping[str, Any]) -> "Inputs":
        """Inputs from what `stored` made."""
        return Inputs(
            look=kept["look"],
            champion=_values(kept["champion"]),
            challenger=_values(kept["challenger"]),
            discordant=Discordant(**kept["discordant"]) if kept["discordant"] else None,
            champion_arm=_arm(kept["champion_arm"]),
            challenger_arm=_arm(kept["challenger_arm"]),
        )


def _values(kept: Mapping[str, Any]) -> Values:
    return {metric: {pair: Value(**one) for pair, one in pairs.items()} for metric, pairs in kept.items()}


def _arm(kept: Mapping[str, Any] | None) -> Arm | None:
    return Arm(**{**kept, "days": tuple(kept["days"])}) if kept else None


@dataclass(frozen=True)
class Guarded:
    """How a guardrail came out: the mean change for the better (negative is worse), or why it was not measured."""

    metric: str
    change: float | None
    allowed: float
    held: bool
    problem: str = ""


@dataclass(frozen=True)
class Answer:
    """A verdict with all that it rests on.

    `verdict` is the word and `before_guardrails` what it would be without them. Differences are for the better when
    positive. `level` is α′, `p` one-sided; `reachable_n` is the number of pairs below which p cannot reach α′; `more`
    about how many more pairs would be needed, None where more of the same would not help. `noise` is how far two
    repeats of the champion itself lie apart on average.
    """

    verdict: str
    n: int
    margin: float
    level: float
    before_guardrails: str = ""
    mean: float | None = None
    sd: float | None = None
    error: float | None = None
    lower: float | None = None
    upper: float | None = None
    p: float | None = None
    reachable_n: int | None = None
    more: int | None = None
    noise: float | None = None
    problem: str = ""
    differences: tuple[tuple[str, float], ...] = ()
    guardrails: tuple[Guarded, ...] = ()

    def stored(self) -> dict[str, Any]:
        """As plain JSON."""
        return asdict(self) | {
            "differences": [list(one) for one in self.differences],
            "guardrails": [asdict(one) for one in self.guardrails],
        }

    @staticmethod
    def of(kept: Mapping[str, Any]) -> "Answer":
        """An answer from what `stored` made."""
        differences = tuple((pair, value) for pair, value in kept["differences"])
        return Answer(
            **{**kept, "differences": differences, "guardrails": tuple(Guarded(**one) for one in kept["guardrails"])}
        )


def natural(pairs: Sequence[str]) -> list[str]:
    """Pair keys in the order in which people count: seed=2 before seed=10."""
    return sorted(pairs, key=lambda pair: [(part.isdigit(), part.zfill(20), part) for part in _parts(pair)])


def _parts(text: str) -> list[str]:
    parts, last = [""], None
    for letter in text:
        if last is not None and letter.isdigit() != last:
            parts.append("")
        parts[-1] += letter
        last = letter.isdigit()
    return parts
