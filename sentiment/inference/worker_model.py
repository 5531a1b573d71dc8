"""The model of the workers of a cluster: read once, sent to each of them, loaded once in each."""

import hashlib
import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from itertools import islice
from os import PathLike
from pathlib import Path
from typing import Any, Literal

import numpy as np

from sentiment.artifacts.checksums import check_sizes, files_of
from sentiment.artifacts.model_folder import model_folder
from sentiment.errors import ConfigError, ModelError
from sentiment.inference.backends import Backend, choose_backend
from sentiment.inference.classifier import Classifier
from sentiment.inference.onnx import MAX_BATCH_TOKENS, WINDOW
from sentiment.text.batching import BucketSampler

WorkerDevice = Literal["cpu", "cuda"]


class WorkerClassifier(Classifier):
    """A classifier that computes its batches one after the other in the calling thread.

    The cluster decides how many workers share the CPUs of a machine. A worker that computed as many
    batches at a time as there are CPUs would compete with the others.
    """

    def probabilities(self, reviews: Iterable[Sequence[int]], batch_size: int = 64) -> np.ndarray:
        parts = [np.empty((0, len(self.labels)), np.float32)]
        remaining = iter(reviews)
        while window := list(islice(remaining, WINDOW)):  # The same batches as in one process.
            rows = np.empty((len(window), len(self.labels)), np.float32)
            sampler = BucketSampler([len(ids) for ids in window], batch_size, MAX_BATCH_TOKENS)
            for indices in sampler.in_order_of_length():
                batch = [window[index] for index in indices]
                rows[indices] = super().probabilities(batch, batch_size)
            parts.append(rows)
        return np.concatenate(parts)


@dataclass(frozen=True)
class WorkerModel:
    """The files of a model folder, and what computes with them."""

    folder: str  # As messages name it.
    files: dict[str, bytes]
    backend: Literal["torch", "onnx", "onnx-int8"]
    device: WorkerDevice

    def load(self) -> WorkerClassifier:
        """Load the model.

        Raises:
            ModelError, DependencyError: as `Classifier.from_pretrained`.
        """
        with tempfile.TemporaryDirectory(prefix="sentiment-") as copy:
            for name, content in self.files.items():
                (Path(copy) / name).write_bytes(content)
            try:
                return WorkerClassifier.from_pretrained(
                    copy, device=self.device, backend=self.backend
                )
            except ModelError as error:
                raise ModelError(str(error).replace(copy, self.folder)) from error

    def identity(self) -> dict[str, Any]:
        """Return what predictions depend on: the files, what computes, and the version."""
        hashes = {name: hashlib.sha256(content).hexdigest() for name, content in self.files.items()}
        return {
            "model": hashes,
            "backend": self.backend,
            "device": self.device,
            "version": version("sentiment-lstm"),
        }


def read_worker_model(
    model: str | PathLike[str], backend: Backend, device: WorkerDevice
) -> WorkerModel:
    """Read the files of a model. Only this process needs access to them.

    Args:
        model: a folder, or the Hub id of a model.
        backend: as for `Classifier.from_pretrained`; `auto` is decided by this process.
        device: `cpu` or `cuda`.

    Raises:
        ModelError: a file is missing or too large.
        HubError: the Hub does not have the model or cannot be reached.
        ConfigError: another device, or a GPU for ONNX Runtime.
        DependencyError: PyTorch is not installed.
    """
    if device not in ("cpu", "cuda"):
        raise ConfigError(f"device must be cpu or cuda on a cluster, not '{device}'.")
    folder = model_folder(model)
    check_sizes(folder)
    files = {name: (folder / name).read_bytes() for name in files_of(folder)}
    return WorkerModel(str(folder), files, choose_backend(backend, device, folder), device)
