"""Checksums of a model's files, and reading and writing of JSON files.

`config.json` holds the SHA-256 of each file and of its own content. A file that has changed, or
belongs to another model, is named and not used. Checksums detect damage, but not an attacker, who
can compute them too: so every size in a file is also checked before memory is allocated for it.
"""

import hashlib
import json
from pathlib import Path
from typing import Any

from sentiment.errors import ModelError
from sentiment.models.sizes import MAX_PARAMETERS

CONFIG_FILE, VOCAB_FILE, WEIGHTS_FILE = "config.json", "vocab.txt", "model.safetensors"
ONNX_FILE = "model.onnx"
FILES = (CONFIG_FILE, VOCAB_FILE, WEIGHTS_FILE)
EXPORT_FILES = (CONFIG_FILE, VOCAB_FILE, ONNX_FILE)
CHECKSUMS = "sha256"  # Key in config.json: hashes by file name.

# Largest sizes in bytes. The files of the shipped classifier have 2 kB, 241 kB and 14 MB.
MAX_JSON = 2**22
MAX_BYTES = {
    CONFIG_FILE: MAX_JSON,
    VOCAB_FILE: 2**24,
    # 4 bytes for each weight of an encoder, plus 25% for attention and classification head.
    WEIGHTS_FILE: 5 * MAX_PARAMETERS,
    # The input weights of higher LSTM layers, up to half of all, take twice the space.
    ONNX_FILE: 7 * MAX_PARAMETERS,
}


def is_export(folder: Path) -> bool:
    """Return whether `folder` has an exported model, `model.onnx`, and no trained one."""
    return (folder / ONNX_FILE).is_file() and not (folder / WEIGHTS_FILE).exists()


def files_of(folder: Path) -> tuple[str, ...]:
    """Return the names of the files of the model in `folder`."""
    return EXPORT_FILES if is_export(folder) else FILES


def write_config(folder: Path, content: dict[str, Any], checksums: dict[str, str]) -> None:
    """Write `config.json` with the `checksums` of the other files and that of its own content."""
    others = {name: found for name, found in checksums.items() if name != CONFIG_FILE}
    own = hash_of_config({**content, CHECKSUMS: others})
    write_json(folder / CONFIG_FILE, {**content, CHECKSUMS: {CONFIG_FILE: own, **others}})


def hash_of(path: Path) -> str:
    """Return the SHA-256 of a file, as `sha256sum` prints it.

    Raises:
        ModelError: the file cannot be read.
    """
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise ModelError(f"Could not read '{path}': {error.strerror}.") from error


def hash_of_config(content: dict[str, Any]) -> str:
    """Return the SHA-256 of the content of `config.json` without this hash, in sorted JSON."""
    checksums = {name: found for name, found in content[CHECKSUMS].items() if name != CONFIG_FILE}
    text = json.dumps({**content, CHECKSUMS: checksums}, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


def check_sizes(folder: Path) -> None:
    """Raise `ModelError` if a file of the model is larger than allowed."""
    for name in files_of(folder):
        if (size := (folder / name).stat().st_size) > MAX_BYTES[name]:
            raise ModelError(
                f"'{folder / name}' has {size:,} bytes; that of a model has at most "
                f"{MAX_BYTES[name]:,}."
            )


def check_files(folder: Path, content: dict[str, Any]) -> None:
    """Check the files of a model against the checksums in the `content` of its config.json.

    Raises:
        ModelError: a file is too large, has changed, or belongs to another model; names it.
    """
    check_sizes(folder)
    config = folder / CONFIG_FILE
    checksums = content.get(CHECKSUMS)
    if not isinstance(checksums, dict):
        raise ModelError(f"'{config}' has no checksums: it is damaged. Copy it again.")
    try:
        own = hash_of_config(content)
    except RecursionError as error:
        raise ModelError(f"'{config}' is nested too deeply.") from error
    if checksums.get(CONFIG_FILE) != own:
        raise ModelError(
            f"'{config}' has changed since it was saved: its checksum differs. Copy it again, or "
            "train again."
        )
    for name in files_of(folder)[1:]:
        if checksums.get(name) != hash_of(folder / name):
            raise ModelError(
                f"'{folder / name}' is not what was saved with the {CONFIG_FILE} in that folder: "
                "its checksum differs. Copy all three files of one model together, or train again."
            )


def write_json(path: Path, content: Any) -> None:
    """Write indented JSON."""
    text = json.dumps(content, indent=2, ensure_ascii=False) + "\n"
    path.write_text(text, encoding="utf-8", newline="\n")


def read_json(path: Path) -> dict[str, Any]:
    """Return the object in a JSON file.

    Raises:
        ModelError: the file cannot be read, is too large, or does not contain a JSON object.
    """
    try:
        if (size := path.stat().st_size) > MAX_JSON:
            raise ValueError(f"it has {size:,} bytes, more than {MAX_JSON:,}")
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise ModelError(f"'{path}' is not readable JSON: {error}") from error
    if not isinstance(content, dict):
        raise ModelError(f"'{path}' does not contain a JSON object.")
    return content


def part(content: Any, name: str) -> dict[str, Any]:
    """Return the object `name` in JSON content, or an empty one if there is none."""
    found = content.get(name) if isinstance(content, dict) else None
    return found if isinstance(found, dict) else {}
