"""Predictions with ONNX Runtime on the CPU, without PyTorch."""

import os
from collections.abc import Iterable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from sentiment.artifacts.checksums import CONFIG_FILE, ONNX_FILE, WEIGHTS_FILE, is_export
from sentiment.artifacts.model_folder import (
    Description,
    config_errors_as_model_errors,
    load_description,
)
from sentiment.artifacts.weights import MAX_WEIGHT, load_arrays
from sentiment.errors import DependencyError, ModelError, describe, missing_packages, quoted
from sentiment.inference.backends import ONNX_PACKAGES
from sentiment.models.sizes import weight_shapes
from sentiment.runtime.threads import usable_cpus
from sentiment.text.batching import BucketSampler, pad

if TYPE_CHECKING:
    from sentiment.models.onnx_graph import Quantization


# Tokens of a batch, padding included. Batches of 64 reviews without a limit take a third more time,
# and 600 MiB for each CPU instead of 100.
MAX_BATCH_TOKENS = 2048
WINDOW = 256  # Reviews that are cut into batches together, while the next ones are encoded.


def import_onnxruntime() -> Any:
    """Import ONNX Runtime without its telemetry.

    Its wheels send usage data to Microsoft unless this variable is set when it is imported. A
    program that has imported it already has made its own choice.

    Raises:
        DependencyError: ONNX Runtime is not installed.
    """
    is_unset = "ORT_DISABLE_TELEMETRY" not in os.environ
    os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")
    try:
        import onnxruntime
    except ImportError as error:
        raise onnx_import_error(error) from error
    finally:
        if is_unset:
            del os.environ["ORT_DISABLE_TELEMETRY"]
    return onnxruntime


class OnnxModel:
    """A classifier's network in ONNX Runtime. Threads may share it.

    Each batch is computed by one thread, and as many batches at a time as there are CPUs: that is
    faster than to share a batch between threads, and leaves no thread pool that a fork would break.

    Args:
        content: an ONNX model that `build_model` made.

    Raises:
        DependencyError: ONNX Runtime is not installed.
    """

    def __init__(self, content: bytes) -> None:
        onnxruntime = import_onnxruntime()
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        options.enable_mem_pattern = False  # It would keep a plan for each shape of a batch.
        options.log_severity_level = 3  # Errors only.
        self.session = onnxruntime.InferenceSession(
            content, options, providers=["CPUExecutionProvider"]
        )
        self.num_labels: int = self.session.get_outputs()[0].shape[1]
        self.content = content

    def __reduce__(self) -> tuple[type[Self], tuple[bytes]]:
        return type(self), (self.content,)  # A session cannot be pickled.

    def logits(self, reviews: Iterable[Sequence[int]], batch_size: int = 64) -> np.ndarray:
        """Return the calibrated logits of texts given as ids.

        Reviews of similar length share a batch. This affects the speed and not the result.

        Args:
            reviews: ids of each review. They may be computed during the iteration: the next ones
                then are while threads compute the logits of the first.
            batch_size: largest number of reviews in a batch.

        Returns:
            [reviews, num_labels], in order, float32.
        """
        parts = [np.empty((0, self.num_labels), np.float32)]
        batches: list[Future[None]] = []
        remaining = iter(reviews)
        pool = ThreadPoolExecutor(usable_cpus())
        try:
            while window := list(islice(remaining, WINDOW)):
                rows = np.empty((len(window), self.num_labels), np.float32)
                parts.append(rows)
                sampler = BucketSampler([len(ids) for ids in window], batch_size, MAX_BATCH_TOKENS)
                cut = sampler.in_order_of_length()
                if len(cut) == 1 and len(window) < WINDOW:
                    # Without the time that a thread takes to start.
                    self._compute(window, cut[0], rows)
                else:
                    batches += [pool.submit(self._compute, window, part, rows) for part in cut]
            for batch in batches:
                batch.result()  # Raises the error of the batch, if there is one.
        finally:
            pool.shutdown(cancel_futures=True)
        return np.concatenate(parts)

    def _compute(
        self, reviews: Sequence[Sequence[int]], indices: list[int], rows: np.ndarray
    ) -> None:
        """Set the rows of a batch: the reviews at `indices`."""
        input_ids, lengths = pad([reviews[index] for index in indices])
        inputs = {"input_ids": input_ids, "lengths": lengths}
        (rows[indices],) = self.session.run(None, inputs)  # [batch, num_labels]


def read_onnx(
    folder: Path, quantize: "Quantization | None"
) -> tuple[Description, OnnxModel | None]:
    """Return the content of a model folder; the model is None for an encoder.

    Args:
        folder: the folder of the model.
        quantize: as for `load_onnx_model`.

    Raises:
        ModelError, DependencyError: as `load_description` and `load_onnx_model`.
    """
    description = load_description(folder)
    model = None if description.labels is None else load_onnx_model(folder, description, quantize)
    return description, model


def load_onnx_model(
    folder: Path, description: Description, quantize: "Quantization | None"
) -> OnnxModel:
    """Read an exported classifier, or convert a trained one.

    Args:
        folder: the folder of the model.
        description: the rest of its content, whose checksums are correct.
        quantize: how to convert a trained model. An export must be quantized so, or not at all
            if it is None.

    Raises:
        ModelError: the model is not the one that its config.json describes, or is an export
            without the quantization.
        DependencyError: ONNX Runtime is not installed.
    """
    try:
        from sentiment.models.onnx_check import InvalidOnnxModelError, check_model
        from sentiment.models.onnx_graph import build_model
    except ImportError as error:
        raise onnx_import_error(error) from error
    config, vocab, labels, temperature, *_ = description
    assert labels is not None
    model_config = config.model
    if not is_export(folder):
        with config_errors_as_model_errors(folder):
            shapes = weight_shapes(model_config, len(vocab), len(labels))
        weights = load_arrays(folder / WEIGHTS_FILE, shapes)
        content = build_model(model_config, weights, temperature, quantize).SerializeToString()
        del weights  # ONNX Runtime needs several times the memory of the weights.
        return OnnxModel(content)
    path = folder / ONNX_FILE
    stored = read_quantization(folder, description)
    if quantize and stored != quantize:
        raise ModelError(
            f"'{folder}' is a float32 export: set backend to 'onnx', or export the model with "
            f"quantize '{quantize}'."
        )
    content = path.read_bytes()
    sizes = model_config, len(vocab), len(labels), temperature, stored
    try:
        with config_errors_as_model_errors(folder):
            check_model(content, *sizes, MAX_WEIGHT)
    except InvalidOnnxModelError as error:
        raise ModelError(
            f"'{path}' cannot be used: {error}. Export the model again with this version."
        ) from error
    return OnnxModel(content)


def read_quantization(folder: Path, description: Description) -> "Quantization | None":
    """Return how an exported model is quantized."""
    quantize = description.export.get("quantize")
    if quantize not in (None, "int8"):
        raise ModelError(
            f"'{folder / CONFIG_FILE}' has the quantization {quoted.repr(quantize)}; this version "
            "reads int8 and None."
        )
    return quantize


def onnx_import_error(error: ImportError) -> DependencyError:
    """Return the error for a package that cannot be imported, with the reason."""
    missing = missing_packages("backend 'onnx'", ONNX_PACKAGES, extra="onnx")
    return DependencyError(f"{missing} {describe(error)}")
