"""A model as a folder: read and write.

    config.json         settings, labels, temperature, training run, versions, checksums
    vocab.txt           one token a line, in order of id
    model.safetensors   the weights; in an export model.onnx, the weights and the graph

Loading executes nothing: no pickle, no code. Saving is atomic: files are written next to their
place and renamed. `checksums.py` detects files that changed after they were saved.

In `config.json`, `id2label`, `vocab_size`, `hidden_size` and `num_hidden_layers` have the names
that the Hugging Face Hub uses.
"""

import platform
import reprlib
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from importlib.metadata import version
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from sentiment.artifacts.checksums import (
    CHECKSUMS,
    CONFIG_FILE,
    FILES,
    MAX_BYTES,
    ONNX_FILE,
    VOCAB_FILE,
    WEIGHTS_FILE,
    check_files,
    check_sizes,
    files_of,
    hash_of,
    is_export,
    read_json,
    write_with_checksums,
)
from sentiment.artifacts.hub import fetch
from sentiment.config import MAX_LABELS, SHIPPED_CLASSIFIER, SHIPPED_ENCODER, Config
from sentiment.errors import ConfigError, ModelError
from sentiment.runtime.atomic_io import atomic_folder
from sentiment.runtime.network import is_model_id
from sentiment.runtime.paths import user_path
from sentiment.runtime.threads import use_one_thread_after_fork
from sentiment.text.vocab import Vocab

# Imported where it is used: predictions with ONNX do not need PyTorch.
if TYPE_CHECKING:
    import torch
    from torch import nn

    from sentiment.models.lstm import Encoder

FORMAT_VERSION = 1
MODEL_TYPE = "sentiment-lstm"
MIN_ACCEPTED_TEMPERATURE, MAX_ACCEPTED_TEMPERATURE = 0.01, 100.0  # Calibration gives 0.1 to 10.

RETRY_SECONDS = 0.1  # Replacing the files takes milliseconds, more on a busy machine.

T = TypeVar("T")

PRETRAINED = Path(__file__).parent.parent / "pretrained"
SHIPPED_CLASSIFIER_FOLDER = PRETRAINED / "classifier"
SHIPPED_FOLDERS = {
    SHIPPED_CLASSIFIER: SHIPPED_CLASSIFIER_FOLDER,
    SHIPPED_ENCODER: PRETRAINED / "encoder",
}


class Description(NamedTuple):
    """The content of a model folder without the weights."""

    config: Config
    vocab: Vocab
    labels: list[str] | None  # None for an encoder.
    temperature: float  # Divisor of the logits; 1 where the model was never calibrated.
    metadata: dict[str, Any]  # Rows, hashes and metrics of the training run.
    export: dict[str, Any]  # How an export was made; empty for a trained model.


class SavedModel(NamedTuple):
    """The content of a model folder."""

    config: Config
    vocab: Vocab
    model: "nn.Module"  # An `LSTMClassifier`, or an `Encoder` where there are no labels.
    labels: list[str] | None  # None for an encoder.
    temperature: float  # Divisor of the logits; 1 where the model was never calibrated.
    metadata: dict[str, Any]  # Rows, hashes and metrics of the training run.

    @property
    def encoder(self) -> "Encoder":
        """The encoder, or that of the classifier."""
        from sentiment.models.lstm import Encoder, LSTMClassifier

        found = self.model.encoder if isinstance(self.model, LSTMClassifier) else self.model
        assert isinstance(found, Encoder)
        return found


def model_folder(name: str | PathLike[str], revision: str | None = None) -> Path:
    """Return the folder of a model: a local one, a shipped one, or one fetched from the Hub.

    Args:
        name: a folder, `shipped-classifier`, `shipped-encoder`, or a Hub id `user/name`.
        revision: branch, tag or commit of a Hub id.

    Raises:
        HubError: the Hub does not have the model or cannot be reached.
        ConfigError: a revision for something that is not on the Hub, or a path that cannot be used.
    """
    path = SHIPPED_FOLDERS.get(str(name)) or user_path(name)
    if not path.exists() and is_model_id(path.as_posix()):
        return fetch(path.as_posix(), {name: MAX_BYTES[name] for name in FILES}, revision)
    if revision is not None:
        raise ConfigError(f"revision is for a model on the Hub; '{path}' is not one.")
    return path


def is_complete(folder: Path) -> bool:
    """Return whether `folder` has all files of a model."""
    return all((folder / name).is_file() for name in FILES)


def size_on_disk(folder: Path) -> int:
    """Return the bytes of the model's files in `folder`."""
    return sum((folder / name).stat().st_size for name in files_of(folder))


def save_model(folder: Path, saved: SavedModel, half: bool = False) -> None:
    """Write a model into `folder`, replacing the model there. Other files stay.

    Args:
        folder: created if it does not exist.
        saved: the model.
        half: write 16-bit weights. They are read as 32-bit ones, but rounded.

    Raises:
        ConfigError: the path cannot be used, see `user_path`.
        StorageError: the disk is full, or the folder cannot be written to.
    """
    import torch

    from sentiment.artifacts.weights import write_weights

    folder = user_path(folder)
    use_one_thread_after_fork()
    dtype = torch.float16 if half else torch.float32
    weights = {
        name: tensor.to(dtype).contiguous() for name, tensor in saved.model.state_dict().items()
    }
    with atomic_folder(folder) as stage:
        write_weights(stage / WEIGHTS_FILE, weights, {"format": "pt"})
        write_description(stage, saved, WEIGHTS_FILE)
        check_sizes(stage)


def save_export(folder: Path, saved: SavedModel, onnx_model: bytes, export: dict[str, Any]) -> None:
    """Write an ONNX model into `folder`, with all that predictions need.

    Args:
        folder: created if it does not exist.
        saved: the classifier.
        onnx_model: the classifier as an ONNX model.
        export: how it was made, stored in `config.json`.

    Raises:
        StorageError: the disk is full, or the folder cannot be written to.
    """
    with atomic_folder(user_path(folder)) as stage:
        (stage / ONNX_FILE).write_bytes(onnx_model)
        write_description(stage, saved, ONNX_FILE, {"export": export})
        check_sizes(stage)


def write_description(
    folder: Path, saved: SavedModel, weights_file: str, others: Mapping[str, Any] | None = None
) -> None:
    """Write `vocab.txt`, and `config.json` with the checksums of it and of `weights_file`."""
    config = saved.config
    content: dict[str, Any] = {
        "format_version": FORMAT_VERSION,
        "model_type": MODEL_TYPE,
        "vocab_size": len(saved.vocab),
        "hidden_size": config.model.hidden_size,
        "num_hidden_layers": config.model.num_layers,
    }
    if saved.labels is not None:
        content["id2label"] = {str(id): label for id, label in enumerate(saved.labels)}
        content["label2id"] = {label: id for id, label in enumerate(saved.labels)}
        content["temperature"] = saved.temperature
    content |= {"settings": config.to_dict(), "training": saved.metadata, "versions": versions()}
    saved.vocab.save(folder / VOCAB_FILE)
    checksums = {name: hash_of(folder / name) for name in (VOCAB_FILE, weights_file)}
    write_with_checksums(folder / CONFIG_FILE, {**content, **(others or {})}, checksums)


def save_temperature(folder: Path, temperature: float, fitted_to: dict[str, Any]) -> None:
    """Change the temperature of the model in `folder`. Vocabulary and weights are not rewritten.

    Args:
        folder: a classifier's folder.
        temperature: the new divisor of the logits.
        fitted_to: facts on the reviews it was fitted to, stored in `config.json`.

    Raises:
        ModelError: a file is damaged.
        StorageError: the disk is full, or the folder cannot be written to.
    """
    content = read_json(folder / CONFIG_FILE)
    check_files(folder, content)
    content["temperature"] = temperature
    content["training"] = {**(content.get("training") or {}), "calibration": fitted_to}
    with atomic_folder(folder) as stage:
        write_with_checksums(stage / CONFIG_FILE, content, content[CHECKSUMS])


def load_model(folder: Path, device: "torch.device | str" = "cpu") -> SavedModel:
    """Read a classifier or an encoder, in evaluation mode on `device`.

    Raises:
        ModelError: a file is missing, damaged, of a newer format or of another model; names it.
            The folder is an export, which has no weights for PyTorch.
        ConfigError: the path cannot be used, see `user_path`.
    """
    folder = user_path(folder)
    return read_stable(folder, lambda: read_model(folder, device))


def read_stable(folder: Path, read: Callable[[], T]) -> T:
    """Return `read()`, which reads the files of one model in `folder`.

    Another process that saves a model there replaces the files one by one. A second attempt after
    a moment then finds those of one model.

    Raises:
        ModelError: as `read`, or a file was replaced after its checksum was checked.
    """

    def read_once() -> T:
        before = identities(folder)
        found = read()
        if identities(folder) != before:
            raise ModelError(
                f"The model in '{folder}' was replaced while it was read. Try again when the other "
                "process has saved it."
            )
        return found

    with suppress(ModelError):  # Without `except`, the memory of the first attempt is free again.
        return read_once()
    time.sleep(RETRY_SECONDS)
    return read_once()


def identities(folder: Path) -> list[tuple[int, ...] | None]:
    """Return for each file of a model what changes when it is replaced; None if it is missing."""
    found: list[tuple[int, ...] | None] = []
    for name in MAX_BYTES:
        try:
            status = (folder / name).stat()
            found.append((status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns))
        except OSError:
            found.append(None)
    return found


def read_model(folder: Path, device: "torch.device | str") -> SavedModel:
    """Read a model once. Arguments and errors as for `load_model`."""
    import torch

    from sentiment.artifacts.weights import load_weights
    from sentiment.models.lstm import Encoder, LSTMClassifier

    config, vocab, labels, temperature, metadata, _ = load_description(folder)
    if is_export(folder):
        raise ModelError(
            f"'{folder}' is an export, which only predictions with ONNX can use. Set backend to "
            "'onnx', or give the folder of the trained model."
        )
    use_one_thread_after_fork()
    # Loading must not change the random numbers of the caller, and initial weights are random.
    with config_errors_as_model_errors(folder), torch.random.fork_rng(devices=[]):
        model = (
            Encoder(config.model, len(vocab))
            if labels is None
            else LSTMClassifier(config.model, len(vocab), len(labels))
        )
    load_weights(model, folder / WEIGHTS_FILE)
    model.to(device).eval()
    return SavedModel(config, vocab, model, labels, temperature, metadata)


def load_description(folder: Path) -> Description:
    """Read all but the weights of a model, after a check of all files' checksums.

    Raises:
        ModelError: as `load_model`.
    """
    content = read_content(folder)
    with config_errors_as_model_errors(folder):
        config = Config.from_dict(content["settings"])
    return Description(
        config,
        Vocab.load(folder / VOCAB_FILE),
        read_labels(folder / CONFIG_FILE, content),
        read_temperature(folder / CONFIG_FILE, content),
        content["training"],
        content["export"],
    )


def read_content(folder: Path) -> dict[str, Any]:
    """Return the content of `config.json`, after a check of all files' checksums."""
    missing = [name for name in files_of(folder) if not (folder / name).is_file()]
    if missing:
        raise ModelError(
            f"There is no model in '{folder}': {' and '.join(missing)} not found. Train one, or "
            "give another folder."
        )
    path = folder / CONFIG_FILE
    content = read_json(path)
    found = content.get("format_version")
    if type(found) is not int or not 1 <= found <= FORMAT_VERSION:
        raise ModelError(
            f"'{path}' has format version {reprlib.repr(found)}; this version of sentiment reads "
            f"up to {FORMAT_VERSION}. Upgrade sentiment to use this model."
        )
    check_files(folder, content)
    for name in ("settings", "training", "export"):
        if not isinstance(content.setdefault(name, {}), dict):
            raise ModelError(f"'{path}' has no object under '{name}'.")
    return content


def read_labels(path: Path, content: dict[str, Any]) -> list[str] | None:
    """Return the labels in order of id; None where `config.json` has none: an encoder."""
    id2label = content.get("id2label")
    if id2label is None:
        return None
    labels: list[Any] = []
    if isinstance(id2label, dict):
        labels = [id2label.get(str(id)) for id in range(len(id2label))]
    are_names = all(isinstance(label, str) and label and label.isprintable() for label in labels)
    if not are_names or not 2 <= len(labels) == len(set(labels)) <= MAX_LABELS:
        raise ModelError(
            f"'{path}' has the labels {reprlib.repr(id2label)}; expected 2 to {MAX_LABELS:,} "
            "different names, numbered from 0."
        )
    return labels


def read_temperature(path: Path, content: dict[str, Any]) -> float:
    """Return the temperature, 1 where there is none."""
    temperature = content.get("temperature", 1.0)
    if (
        type(temperature) not in (int, float)
        or not MIN_ACCEPTED_TEMPERATURE <= temperature <= MAX_ACCEPTED_TEMPERATURE
    ):
        raise ModelError(
            f"'{path}' has the temperature {reprlib.repr(temperature)}; expected a number from "
            f"{MIN_ACCEPTED_TEMPERATURE} to {MAX_ACCEPTED_TEMPERATURE:g}."
        )
    return float(temperature)


def versions() -> dict[str, str]:
    """Return the versions that the numbers of a model depend on."""
    packages = {name: version(name) for name in ("torch", "spacy")}
    return {**packages, "python": platform.python_version()}


@contextmanager
def config_errors_as_model_errors(folder: Path) -> Iterator[None]:
    """Raise errors about settings as a `ModelError` that names the `config.json` of `folder`.

    Settings may be nested too deeply (`RecursionError`) or be long, so the message is cut.
    """
    try:
        yield
    except (ConfigError, RecursionError) as error:
        reason = " ".join(str(error)[:200].split())
        raise ModelError(f"'{folder / CONFIG_FILE}' cannot be used: {reason}") from error
