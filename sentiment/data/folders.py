"""Folders of reviews: tables in the Hub's layout, or one folder per class.

    folder/train.csv, folder/test.csv       the Hub's layout
    folder/data/train-00000-of-00002.parquet
    folder/pos/one.txt                      one folder per class, one review per file
    folder/train/pos/one.txt                the same for each split

Files are read in place. Links, and files outside of the folder that its README names, are refused.
"""

import re
from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from typing import Any, NamedTuple

from sentiment.config import ReaderConfig
from sentiment.data.column_names import SPLITS
from sentiment.data.rows import notice
from sentiment.data.tables.formats import SUFFIXES, is_table_file
from sentiment.data.tables.lines import decode_text
from sentiment.data.tables.sources import suffix_of
from sentiment.data.tables.table import MalformedRow, Row, RowBatch, StreamedTable
from sentiment.errors import DataError, describe, listed, quoted

MAX_REVIEW_FILE_BYTES = 1 << 20
README = "README.md"


class FolderTables(NamedTuple):
    """The tables of a folder."""

    files: dict[str, list[Path]]  # By split.
    class_names: dict[str, list[str]]  # Names of the label ids of a column, which a README gives.


def find_tables(folder: Path) -> FolderTables:
    """Return the tables in a folder, with or without a README that assigns them to splits.

    Raises:
        DataError: no tables, tables of several formats in one split, a link, or a README that
            cannot be read or names a file outside of the folder.
    """
    card = read_card(folder)
    files = files_of_card(folder, card) or files_by_name(folder)
    if not files:
        raise DataError(
            f"The folder '{folder}' has no tables ({', '.join(SUFFIXES)}) and no folders of .txt "
            "files. Unpack archives first."
        )
    for split, tables in files.items():
        for file in tables:
            check_regular(folder, file)
        names_once = {file.relative_to(folder).as_posix().removesuffix(".gz") for file in tables}
        is_mixed = len({suffix_of(file.name) for file in tables}) > 1
        if is_mixed or len(names_once) < len(tables):
            names = listed(file.relative_to(folder).as_posix() for file in tables)
            raise DataError(
                f"The folder '{folder}' has tables of several formats for the split '{split}', "
                f"which may be the same rows twice: {names}. Keep those of one format."
            )
    return FolderTables(files, class_names_of_card(card))


def files_by_name(folder: Path) -> dict[str, list[Path]]:
    """Return the tables of each split, by the words in their names; all are `train` without any.

    Warns:
        Notice: some tables have the name of a split, and others are left out.
    """
    tables = sorted(
        file
        for file in folder.rglob("*")
        if is_table_file(file)
        and not any(part.startswith(".") for part in file.relative_to(folder).parts)
        and not (file.parent / "config.json").exists()  # A model, with its metrics.
    )
    files: dict[str, list[Path]] = {}
    for file in tables:
        files.setdefault(split_of(file.relative_to(folder)), []).append(file)
    others = files.pop("", [])
    if files and others:
        names = listed(file.relative_to(folder).as_posix() for file in others)
        notice(
            f"The folder '{folder}' has tables of the splits {', '.join(files)}; others are left "
            f"out: {names}. To read them, put train, validation or test into their names."
        )
    return files or ({"train": others} if others else {})


def split_of(file: Path) -> str:
    """Return the split that the name of a file or of its folders has; empty if none."""
    for part in (file.name, *reversed(file.parts[:-1])):
        for word in re.split(r"[^a-z]+", part.lower()):
            if word in SPLITS:
                return SPLITS[word]
    return ""


def read_card(folder: Path) -> dict[str, Any]:
    """Return the metadata at the top of a folder's README; none if it has none.

    Raises:
        DataError: it cannot be read.
    """
    from huggingface_hub.repocard import metadata_load

    readme = folder / README
    if not readme.exists():
        return {}
    check_regular(folder, readme)
    try:
        return metadata_load(readme) or {}
    except Exception as error:  # YAML and its constructors can raise anything.
        raise DataError(f"Could not read the metadata of '{readme}': {describe(error)}") from error


def files_of_card(folder: Path, card: dict[str, Any]) -> dict[str, list[Path]]:
    """Return the files that a README assigns to each split, if it does.

    Raises:
        DataError: several configurations, a file outside of the folder, or none that fits.
    """
    configs = card.get("configs")
    if not isinstance(configs, list) or not all(isinstance(config, dict) for config in configs):
        return {}
    configs = [config for config in configs if config.get("data_files")]
    chosen = [config for config in configs if config.get("default")] or configs
    if len(chosen) > 1:
        names = listed(str(config.get("config_name")) for config in chosen)
        raise DataError(
            f"'{folder / README}' has several configurations: {names}. Keep the files of one."
        )
    files: dict[str, list[Path]] = {}
    for config in chosen:
        for split, pattern in data_files(config["data_files"]):
            found = [file for file in matching_files(folder, pattern) if file.is_file()]
            if not found:
                raise DataError(
                    f"'{folder / README}' names files that do not exist: {quoted.repr(pattern)}."
                )
            files.setdefault(SPLITS.get(split, split), []).extend(sorted(found))
    return files


def data_files(value: Any) -> Iterator[tuple[str, str]]:
    """Yield the split and the pattern of each entry of a README's `data_files`."""
    entries = value if isinstance(value, list) else [value]
    for entry in entries:
        if isinstance(entry, dict):
            paths = entry.get("path")
            for path in paths if isinstance(paths, list) else [paths]:
                yield str(entry.get("split", "train")), str(path)
        else:
            yield "train", str(entry)


def matching_files(folder: Path, pattern: str) -> list[Path]:
    """Return the files in a folder that match a pattern of its README.

    Raises:
        DataError: a URL, or a path that leads out of the folder.
    """
    if "://" in pattern or Path(pattern).is_absolute() or ".." in Path(pattern).parts:
        raise DataError(
            f"The folder '{folder}' refers to a file outside of it: {quoted.repr(pattern)}. Copy "
            "the file into the folder."
        )
    try:
        return list(folder.glob(pattern))
    except (ValueError, NotImplementedError, OSError) as error:
        raise DataError(
            f"'{folder / README}' has a pattern that cannot be used: {describe(error)}"
        ) from error


def class_names_of_card(card: dict[str, Any]) -> dict[str, list[str]]:
    """Return the label names of each column of ids that a README describes."""
    info = card.get("dataset_info")
    found = {}
    for part in info if isinstance(info, list) else [info]:
        features = part.get("features") if isinstance(part, dict) else None
        for feature in features if isinstance(features, list) else []:
            try:
                names = feature["dtype"]["class_label"]["names"]
                found[str(feature["name"])] = [str(names[key]) for key in sorted(names, key=int)]
            except (TypeError, KeyError, ValueError, AttributeError):
                continue
    return found


def check_regular(folder: Path, file: Path) -> None:
    """Check that a path below a folder is a file, and no link, which may lead out of the folder.

    Raises:
        DataError: it is something else.
    """
    is_linked = file.resolve() != folder.resolve() / file.relative_to(folder)
    if is_linked or not file.is_file():
        raise DataError(f"'{file}' is not a regular file. Replace it by the file itself.")


def has_class_folders(folder: Path) -> bool:
    """Return whether `folder` has one folder of text files per class, perhaps within splits.

    A folder that also has a table is read as the Hub's layout: its text files may be anything.
    """
    if any(map(is_table_file, chain(*map(folder.glob, ("*", "data/*"))))):
        return False
    roots = (folder, *(folder / name for name in SPLITS))
    return any(chain.from_iterable(root.glob("*/*.txt") for root in roots))


def class_folders(folder: Path) -> dict[str, Path]:
    """Return the folder of each split, which has a folder per class."""
    splits = {name: folder / name for name in SPLITS if (folder / name).is_dir()}
    return {SPLITS[name]: root for name, root in splits.items()} or {"train": folder}


class ClassFolderTable(StreamedTable):
    """The files of one folder per class, sorted by class and name: a text and a label each.

    Args:
        folder: the folder of the dataset, whose links are refused.
        root: the folder of a split, with the folders of its classes.
        config: the encoding of the files.
    """

    format = "text"
    unit = "file"

    def __init__(self, folder: Path, root: Path, config: ReaderConfig) -> None:
        super().__init__()
        self.columns = ["label", "text"]
        self.where = f"'{root}'"
        self.folder, self.config = folder, config
        self.files = sorted(root.glob("*/*.txt"))
        read = set(self.files)
        others = [file for file in root.glob("*/**/*") if file.is_file() and file not in read]
        if others:
            names = listed(file.relative_to(root).as_posix() for file in sorted(others))
            self.notices.append(
                f"{len(others):,} files are not read, because they are not CLASS/NAME.txt: {names}"
            )
        self.total, self.rows_done = len(self.files), 0

    @property
    def done(self) -> int:
        return self.rows_done

    def next_row(self) -> Row:
        if self.rows_done == len(self.files):
            raise StopIteration
        file = self.files[self.rows_done]
        self.rows_done += 1
        content = read_review(self.folder, file)
        try:
            text = decode_text(content, self.config)
        except UnicodeDecodeError as error:
            raise MalformedRow(
                self.rows_done,
                f"bytes that are not {error.encoding}",
                f"not {error.encoding}. Set encoding, or encoding_errors to replace.",
            ) from None
        return Row(self.rows_done, {"label": file.parent.name, "text": text}, len(content))

    def values(self, batch: RowBatch, column: str) -> list[Any]:
        return [row[column] for row in batch.rows]

    def position(self, number: int) -> str:
        return f"'{self.files[number - 1]}'"


def read_review(folder: Path, file: Path) -> bytes:
    """Read a file of a folder.

    Raises:
        DataError: a link, something else than a file, or a file that is too large.
    """
    check_regular(folder, file)
    if (size := file.stat().st_size) > MAX_REVIEW_FILE_BYTES:
        raise DataError(
            f"'{file}' has {size:,} bytes; a review may have {MAX_REVIEW_FILE_BYTES:,}."
        )
    return file.read_bytes()
