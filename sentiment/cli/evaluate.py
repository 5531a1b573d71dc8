"""`sentiment eval`."""

import json
from typing import Any

from sentiment.cli.data import NAMING, Split, read_split
from sentiment.cli.flags import AsJson, Device, Model, keep, with_settings
from sentiment.cli.show import print_metrics
from sentiment.config import DataConfig, TrainConfig


@with_settings(DataConfig, only=NAMING)
def evaluate(
    settings: dict[str, Any],
    model: Model = None,
    split: Split = None,
    device: Device = TrainConfig.device,
    as_json: AsJson = False,
) -> None:
    """Measure a model on a labelled split; writes metrics-<split>.json into its folder."""
    from sentiment.config import SHIPPED_CLASSIFIER
    from sentiment.inference.classifier import Classifier

    classifier = Classifier.from_pretrained(model or SHIPPED_CLASSIFIER, device=device)
    dataset, name, reviews, train = read_split(classifier, settings, split)
    metrics = classifier.evaluate(reviews, train)
    result = {
        "dataset": dataset,
        "split": name,
        "labels": classifier.labels,
        **metrics.to_dict(),
    }
    if as_json:
        print(json.dumps(result))
    else:
        print_metrics(result)
    keep(model, f"metrics-{name}.json", result)
