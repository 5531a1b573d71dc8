"""A folder in the Hub's layout in, its splits out.

Its files are read where they lie: one elsewhere, which a README can name, or an archive is refused.
"""

import io
import logging
import os
import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from itertools import chain
from pathlib import Path

import datasets
from datasets import DatasetDict

from sentiment.errors import InputError, describe

TABLES = (".parquet", ".csv", ".tsv", ".json", ".jsonl", ".ndjson")
MAX_DEPTH = 100  # Of JSON. Of 20,000 brackets within one another pyarrow's reader crashes.
JSON_MARK = re.compile(rb'"(?:[^"\\]|\\.)*"|([\[{])|([\]}])')


def from_folder(path: Path) -> DatasetDict:
    """A folder in the Hub's layout: Parquet, CSV or JSON files, with or without a README."""
    try:
        with readers_errors() as said:
            builder = datasets.load_dataset_builder(str(path))
            check_files(path, builder.config.data_files or {})
            builder.download_and_prepare()
            return builder.as_dataset()
    except InputError:
        raise
    except Exception as error:  # Whatever a foreign file makes the readers raise.
        reason = " ".join(said.getvalue().split()) or describe(innermost(error))
        if "corresponds to no data" in reason:
            reason = f"a split is empty ({reason})"
        raise InputError(f"Could not read reviews from the folder '{path}': {reason}") from error


def check_files(folder: Path, files: Mapping[str, Iterable[str]]) -> None:
    """Raise `InputError` if a data set in `folder` would be read from elsewhere, or unpacked.

    `files` are those of each split, which may come from a README in the folder. What an archive
    holds, and how much of it there is, shows only once it lies on the disk.
    """
    for name in chain.from_iterable(files.values()):
        file = Path(os.path.normpath(name))
        if "://" in name or not file.is_relative_to(folder.resolve()):
            raise InputError(f"The folder '{folder}' takes reviews from elsewhere: '{name}'.")
        if file.suffix.lower() not in TABLES:
            raise InputError(
                f"'{name}' is none of the files that are read here ({', '.join(TABLES)}). "
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
def readers_errors() -> Iterator[io.StringIO]:
    """What the readers of `datasets` say is wrong, and in which file, instead of printing it."""
    logger, said = logging.getLogger("datasets"), io.StringIO()
    handlers, logger.handlers = logger.handlers, [logging.StreamHandler(said)]
    try:
        yield said
    finally:
        logger.handlers = handlers


def innermost(error: BaseException) -> BaseException:
    """What was wrong at first, of exceptions that were raised from one another."""
    while error.__cause__ is not None:
        error = error.__cause__
    return error
