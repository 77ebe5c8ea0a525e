"""Names of the readers that can be trained, and the topics whose runs are committed.

Nothing here needs numpy or scikit-learn, so that ``--help`` and the checks of the committed files work without them.
"""

from dataclasses import dataclass, replace

FEATURES = ("raw", "deskew", "hog", "edges", "zoning")

MODELS = {
    "svm": "support vector machine, RBF kernel",
    "mlp": "one hidden layer, Adam",
    "knn": "nearest neighbours",
    "forest": "random forest",
    "logreg": "logistic regression",
    "centroid": "nearest class mean",
    "rule": "ten hand-drawn templates, nothing is learned",
    "most-frequent": "always the commonest digit of the training images",
    "panel": "majority vote of six readers, and how many images they all misread",
}

# What --size counts for each model that has one, its value when it is not given, and the largest: a network or forest
# beyond it would train for minutes, and the smallest share of the training images has only so many neighbours.
SIZES = {"mlp": ("hidden units", 64, 4096), "knn": ("neighbours", 3, 50), "forest": ("trees", 200, 2000)}

# These look at the picture itself (or ask readers that do), so a feature set has no meaning for them.
WITHOUT_FEATURES = ("rule", "most-frequent", "panel")

DEFAULT_C = 10.0


class UnknownCandidate(ValueError):
    """The options name no reader that can be trained; the message says which option, and why."""


@dataclass(frozen=True)
class Candidate:
    """One configuration: all its seeds together are what a ticket compares.

    ``features`` are feature sets laid side by side; ``size`` counts what ``SIZES`` says for the model (0: none);
    ``c`` is the inverse penalty of the support vector machine; ``percent`` of the training images are used.
    """

    model: str
    features: tuple[str, ...]
    size: int
    c: float
    percent: int

    @property
    def name(self) -> str:
        """The name that the metric files carry; settings left at their default are not in it."""
        parts = [self.model]
        if self.model == "svm" and self.c != DEFAULT_C:
            parts.append(f"c{self.c:g}")
        if self.size:
            parts.append(str(self.size))
        parts.extend(self.features)
        if self.percent != 100:
            parts.append(f"{self.percent}pct")
        return "-".join(parts)

    @property
    def options(self) -> list[str]:
        """The options of train.py that name this candidate."""
        options = ["--model", self.model]
        if self.features:
            options += ["--features", "+".join(self.features)]
        if self.size:
            options += ["--size", str(self.size)]
        if self.model == "svm" and self.c != DEFAULT_C:
            options += ["--c", f"{self.c:g}"]
        if self.percent != 100:
            options += ["--percent", str(self.percent)]
        return options


def candidate(
    model: str, features: str | None = None, size: int | None = None, c: float | None = None, percent: int = 100
) -> Candidate:
    """The candidate that these options name, with defaults filled in.

    ``features`` are joined by ``+``. Raises UnknownCandidate when an option has no meaning for the model or is out of
    range, rather than training something else than was asked for.
    """
    if model not in MODELS:
        raise UnknownCandidate(f"no model is called {model!r}; there are {', '.join(MODELS)}")
    if model in WITHOUT_FEATURES and features is not None:
        raise UnknownCandidate(f"{model} takes no --features")
    if model not in SIZES and size is not None:
        raise UnknownCandidate(f"{model} takes no --size")
    if model != "svm" and c is not None:
        raise UnknownCandidate(f"{model} takes no --c")
    sets = () if model in WITHOUT_FEATURES else tuple((features or "raw").split("+"))
    for feature_set in sets:
        if feature_set not in FEATURES:
            raise UnknownCandidate(f"no feature set is called {feature_set!r}; there are {', '.join(FEATURES)}")
    if len(set(sets)) < len(sets):
        raise UnknownCandidate("a feature set is named twice")
    _, default_size, largest = SIZES.get(model, ("", 0, 0))
    if size is not None and not 1 <= size <= largest:
        raise UnknownCandidate(f"--size of {model} must be between 1 and {largest}")
    if c is not None and not 0 < c < float("inf"):
        raise UnknownCandidate("--c must be a number above 0")
    if not 5 <= percent <= 100:
        raise UnknownCandidate("--percent must be between 5 and 100")
    return Candidate(model, sets, size or default_size, DEFAULT_C if c is None else c, percent)


@dataclass(frozen=True)
class Topic:
    """A question that was tried out, and the candidates trained for it."""

    name: str
    question: str
    candidates: tuple[Candidate, ...]


_SVM = candidate("svm")

TOPICS = (
    Topic(
        "rule",
        "How far does a reader get that learns next to nothing?",
        (candidate("most-frequent"), candidate("rule"), candidate("centroid")),
    ),
    Topic(
        "knn",
        "How far does looking up the most similar image get?",
        tuple(candidate("knn", features) for features in ("raw", "deskew")),
    ),
    Topic("logreg", "Is a linear reader enough?", (candidate("logreg"),)),
    Topic(
        "forest",
        "Does a forest read better, with or without more features?",
        tuple(candidate("forest", features) for features in ("raw", "raw+edges+zoning")),
    ),
    Topic("svm-raw", "How good is a support vector machine on the pixels alone?", (candidate("svm", c=1.0), _SVM)),
    Topic(
        "svm-deskew",
        "Does straightening slanted digits help, and does a harder penalty then?",
        (candidate("svm", "deskew"), candidate("svm", "deskew", c=3.0)),
    ),
    Topic(
        "other-features",
        "Do edge directions, edge histograms or zoning read better than the pixels?",
        tuple(candidate("svm", features) for features in ("hog", "edges", "zoning")),
    ),
    Topic(
        "svm-hog",
        "Do edge directions by place help beside the pixels?",
        tuple(candidate("svm", features) for features in ("raw+hog", "deskew+hog")),
    ),
    Topic(
        "more-features",
        "Do edge histograms and zoning help the best readers so far?",
        tuple(candidate("svm", features) for features in ("raw+edges+zoning", "deskew+edges+zoning")),
    ),
    Topic(
        "mlp-width",
        "How wide must a hidden layer be?",
        tuple(candidate("mlp", size=units) for units in (16, 64, 256, 512)),
    ),
    Topic(
        "data-size",
        "Would more labelled images help?",
        tuple(replace(_SVM, percent=percent) for percent in (25, 50, 75, 100)),
    ),
    Topic("label-noise", "How many images does every reader misread?", (candidate("panel"),)),
)
