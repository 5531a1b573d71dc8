"""`sentiment baseline`."""

import json
import sys
import warnings
from dataclasses import asdict
from typing import Any

from sentiment.cli.data import NAMING, named_data
from sentiment.cli.flags import AsJson, Device, Model, keep, with_settings
from sentiment.cli.show import print_baselines, show_warnings
from sentiment.config import DataConfig, TrainConfig


@with_settings(DataConfig, only=NAMING)
def baseline(
    settings: dict[str, Any],
    model: Model = None,
    device: Device = TrainConfig.device,
    as_json: AsJson = False,
) -> None:
    """Train bag-of-words classifiers, and measure them on the test split beside a model.

    They learn from all of the training split. Writes baseline-test.json into the folder of a
    named model.
    """
    from sentiment.artifacts.model_folder import model_folder
    from sentiment.config import SHIPPED_CLASSIFIER
    from sentiment.data.columns import Notice
    from sentiment.data.labels import align_labels
    from sentiment.data.reviews import load_reviews
    from sentiment.data.splits import labelled_split
    from sentiment.evaluation.baselines import compare
    from sentiment.inference.classifier import Classifier, UnknownWordsWarning

    warnings.simplefilter("ignore", UnknownWordsWarning)
    folder = model_folder(model or SHIPPED_CLASSIFIER)
    classifier = Classifier.from_pretrained(folder, device=device)
    config = classifier.config
    show_warnings(Notice)
    data = named_data(config.data, settings)
    corpus = load_reviews(data)
    train, test = (
        align_labels(
            labelled_split(corpus, split, data.dataset),
            classifier.labels,
            f"The split '{split}' of '{data.dataset}'",
        )
        for split in ("train", "test")
    )
    classifiers = []
    for result in compare(classifier, folder, train, test):
        print(f"{result.name}: {result.metrics.accuracy:.2%}", file=sys.stderr)  # It takes minutes.
        classifiers.append(asdict(result))
    comparison = {
        "dataset": data.dataset,
        "split": "test",
        "model": {"dataset": config.data.dataset, "init": config.model.init},
        "classifiers": classifiers,
    }
    if as_json:
        print(json.dumps(comparison))
    else:
        print_baselines(comparison)
    keep(model, "baseline-test.json", comparison)
