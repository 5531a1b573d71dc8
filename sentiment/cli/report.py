"""`sentiment report`."""

import warnings
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated, Any

import typer

from sentiment.cli.data import DATASET_SETTINGS, Split, read_split
from sentiment.cli.flags import Device, Model, given_path, with_settings
from sentiment.cli.messages import print_line
from sentiment.config import SHIPPED_CLASSIFIER, DataConfig, TrainConfig
from sentiment.errors import missing_packages


@with_settings(DataConfig, only=DATASET_SETTINGS, show_default="that of the model")
def report(
    settings: dict[str, Any],
    model: Model = None,
    split: Split = None,
    out: Annotated[
        Path,
        typer.Option(
            help="HTML file to write; the figures go to a folder next to it.", callback=given_path
        ),
    ] = Path("report.html"),
    device: Device = TrainConfig.device,
) -> None:
    """Evaluate a model and write an HTML report: metrics, figures, errors, behavioral tests.

    Needs the extra "report".
    """
    missing = [name for name in ("captum", "matplotlib") if find_spec(name) is None]
    if missing:
        raise missing_packages("report", missing, extra="report")
    from sentiment.apps.report.report import figures_folder, write_report
    from sentiment.inference.classifier import Classifier, UnknownWordsWarning

    warnings.simplefilter("ignore", UnknownWordsWarning)
    classifier = Classifier.from_pretrained(model or SHIPPED_CLASSIFIER, device=device)
    dataset, split, reviews, train = read_split(classifier, settings, split)
    name = str(model) if model else None
    write_report(classifier, reviews, out, dataset, split, train, name)
    print_line(f"Wrote the report to {out} and its figures to {figures_folder(out)}.")
