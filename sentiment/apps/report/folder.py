"""What other commands left in a model's folder in, figures for the page out."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sentiment.artifacts.checksums import read_json
from sentiment.errors import InputError
from sentiment.training.checkpoint import METRICS_FILE

CURVES = ("epoch", "train_loss", "train_accuracy", "validation_loss", "validation_accuracy")
BASELINE_FILE = "baseline-test.json"


@dataclass(frozen=True)
class Baseline:
    """A classifier that `sentiment baseline` has measured; the first is the model itself."""

    name: str
    accuracy: float
    accuracy_interval: tuple[float, float]
    roc_auc: float | None
    ece: float
    seconds: float | None  # Of training.
    p: float | None  # McNemar's, against the model.


@dataclass(frozen=True)
class Comparison:
    """Classifiers side by side on one split."""

    dataset: str
    split: str
    classifiers: list[Baseline]


def read_history(model: Path) -> list[dict[str, float]]:
    """The lines of `metrics.jsonl` in the folder `model`; none where there is no such file."""
    path = model / METRICS_FILE
    if not path.is_file():
        return []
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
        return [{name: float(json.loads(line)[name]) for name in CURVES} for line in lines]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InputError(f"'{path}' is not the history of a training run ({error!r}).") from error


def read_comparison(model: Path) -> Comparison | None:
    """What `sentiment baseline` wrote into the folder `model`, where it has."""
    path = model / BASELINE_FILE
    if not path.is_file():
        return None
    content = read_json(path)
    try:
        return Comparison(
            str(content["dataset"]),
            str(content["split"]),
            [baseline(entry, entry["metrics"]) for entry in content["classifiers"]],
        )
    except (ValueError, KeyError, TypeError) as error:
        raise InputError(f"'{path}' is not of `sentiment baseline` ({error!r}).") from error


def baseline(entry: dict[str, Any], metrics: dict[str, Any]) -> Baseline:
    low, high = metrics["accuracy_interval"]
    return Baseline(
        name=str(entry["name"]),
        accuracy=float(metrics["accuracy"]),
        accuracy_interval=(float(low), float(high)),
        roc_auc=optional(metrics["roc_auc"]),
        ece=float(metrics["ece"]),
        seconds=optional(entry["train_seconds"]),
        p=optional(entry["mcnemar"] and entry["mcnemar"]["p"]),
    )


def optional(value: Any) -> float | None:
    return None if value is None else float(value)
