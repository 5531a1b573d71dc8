"""A trained classifier as one folder, and back.

    config.json         labels, temperature, settings, versions, the data's fingerprint, checksums
    vocab.txt           one token a line, in order of id
    model.safetensors   the weights

Nothing here is executed on load: no pickle, no code. A folder is complete or not there, because
everything is written beside its place and then renamed.

That the files are those that were saved, `manifest.py` sees to.
"""

import platform
import reprlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib.metadata import version
from os import PathLike
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from sentiment.artifacts.checksums import (
    CHECKSUMS,
    CONFIG_FILE,
    FILES,
    MOST_BYTES,
    VOCAB_FILE,
    WEIGHTS_FILE,
    check_files,
    check_sizes,
    hash_of,
    read_json,
    write_config,
)
from sentiment.artifacts.hub import fetch
from sentiment.artifacts.weights import load_weights, write_weights
from sentiment.config import MAX_LABELS, SHIPPED, SHIPPED_TOO, Config
from sentiment.errors import InputError
from sentiment.models.lstm import Encoder, LSTMClassifier, predict_logits
from sentiment.runtime.atomic_io import staged
from sentiment.runtime.network import is_model_id
from sentiment.text.vocab import UNK_ID, Vocab

FORMAT_VERSION = 1
TEMPERATURES = 0.01, 100.0  # Calibration gives 0.1 to 10.

PRETRAINED = Path(__file__).parent.parent / "pretrained"
SHIPPED_CLASSIFIER, SHIPPED_ENCODER = PRETRAINED / "classifier", PRETRAINED / "encoder"
IN_PACKAGE = {SHIPPED: SHIPPED_ENCODER, SHIPPED_TOO: SHIPPED_CLASSIFIER}


@dataclass
class Bundle:
    """Everything that a prediction needs, and where it came from."""

    config: Config
    labels: list[str]
    vocab: Vocab
    model: LSTMClassifier
    data: dict[str, Any] = field(default_factory=dict)  # What it has read, and how well it does.
    # What the model's logits are divided by (`calibration.py`); 1 where it was never calibrated.
    temperature: float = 1.0

    @classmethod
    def new(cls, config: Config, labels: list[str], vocab: Vocab, data: dict[str, Any]) -> "Bundle":
        """An untrained classifier of these settings, initialised by torch's global generator."""
        return cls(
            config, labels, vocab, LSTMClassifier(config.model, len(vocab), len(labels)), data
        )

    def start_from(self, start: "EncoderBundle") -> bool:
        """Take over the weights of `start`: the encoder, and what its classifier has on it.

        Words that `start` does not know begin as its `<unk>`, which they were until now. The Linear
        is taken over where the labels are the same, whatever their order. Returns whether it was.
        """
        state = start.encoder.state_dict()
        known = state["embedding.weight"]  # [words, embedding_dim]
        new = known[UNK_ID].expand(len(self.vocab) - len(known), -1)
        state["embedding.weight"] = torch.cat([known, new])
        self.model.encoder.load_state_dict(state)
        other = start.classifier
        if other is None or other.config.model.pooling != self.config.model.pooling:
            return False
        if self.model.attention is not None and other.model.attention is not None:
            self.model.attention.load_state_dict(other.model.attention.state_dict())
        if sorted(self.labels) != sorted(other.labels):
            return False
        rows = [other.labels.index(label) for label in self.labels]
        weights = other.model.linear.state_dict()
        self.model.linear.load_state_dict({name: own[rows] for name, own in weights.items()})
        return True

    def logits(self, reviews: Sequence[Sequence[int]], batch_size: int = 64) -> Tensor:
        """Calibrated logits of `reviews`, each a list of ids: [reviews, num_labels], on the CPU."""
        return predict_logits(self.model, reviews, batch_size) / self.temperature


@dataclass
class EncoderBundle:
    """A pretrained encoder, for classifiers to start from."""

    config: Config
    vocab: Vocab
    encoder: Encoder
    data: dict[str, Any] = field(default_factory=dict)  # What it has read, and how well it does.
    classifier: Bundle | None = None  # The trained classifier whose encoder it is, if it is one's.


def bundle_folder(name: str | PathLike[str], revision: str | None = None) -> Path:
    """The folder of a bundle: the one named so, or what is fetched of the model `user/name`.

    Raises:
        InputError: it is on the Hub, and cannot be had (`hub.fetch`); or a folder with a revision.
    """
    path = Path(name)
    if not path.exists() and is_model_id(path.as_posix()):
        return fetch(path.as_posix(), MOST_BYTES, revision)
    if revision is not None:
        raise InputError(f"A revision is for a model of the Hub; '{path}' is none.")
    return path


def holds_bundle(folder: Path) -> bool:
    """Whether a bundle stands in `folder`."""
    return all((folder / name).is_file() for name in FILES)


def bundle_size(folder: Path) -> int:
    """Bytes on disk of the bundle in `folder`."""
    return sum((folder / name).stat().st_size for name in FILES)


def save_bundle(bundle: Bundle, folder: Path, half: bool = False) -> None:
    """Write `bundle` into `folder`, replacing the one that stands there; other files stay.

    Args:
        bundle: what to write.
        folder: where; made if it is not there.
        half: write weights of 16 bits. They are read as 32 again, but rounded.

    Raises:
        InputError: the disk is full, or the folder cannot be written to.
    """
    meta = {
        "labels": bundle.labels,
        "temperature": bundle.temperature,
        "config": bundle.config.to_dict(),
        "data": bundle.data,
    }
    write_files(folder, meta, bundle.vocab, bundle.model, half)


def save_temperature(folder: Path, temperature: float, fitted_to: dict[str, Any]) -> None:
    """Give the bundle in `folder` another temperature; its vocabulary and weights stay untouched.

    Args:
        folder: where a bundle stands.
        temperature: what the model's logits are to be divided by.
        fitted_to: the reviews that decided it, for `config.json`.

    Raises:
        InputError: a file is damaged, the disk is full, or the folder cannot be written to.
    """
    meta = read_json(folder / CONFIG_FILE)
    check_files(folder, meta)
    meta["temperature"] = temperature
    meta["data"] = {**(meta.get("data") or {}), "calibration": fitted_to}
    with staged(folder) as stage:
        write_config(stage, meta, meta[CHECKSUMS])


def save_encoder(bundle: EncoderBundle, folder: Path, half: bool = False) -> None:
    """The same for an encoder."""
    meta = {"config": bundle.config.to_dict(), "data": bundle.data}
    write_files(folder, meta, bundle.vocab, bundle.encoder, half)


def load_bundle(folder: Path, device: torch.device | str = "cpu") -> Bundle:
    """Read a bundle, its model in evaluation mode on `device`.

    Raises:
        InputError: a file is missing, damaged, of a newer format, or of another bundle; names it.
    """
    meta, config, vocab = read_files(folder, "trained model", "sentiment train --out FOLDER")
    labels, temperature = meta.get("labels"), meta.get("temperature")
    path = folder / CONFIG_FILE
    if not isinstance(labels, list) or len(labels) < 2:
        raise InputError(f"'{path}' has no labels: it is not that of a trained classifier.")
    are_names = all(isinstance(label, str) and label and label.isprintable() for label in labels)
    if not are_names or not len(set(labels)) == len(labels) <= MAX_LABELS:
        raise InputError(
            f"'{path}' has the labels {reprlib.repr(labels)}: not names, all different."
        )
    if temperature is None:
        temperature = Bundle.temperature
    least, most = TEMPERATURES
    if type(temperature) not in (int, float) or not least <= temperature <= most:
        raise InputError(f"'{path}' has the temperature {reprlib.repr(temperature)}.")
    with fitting(folder):
        bundle = Bundle.new(config, labels, vocab, meta["data"])
    bundle.temperature = temperature
    load_weights(bundle.model, folder / WEIGHTS_FILE)
    bundle.model.to(device).eval()
    return bundle


def load_encoder(name: str | Path) -> EncoderBundle:
    """Read an encoder, or that of a trained classifier.

    Args:
        name: a folder, or one of `IN_PACKAGE`.

    Raises:
        InputError: as `load_bundle` does.
    """
    folder = IN_PACKAGE.get(str(name), Path(name))
    meta, config, vocab = read_files(folder, "encoder", "sentiment pretrain --out FOLDER")
    if meta.get("labels") is not None:
        bundle = load_bundle(folder)
        return EncoderBundle(
            bundle.config, bundle.vocab, bundle.model.encoder, bundle.data, classifier=bundle
        )
    with fitting(folder):
        encoder = Encoder(config.model, len(vocab))
    load_weights(encoder, folder / WEIGHTS_FILE)
    return EncoderBundle(config, vocab, encoder, meta["data"])


def write_files(
    folder: Path, meta: dict[str, Any], vocab: Vocab, model: nn.Module, half: bool
) -> None:
    """The three files of a bundle, replaced as one."""
    versions = {name: version(name) for name in ("torch", "spacy")}
    versions["python"] = platform.python_version()
    dtype = torch.float16 if half else torch.float32
    weights = {name: tensor.to(dtype).contiguous() for name, tensor in model.state_dict().items()}
    with staged(folder) as stage:
        vocab.save(stage / VOCAB_FILE)
        write_weights(stage / WEIGHTS_FILE, weights, {"format": "pt"})
        checksums = {name: hash_of(stage / name) for name in (VOCAB_FILE, WEIGHTS_FILE)}
        meta = {"format_version": FORMAT_VERSION, **meta, "versions": versions}
        write_config(stage, meta, checksums)
        check_sizes(stage)


def read_files(folder: Path, what: str, remedy: str) -> tuple[dict[str, Any], Config, Vocab]:
    """What a bundle says of itself, its settings and its vocabulary, all checksums right."""
    missing = [name for name in FILES if not (folder / name).is_file()]
    if missing:
        raise InputError(
            f"There is no {what} in '{folder}': {' and '.join(missing)} not found. "
            f"Train one ({remedy}) or name another folder."
        )
    path = folder / CONFIG_FILE
    meta = read_json(path)
    found = meta.get("format_version")
    if type(found) is not int or not 1 <= found <= FORMAT_VERSION:
        raise InputError(
            f"'{path}' has format version {reprlib.repr(found)}; this sentiment reads up to "
            f"{FORMAT_VERSION}. Upgrade sentiment to use this model."
        )
    check_files(folder, meta)
    for name in ("config", "data"):
        if not isinstance(meta.setdefault(name, {}), dict):
            raise InputError(f"'{path}' has no object under '{name}'.")
    with fitting(folder):
        config = Config.from_dict(meta["config"])
    return meta, config, Vocab.load(folder / VOCAB_FILE)


@contextmanager
def fitting(folder: Path) -> Iterator[None]:
    """Name the config in `folder` where its settings cannot be used."""
    try:
        yield
    except (InputError, RecursionError) as error:
        reason = " ".join(str(error)[:200].split())
        raise InputError(f"'{folder / CONFIG_FILE}' cannot be used: {reason}") from error
