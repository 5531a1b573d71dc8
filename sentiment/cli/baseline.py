"""`sentiment baseline`."""

import json
import sys
import warnings
from dataclasses import asdict
from typing import Any

from sentiment.cli.data import DATASET_SETTINGS, dataset_config
from sentiment.cli.flags import AsJson, Device, Model, save_result, with_settings
from sentiment.cli.formatting import MISSING, count, duration, metric_rows, new_table, print_tables
from sentiment.cli.messages import print_line
from sentiment.config import SHIPPED_CLASSIFIER, DataConfig, TrainConfig


@with_settings(DataConfig, only=DATASET_SETTINGS, show_default="that of the model")
def baseline(
    settings: dict[str, Any],
    model: Model = None,
    device: Device = TrainConfig.device,
    as_json: AsJson = False,
) -> None:
    """Compare a model with bag-of-words classifiers on the test split.

    The bag-of-words classifiers are trained on the whole training split, which takes minutes.
    Writes baseline-test.json into the folder given by --model.
    """
    from sentiment.artifacts.model_folder import model_folder, size_on_disk
    from sentiment.data.labels import align_labels
    from sentiment.data.reviews import load_reviews
    from sentiment.data.splits import labelled_split
    from sentiment.evaluation.baselines import compare
    from sentiment.inference.classifier import Classifier, UnknownWordsWarning

    warnings.simplefilter("ignore", UnknownWordsWarning)
    folder = model_folder(model or SHIPPED_CLASSIFIER)
    classifier = Classifier.from_pretrained(folder, device=device)
    data = dataset_config(classifier.config.data, settings)
    reviews = load_reviews(data)
    train, test = (
        align_labels(
            labelled_split(reviews, split, data.dataset),
            classifier.labels,
            f"The split '{split}' of '{data.dataset}'",
        )
        for split in ("train", "test")
    )
    classifiers = []
    for result in compare(
        classifier.predict_proba,
        train,
        test,
        num_labels=len(classifier.labels),
        temperature=classifier.temperature,
        metadata=classifier.metadata,
        size=size_on_disk(folder),
    ):
        # It takes minutes.
        print_line(f"{result.name}: {result.metrics.accuracy:.2%}", file=sys.stderr)
        classifiers.append(asdict(result))
    comparison = {
        "dataset": data.dataset,
        "split": "test",
        "model": {
            "dataset": classifier.config.data.dataset,
            "init": classifier.config.model.init,
        },
        "classifiers": classifiers,
    }
    if as_json:
        print_line(json.dumps(comparison))
    else:
        print_comparison(comparison)
    save_result(model, "baseline-test.json", comparison)


def print_comparison(comparison: dict[str, Any]) -> None:
    """Print a model and the baselines side by side, and what they were trained on."""
    classifiers, model = comparison["classifiers"], comparison["model"]
    names = [result["name"] for result in classifiers]
    table = new_table(f"{comparison['dataset']}, {comparison['split']}", "", *names)
    columns = [comparison_column(result, names[0]) for result in classifiers]
    for name in columns[0]:
        table.add_row(name, *(column[name] for column in columns))
    print_tables(table)
    print_line(
        f"The baselines are trained on the whole training split, {names[0]} on {model['dataset']}."
    )
    if model["init"] is not None:
        print_line("Its training time excludes the pretraining of its encoder on unlabelled text.")


def comparison_column(result: dict[str, Any], model_name: str) -> dict[str, str]:
    """Return the cells of one classifier by the name of their row."""
    metrics, mcnemar = result["metrics"], result["mcnemar"]
    return {
        **metric_rows(metrics),
        "labelled reviews": count(result["train_rows"]),
        "training": duration(result["train_seconds"]),
        f"prediction of {metrics['n']:,}": duration(result["predict_seconds"]),
        "MB on disk": f"{result['size'] / 1e6:.1f}",
        f"only {model_name} correct": count(mcnemar and mcnemar["only_first"]),
        "only baseline correct": count(mcnemar and mcnemar["only_second"]),
        "McNemar's p": f"{mcnemar['p']:.2g}" if mcnemar else MISSING,
    }
