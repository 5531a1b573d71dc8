"""A classifier and a labelled split in, one HTML page out.

    report.html        everything, its figures too: no script, no request, no other file
    report-figures/    the figures alone, as PNGs

The page holds reviews of the split that it measures, and of no other.
"""

import platform
from importlib.metadata import version
from pathlib import Path
from typing import Any

from datasets import Dataset

from sentiment.apps.report import figures
from sentiment.apps.report.curves import curves_of
from sentiment.apps.report.folder import read_comparison, read_history
from sentiment.apps.report.mistakes import most_confident_mistakes
from sentiment.apps.report.page import Page, render
from sentiment.artifacts.checksums import CONFIG_FILE, part, read_json
from sentiment.artifacts.model_folder import SHIPPED_CLASSIFIER_FOLDER
from sentiment.data.splits import fingerprint, shared_mask
from sentiment.errors import InputError
from sentiment.evaluation.behavior import Result, check
from sentiment.evaluation.metrics import measure_slices
from sentiment.inference.classifier import Classifier
from sentiment.inference.evaluate import score_dataset
from sentiment.runtime.atomic_io import atomic_folder, atomic_write

PACKAGES = ("torch", "spacy", "numpy", "scikit-learn", "captum", "matplotlib")


def report(
    classifier: Classifier,
    model: Path,
    reviews: Dataset,
    out: Path,
    dataset: str,
    split: str,
    train: Dataset | None = None,
    name: str | None = None,
) -> None:
    """Measure `classifier` on `reviews`; write the page `out`, and its figures beside it.

    Args:
        classifier: what is measured.
        model: the folder that it comes from, where other commands leave their figures.
        reviews: columns `text` and `label`.
        out: the page.
        dataset: the name of the data set, for the page.
        split: the name of its part that `reviews` are.
        train: with it, the reviews that stand in it too are also measured apart.
        name: what the page calls the classifier; without it by its folder.

    Raises:
        InputError: the place cannot be written to, which is found before anything is measured, or a
            file in `model` cannot be read. Nothing is then half written.
    """
    if out.is_dir():
        raise InputError(f"'{out}' is a folder. Name a file in it: --out {out / 'report.html'}")
    folder = figures_folder(out)
    with atomic_folder(folder) as stage, atomic_write(out) as html:
        page = fill(classifier, model, reviews, dataset, split, train, name)
        html.write(render(page).encode())
        for name, png in page.images.items():
            if png is not None:
                (stage / f"{name}.png").write_bytes(png)
    for name, png in page.images.items():
        if png is None:  # That of an earlier report would not belong to this page.
            (folder / f"{name}.png").unlink(missing_ok=True)


def figures_folder(out: Path) -> Path:
    """Where the figures of the page `out` lie: `report-figures/` beside `report.html`."""
    return out.with_name(f"{out.stem}-figures")


def fill(
    classifier: Classifier,
    model: Path,
    reviews: Dataset,
    dataset: str,
    split: str,
    train: Dataset | None,
    name: str | None,
) -> Page:
    """What the page says, all of it from one pass over `reviews`. Arguments as of `report`."""
    history, comparison = read_history(model), read_comparison(model)
    scored = score_dataset(classifier, reviews)
    shared = None if train is None else shared_mask(reviews, [train])
    metrics = measure_slices(scored, classifier.temperature, shared)
    probabilities = scored.logits.softmax(dim=1).numpy()  # [reviews, num_labels]
    curves = curves_of(probabilities, scored.labels.numpy(), classifier.labels)
    kept = part(classifier.metadata, "metrics")
    drawn = {
        "learning-curves": figures.learning_curves(history, kept.get("epoch")) if history else None,
        "confusion": figures.confusion(metrics.confusion, classifier.labels),
        "scores": figures.scores(probabilities, scored.labels.numpy(), classifier.labels),
        "roc": figures.roc(curves) if curves else None,
        "precision-recall": figures.precision_recall(curves) if curves else None,
        "reliability": figures.reliability(metrics.reliability_uncalibrated, metrics.reliability),
        "by-length": figures.by_length(metrics.slices, metrics.accuracy),
    }
    return Page(
        model="the shipped classifier"
        if model == SHIPPED_CLASSIFIER_FOLDER
        else name or str(model),
        dataset=dataset,
        split=split,
        labels=classifier.labels,
        metrics=metrics,
        kept=kept,
        curves=curves,
        mistakes=most_confident_mistakes(classifier, scored, reviews),
        behaviour=behaviour(classifier),
        comparison=comparison,
        config=classifier.config.to_dict(),
        reviews={
            "training": part(classifier.metadata, "train"),
            "validation": part(classifier.metadata, "validation"),
            "measured here": {"rows": len(reviews), "fingerprint": fingerprint(reviews)},
        },
        versions=versions(part(read_json(model / CONFIG_FILE), "versions")),
        images={
            name: None if figure is None else figures.png(figure) for name, figure in drawn.items()
        },
    )


def behaviour(classifier: Classifier) -> list[Result] | str:
    """The results of the held-out behavioural tests, or why they are not for this classifier."""
    language = classifier.config.text.language
    if language != "en":
        return f"the tests are in English, and the model reads '{language}'."
    try:
        return check(classifier.predict_proba, classifier.labels)
    except InputError as error:
        return str(error)


def versions(trained: dict[str, Any]) -> dict[str, tuple[str, str]]:
    """By package its version at training, where `config.json` has it, and the one here."""
    here = {"python": platform.python_version(), **{name: version(name) for name in PACKAGES}}
    return {name: (trained.get(name, "–"), found) for name, found in here.items()}
