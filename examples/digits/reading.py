"""Trains a candidate on one draw of the training images and measures it on the fixed hold-out."""

import hashlib
import warnings
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
from catalogue import Candidate, candidate
from features import Array, compute
from numpy.typing import NDArray
from rule import TemplateRule
from sklearn.datasets import load_digits
from sklearn.dummy import DummyClassifier
from sklearn.ensemble import RandomForestClassifier
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import f1_score
from sklearn.model_selection import train_test_split
from sklearn.neighbors import KNeighborsClassifier, NearestCentroid
from sklearn.neural_network import MLPClassifier
from sklearn.svm import SVC
from threadpoolctl import threadpool_limits

Labels = NDArray[np.int64]

# The hold-out never depends on a seed: every value of every candidate is measured on the same 540 images.
HOLD_OUT_SHARE = 0.3
HOLD_OUT_STATE = 0
DATASET_NAME = "digits holdout v1"

# What a seed draws from the training images that are not held out.
DRAW_PERCENT = 90

EPOCHS = 100
CURVE_EVERY = 10

PANEL = (
    candidate("svm", "raw"),
    candidate("svm", "deskew"),
    candidate("knn", "raw"),
    candidate("logreg"),
    candidate("forest"),
    candidate("mlp", size=256),
)


@dataclass(frozen=True)
class Digits:
    """The bundled images, split once and for all."""

    images: Array
    labels: Labels
    held_images: Array
    held_labels: Labels

    @property
    def digest(self) -> str:
        """Names the content of the hold-out: the same on every machine as long as the images are the same."""
        content = self.held_images.astype(np.uint8).tobytes() + self.held_labels.astype(np.uint8).tobytes()
        return f"sha256:{hashlib.sha256(content).hexdigest()[:32]}"

    def draw(self, seed: int, percent: int) -> NDArray[np.int64]:
        """Indexes of the training images that ``seed`` draws, then the first ``percent`` of them.

        Every candidate with the same seed sees the same images, so that two candidates can be compared pair by pair,
        and the smaller shares lie within the larger.
        """
        drawn = np.random.default_rng(seed).permutation(len(self.labels))[: len(self.labels) * DRAW_PERCENT // 100]
        return drawn[: len(drawn) * percent // 100]


@dataclass(frozen=True)
class Measured:
    """What one trained reader was, and what was measured of it; a curve is (step, value) points of a metric."""

    params: dict[str, Any]
    values: dict[str, float]
    curves: dict[str, list[tuple[int, float]]]


@dataclass(frozen=True)
class Reader:
    """A trained model with the features that it reads."""

    model: Any
    features: tuple[str, ...]

    def read(self, images: Array) -> Labels:
        """The digit read in each image."""
        return self.model.predict(compute(self.features, images) if self.features else images.reshape(len(images), -1))


@cache
def digits() -> Digits:
    """scikit-learn's bundled digits; nothing is downloaded."""
    bundle = load_digits()
    images, held_images, labels, held_labels = train_test_split(
        bundle.images, bundle.target, test_size=HOLD_OUT_SHARE, random_state=HOLD_OUT_STATE, stratify=bundle.target
    )
    return Digits(images, labels, held_images, held_labels)


def untrained(chosen: Candidate, seed: int) -> Any:
    """The scikit-learn estimator of a candidate, or the template rule."""
    match chosen.model:
        case "svm":
            return SVC(C=chosen.c, gamma="scale")
        case "mlp":
            # All epochs are run (no early end), so that the curves of all seeds have the same steps.
            return MLPClassifier(
                (chosen.size,),
                learning_rate_init=0.003,
                max_iter=EPOCHS,
                n_iter_no_change=EPOCHS,
                random_state=seed,
            )
        case "knn":
            return KNeighborsClassifier(chosen.size)
        case "forest":
            return RandomForestClassifier(chosen.size, random_state=seed, n_jobs=1)
        case "logreg":
            return LogisticRegression(max_iter=2000)
        case "centroid":
            return NearestCentroid()
        case "most-frequent":
            return DummyClassifier(strategy="most_frequent")
        case "rule":
            return TemplateRule()
    raise ValueError(f"{chosen.model} is not a single reader")


def trained(chosen: Candidate, seed: int) -> Reader:
    """A reader of ``chosen`` trained on what ``seed`` draws."""
    model = untrained(chosen, seed)
    if not isinstance(model, TemplateRule):
        data = digits()
        drawn = data.draw(seed, chosen.percent)
        images = data.images[drawn]
        seen = compute(chosen.features, images) if chosen.features else images.reshape(len(images), -1)
        # One thread: the sums of a parallel run may differ in the last digit from machine to machine.
        with threadpool_limits(1), warnings.catch_warnings():
            # A fixed number of epochs ends before the optimiser says that it is done; that is meant.
            warnings.simplefilter("ignore", ConvergenceWarning)
            # Some pixels at the border are blank in every image of a digit; the class means do not mind.
            warnings.filterwarnings("ignore", message="self.within_class_std_dev_", category=UserWarning)
            model.fit(seen, data.labels[drawn])
    return Reader(model, chosen.features)


def measure(chosen: Candidate, seed: int) -> Measured:
    """Trains ``chosen`` with ``seed`` and measures it on the hold-out; errors are fractions from 0 to 1."""
    if chosen.model == "panel":
        return _measure_panel(chosen, seed)
    data = digits()
    reader = trained(chosen, seed)
    curves = {}
    if chosen.model == "mlp":
        losses = reader.model.loss_curve_
        curves["train_loss"] = [(step, float(losses[step - 1])) for step in range(CURVE_EVERY, EPOCHS + 1, CURVE_EVERY)]
    return Measured(_params(chosen, seed), quality(reader.read(data.held_images)), curves)


def quality(read: Labels) -> dict[str, float]:
    """Error rate, macro F1, and error rate among the nines, of what was read in the hold-out."""
    truth = digits().held_labels
    wrong = read != truth
    return {
        "error": float(wrong.mean()),
        "macro_f1": float(f1_score(truth, read, average="macro", zero_division=0.0)),
        "error_on_nines": float(wrong[truth == 9].mean()),
    }


def _measure_panel(chosen: Candidate, seed: int) -> Measured:
    data = digits()
    members = [Candidate(one.model, one.features, one.size, one.c, chosen.percent) for one in PANEL]
    read = np.stack([trained(one, seed).read(data.held_images) for one in members])
    # The commonest answer; of two equally common ones the lower digit.
    vote = np.stack([(read == digit).sum(axis=0) for digit in range(10)]).argmax(axis=0)
    misread_by = (read != data.held_labels).sum(axis=0)
    values = quality(vote) | {
        "misread_by_all": float((misread_by == len(PANEL)).sum()),
        "misread_by_most": float((misread_by > len(PANEL) / 2).sum()),
        "misread_by_any": float((misread_by > 0).sum()),
    }
    params = _params(chosen, seed) | {"readers": ", ".join(one.name for one in members)}
    return Measured(params, values, {})


def _params(chosen: Candidate, seed: int) -> dict[str, Any]:
    params: dict[str, Any] = {"model": chosen.model}
    if chosen.features:
        params["features"] = "+".join(chosen.features)
    match chosen.model:
        case "svm":
            params |= {"C": chosen.c, "gamma": "scale", "kernel": "rbf"}
        case "mlp":
            params |= {"hidden_units": chosen.size, "epochs": EPOCHS, "learning_rate": 0.003}
        case "knn":
            params["neighbours"] = chosen.size
        case "forest":
            params["trees"] = chosen.size
    train_images = 0 if chosen.model == "rule" else len(digits().draw(seed, chosen.percent))
    return params | {"train_images": train_images, "seed": seed}
