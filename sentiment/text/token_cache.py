"""Tokenize a dataset once and keep its tokens on disk."""

import hashlib
import warnings
from contextlib import suppress
from hashlib import blake2b
from importlib.metadata import version
from pathlib import Path
from typing import Any

import datasets
from datasets import Dataset

from sentiment.data.review_splits import cache_folder
from sentiment.errors import DataError, Notice
from sentiment.runtime.locks import temporary_path
from sentiment.text.languages import package_versions
from sentiment.text.tokenizer import Tokenizer

# Part of the key of each cache file. Increase it when a change here changes the tokens of a text.
RULES_VERSION = 2


def tokenize_dataset(dataset: Dataset, tokenizer: Tokenizer) -> Dataset:
    """Replace the column `text` by `tokens`, a list of strings per row.

    The result is kept on disk, in `datasets.config.HF_DATASETS_CACHE / "sentiment"`, under a hash
    of the rows, the tokenizer's settings and the versions of the tokenizing packages, so that a
    second call reads it. Processes may share it. A damaged file is replaced. If the result cannot
    be written, the tokens stay in memory.

    Args:
        dataset: rows with the column `text`; other columns are kept.
        tokenizer: its settings are part of the hash.

    Raises:
        DataError: there is no column `text`.

    Warns:
        Notice: the result cannot be written.
    """
    if "text" not in dataset.column_names:
        raise DataError(
            f"The dataset has no column 'text'. Its columns are {dataset.column_names}. Rename the "
            "column that holds the reviews."
        )
    dataset = dataset.with_format(None)
    features = dataset.features.copy()
    del features["text"]
    features["tokens"] = datasets.Sequence(datasets.Value("string"))
    if not len(dataset):  # `map` adds no column to an empty dataset.
        return Dataset.from_dict({name: [] for name in features}, features)
    fingerprint = _fingerprint(dataset, tokenizer)
    folder = cache_folder()

    def tokenize(**storage: Any) -> Dataset:
        return dataset.map(
            lambda batch: {"tokens": list(tokenizer.pipe(batch["text"]))},
            batched=True,
            remove_columns=["text"],
            features=features,
            load_from_cache_file=False,
            new_fingerprint=fingerprint,
            desc="Tokenizing",
            **storage,
        )

    if (cached := _read(folder, fingerprint, len(dataset))) is not None:
        return cached
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with temporary_path(folder) as stage:  # `map` leaves its own file on a full disk.
            stage.mkdir()
            path = stage / "tokens.arrow"
            tokenize(cache_file_name=str(path))
            path.replace(folder / _file_name(fingerprint, path))
    except OSError as error:
        message = f"The tokens are not kept on disk, in '{folder}': {error}"
        warnings.warn(Notice(message), stacklevel=2)
        return tokenize(keep_in_memory=True)
    cached = _read(folder, fingerprint, len(dataset))
    return tokenize(keep_in_memory=True) if cached is None else cached


def _read(folder: Path, fingerprint: str, rows: int) -> Dataset | None:
    """Return the cached tokens of a dataset; None if there are none. Damaged files are deleted."""
    for path in folder.glob(f"tokens-{fingerprint}-*.arrow"):
        with suppress(Exception):  # Arrow does not document what it raises for a damaged file.
            if path.name == _file_name(fingerprint, path):
                cached = Dataset.from_file(str(path))
                if len(cached) == rows:
                    return cached
        with suppress(OSError):
            path.unlink()
    return None


def _file_name(fingerprint: str, path: Path) -> str:
    """Return the name of a cache file, with a hash of its content, which is in `path`."""
    with path.open("rb") as file:
        checksum = hashlib.file_digest(file, lambda: blake2b(digest_size=16)).hexdigest()
    return f"tokens-{fingerprint}-{checksum}.arrow"


def _fingerprint(dataset: Dataset, tokenizer: Tokenizer) -> str:
    """Return a hash of all that the tokens of a dataset depend on."""
    digest = blake2b(digest_size=16)
    versions = (RULES_VERSION, version("spacy"), package_versions(tokenizer.language))
    digest.update(repr((*versions, tokenizer, dataset.features)).encode())
    # All columns, because all of them are in the cache file.
    for batch in dataset.iter(batch_size=1000):
        digest.update(repr(batch).encode())
    return digest.hexdigest()
