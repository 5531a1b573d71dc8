"""Updated checksums, so that a test reaches the checks that follow them."""

from sentiment.artifacts.checksums import (
    CONFIG_FILE,
    files_of,
    hash_of,
    read_json,
    write_with_checksums,
)
from sentiment.training.checkpoint import MODEL_FILE, STATE_FILE, TRAINING_FILE


def reseal(folder, **changes):
    """Update the checksums of a model folder, with `changes` to its `config.json`."""
    checksums = {name: hash_of(folder / name) for name in files_of(folder) if name != CONFIG_FILE}
    content = {**read_json(folder / CONFIG_FILE), **changes}
    write_with_checksums(folder / CONFIG_FILE, content, checksums)


def reseal_checkpoint(checkpoint, content=None):
    """Update the checksums of a checkpoint, with other `content` of its `state.json`."""
    path = checkpoint / STATE_FILE
    checksums = {name: hash_of(checkpoint / name) for name in (MODEL_FILE, TRAINING_FILE)}
    write_with_checksums(path, read_json(path) if content is None else content, checksums)
