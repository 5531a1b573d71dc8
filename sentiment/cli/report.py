"""`sentiment report`."""

import warnings
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated, Any

import typer

from sentiment.cli.data import DATASET_SETTINGS, Split, read_split
from sentiment.cli.flags import Device, Model, with_settings
from sentiment.config import DataConfig, TrainConfig
from sentiment.errors import InputError


@with_settings(DataConfig, only=DATASET_SETTINGS, show_default="that of the model")
def report(
    settings: dict[str, Any],
    model: Model = None,
    split: Split = None,
    out: Annotated[
        Path, typer.Option(help="The page; its figures go into a folder beside it.")
    ] = Path("report.html"),
    device: Device = TrainConfig.device,
) -> None:
    """Show what a model can and cannot do, on one page that opens without a network."""
    missing = [name for name in ("captum", "jinja2", "matplotlib") if find_spec(name) is None]
    if missing:
        raise InputError(f"A report needs {', '.join(missing)}: pip install {' '.join(missing)}")
    from sentiment.apps.report import figures_folder, report
    from sentiment.artifacts.model_folder import model_folder
    from sentiment.config import SHIPPED_CLASSIFIER
    from sentiment.inference.classifier import Classifier, UnknownWordsWarning

    warnings.simplefilter("ignore", UnknownWordsWarning)
    folder = model_folder(model or SHIPPED_CLASSIFIER)
    classifier = Classifier.from_pretrained(folder, device=device)
    dataset, split, reviews, train = read_split(classifier, settings, split)
    name = str(model) if model else None
    report(classifier, folder, reviews, out, dataset, split, train, name)
    print(f"The report is in {out}, its figures in {figures_folder(out)}.")
