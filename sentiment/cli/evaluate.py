"""`sentiment eval`."""

import json
from typing import Annotated

import typer

from sentiment.cli.flags import AsJson, Dataset, Device, Model, Revision, keep, named_data
from sentiment.cli.show import print_metrics, show_warnings
from sentiment.config import TrainConfig


def evaluate(
    model: Model = None,
    dataset: Dataset = None,
    revision: Revision = None,
    split: Annotated[str, typer.Option(help="Split to measure on.")] = "test",
    device: Device = TrainConfig.device,
    as_json: AsJson = False,
) -> None:
    """Measure a model on a labelled split; writes metrics-<split>.json into its folder."""
    from sentiment.bundle import SHIPPED_CLASSIFIER, bundle_folder, load_bundle
    from sentiment.corpus import SharedReviewsWarning, load_corpus, split_of, warn_of_shared
    from sentiment.evaluate import evaluate
    from sentiment.model import choose_device

    bundle = load_bundle(bundle_folder(model or SHIPPED_CLASSIFIER), choose_device(device))
    data = named_data(bundle.config.data, dataset, revision)
    corpus = load_corpus(data.dataset, data.revision)
    train = corpus["train"] if split != "train" and "train" in corpus else None
    reviews = split_of(corpus, split, data.dataset)
    if train is not None:
        show_warnings(SharedReviewsWarning)
        warn_of_shared(train, **{split: reviews})
    metrics = evaluate(bundle, reviews, train)
    result = {"dataset": data.dataset, "split": split, **metrics.to_dict()}
    if as_json:
        print(json.dumps(result))
    else:
        print_metrics(result, bundle.labels)
    keep(model, f"metrics-{split}.json", result)
