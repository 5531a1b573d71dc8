"""Files of reviews in, splits out: a table, a folder per class, or a folder in the Hub's layout.

    reviews.csv, .tsv, .jsonl, .parquet     a row a review
    reviews.txt                             a review a line, without a label
    folder/pos/one.txt                      a folder per class, a review a file
    folder/train/pos/one.txt                the same for each split
    folder/train.csv, folder/test.csv       the Hub's layout

Files are read where they lie: one elsewhere, which a README can name, or an archive is refused.
"""

import csv
import io
import logging
import os
import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from itertools import chain
from pathlib import Path
from typing import Any

import datasets
from datasets import Dataset, DatasetDict, Features, Value

from sentiment.data.columns import from_reviews
from sentiment.errors import InputError, describe

READERS = {
    ".csv": "csv",
    ".tsv": "csv",
    ".json": "json",
    ".jsonl": "json",
    ".ndjson": "json",
    ".parquet": "parquet",
}
SPLIT_NAMES = {"train": "train", "validation": "validation", "valid": "validation", "test": "test"}
MAX_DEPTH = 100  # Of JSON. Of 20,000 brackets within one another pyarrow's reader crashes.
MAX_FILE_BYTES = 1 << 20  # Of a review that is a file.
JSON_MARK = re.compile(rb'"(?:[^"\\]|\\.)*"|([\[{])|([\]}])')


def from_tables(files: Mapping[str, Path]) -> DatasetDict:
    """The rows of one table a split."""
    return DatasetDict({split: from_table(file) for split, file in files.items()})


def from_table(file: Path) -> Dataset:
    """The rows of a table, or the lines of a text. Raises `InputError` if it cannot be read."""
    suffix = file.suffix.lower()
    if suffix == ".txt":
        lines = file.read_text(encoding="utf-8-sig", errors="replace").split("\n")
        return Dataset.from_dict({"text": [line for line in lines if line.strip()]})
    if suffix not in READERS:
        raise InputError(
            f"'{file}' is none of the files that are read here: {', '.join(READERS)}, or the "
            "original aclImdb_v1.tar.gz."
        )
    if READERS[suffix] == "json":
        check_depth(file)
    options = as_strings(file) if READERS[suffix] == "csv" else {}
    with readable(file):
        return datasets.load_dataset(
            READERS[suffix], data_files={"train": str(file)}, split="train", **options
        )


def as_strings(file: Path) -> dict[str, Any]:
    """How to read CSV or TSV: UTF-8, all fields text. What is no UTF-8 becomes U+FFFD.

    Guessed from the first 10,000 rows the type of a column might not be that of the rest, and a
    review that says "NA" or "null" is a review.
    """
    separator = "\t" if file.suffix.lower() == ".tsv" else ","
    with file.open(encoding="utf-8-sig", errors="replace", newline="") as lines:
        try:
            header = next(csv.reader(lines, delimiter=separator), [])
        except csv.Error as error:
            raise InputError(f"'{file}' has no header that can be read: {error}.") from error
    if len(set(header)) < len(header) or not any(header):
        raise InputError(f"'{file}' needs a first line that names its columns, each differently.")
    return {
        "sep": separator,
        "features": Features({column: Value("string") for column in header if column}),
        "keep_default_na": False,
        "encoding_errors": "replace",
    }


def is_folder_of_classes(folder: Path) -> bool:
    """Whether text files stand in folders below `folder`, at the second level or the third.

    Not where there is a table, beside which they may be anything.
    """
    if any(READERS.get(file.suffix.lower()) for file in chain(*map(folder.glob, ("*", "data/*")))):
        return False
    roots = (folder, *(folder / name for name in SPLIT_NAMES))
    return any(chain.from_iterable(root.glob("*/*.txt") for root in roots))


def from_classes(folder: Path) -> DatasetDict:
    """A folder per class, perhaps in a folder per split; reviews in order of the files' names."""
    roots = {
        split: folder / name for name, split in SPLIT_NAMES.items() if (folder / name).is_dir()
    } or {"train": folder}
    labels = sorted({file.parent.name for root in roots.values() for file in root.glob("*/*.txt")})
    ids = {label: id for id, label in enumerate(labels)}
    splits = {
        split: [(read_review(file), ids[file.parent.name]) for file in sorted(root.glob("*/*.txt"))]
        for split, root in roots.items()
    }
    return from_reviews(splits, labels)


def read_review(file: Path) -> str:
    """The text of a file, which is a file in its folder and no link out of it."""
    if file.is_symlink() or not file.is_file():
        raise InputError(f"'{file}' is no plain file. Put the review itself there.")
    if (size := file.stat().st_size) > MAX_FILE_BYTES:
        raise InputError(f"'{file}' is longer than any review: {size:,} bytes.")
    return file.read_text(encoding="utf-8-sig", errors="replace")


def from_folder(folder: Path) -> DatasetDict:
    """A folder in the Hub's layout: Parquet, CSV or JSON files, with or without a README."""
    with readable(folder):
        builder = datasets.load_dataset_builder(str(folder))
        files = builder.config.data_files or {}
        check_files(folder, files)
        first = next((Path(name) for names in files.values() for name in names), None)
        if first is not None and READERS[first.suffix.lower()] == "csv":
            builder = datasets.load_dataset_builder(str(folder), **as_strings(first))
        builder.download_and_prepare()
        return builder.as_dataset()


def check_files(folder: Path, files: Mapping[str, Iterable[str]]) -> None:
    """Raise `InputError` if a data set in `folder` would be read from elsewhere, or unpacked.

    `files` are those of each split, which may come from a README in the folder. What an archive
    holds, and how much of it there is, shows only once it lies on the disk.
    """
    for name in chain.from_iterable(files.values()):
        file = Path(os.path.normpath(name))
        if "://" in name or not file.is_relative_to(folder.resolve()):
            raise InputError(f"The folder '{folder}' takes reviews from elsewhere: '{name}'.")
        if file.suffix.lower() not in READERS:
            raise InputError(
                f"'{name}' is none of the files that are read here ({', '.join(READERS)}). "
                "Unpack an archive first, and keep other files out of the folder."
            )
        if "json" in file.suffix.lower():
            check_depth(file)


def check_depth(file: Path) -> None:
    """Raise `InputError` if JSON is nested more deeply than any reviews are."""
    depth = 0
    with file.open("rb") as lines:
        for number, line in enumerate(lines, 1):
            for opens, closes in JSON_MARK.findall(line):
                depth += bool(opens) - bool(closes)
                if depth > MAX_DEPTH:
                    raise InputError(f"'{file}', line {number}: nested more than {MAX_DEPTH} deep.")


@contextmanager
def readable(path: Path) -> Iterator[None]:
    """Say what the readers of `datasets` find wrong, and in which file, as an `InputError`."""
    logger, said = logging.getLogger("datasets"), io.StringIO()
    handlers, logger.handlers = logger.handlers, [logging.StreamHandler(said)]
    try:
        yield
    except InputError:
        raise
    except Exception as error:  # Whatever a foreign file makes the readers raise.
        reason = " ".join(said.getvalue().split()) or describe(innermost(error))
        if "corresponds to no data" in reason:
            reason = f"a split is empty ({reason})"
        what = f"the folder '{path}'" if path.is_dir() else f"'{path}'"
        raise InputError(f"Could not read reviews from {what}: {reason}") from error
    finally:
        logger.handlers = handlers


def innermost(error: BaseException) -> BaseException:
    """What was wrong at first, of exceptions that were raised from one another."""
    while error.__cause__ is not None:
        error = error.__cause__
    return error
