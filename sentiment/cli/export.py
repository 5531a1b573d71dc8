"""`sentiment export`."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from sentiment.cli.flags import Model, given_path
from sentiment.cli.messages import print_line
from sentiment.config import SHIPPED_CLASSIFIER
from sentiment.errors import missing_packages


def export(
    out: Annotated[Path, typer.Option(help="Folder to write.", callback=given_path)],
    model: Model = None,
    quantize: Annotated[
        Literal["int8"] | None,
        typer.Option(help="Store word vectors and LSTM weights as 8-bit integers."),
    ] = None,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Replace the export in --out.")
    ] = False,
) -> None:
    """Export a model to ONNX, to predict without PyTorch. Compares the logits with PyTorch's.

    Needs the extra "onnx".
    """
    from sentiment.inference.backends import ONNX_PACKAGES

    try:
        from sentiment.inference.export import export as export_classifier
    except ModuleNotFoundError as error:
        if error.name not in ONNX_PACKAGES:
            raise
        raise missing_packages("export", ONNX_PACKAGES, extra="onnx") from error
    from sentiment.artifacts.model_folder import size_on_disk
    from sentiment.inference.classifier import Classifier

    classifier = Classifier.from_pretrained(model or SHIPPED_CLASSIFIER, device="cpu")
    result = export_classifier(classifier, out, quantize=quantize, overwrite=overwrite)
    print_line(
        f"Compared with PyTorch on {result.texts:,} texts: {result.changed_labels:,} labels "
        f"changed, largest difference of a logit {result.largest_difference:.2g}."
    )
    print_line(
        f"Exported to {out}, {size_on_disk(out) / 1e6:.1f} MB. Next: sentiment predict --backend "
        f'onnx --model {out} "…"'
    )
