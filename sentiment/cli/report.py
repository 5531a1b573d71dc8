"""`sentiment report`."""

import warnings
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated, Literal

import typer

from sentiment.cli.flags import Model
from sentiment.config import TrainConfig
from sentiment.errors import InputError


def report(
    model: Model = None,
    dataset: Annotated[
        str | None, typer.Option(help="Reviews, as for train.", show_default="the model's")
    ] = None,
    revision: Annotated[
        str | None, typer.Option(help="Branch, tag or commit of a Hub data set.")
    ] = None,
    split: Annotated[str, typer.Option(help="Split to measure on.")] = "test",
    out: Annotated[
        Path, typer.Option(help="The page; its figures go into a folder beside it.")
    ] = Path("report.html"),
    device: Annotated[
        Literal["auto", "cpu", "cuda", "mps"], typer.Option(help="Where to compute.")
    ] = TrainConfig.device,
) -> None:
    """Show what a model can and cannot do, on one page that opens without a network."""
    missing = [name for name in ("captum", "jinja2", "matplotlib") if find_spec(name) is None]
    if missing:
        raise InputError(f"A report needs {', '.join(missing)}: pip install {' '.join(missing)}")
    from sentiment.bundle import SHIPPED_CLASSIFIER
    from sentiment.corpus import load_corpus, split_of
    from sentiment.model import choose_device
    from sentiment.predict import Classifier, UnknownWordsWarning
    from sentiment.report import figures_folder, report

    warnings.simplefilter("ignore", UnknownWordsWarning)
    model = model or SHIPPED_CLASSIFIER
    classifier = Classifier.from_pretrained(model, choose_device(device))
    data = classifier.bundle.config.data
    if dataset is None:
        dataset, revision = data.dataset, revision or data.revision
    corpus = load_corpus(dataset, revision)
    train = corpus["train"] if split != "train" and "train" in corpus else None
    report(classifier, model, split_of(corpus, split, dataset), out, dataset, split, train)
    print(f"The report is in {out}, its figures in {figures_folder(out)}.")
