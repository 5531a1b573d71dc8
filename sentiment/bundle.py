"""A trained classifier as one folder, and back.

    config.json         labels, settings, versions, the data's fingerprint
    vocab.txt           one token a line, in order of id
    model.safetensors   the weights

Nothing here is executed on load: no pickle, no code. A folder is complete or not there, because
everything is written beside its place and then renamed.
"""

import hashlib
import json
import os
import platform
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file

from sentiment.config import Config
from sentiment.errors import InputError
from sentiment.model import LSTMClassifier
from sentiment.vocab import Vocab

FORMAT_VERSION = 1
CONFIG_FILE, VOCAB_FILE, WEIGHTS_FILE = "config.json", "vocab.txt", "model.safetensors"


@dataclass
class Bundle:
    """Everything that a prediction needs, and where it came from."""

    config: Config
    labels: list[str]
    vocab: Vocab
    model: LSTMClassifier
    data: dict[str, Any] = field(default_factory=dict)  # Rows and fingerprint of each split.

    @classmethod
    def new(cls, config: Config, labels: list[str], vocab: Vocab, data: dict[str, Any]) -> "Bundle":
        """An untrained classifier of these settings, initialised by torch's global generator."""
        return cls(
            config, labels, vocab, LSTMClassifier(config.model, len(vocab), len(labels)), data
        )


def holds_bundle(folder: Path) -> bool:
    """Whether a bundle stands in `folder`."""
    return all((folder / name).is_file() for name in (CONFIG_FILE, VOCAB_FILE, WEIGHTS_FILE))


def save_bundle(bundle: Bundle, folder: Path) -> None:
    """Write `bundle` into `folder`, replacing the one that stands there; other files stay.

    Raises:
        InputError: the disk is full, or the folder cannot be written to.
    """
    meta = {
        "format_version": FORMAT_VERSION,
        "labels": bundle.labels,
        "config": bundle.config.to_dict(),
        "data": bundle.data,
        "versions": {name: version(name) for name in ("torch", "spacy")}
        | {"python": platform.python_version()},
    }
    with staged(folder) as stage:
        write_json(stage / CONFIG_FILE, meta)
        bundle.vocab.save(stage / VOCAB_FILE)
        weights = {name: tensor.contiguous() for name, tensor in bundle.model.state_dict().items()}
        save_file(weights, stage / WEIGHTS_FILE, {"format": "pt", "belongs_to": identity(stage)})


def load_bundle(folder: Path, device: torch.device | str = "cpu") -> Bundle:
    """Read a bundle, its model in evaluation mode on `device`.

    Raises:
        InputError: a file is missing, truncated, of a newer format, or of another bundle.
    """
    missing = [n for n in (CONFIG_FILE, VOCAB_FILE, WEIGHTS_FILE) if not (folder / n).is_file()]
    if missing:
        raise InputError(
            f"There is no trained model in '{folder}': {' and '.join(missing)} not found. "
            "Train one (sentiment train --out FOLDER) or name another folder (--model FOLDER)."
        )
    meta = read_json(folder / CONFIG_FILE)
    found = meta.get("format_version")
    if type(found) is not int or found > FORMAT_VERSION:
        raise InputError(
            f"'{folder / CONFIG_FILE}' has format version {found!r}; this sentiment reads up to "
            f"{FORMAT_VERSION}. Upgrade sentiment to use this model."
        )
    labels, config = meta.get("labels"), meta.get("config")
    if not isinstance(labels, list) or len(labels) < 2 or not isinstance(config, dict):
        raise InputError(f"'{folder / CONFIG_FILE}' has no labels or no settings.")
    vocab = Vocab.load(folder / VOCAB_FILE)
    bundle = Bundle.new(Config.from_dict(config), labels, vocab, meta.get("data") or {})
    weights = read_weights(folder / WEIGHTS_FILE, belongs_to=identity(folder))
    try:
        bundle.model.load_state_dict(weights)
    except RuntimeError as error:
        raise InputError(
            f"'{folder / WEIGHTS_FILE}' does not fit '{folder / CONFIG_FILE}': "
            f"{' '.join(str(error).split())}"
        ) from error
    bundle.model.to(device).eval()
    return bundle


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


@contextmanager
def staged(folder: Path) -> Iterator[Path]:
    """A temporary folder whose files move into `folder` when the block ends without an error.

    A new `folder` appears whole, by one rename. In one that exists each file is replaced whole, in
    alphabetical order; if that is cut short, `load_bundle` sees that the files do not match.

    Raises:
        InputError: the disk is full, or the place cannot be written to.
    """
    stage = None
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        stage = Path(tempfile.mkdtemp(prefix=f".{folder.name}.", dir=folder.parent))
        yield stage
        for path in stage.iterdir():
            path.chmod(0o644)  # safetensors writes files that nobody else may read.
            with path.open("rb") as file:
                os.fsync(file.fileno())
        if folder.exists():
            for path in sorted(stage.iterdir()):
                path.replace(folder / path.name)
        else:
            stage.chmod(0o755)  # Nor may anybody else enter a folder of mkdtemp.
            stage.rename(folder)
    except OSError as error:
        raise InputError(
            f"Could not write '{folder}': {error.strerror or error}. "
            "Check the free space and the permissions, or choose another --out."
        ) from error
    finally:
        if stage is not None:
            shutil.rmtree(stage, ignore_errors=True)


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
