"""Read the results that `sentiment train` and `sentiment baseline` saved in a model's folder."""

from pathlib import Path
from typing import Any

from sentiment.artifacts.checksums import read_json, read_json_lines
from sentiment.errors import ModelError
from sentiment.training.run_folder import METRICS_FILE

HISTORY_KEYS = ("epoch", "train_loss", "train_accuracy", "validation_loss", "validation_accuracy")
BASELINE_FILE = "baseline-test.json"


def read_history(folder: Path) -> list[dict[str, float]]:
    """Return the metrics of each epoch from `metrics.jsonl`; empty if there is no such file.

    Raises:
        ModelError: the file does not hold the metrics of a training run.
    """
    path = folder / METRICS_FILE
    if not path.is_file():
        return []
    epochs = read_json_lines(path)
    try:
        return [{key: float(epoch[key]) for key in HISTORY_KEYS} for epoch in epochs]
    except (ValueError, KeyError, TypeError, OverflowError) as error:
        raise ModelError(
            f"'{path}' does not hold the metrics of a training run ({error!r}). Delete the file to "
            "leave the learning curves out of the report."
        ) from error


def read_baselines(folder: Path) -> dict[str, Any] | None:
    """Return the comparison with the baselines from `baseline-test.json`, if there is one.

    Returns:
        `dataset`, `split` and `classifiers`: for the model and then each baseline a row of `name`,
        `accuracy`, `accuracy_interval`, `roc_auc`, `ece`, `train_seconds` and McNemar's `p`.

    Raises:
        ModelError: the file was not written by `sentiment baseline`.
    """
    path = folder / BASELINE_FILE
    if not path.is_file():
        return None
    content = read_json(path)
    try:
        return {
            "dataset": str(content["dataset"]),
            "split": str(content["split"]),
            "classifiers": [baseline_row(**entry) for entry in content["classifiers"]],
        }
    except (ValueError, KeyError, TypeError, OverflowError) as error:
        raise ModelError(
            f"'{path}' was not written by `sentiment baseline` ({error!r}). Delete the file or run "
            "the command again."
        ) from error


def baseline_row(
    name: str,
    metrics: dict[str, Any],
    train_seconds: float | None,
    mcnemar: dict[str, Any] | None,
    **_: Any,
) -> dict[str, Any]:
    """Return the values of one classifier that the page shows, converted to their types."""
    low, high = metrics["accuracy_interval"]
    return {
        "name": str(name),
        "accuracy": float(metrics["accuracy"]),
        "accuracy_interval": (float(low), float(high)),
        "roc_auc": metrics["roc_auc"] and float(metrics["roc_auc"]),
        "ece": float(metrics["ece"]),
        "train_seconds": train_seconds and float(train_seconds),
        "p": mcnemar and float(mcnemar["p"]),
    }
