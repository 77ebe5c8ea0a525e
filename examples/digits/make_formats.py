"""Writes the results of real readers in other forms that teams have, each as its own tool would."""

import sys
from pathlib import Path

import numpy as np
from catalogue import candidate
from features import compute
from metric_file import write, write_json
from reading import digits, quality, trained, untrained
from sklearn.metrics import classification_report
from threadpoolctl import threadpool_limits

FORMATS = Path(__file__).parent / "formats"
SEED = 0
EPOCHS = 30


def sklearn_report() -> None:
    """``classification_report(output_dict=True)`` of the straightened support vector machine."""
    data = digits()
    read = trained(candidate("svm", "deskew"), SEED).read(data.held_images)
    report = classification_report(data.held_labels, read, output_dict=True)
    write_json(FORMATS / "sklearn_report" / f"svm-deskew-seed={SEED}.json", report)


def dvc_metrics() -> None:
    """A DVC stage's nested ``metrics.json`` of the same reader, on its training images and on the hold-out."""
    data = digits()
    chosen = candidate("svm", "deskew")
    drawn = data.draw(SEED, chosen.percent)
    reader = trained(chosen, SEED)
    read = reader.read(data.held_images)
    on_digit = {f"digit_{digit}": float((read != digit)[data.held_labels == digit].mean()) for digit in range(10)}
    metrics = {
        "train": {
            "images": len(drawn),
            "error": float((reader.read(data.images[drawn]) != data.labels[drawn]).mean()),
        },
        "test": {"images": len(read)} | quality(read) | {"error_by_digit": on_digit},
    }
    write_json(FORMATS / "dvc" / "metrics.json", metrics)


def dvclive_metrics() -> None:
    """A DVCLive ``metrics.json`` after the last epoch; validation is on the training images that the seed left out."""
    data = digits()
    chosen = candidate("mlp", size=64)
    drawn = data.draw(SEED, chosen.percent)
    left_out = np.setdiff1d(np.arange(len(data.labels)), drawn)
    seen, unseen = (compute(chosen.features, data.images[part]) for part in (drawn, left_out))
    model = untrained(chosen, SEED)
    errors = []
    with threadpool_limits(1):
        for _ in range(EPOCHS):
            model.partial_fit(seen, data.labels[drawn], classes=np.arange(10))
            errors.append(float((model.predict(unseen) != data.labels[left_out]).mean()))
    metrics = {
        "train": {"loss": float(model.loss_)},
        "val": {"error": errors[-1]},
        "step": EPOCHS - 1,
        "best/val_error": min(errors),
    }
    write_json(FORMATS / "dvclive" / "metrics.json", metrics)


def flat_yaml() -> None:
    """A flat YAML file of a forest."""
    values = quality(trained(candidate("forest"), SEED).read(digits().held_images))
    lines = [f"{metric}: {value:.12f}" for metric, value in values.items()]
    write(FORMATS / "flat" / f"forest-200-raw-seed={SEED}.yaml", "\n".join([*lines, f"seed: {SEED}"]) + "\n")


if __name__ == "__main__":
    for form in (sklearn_report, dvc_metrics, dvclive_metrics, flat_yaml):
        form()
    sys.exit(0)
