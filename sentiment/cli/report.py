"""`sentiment report`."""

import warnings
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated

import typer

from sentiment.cli.flags import Dataset, Device, Model, Revision, named_data
from sentiment.config import TrainConfig
from sentiment.errors import InputError


def report(
    model: Model = None,
    dataset: Dataset = None,
    revision: Revision = None,
    split: Annotated[str, typer.Option(help="Split to measure on.")] = "test",
    out: Annotated[
        Path, typer.Option(help="The page; its figures go into a folder beside it.")
    ] = Path("report.html"),
    device: Device = TrainConfig.device,
) -> None:
    """Show what a model can and cannot do, on one page that opens without a network."""
    missing = [name for name in ("captum", "jinja2", "matplotlib") if find_spec(name) is None]
    if missing:
        raise InputError(f"A report needs {', '.join(missing)}: pip install {' '.join(missing)}")
    from sentiment.bundle import SHIPPED_CLASSIFIER, bundle_folder
    from sentiment.corpus import load_corpus, split_of
    from sentiment.model import choose_device
    from sentiment.predict import Classifier, UnknownWordsWarning
    from sentiment.report import figures_folder, report

    warnings.simplefilter("ignore", UnknownWordsWarning)
    folder = bundle_folder(model or SHIPPED_CLASSIFIER)
    classifier = Classifier.from_pretrained(folder, choose_device(device))
    data = named_data(classifier.bundle.config.data, dataset, revision)
    corpus = load_corpus(data.dataset, data.revision)
    train = corpus["train"] if split != "train" and "train" in corpus else None
    reviews = split_of(corpus, split, data.dataset)
    report(
        classifier, folder, reviews, out, data.dataset, split, train, str(model) if model else None
    )
    print(f"The report is in {out}, its figures in {figures_folder(out)}.")
