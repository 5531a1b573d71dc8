"""The classifier: texts to labels and probabilities.

Text -> tokens (`text/tokenizer.py`) -> ids (`text/vocab.py`, truncated in `text/batching.py`) ->
batches (`inference/batched.py`) -> logits (`models/lstm.py`) -> divided by the temperature ->
softmax. Training, evaluation, explanations, the report and the demo page take the same path.

With the backend ONNX, `inference/onnx.py` computes the logits, and PyTorch is not imported.
"""

import tempfile
from collections.abc import Iterable, Iterator, Sequence
from itertools import tee
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Self, TypedDict, overload

import numpy as np

from sentiment.artifacts.checksums import CONFIG_FILE
from sentiment.artifacts.hub import push
from sentiment.artifacts.model_folder import (
    Description,
    SavedModel,
    config_errors_as_model_errors,
    load_model,
    model_folder,
    read_stable,
)
from sentiment.artifacts.sharing import SHARED_FILES, save_for_sharing
from sentiment.config import SHIPPED_CLASSIFIER, Config
from sentiment.errors import ConfigError, ModelError
from sentiment.inference.backends import Backend, choose_backend
from sentiment.inference.onnx import OnnxModel, read_onnx
from sentiment.inference.texts import as_texts
from sentiment.inference.unknown_words import UnknownWordsWarning, warn_of_unknown_words
from sentiment.text.batching import encode
from sentiment.text.tokenizer import Tokenizer
from sentiment.text.vocab import Vocab

if TYPE_CHECKING:
    import torch
    from datasets import Dataset
    from torch import Tensor

    from sentiment.evaluation.metrics import Metrics
    from sentiment.models.lstm import LSTMClassifier
    from sentiment.models.onnx_graph import Quantization

__all__ = ["Classifier", "Prediction", "UnknownWordsWarning"]


class Prediction(TypedDict):
    """A label and its probability."""

    label: str
    score: float


def rank(labels: Sequence[str], scores: Sequence[float], top_k: int | None) -> list[Prediction]:
    """Return the `top_k` labels with the highest scores, best first; None: all."""
    best = sorted(range(len(scores)), key=lambda id: -scores[id])[:top_k]
    return [Prediction(label=labels[id], score=scores[id]) for id in best]


class Classifier:
    """A trained text classifier. Threads may share it.

    PyTorch's threads do not survive a fork. In a process that was forked after the import of this
    module, the classifier therefore calls `torch.set_num_threads(1)`, which affects all code in
    the process. A model on a GPU must be loaded in the process that uses it.

    Examples:
        >>> classifier = Classifier.from_pretrained()
        >>> classifier("A joy from start to finish.")
        {'label': 'pos', 'score': 0.999}

    Args:
        config: all settings of the training run.
        labels: label names in order of id.
        vocab: the tokens that the model knows.
        model: the network. It stays on its device. With an `OnnxModel`, only predictions and
            evaluations are possible.
        temperature: divisor of the logits, from calibration; 1 if the model was not calibrated.
        metadata: rows, hashes and metrics of the training run, stored under `training`.
        folder: where the model was read from, if it was.

    Raises:
        DependencyError: the tokenizer of the language needs a package that is not installed.
        ConfigError: spaCy does not have the language.
    """

    def __init__(
        self,
        config: Config,
        labels: Sequence[str],
        vocab: Vocab,
        model: "LSTMClassifier | OnnxModel",
        *,
        temperature: float = 1.0,
        metadata: dict[str, Any] | None = None,
        folder: Path | None = None,
    ) -> None:
        self.config = config
        self.labels = list(labels)
        self.vocab = vocab
        self.model = model
        self.temperature = temperature
        self.metadata = metadata or {}
        self.folder = folder
        self.tokenizer = Tokenizer(config.text.language, config.text.lowercase)

    @classmethod
    def from_pretrained(
        cls,
        path: str | PathLike[str] = SHIPPED_CLASSIFIER,
        *,
        device: "torch.device | str" = "auto",
        revision: str | None = None,
        backend: Backend = "torch",
    ) -> Self:
        """Load a trained classifier.

        Args:
            path: a folder, or the id `user/name` of a model on the Hub, which is downloaded once
                and then works offline. By default `shipped-classifier`, the one in this package.
            device: `auto` (a GPU if there is one), `cpu`, `cuda` or `mps`.
            revision: branch, tag or commit of a Hub id.
            backend: what computes the logits. `torch`; `onnx`: ONNX Runtime, on the CPU and
                without PyTorch; `onnx-int8`: the same with 8-bit weights, faster, and with another
                label for about 1 text in 1,000; `auto`: `onnx` for an export, `onnx-int8` where
                ONNX Runtime is installed and there is no GPU, else `torch`.

        Raises:
            ModelError: the folder has no classifier, or a file is missing, damaged or has settings
                that cannot be used.
            HubError: the Hub does not have the model or cannot be reached.
            ConfigError: this machine does not have the device; a revision of a local model.
            DependencyError: the language or the backend needs a package that is not installed.
        """
        folder = model_folder(path, revision)
        saved: SavedModel | Description
        model: Any
        chosen = choose_backend(backend, device, folder)
        if chosen == "torch":
            from sentiment.runtime.devices import choose_device

            saved = load_model(folder, choose_device(device))
            model = saved.model
        else:
            quantize: Quantization | None = "int8" if chosen == "onnx-int8" else None
            saved, model = read_stable(folder, lambda: read_onnx(folder, quantize))
        if saved.labels is None:
            raise ModelError(
                f"'{folder}' is an encoder: its {CONFIG_FILE} has no labels. Train a classifier "
                "that starts from it."
            )
        with config_errors_as_model_errors(folder):  # spaCy may not have its language.
            return cls(
                saved.config,
                saved.labels,
                saved.vocab,
                model,
                temperature=saved.temperature,
                metadata=saved.metadata,
                folder=folder,
            )

    def __repr__(self) -> str:
        shown = ", ".join(map(repr, self.labels[:5])) + (", ..." if len(self.labels) > 5 else "")
        network = "backend='onnx'"
        if not isinstance(self.model, OnnxModel):
            parameters = sum(weight.numel() for weight in self.model.parameters())
            network = f"parameters={parameters:,}, device='{self.device}'"
        return f"Classifier(labels=[{shown}], vocab={len(self.vocab):,} tokens, {network})"

    @property
    def torch_model(self) -> "LSTMClassifier":
        """The PyTorch model.

        Raises:
            ConfigError: the classifier uses ONNX Runtime.
        """
        if isinstance(self.model, OnnxModel):
            raise ConfigError("This needs the PyTorch model: load it with backend 'torch'.")
        return self.model

    @property
    def classes_(self) -> np.ndarray:
        """The labels in order of the columns of `predict_proba`, [num_labels]."""
        return np.array(self.labels)

    @property
    def id2label(self) -> dict[int, str]:
        """Label id to label name."""
        return dict(enumerate(self.labels))

    @property
    def label2id(self) -> dict[str, int]:
        """Label name to label id."""
        return {label: id for id, label in enumerate(self.labels)}

    @property
    def device(self) -> "torch.device":
        """The device of the PyTorch model."""
        return self.torch_model.linear.weight.device

    def to(self, device: "torch.device | str") -> Self:
        """Move the model to `device` (as for `from_pretrained`) and return the classifier."""
        from sentiment.runtime.devices import choose_device

        self.torch_model.to(choose_device(device))
        return self

    @overload
    def __call__(  # type: ignore[overload-overlap]  # A str is an iterable of str.
        self, texts: str, top_k: Literal[1] = 1, batch_size: int = 64
    ) -> Prediction: ...
    @overload
    def __call__(  # type: ignore[overload-overlap]
        self, texts: str, top_k: int | None, batch_size: int = 64
    ) -> list[Prediction]: ...
    @overload
    def __call__(  # type: ignore[overload-overlap]
        self, texts: Iterable[str], top_k: Literal[1] = 1, batch_size: int = 64
    ) -> list[Prediction]: ...
    @overload
    def __call__(
        self, texts: Iterable[str], top_k: int | None, batch_size: int = 64
    ) -> list[list[Prediction]]: ...
    def __call__(
        self, texts: str | Iterable[str], top_k: int | None = 1, batch_size: int = 64
    ) -> Any:
        """Classify one text or several.

        Args:
            texts: a string, or an iterable of strings.
            top_k: how many labels to return for a text, best first; None: all.
            batch_size: texts in a batch.

        Returns:
            For a string a `Prediction`, `{"label": "pos", "score": 0.98}`, where `score` is the
            calibrated probability of `label`. With another `top_k` than 1 a list of these, sorted
            by score. For an iterable a list with one such result for each text, in order.

        Raises:
            TypeError: `texts` is not a string or an iterable of strings.
            ConfigError: `top_k` or `batch_size` is less than 1.

        Warns:
            UnknownWordsWarning: the vocabulary has at most half of a text's words.
        """
        if top_k is not None and top_k < 1:
            raise ConfigError(f"top_k must be 1 or more, or None for all labels, not {top_k}.")
        results: list[Any] = []
        for row in self.predict_proba(texts, batch_size).tolist():
            ranked = rank(self.labels, row, top_k)
            results.append(ranked[0] if top_k == 1 else ranked)
        return results[0] if isinstance(texts, str) else results

    @overload
    def predict(self, texts: str, batch_size: int = ...) -> str: ...  # type: ignore[overload-overlap]  # A str is an iterable of str.
    @overload
    def predict(self, texts: Iterable[str], batch_size: int = ...) -> list[str]: ...
    def predict(self, texts: str | Iterable[str], batch_size: int = 64) -> str | list[str]:
        """Return the label of a text, or of each of several. Args and Raises: see `__call__`."""
        found = [self.labels[id] for id in self.predict_proba(texts, batch_size).argmax(axis=1)]
        return found[0] if isinstance(texts, str) else found

    def predict_proba(self, texts: str | Iterable[str], batch_size: int = 64) -> np.ndarray:
        """Return the calibrated probability of each label.

        Args, Raises and Warns: see `__call__`.

        Returns:
            [n, num_labels], float32, columns in the order of `classes_`; n is 1 for a string.
        """
        if batch_size < 1:
            raise ConfigError(f"batch_size must be 1 or more, not {batch_size}.")
        text_list = as_texts(texts)
        reviews, probabilities = self.encode_and_score(text_list, batch_size)
        warn_of_unknown_words(text_list, reviews)
        return probabilities

    def encode_and_score(
        self, texts: Iterable[str], batch_size: int = 64
    ) -> tuple[list[list[int]], np.ndarray]:
        """Return the token ids of each text, and the calibrated probability of each label.

        With ONNX Runtime, texts are tokenized while the first ones are classified.

        Args and Raises: see `encode` and `probabilities`.

        Returns:
            The ids as `encode` returns them, and [n, num_labels], in order, float32.
        """
        reviews, kept = tee(self._encoded(self.tokenizer.pipe(as_texts(texts))))
        probabilities = self.probabilities(reviews, batch_size)
        return list(kept), probabilities

    def encode(self, texts: Iterable[str]) -> list[list[int]]:
        """Return the token ids of each text, at most `max_length`; none for a text without tokens.

        Raises:
            TypeError: `texts` is not a string or an iterable of strings.
        """
        return self.encode_tokens(self.tokenizer.pipe(as_texts(texts)))

    def encode_tokens(self, token_lists: Iterable[Sequence[str]]) -> list[list[int]]:
        """Return the token ids of texts that are tokenized already, at most `max_length`."""
        return list(self._encoded(token_lists))

    def _encoded(self, token_lists: Iterable[Sequence[str]]) -> Iterator[list[int]]:
        """Yield the token ids of each text, at most `max_length`."""
        return (encode(tokens, self.vocab, self.config.text) for tokens in token_lists)

    def probabilities(self, reviews: Iterable[Sequence[int]], batch_size: int = 64) -> np.ndarray:
        """Return the calibrated probability of each label of texts given as ids.

        Args:
            reviews: ids of each text, as `encode` returns them.
            batch_size: texts in a batch.

        Returns:
            [n, num_labels], in order, float32.
        """
        logits = self._logits(reviews, batch_size)
        exponentials = np.exp(logits - logits.max(axis=1, keepdims=True))
        probabilities: np.ndarray = exponentials / exponentials.sum(axis=1, keepdims=True)
        return probabilities

    def predict_logits(self, reviews: Sequence[Sequence[int]], batch_size: int = 64) -> "Tensor":
        """Return the calibrated logits of texts given as ids. It needs PyTorch.

        Args: see `probabilities`.

        Returns:
            [n, num_labels], in order, on the CPU.
        """
        import torch

        return torch.from_numpy(self._logits(reviews, batch_size))

    def _logits(self, reviews: Iterable[Sequence[int]], batch_size: int) -> np.ndarray:
        """Return the calibrated logits, [n, num_labels], from the backend."""
        if isinstance(self.model, OnnxModel):
            return self.model.logits(reviews, batch_size)
        from sentiment.inference.batched import uncalibrated_logits

        return (
            uncalibrated_logits(self.model, list(reviews), batch_size) / self.temperature
        ).numpy()

    def evaluate(self, dataset: "Dataset", train: "Dataset | None" = None) -> "Metrics":
        """Measure the classifier on a dataset with labels.

        Args, Returns and Raises: see `sentiment.inference.evaluate.evaluate`.
        """
        from sentiment.inference.evaluate import evaluate  # scikit-learn takes a second to import.

        return evaluate(self, dataset, train)

    def saved(self) -> SavedModel:
        """Return what a model folder stores of this classifier."""
        return SavedModel(
            self.config, self.vocab, self.torch_model, self.labels, self.temperature, self.metadata
        )

    def save_pretrained(self, path: str | PathLike[str]) -> None:
        """Write the model into the folder `path`, to share it: with a model card, README.md.

        Of paths on this disk only the last component is written. A README.md that is not a model
        card of this package stays.

        Raises:
            StorageError: the folder cannot be written to.
        """
        save_for_sharing(self.saved(), Path(path), self.folder)

    def push_to_hub(
        self,
        model_id: str,
        private: bool = False,
        token: str | None = None,
        revision: str | None = None,
    ) -> str:
        """Upload the model to the Hub, with a model card that replaces the README.md there.

        Args:
            model_id: `user/name`.
            private: create a private repository.
            token: an access token; by default that of `hf auth login` or HF_TOKEN.
            revision: branch, tag or commit to upload to.

        Returns:
            The address of the model's page.

        Raises:
            HubError: as `sentiment.artifacts.hub.push`.
        """
        with tempfile.TemporaryDirectory(prefix="sentiment-push-") as folder:
            save_for_sharing(self.saved(), Path(folder), self.folder, model_id)
            return push(Path(folder), SHARED_FILES, model_id, private, token, revision)
