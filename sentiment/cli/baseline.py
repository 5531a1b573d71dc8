"""`sentiment baseline`."""

import json
import sys
import warnings
from dataclasses import asdict

from sentiment.cli.flags import AsJson, Dataset, Device, Model, Revision, keep, named_data
from sentiment.cli.show import print_baselines
from sentiment.config import TrainConfig


def baseline(
    model: Model = None,
    dataset: Dataset = None,
    revision: Revision = None,
    device: Device = TrainConfig.device,
    as_json: AsJson = False,
) -> None:
    """Train bag-of-words classifiers, and measure them on the test split beside a model.

    They learn from all of the training split. Writes baseline-test.json into the folder of a
    named model.
    """
    from sentiment.baselines import compare
    from sentiment.bundle import SHIPPED_CLASSIFIER, bundle_folder
    from sentiment.corpus import load_corpus, split_of
    from sentiment.model import choose_device
    from sentiment.predict import Classifier, UnknownWordsWarning

    warnings.simplefilter("ignore", UnknownWordsWarning)
    folder = bundle_folder(model or SHIPPED_CLASSIFIER)
    classifier = Classifier.from_pretrained(folder, choose_device(device))
    config = classifier.bundle.config
    data = named_data(config.data, dataset, revision)
    corpus = load_corpus(data.dataset, data.revision)
    train, test = (split_of(corpus, split, data.dataset) for split in ("train", "test"))
    classifiers = []
    for result in compare(classifier, folder, train, test):
        print(f"{result.name}: {result.metrics.accuracy:.2%}", file=sys.stderr)  # It takes minutes.
        classifiers.append(asdict(result))
    comparison = {
        "dataset": data.dataset,
        "split": "test",
        "model": {"dataset": config.data.dataset, "encoder": config.model.encoder},
        "classifiers": classifiers,
    }
    if as_json:
        print(json.dumps(comparison))
    else:
        print_baselines(comparison)
    keep(model, "baseline-test.json", comparison)
