"""`sentiment eval`."""

import json
from typing import Annotated, Literal

import typer

from sentiment.cli.flags import Model
from sentiment.cli.show import print_metrics
from sentiment.config import TrainConfig


def evaluate(
    model: Model = None,
    dataset: Annotated[
        str | None, typer.Option(help="Reviews, as for train.", show_default="the model's")
    ] = None,
    revision: Annotated[
        str | None, typer.Option(help="Branch, tag or commit of a Hub data set.")
    ] = None,
    split: Annotated[str, typer.Option(help="Split to measure on.")] = "test",
    device: Annotated[
        Literal["auto", "cpu", "cuda", "mps"], typer.Option(help="Where to compute.")
    ] = TrainConfig.device,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object on stdout.")] = False,
) -> None:
    """Measure a model on a labelled split; writes metrics-<split>.json beside a named model."""
    from sentiment.bundle import SHIPPED_CLASSIFIER, load_bundle, staged, write_json
    from sentiment.corpus import load_corpus, split_of
    from sentiment.evaluate import evaluate
    from sentiment.model import choose_device

    bundle = load_bundle(model or SHIPPED_CLASSIFIER, choose_device(device))
    data = bundle.config.data
    if dataset is None:
        dataset, revision = data.dataset, revision or data.revision
    corpus = load_corpus(dataset, revision)
    train = corpus["train"] if split != "train" and "train" in corpus else None
    metrics = evaluate(bundle, split_of(corpus, split, dataset), train)
    result = {"dataset": dataset, "split": split, **metrics.to_dict()}
    if as_json:
        print(json.dumps(result))
    else:
        print_metrics(result, bundle.labels)
    if model is not None:
        with staged(model) as stage:
            write_json(stage / f"metrics-{split}.json", result)
