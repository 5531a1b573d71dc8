"""Checksums of saved files, and reading and writing of JSON files.

`config.json` of a model and `state.json` of a checkpoint hold the SHA-256 of each file next to them
and of their own content. A file that has changed, or belongs to another model, is named and not
used. Checksums detect damage, but not an attacker, who can compute them too: so every size in a
file is also checked before memory is allocated for it.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping
from io import BufferedReader
from pathlib import Path
from typing import Any

from sentiment.errors import ModelError
from sentiment.models.sizes import MAX_PARAMETERS

CONFIG_FILE, VOCAB_FILE, WEIGHTS_FILE = "config.json", "vocab.txt", "model.safetensors"
ONNX_FILE = "model.onnx"
FILES = (CONFIG_FILE, VOCAB_FILE, WEIGHTS_FILE)
EXPORT_FILES = (CONFIG_FILE, VOCAB_FILE, ONNX_FILE)
CHECKSUMS = "sha256"  # Key in a JSON file: hashes by file name.

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


def write_with_checksums(
    path: Path, content: Mapping[str, Any], checksums: Mapping[str, str]
) -> None:
    """Write a JSON object with the `checksums` of files next to it and that of its own content."""
    others = {name: found for name, found in checksums.items() if name != path.name}
    own = hash_of_content({**content, CHECKSUMS: others}, path.name)
    write_json(path, {**content, CHECKSUMS: {path.name: own, **others}})


def hash_of(path: Path) -> str:
    """Return the SHA-256 of a file, as `sha256sum` prints it.

    Raises:
        ModelError: there is no such file, or it cannot be read.
    """
    try:
        with open_file(path) as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise ModelError(f"Could not read '{path}': {error.strerror or error}.") from error


def hash_of_content(content: Mapping[str, Any], name: str) -> str:
    """Return the SHA-256 of the content of the JSON file `name` without this hash, sorted."""
    checksums = {other: found for other, found in content[CHECKSUMS].items() if other != name}
    text = json.dumps({**content, CHECKSUMS: checksums}, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


def check_sizes(folder: Path) -> None:
    """Raise `ModelError` if a file of the model cannot be read or is larger than allowed."""
    for name in files_of(folder):
        path = folder / name
        try:
            size = path.stat().st_size
        except OSError as error:
            raise ModelError(f"Could not read '{path}': {error.strerror}.") from error
        if size > MAX_BYTES[name]:
            raise ModelError(
                f"'{path}' has {size:,} bytes; that of a model has at most {MAX_BYTES[name]:,}."
            )


def check_files(folder: Path, content: Mapping[str, Any]) -> None:
    """Check the files of a model against the checksums in the `content` of its config.json.

    Raises:
        ModelError: a file is too large, has changed, or belongs to another model; names it.
    """
    check_sizes(folder)
    check_checksums(folder / CONFIG_FILE, content, files_of(folder)[1:])


def check_checksums(path: Path, content: Mapping[str, Any], names: Iterable[str]) -> None:
    """Check a JSON file and the files next to it against the checksums in it.

    Args:
        path: the JSON file.
        content: what it contains.
        names: the other files.

    Raises:
        ModelError: a file is missing, has changed, or was saved with others; names it.
    """
    checksums = content.get(CHECKSUMS)
    if not isinstance(checksums, dict):
        raise ModelError(f"'{path}' has no checksums: it is damaged. Copy it again.")
    try:
        own = hash_of_content(content, path.name)
    except RecursionError as error:
        raise ModelError(f"'{path}' is nested too deeply.") from error
    if checksums.get(path.name) != own:
        raise ModelError(
            f"'{path}' has changed since it was saved: its checksum differs. Copy it again, or "
            "train again."
        )
    for name in names:
        other = path.with_name(name)
        if checksums.get(name) != hash_of(other):
            raise ModelError(
                f"'{other}' is not what was saved with the {path.name} in that folder: its "
                "checksum differs. Copy all files of that folder together, or train again."
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
    return parse_object(read_bytes(path), f"'{path}'")


def read_json_lines(path: Path) -> list[dict[str, Any]]:
    """Return the objects in a JSON Lines file.

    Raises:
        ModelError: the file cannot be read, is too large, or has a line that is not a JSON object.
    """
    lines = read_bytes(path).splitlines()
    return [parse_object(line, f"'{path}', line {number},") for number, line in enumerate(lines, 1)]


def read_bytes(path: Path) -> bytes:
    """Return the content of a file of at most `MAX_JSON` bytes.

    Raises:
        ModelError: the file cannot be read or is larger.
    """
    try:
        with open_file(path) as file:
            if (size := path.stat().st_size) > MAX_JSON:
                raise ModelError(f"'{path}' has {size:,} bytes; at most {MAX_JSON:,} are allowed.")
            return file.read(MAX_JSON)
    except OSError as error:
        raise ModelError(f"Could not read '{path}': {error.strerror or error}.") from error


def open_file(path: Path) -> BufferedReader:
    """Open a file for reading; a pipe or a device, which may not end, is an `OSError`."""
    if path.exists() and not path.is_file():
        raise OSError("it is not a file")
    return path.open("rb")


def parse_object(text: bytes, source: str) -> dict[str, Any]:
    """Return the JSON object in `text`.

    Args:
        text: JSON, in UTF-8.
        source: what the text is, for messages.

    Raises:
        ModelError: it is not a JSON object.
    """
    try:
        content = json.loads(text.decode())
    except (ValueError, RecursionError) as error:
        raise ModelError(f"{source} is not readable JSON: {error}") from error
    if not isinstance(content, dict):
        raise ModelError(f"{source} does not contain a JSON object.")
    return content


def part(content: Any, name: str) -> dict[str, Any]:
    """Return the object `name` in JSON content, or an empty one if there is none."""
    found = content.get(name) if isinstance(content, dict) else None
    return found if isinstance(found, dict) else {}
