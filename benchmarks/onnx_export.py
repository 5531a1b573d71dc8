"""Predictions of the ONNX exports of a model on a test split, compared with PyTorch's.

    python benchmarks/onnx_export.py

Exports the model in float32 and in int8. Prints the accuracy of each export and of PyTorch, the
labels that differ from those of PyTorch in float32, the largest difference of a logit, and the
reviews per second of CPU time, without tokenization.
"""

import argparse
import os
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from rich.console import Console
from rich.table import Table
from torch import Tensor

from sentiment import Classifier, load_reviews
from sentiment.config import SHIPPED_CLASSIFIER
from sentiment.inference.batched import uncalibrated_logits
from sentiment.inference.export import export
from sentiment.models.onnx_graph import Quantization

Reviews = Sequence[Sequence[int]]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--model", default=SHIPPED_CLASSIFIER)
    parser.add_argument("--dataset", default=os.environ.get("DATASET", "stanfordnlp/imdb"))
    arguments = parser.parse_args()
    classifier = Classifier.from_pretrained(arguments.model, device="cpu")
    test = load_reviews(arguments.dataset)["test"]
    reviews, labels = classifier.encode(test["text"]), np.array(test["label"])

    def in_float32(reviews: Reviews) -> Tensor:
        model = classifier.torch_model
        return uncalibrated_logits(model, reviews, precision="float32") / classifier.temperature

    computations: dict[str, Callable[[Reviews], Tensor]] = {
        "PyTorch, float32": in_float32,
        "PyTorch, as predict": classifier.predict_logits,
    }
    exports: dict[str, Quantization | None] = {"ONNX, float32": None, "ONNX, int8": "int8"}
    with TemporaryDirectory() as folder:
        for name, quantize in exports.items():
            export(classifier, Path(folder, name), quantize=quantize)
            exported = Classifier.from_pretrained(Path(folder, name), backend="onnx")
            computations[name] = exported.predict_logits
    headings = ("accuracy", "labels changed", "largest difference", "reviews/s of CPU time")
    table = Table("", *headings, title=f"{len(reviews):,} test reviews of {arguments.dataset}")
    expected = None
    for name, compute in computations.items():
        started = time.process_time()
        logits = compute(reviews).numpy()  # [reviews, num_labels]
        seconds = time.process_time() - started
        expected = logits if expected is None else expected
        found = logits.argmax(axis=1)
        table.add_row(
            name,
            f"{(found == labels).mean():.3%}",
            f"{(found != expected.argmax(axis=1)).sum():,}",
            f"{np.abs(logits - expected).max():.2g}",
            f"{len(reviews) / seconds:.0f}",
        )
    Console().print(table)


if __name__ == "__main__":
    main()
