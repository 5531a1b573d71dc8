"""A trained classifier as one folder, and back.

    config.json         labels, temperature, settings, versions, the data's fingerprint
    vocab.txt           one token a line, in order of id
    model.safetensors   the weights

Nothing here is executed on load: no pickle, no code. A folder is complete or not there, because
everything is written beside its place and then renamed.
"""

import hashlib
import json
import math
import platform
from collections.abc import Sequence
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor, nn

from sentiment.config import SHIPPED, Config
from sentiment.errors import InputError
from sentiment.model import Encoder, LSTMClassifier, predict_logits
from sentiment.vocab import Vocab
from sentiment.writing import staged

FORMAT_VERSION = 1
CONFIG_FILE, VOCAB_FILE, WEIGHTS_FILE = "config.json", "vocab.txt", "model.safetensors"
FILES = (CONFIG_FILE, VOCAB_FILE, WEIGHTS_FILE)
PRETRAINED = Path(__file__).parent / "pretrained"
SHIPPED_CLASSIFIER, SHIPPED_ENCODER = PRETRAINED / "classifier", PRETRAINED / "encoder"


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
        InputError: the disk is full, or the folder cannot be written to.
    """
    meta = read_json(folder / CONFIG_FILE)
    meta["temperature"] = temperature
    meta["data"] = {**(meta.get("data") or {}), "calibration": fitted_to}
    with staged(folder) as stage:
        write_json(stage / CONFIG_FILE, meta)


def save_encoder(bundle: EncoderBundle, folder: Path, half: bool = False) -> None:
    """The same for an encoder."""
    meta = {"config": bundle.config.to_dict(), "data": bundle.data}
    write_files(folder, meta, bundle.vocab, bundle.encoder, half)


def load_bundle(folder: Path, device: torch.device | str = "cpu") -> Bundle:
    """Read a bundle, its model in evaluation mode on `device`.

    Raises:
        InputError: a file is missing, truncated, of a newer format, or of another bundle.
    """
    meta, config, vocab = read_files(folder, "trained model", "sentiment train --out FOLDER")
    labels = meta.get("labels")
    if not isinstance(labels, list) or len(labels) < 2:
        raise InputError(
            f"'{folder / CONFIG_FILE}' has no labels: it is not that of a trained classifier."
        )
    temperature = meta.get("temperature")
    if temperature is None:
        temperature = Bundle.temperature
    if not isinstance(temperature, (int, float)) or not 0 < temperature < math.inf:
        raise InputError(f"'{folder / CONFIG_FILE}' has the temperature {temperature!r}.")
    bundle = Bundle.new(config, labels, vocab, meta.get("data") or {})
    bundle.temperature = temperature
    load_weights(bundle.model, folder)
    bundle.model.to(device).eval()
    return bundle


def load_encoder(name: str | Path) -> EncoderBundle:
    """Read an encoder: a folder, or `shipped`. Raises `InputError` as `load_bundle` does."""
    folder = SHIPPED_ENCODER if name == SHIPPED else Path(name)
    meta, config, vocab = read_files(folder, "encoder", "sentiment pretrain --out FOLDER")
    if meta.get("labels") is not None:
        raise InputError(f"'{folder}' holds a trained classifier, not an encoder.")
    encoder = Encoder(config.model, len(vocab))
    load_weights(encoder, folder)
    return EncoderBundle(config, vocab, encoder, meta.get("data") or {})


def write_files(
    folder: Path, meta: dict[str, Any], vocab: Vocab, model: nn.Module, half: bool
) -> None:
    """The three files of a bundle, replaced as one."""
    versions = {name: version(name) for name in ("torch", "spacy")}
    versions["python"] = platform.python_version()
    dtype = torch.float16 if half else torch.float32
    weights = {name: tensor.to(dtype).contiguous() for name, tensor in model.state_dict().items()}
    with staged(folder) as stage:
        write_json(
            stage / CONFIG_FILE, {"format_version": FORMAT_VERSION, **meta, "versions": versions}
        )
        vocab.save(stage / VOCAB_FILE)
        metadata = {"format": "pt", "belongs_to": identity(stage)}
        write_weights(stage / WEIGHTS_FILE, weights, metadata)


def read_files(folder: Path, what: str, remedy: str) -> tuple[dict[str, Any], Config, Vocab]:
    """What a bundle says of itself, its settings and its vocabulary."""
    missing = [name for name in FILES if not (folder / name).is_file()]
    if missing:
        raise InputError(
            f"There is no {what} in '{folder}': {' and '.join(missing)} not found. "
            f"Train one ({remedy}) or name another folder."
        )
    meta = read_json(folder / CONFIG_FILE)
    found = meta.get("format_version")
    if type(found) is not int or found > FORMAT_VERSION:
        raise InputError(
            f"'{folder / CONFIG_FILE}' has format version {found!r}; this sentiment reads up to "
            f"{FORMAT_VERSION}. Upgrade sentiment to use this model."
        )
    if not isinstance(meta.get("config"), dict):
        raise InputError(f"'{folder / CONFIG_FILE}' has no settings.")
    return meta, Config.from_dict(meta["config"]), Vocab.load(folder / VOCAB_FILE)


def load_weights(model: nn.Module, folder: Path) -> None:
    """Fill `model` with the weights in `folder`."""
    try:
        model.load_state_dict(read_weights(folder / WEIGHTS_FILE, belongs_to=identity(folder)))
    except RuntimeError as error:
        raise InputError(
            f"'{folder / WEIGHTS_FILE}' does not fit '{folder / CONFIG_FILE}': "
            f"{' '.join(str(error).split())}"
        ) from error


def identity(folder: Path) -> str:
    """A hash of what the weights mean: the vocabulary, the labels, how text becomes logits."""
    meta = read_json(folder / CONFIG_FILE)
    config = meta.get("config")
    meaning = [meta.get("labels")]
    if isinstance(config, dict):
        meaning += [config.get("text"), config.get("model")]
    digest = hashlib.blake2b(json.dumps(meaning, sort_keys=True).encode(), digest_size=16)
    digest.update((folder / VOCAB_FILE).read_bytes())
    return digest.hexdigest()


def write_weights(
    path: Path, weights: dict[str, Tensor], metadata: dict[str, str] | None = None
) -> None:
    """Tensors by name into a safetensors file. Raises `OSError` if it cannot be written."""
    try:
        save_file(weights, path, metadata)
    except SafetensorError as error:  # Which is none, and what a full disk makes it raise.
        raise OSError(str(error)) from error


def read_weights(path: Path, belongs_to: str | None = None) -> dict[str, torch.Tensor]:
    """Tensors by name from a safetensors file. Raises `InputError` if it is not a whole one."""
    try:
        with safe_open(path, framework="pt") as file:
            owner = (file.metadata() or {}).get("belongs_to")
            weights = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    except (SafetensorError, OSError) as error:
        raise InputError(
            f"'{path}' is not a whole safetensors file ({error}). "
            "It may be truncated: copy it again, or train again."
        ) from error
    if belongs_to is not None and owner != belongs_to:
        raise InputError(
            f"'{path}' was saved with another {CONFIG_FILE} or {VOCAB_FILE} than those beside it. "
            "Copy all three files of one model together."
        )
    return weights


def write_json(path: Path, content: Any) -> None:
    """JSON that a person can read."""
    text = json.dumps(content, indent=2, ensure_ascii=False) + "\n"
    path.write_text(text, encoding="utf-8", newline="\n")


def read_json(path: Path) -> dict[str, Any]:
    """The object in a JSON file. Raises `InputError` if it holds anything else."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise InputError(f"'{path}' is not readable JSON: {error}") from error
    if not isinstance(content, dict):
        raise InputError(f"'{path}' does not hold a JSON object.")
    return content
