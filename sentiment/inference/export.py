"""Export a classifier to ONNX, and compare its predictions with PyTorch's first."""

from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from sentiment.artifacts.checksums import is_export
from sentiment.artifacts.model_folder import save_export
from sentiment.artifacts.sharing import without_paths
from sentiment.data.synthetic.sample import sample_reviews
from sentiment.errors import ConfigError, ModelError
from sentiment.inference.batched import uncalibrated_logits
from sentiment.inference.classifier import Classifier
from sentiment.inference.onnx import OnnxModel
from sentiment.models.onnx_graph import Quantization, build_model
from sentiment.runtime.paths import user_path

# Largest difference of a logit from PyTorch's; relative, if the logits are over 1.
TOLERANCE = 1e-4


@dataclass(frozen=True)
class Export:
    """How a model was exported, and how its predictions compare with PyTorch's."""

    quantize: Quantization | None
    texts: int  # Built-in reviews, and texts that together have every word of the vocabulary.
    changed_labels: int  # Texts whose label differs.
    largest_difference: float  # Of a calibrated logit.


def export(
    classifier: Classifier,
    folder: Path,
    *,
    quantize: Quantization | None = None,
    overwrite: bool = False,
) -> Export:
    """Write a classifier as an ONNX model, with all that predictions need, into a folder.

    Of paths on this disk only the last component is written.

    Args:
        classifier: a classifier with a PyTorch model.
        folder: created; it must not exist, except with `overwrite`.
        quantize: `int8` stores word vectors and LSTM weights as 8-bit integers: a quarter of the
            size, and faster. None: float32, with PyTorch's predictions.
        overwrite: replace the export in `folder`.

    Returns:
        The comparison with PyTorch, which `config.json` has too, under `export`.

    Raises:
        ConfigError: the folder exists, or is to be overwritten and has no export; or the path
            cannot be used, see `user_path`.
        ModelError: the logits differ from PyTorch's; nothing is written.
        DependencyError: ONNX Runtime is not installed.
        StorageError: the folder cannot be written to.
    """
    folder = user_path(folder)
    check_folder(folder, overwrite)
    model = classifier.torch_model
    weights = {name: tensor.cpu().numpy() for name, tensor in model.state_dict().items()}
    onnx_model = build_model(
        classifier.config.model, weights, classifier.temperature, quantize
    ).SerializeToString()
    comparison = compare(classifier, OnnxModel(onnx_model), quantize)
    save_export(folder, without_paths(classifier.saved()), onnx_model, asdict(comparison))
    return comparison


def check_folder(folder: Path, overwrite: bool) -> None:
    """Raise `ConfigError` unless an export can be written into `folder`."""
    if not folder.exists():
        return
    if not overwrite:
        raise ConfigError(f"'{folder}' already exists. Set overwrite to replace the export in it.")
    if not is_export(folder):
        raise ConfigError(f"'{folder}' has no export to overwrite; choose another folder.")


def compare(classifier: Classifier, onnx_model: OnnxModel, quantize: Quantization | None) -> Export:
    """Compare the predictions of an ONNX model with those of PyTorch.

    Raises:
        ModelError: the logits of a float32 model differ.
    """
    reviews = comparison_reviews(classifier)
    expected = uncalibrated_logits(classifier.torch_model, reviews, precision="float32").numpy()
    expected /= classifier.temperature  # [reviews, num_labels]
    found = onnx_model.logits(reviews)
    difference = float(np.abs(found - expected).max())
    allowed = TOLERANCE * max(1.0, float(np.abs(expected).max()))
    if not difference <= allowed and quantize is None:  # Also true for NaN.
        raise ModelError(
            f"The model cannot be exported: a logit of ONNX Runtime differs by {difference:.2g} "
            f"from PyTorch's, more than {allowed:.2g}."
        )
    changed = int((found.argmax(axis=1) != expected.argmax(axis=1)).sum())
    return Export(quantize, len(reviews), changed, difference)


def comparison_reviews(classifier: Classifier) -> list[list[int]]:
    """Return the ids of built-in reviews, of unusual texts, and of texts with every word."""
    language = "zh" if classifier.config.text.language.startswith("zh") else "en"
    texts = ["", *(text for text, _ in sample_reviews("test", language))]
    every_id = list(range(len(classifier.vocab)))
    size = classifier.config.text.max_length
    pieces = [every_id[start : start + size] for start in range(0, len(every_id), size)]
    return [*classifier.encode(texts), *pieces]
