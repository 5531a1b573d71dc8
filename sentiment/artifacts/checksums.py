"""A model's three files in, whether they are what was saved together out; and any JSON file.

`config.json` holds a SHA-256 of each file, of itself too, so that a file that has changed since, or
is another model's, is named and not used. Checksums tell damage, and no malice, which can compute
them too: so all that a file claims is also checked before memory is taken for it.
"""

import hashlib
import json
from pathlib import Path
from typing import Any

from sentiment.errors import InputError
from sentiment.models.lstm import MAX_PARAMETERS

CONFIG_FILE, VOCAB_FILE, WEIGHTS_FILE = "config.json", "vocab.txt", "model.safetensors"
FILES = (CONFIG_FILE, VOCAB_FILE, WEIGHTS_FILE)
CHECKSUMS = "sha256"  # In config.json: by name of a file its hash.

# What a file may claim. The shipped classifier has files of 2 kB, 241 kB and 14 MB.
MAX_JSON = 2**22  # Bytes.
# Of a weight 4, and a fifth for what stands on the encoder.
MAX_BYTES = {CONFIG_FILE: MAX_JSON, VOCAB_FILE: 2**24, WEIGHTS_FILE: 5 * MAX_PARAMETERS}


def write_config(stage: Path, meta: dict[str, Any], checksums: dict[str, str]) -> None:
    """Write `meta` as `config.json`, with the `checksums` of the other files and its own."""
    others = {name: checksums[name] for name in (VOCAB_FILE, WEIGHTS_FILE)}
    own = hash_of_config({**meta, CHECKSUMS: others})
    write_json(stage / CONFIG_FILE, {**meta, CHECKSUMS: {CONFIG_FILE: own, **others}})


def hash_of(path: Path) -> str:
    """The SHA-256 of a file, as `sha256sum` prints it."""
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise InputError(f"Could not read '{path}': {error.strerror}.") from error


def hash_of_config(meta: dict[str, Any]) -> str:
    """The SHA-256 of all that `config.json` says, whatever its spacing, but for this hash."""
    checksums = {name: found for name, found in meta[CHECKSUMS].items() if name != CONFIG_FILE}
    said = json.dumps({**meta, CHECKSUMS: checksums}, sort_keys=True)
    return hashlib.sha256(said.encode()).hexdigest()


def check_sizes(folder: Path) -> None:
    """Raise `InputError` if a file is larger than `load_bundle` reads."""
    for name, most in MAX_BYTES.items():
        if (size := (folder / name).stat().st_size) > most:
            raise InputError(
                f"'{folder / name}' has {size:,} bytes; a bundle's has at most {most:,}."
            )


def check_files(folder: Path, meta: dict[str, Any]) -> None:
    """Raise `InputError` if a file is not the one whose checksum `meta`, its config, has."""
    check_sizes(folder)
    checksums = meta.get(CHECKSUMS)
    if not isinstance(checksums, dict):
        raise InputError(
            f"'{folder / CONFIG_FILE}' has no checksums: it is damaged. Copy it again."
        )
    try:
        own = hash_of_config(meta)
    except RecursionError as error:
        raise InputError(f"'{folder / CONFIG_FILE}' is nested too deeply.") from error
    if checksums.get(CONFIG_FILE) != own:
        raise InputError(
            f"'{folder / CONFIG_FILE}' has changed since it was saved: its checksum is another. "
            "Copy it again, or train again."
        )
    for name in (VOCAB_FILE, WEIGHTS_FILE):
        if checksums.get(name) != hash_of(folder / name):
            raise InputError(
                f"'{folder / name}' is not what was saved with the {CONFIG_FILE} beside it: its "
                "checksum is another. Copy all three files of one model together, or train again."
            )


def write_json(path: Path, content: Any) -> None:
    """JSON that a person can read."""
    text = json.dumps(content, indent=2, ensure_ascii=False) + "\n"
    path.write_text(text, encoding="utf-8", newline="\n")


def read_json(path: Path) -> dict[str, Any]:
    """The object in a JSON file. Raises `InputError` if it holds anything else."""
    try:
        if (size := path.stat().st_size) > MAX_JSON:
            raise ValueError(f"it has {size:,} bytes, more than {MAX_JSON:,}")
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise InputError(f"'{path}' is not readable JSON: {error}") from error
    if not isinstance(content, dict):
        raise InputError(f"'{path}' does not hold a JSON object.")
    return content


def part(content: Any, name: str) -> dict[str, Any]:
    """The object `name` in what a JSON file holds, empty where there is none."""
    found = content.get(name) if isinstance(content, dict) else None
    return found if isinstance(found, dict) else {}
