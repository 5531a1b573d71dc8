"""Read reviews from files: a table, one folder per class, or a folder in the Hub's layout.

    reviews.csv, .tsv, .jsonl, .parquet     one review per row
    reviews.txt                             one review per line, without labels
    folder/pos/one.txt                      one folder per class, one review per file
    folder/train/pos/one.txt                the same for each split
    folder/train.csv, folder/test.csv       the Hub's layout

Files are read in place. Archives in a folder and files outside of it, which a README in the folder
can name, are refused.
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
from sentiment.errors import DataError, SentimentError, describe

READERS = {
    ".csv": "csv",
    ".tsv": "csv",
    ".json": "json",
    ".jsonl": "json",
    ".ndjson": "json",
    ".parquet": "parquet",
}
SPLIT_NAMES = {"train": "train", "validation": "validation", "valid": "validation", "test": "test"}
MAX_JSON_DEPTH = 100  # pyarrow's reader crashes on 20,000 nested brackets.
MAX_REVIEW_FILE_BYTES = 1 << 20
JSON_BRACKET = re.compile(rb'"(?:[^"\\]|\\.)*"|([\[{])|([\]}])')  # Skips strings.


def from_tables(files: Mapping[str, Path]) -> DatasetDict:
    """Read one table per split."""
    return DatasetDict({split: from_table(file) for split, file in files.items()})


def from_table(file: Path) -> Dataset:
    """Read the rows of a table or the lines of a text file.

    Raises:
        DataError: the file cannot be read or has a format that is not supported.
    """
    suffix = file.suffix.lower()
    if suffix == ".txt":
        lines = file.read_text(encoding="utf-8-sig", errors="replace").split("\n")
        return Dataset.from_dict({"text": [line for line in lines if line.strip()]})
    if suffix not in READERS:
        raise DataError(
            f"'{file}' has a format that is not supported. Use {', '.join(READERS)}, or the "
            "original aclImdb_v1.tar.gz."
        )
    if READERS[suffix] == "json":
        check_json_depth(file)
    options = csv_options(file) if READERS[suffix] == "csv" else {}
    with reader_errors(file):
        return datasets.load_dataset(
            READERS[suffix], data_files={"train": str(file)}, split="train", **options
        )


def csv_options(file: Path) -> dict[str, Any]:
    """Return the options for reading a CSV or TSV file: all fields are text, in UTF-8.

    Types are not inferred: a type that fits the first 10,000 rows may not fit the rest, and "NA" or
    "null" may be a review. Bytes that are not UTF-8 become U+FFFD.

    Raises:
        DataError: a header that is missing, malformed or has a name twice.
    """
    separator = "\t" if file.suffix.lower() == ".tsv" else ","
    with file.open(encoding="utf-8-sig", errors="replace", newline="") as lines:
        try:
            header = next(csv.reader(lines, delimiter=separator), [])
        except csv.Error as error:
            raise DataError(f"'{file}' has a malformed header: {error}.") from error
    if len(set(header)) < len(header) or not any(header):
        raise DataError(f"'{file}' needs a header line with distinct column names.")
    return {
        "sep": separator,
        "features": Features({column: Value("string") for column in header if column}),
        "keep_default_na": False,
        "encoding_errors": "replace",
    }


def has_class_folders(folder: Path) -> bool:
    """Return whether `folder` has one folder of text files per class, perhaps within splits.

    A folder that also has a table is read as the Hub's layout: its text files may be anything.
    """
    if any(READERS.get(file.suffix.lower()) for file in chain(*map(folder.glob, ("*", "data/*")))):
        return False
    roots = (folder, *(folder / name for name in SPLIT_NAMES))
    return any(chain.from_iterable(root.glob("*/*.txt") for root in roots))


def from_class_folders(folder: Path) -> DatasetDict:
    """Read one folder per class, perhaps within a folder per split, sorted by file name."""
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
    """Read the text of a regular file.

    Raises:
        DataError: a link, which may lead out of the folder, or a file that is too large.
    """
    if file.is_symlink() or not file.is_file():
        raise DataError(f"'{file}' is not a regular file. Replace it by the review itself.")
    if (size := file.stat().st_size) > MAX_REVIEW_FILE_BYTES:
        raise DataError(
            f"'{file}' has {size:,} bytes; a review may have {MAX_REVIEW_FILE_BYTES:,}."
        )
    return file.read_text(encoding="utf-8-sig", errors="replace")


def from_folder(folder: Path) -> DatasetDict:
    """Read a folder in the Hub's layout: Parquet, CSV or JSON files, with or without a README."""
    with reader_errors(folder):
        builder = datasets.load_dataset_builder(str(folder))
        files = builder.config.data_files or {}
        check_folder_files(folder, files)
        first = next((Path(name) for names in files.values() for name in names), None)
        if first is not None and READERS[first.suffix.lower()] == "csv":
            builder = datasets.load_dataset_builder(str(folder), **csv_options(first))
        builder.download_and_prepare()
        return builder.as_dataset()


def check_folder_files(folder: Path, files: Mapping[str, Iterable[str]]) -> None:
    """Check that the files of a dataset are in its folder and are not archives.

    The content and size of an archive show only after it was unpacked to disk.

    Args:
        folder: the folder of the dataset.
        files: the files of each split, which a README in the folder may set.

    Raises:
        DataError: a file outside of the folder or of a format that is not supported.
    """
    for name in chain.from_iterable(files.values()):
        file = Path(os.path.normpath(name))
        if "://" in name or not file.is_relative_to(folder.resolve()):
            raise DataError(
                f"The folder '{folder}' refers to a file outside of it: '{name}'. Copy the file "
                "into the folder."
            )
        if file.suffix.lower() not in READERS:
            raise DataError(
                f"'{name}' has a format that is not supported ({', '.join(READERS)} are). Unpack "
                "archives first, and keep other files out of the folder."
            )
        if "json" in file.suffix.lower():
            check_json_depth(file)


def check_json_depth(file: Path) -> None:
    """Check that no value of a JSON file is nested more than `MAX_JSON_DEPTH` deep.

    Raises:
        DataError: a deeper one, with its line.
    """
    depth = 0
    with file.open("rb") as lines:
        for number, line in enumerate(lines, 1):
            for opens, closes in JSON_BRACKET.findall(line):
                depth += bool(opens) - bool(closes)
                if depth > MAX_JSON_DEPTH:
                    raise DataError(
                        f"'{file}', line {number}: nested more than {MAX_JSON_DEPTH} deep."
                    )


@contextmanager
def reader_errors(path: Path) -> Iterator[None]:
    """Turn any exception of the readers of `datasets` into a `DataError` that names the file."""
    logger, log = logging.getLogger("datasets"), io.StringIO()
    handlers, logger.handlers = logger.handlers, [logging.StreamHandler(log)]
    try:
        yield
    except SentimentError:
        raise
    except Exception as error:  # A malformed file can make the readers raise anything.
        reason = " ".join(log.getvalue().split()) or describe(root_cause(error))
        if "corresponds to no data" in reason:
            reason = f"a split is empty ({reason})"
        what = f"the folder '{path}'" if path.is_dir() else f"'{path}'"
        raise DataError(f"Could not read reviews from {what}: {reason}") from error
    finally:
        logger.handlers = handlers


def root_cause(error: BaseException) -> BaseException:
    """Return the first of a chain of exceptions."""
    while error.__cause__ is not None:
        error = error.__cause__
    return error
