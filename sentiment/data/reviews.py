"""Load reviews from any source as a `DatasetDict` with the columns `text` and `label`.

load_reviews("stanfordnlp/imdb")         a dataset of the Hugging Face Hub
load_reviews("downloads/imdb")           a folder in the layout of a Hub repository
load_reviews("reviews.csv")              a table: see `sentiment.data.tables`
load_reviews("reviews")                  one folder per class: reviews/good/1.txt
load_reviews("aclImdb")                  the original IMDB dataset, unpacked
load_reviews("aclImdb_v1.tar.gz")        the original IMDB archive
load_reviews("sample")                   built in, works without a network
load_reviews("sample-zh")                the same in Chinese
load_reviews("synthetic")                built in: short synthetic sentences
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from sentiment.config import DataConfig
from sentiment.data.folders import (
    ClassFolderTable,
    FolderTables,
    class_folders,
    find_tables,
    has_class_folders,
)
from sentiment.data.hub import from_hub
from sentiment.data.imdb import (
    ARCHIVES,
    from_imdb_files,
    is_imdb_folder,
    read_imdb_archive,
    read_imdb_folder,
)
from sentiment.data.labels import UNSUPERVISED
from sentiment.data.reading import OpenTable, read_splits
from sentiment.data.review_splits import ReviewSplits, from_reviews
from sentiment.data.splits import add_test_split
from sentiment.data.synthetic.sample import sample_reviews
from sentiment.data.synthetic.sentences import synthetic_sentences
from sentiment.data.tables import open_table
from sentiment.data.tables.table import Table
from sentiment.errors import ConfigError, DataError
from sentiment.runtime.network import is_hub_id
from sentiment.runtime.paths import user_path

# Size of the built-in dataset of sentences. A model trained on 6,000 of them gets 29% of the
# development negations wrong, on 20,000 6%.
SYNTHETIC_SENTENCES = 20_000
SPLITS = ("train", "validation", "test")
BUILT_IN: dict[str, Callable[[], Mapping[str, list[tuple[str, int]]]]] = {
    "sample": lambda: {split: sample_reviews(split) for split in SPLITS},
    "sample-zh": lambda: {split: sample_reviews(split, "zh") for split in SPLITS},
    "synthetic": lambda: {"train": synthetic_sentences(SYNTHETIC_SENTENCES)},
}
BUILT_IN_LANGUAGES = {"sample-zh": "zh"}  # Where it is not English.
IN_MEMORY = "texts in memory"  # The name of a dataset that was not loaded from anywhere.
OTHER_SOURCES = "Give a file, a folder, the id of a dataset on the Hub, or the built-in 'sample'."


def load_reviews(data: DataConfig | str, labelled: bool = True) -> ReviewSplits:
    """Load all splits of a dataset, each with `text: string` and `label: ClassLabel`.

    Rows keep their order. The original IMDB is sorted by review number, which groups the reviews of
    a movie. The label is -1 in a split without labels. A labelled dataset without a test split gets
    one: a part of the training split, the same on every call. What was read is logged.

    Args:
        data: the source and how to read it; a string is a name or path with default settings.
        labelled: whether labels are required. If False, labels that cannot be used are ignored.

    Raises:
        DataError: no such source, a missing or ambiguous column, an empty split, rows that are
            malformed or lack their text or label.
        HubError: the dataset cannot be loaded from the Hub.
        ConfigError: settings that do not apply to this kind of source.

    Warns:
        Notice: what was detected or chosen automatically.
    """
    if isinstance(data, str):
        data = DataConfig(dataset=data)
    reviews = read_source(data, labelled)
    if not reviews:
        raise DataError(f"'{data.dataset}' contains no reviews. {OTHER_SOURCES}")
    try:
        return add_test_split(reviews, data)
    except DataError:
        if labelled:
            raise
        return reviews


def source_of(dataset: str) -> str:
    """Return where the dataset of this name or path is: `built-in`, `local` or `hub`."""
    if dataset in BUILT_IN:
        return "built-in"
    is_local = dataset == IN_MEMORY or user_path(dataset).exists()
    return "local" if is_local else "hub"


def read_source(data: DataConfig, labelled: bool) -> ReviewSplits:
    """Read the splits of a dataset."""
    dataset, path = data.dataset, user_path(data.dataset)
    if (data.revision or data.subset) and (dataset in BUILT_IN or path.exists()):
        setting = "revision" if data.revision else "subset"
        raise ConfigError(
            f"{setting} applies to datasets of the Hub only, and '{dataset}' is not one. Remove it."
        )
    files = table_files(data)
    if dataset in BUILT_IN:
        return from_reviews(BUILT_IN[dataset]())
    if path.is_dir():
        return read_folder(path, data, labelled)
    if path.exists():
        if path.name.lower().endswith(ARCHIVES):
            return from_imdb_files(read_imdb_archive(path))
        tables = {split: [partial(open_table, str(file), data)] for split, file in files.items()}
        return read_splits(dataset, tables, data, labelled)
    if is_hub_id(dataset):
        return read_hub(data, labelled)
    raise DataError(f"There is no file or folder '{dataset}'. {OTHER_SOURCES}")


def read_folder(folder: Path, data: DataConfig, labelled: bool) -> ReviewSplits:
    """Read a folder: the original IMDB dataset, one folder per class, or tables."""
    root = folder / "aclImdb" if (folder / "aclImdb").is_dir() else folder
    if is_imdb_folder(root):
        return from_imdb_files(read_imdb_folder(root))
    tables: dict[str, list[OpenTable]]
    if has_class_folders(folder):
        tables = {
            split: [partial(opened, ClassFolderTable(folder, root, data))]
            for split, root in class_folders(folder).items()
        }
    else:
        found = find_tables(folder)
        tables = {
            split: [partial(open_folder_table, file, found, data) for file in files]
            for split, files in found.files.items()
        }
    return read_splits(data.dataset, tables, data, labelled, optional=("validation", "test"))


@contextmanager
def opened(table: Table) -> Iterator[Table]:
    """Return a table that needs no opening as a context."""
    yield table


@contextmanager
def open_folder_table(file: Path, folder: FolderTables, data: DataConfig) -> Iterator[Table]:
    """Open a table of a folder, with the label names that the folder's README gives."""
    with open_table(str(file), data) as table:
        table.class_names = folder.class_names | table.class_names
        yield table


def read_hub(data: DataConfig, labelled: bool) -> ReviewSplits:
    """Read a dataset of the Hub."""
    from sentiment.data.tables.arrow import DatasetTable

    splits = from_hub(data.dataset, data.subset, data.revision)
    tables: Mapping[str, list[OpenTable]] = {
        name: [partial(opened, DatasetTable(f"'{name}' of '{data.dataset}'", split, data))]
        for name, split in splits.items()
    }
    return read_splits(data.dataset, tables, data, labelled, optional=("validation", "test"))


def table_files(data: DataConfig) -> dict[str, Path]:
    """Return the file of each split, where the dataset is a file.

    Raises:
        DataError: files are set for other splits, and one of them or the dataset is not a file.
    """
    settings = {
        "train": data.dataset,
        "validation": data.validation_file,
        "test": data.test_file,
        UNSUPERVISED: data.unlabelled_file,
    }
    files = {split: user_path(file) for split, file in settings.items() if file}
    for file in files.values() if len(files) > 1 else ():
        if file.is_dir() or not file.exists():
            raise DataError(
                f"There is no file '{file}'. validation_file, test_file and unlabelled_file need a "
                "file as dataset, which holds the training split."
            )
    return files
