"""Evaluate a classifier on a labelled split and write the report.

    report.html        the whole report, figures included: no script, no request, no other file
    report-figures/    the figures as PNG files

The report holds reviews of the evaluated split only.
"""

import platform
from importlib.metadata import version
from pathlib import Path
from typing import Any

from datasets import Dataset
from matplotlib.figure import Figure

from sentiment.apps.report import figures
from sentiment.apps.report.confident_errors import most_confident_errors
from sentiment.apps.report.one_vs_rest import one_vs_rest
from sentiment.apps.report.page import render
from sentiment.apps.report.saved_results import read_baselines, read_history
from sentiment.artifacts.checksums import CONFIG_FILE, part, read_json
from sentiment.artifacts.model_folder import SHIPPED_CLASSIFIER_FOLDER
from sentiment.data.splits import fingerprint, shared_mask
from sentiment.errors import SentimentError, StorageError
from sentiment.evaluation.behavior import BehaviorResult, run_tests
from sentiment.evaluation.metrics import Metrics, measure_slices
from sentiment.inference.classifier import Classifier
from sentiment.inference.evaluate import score_dataset
from sentiment.runtime.atomic_io import atomic_folder, atomic_write
from sentiment.runtime.paths import user_path

PACKAGES = ("torch", "spacy", "numpy", "scikit-learn", "captum", "matplotlib")


def write_report(
    classifier: Classifier,
    reviews: Dataset,
    out: Path,
    dataset: str,
    split: str,
    train: Dataset | None = None,
    name: str | None = None,
) -> None:
    """Evaluate a classifier and write the page and the folder of its figures.

    Args:
        classifier: the classifier. If it has a folder, results saved there are shown too.
        reviews: columns `text` and `label`.
        out: path of the page.
        dataset: name of the dataset, for the page.
        split: name of the split that `reviews` are, for the page.
        train: the training split. Reviews that occur in it are also measured separately.
        name: name of the classifier on the page. By default its folder.

    Raises:
        StorageError: `out` cannot be written. This is detected before the evaluation starts.
        ModelError: a file in the classifier's folder cannot be read. Nothing is written then.
    """
    out = user_path(out)
    if out.is_dir():
        raise StorageError(
            f"The report '{out}' is a folder. Name a file, such as '{out / 'report.html'}'."
        )
    folder = figures_folder(out)
    with atomic_folder(folder) as stage, atomic_write(out) as html:
        content = page_content(classifier, reviews, train)
        title = {"dataset": dataset, "split": split, "model": display_name(classifier, name)}
        html.write(render(**title, **content).encode())
        for figure, png in content["images"].items():
            if png is not None:
                (stage / f"{figure}.png").write_bytes(png)
    for figure, png in content["images"].items():
        if png is None:  # Remove the figure of an earlier report.
            (folder / f"{figure}.png").unlink(missing_ok=True)


def figures_folder(out: Path) -> Path:
    """Return the folder for the figures of the page `out`: `report-figures` for `report.html`."""
    return out.with_name(f"{out.stem}-figures")


def display_name(classifier: Classifier, name: str | None) -> str:
    """Return what the page calls the classifier."""
    if classifier.folder == SHIPPED_CLASSIFIER_FOLDER:
        return "the shipped classifier"
    return name or str(classifier.folder or "the classifier")


def page_content(classifier: Classifier, reviews: Dataset, train: Dataset | None) -> dict[str, Any]:
    """Return the content of the page, from one pass over `reviews`."""
    folder, metadata = classifier.folder, classifier.metadata
    history = read_history(folder) if folder else []
    baselines = read_baselines(folder) if folder else None
    trained = part(read_json(folder / CONFIG_FILE), "versions") if folder else {}
    scored = score_dataset(classifier, reviews)
    in_train = None if train is None else shared_mask(reviews, [train])
    metrics = measure_slices(scored, classifier.temperature, in_train)
    probabilities = scored.logits.softmax(dim=1).numpy()  # [reviews, num_labels]
    labels = scored.labels.numpy()  # [reviews]
    problems = one_vs_rest(probabilities, labels, classifier.labels)
    best_epoch = part(metadata, "metrics")
    drawn = {
        "learning-curves": history and figures.learning_curves(history, best_epoch.get("epoch")),
        "roc-curve": problems and figures.roc_curve(problems),
        "precision-recall-curve": problems and figures.precision_recall_curve(problems),
        "score-distribution": figures.score_distribution(probabilities, labels, classifier.labels),
        **metric_figures(metrics, classifier.labels),
    }
    return {
        "labels": classifier.labels,
        "metrics": metrics,
        "best_epoch": best_epoch,
        "problems": problems,
        "errors": most_confident_errors(classifier, scored, reviews),
        "behavior": behavioral_results(classifier),
        "baselines": baselines,
        "config": classifier.config.to_dict(),
        "splits": {
            "training": part(metadata, "train"),
            "validation": part(metadata, "validation"),
            "evaluated": {"rows": len(reviews), "fingerprint": fingerprint(reviews)},
        },
        "versions": installed_versions(trained),
        "images": {
            name: figures.to_png(figure) if figure else None for name, figure in drawn.items()
        },
    }


def metric_figures(metrics: Metrics, labels: list[str]) -> dict[str, Figure]:
    """Return the figures that are drawn from `metrics` alone, by name."""
    return {
        "confusion-matrix": figures.confusion_matrix(metrics.confusion, labels),
        "reliability-diagram": figures.reliability_diagram(
            metrics.reliability_uncalibrated, metrics.reliability
        ),
        "accuracy-by-length": figures.accuracy_by_length(metrics.slices, metrics.accuracy),
    }


def behavioral_results(classifier: Classifier) -> list[BehaviorResult] | str:
    """Return the results of the held-out behavioral tests, or why they do not apply."""
    language = classifier.config.text.language
    if language != "en":
        return f"The tests are in English; the language of the model is '{language}'."
    try:
        return run_tests(classifier.predict_proba, classifier.labels)
    except SentimentError as error:
        return str(error)


def installed_versions(trained: dict[str, Any]) -> dict[str, tuple[str, str]]:
    """Return the version of each package at training (a dash if unknown) and now."""
    now = {"python": platform.python_version(), **{name: version(name) for name in PACKAGES}}
    return {name: (trained.get(name, "–"), found) for name, found in now.items()}
