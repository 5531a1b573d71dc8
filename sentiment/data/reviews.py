"""Load reviews from any source as a `DatasetDict` with the columns `text` and `label`.

load_reviews("stanfordnlp/imdb")         a dataset of the Hugging Face Hub
load_reviews("downloads/imdb")           a folder in the layout of a Hub repository
load_reviews("reviews.csv")              a table: CSV, TSV, JSON Lines or Parquet
load_reviews("reviews")                  one folder per class: reviews/good/1.txt
load_reviews("aclImdb")                  the original IMDB dataset, unpacked
load_reviews("aclImdb_v1.tar.gz")        the original IMDB archive
load_reviews("sample")                   built in, works without a network
load_reviews("sample-zh")                the same in Chinese
load_reviews("synthetic")                built in: short synthetic sentences
"""

from collections.abc import Callable, Mapping
from pathlib import Path

from datasets import DatasetDict

from sentiment.config import DataConfig
from sentiment.data.columns import ReviewSplits, from_reviews, standardize_columns
from sentiment.data.folders import from_class_folders, from_folder, from_tables, has_class_folders
from sentiment.data.hub import from_hub
from sentiment.data.imdb import from_imdb_files, is_imdb_folder, read_imdb_archive, read_imdb_folder
from sentiment.data.labels import UNSUPERVISED
from sentiment.data.splits import add_test_split
from sentiment.data.synthetic.sample import sample_reviews
from sentiment.data.synthetic.sentences import synthetic_sentences
from sentiment.errors import ConfigError, DataError
from sentiment.runtime.network import is_hub_id

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
ARCHIVES = (".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tar.xz")


def load_reviews(data: DataConfig | str, labelled: bool = True) -> ReviewSplits:
    """Load all splits of a dataset, each with `text: string` and `label: ClassLabel`.

    Rows keep their order. The original IMDB is sorted by review number, which groups the reviews of
    a movie. The label is -1 in a split without labels. A labelled dataset without a test split gets
    one: a part of the training split, the same on every call.

    Args:
        data: the source and how to read it; a string is a name or path with default settings.
        labelled: whether labels are required. If False, labels that cannot be used are ignored.

    Raises:
        DataError: no such source, a missing or ambiguous column, an empty split, a row without its
            text or label.
        HubError: the dataset cannot be loaded from the Hub.
        ConfigError: settings that do not apply to this kind of source.

    Warns:
        Notice: the columns, where they were chosen automatically.
    """
    if isinstance(data, str):
        data = DataConfig(dataset=data)
    tables = read_source(data)
    if not tables:
        raise DataError(f"'{data.dataset}' contains no reviews. {OTHER_SOURCES}")
    try:
        return add_test_split(standardize_columns(tables, data), data)
    except DataError:
        if labelled:
            raise
        return standardize_columns(tables, data, labelled=False)


def source_of(dataset: str) -> str:
    """Return where the dataset of this name or path is: `built-in`, `local` or `hub`."""
    if dataset in BUILT_IN:
        return "built-in"
    is_local = dataset == IN_MEMORY or Path(dataset).expanduser().exists()
    return "local" if is_local else "hub"


def read_source(data: DataConfig) -> DatasetDict:
    """Read the splits of a dataset with their own columns."""
    dataset, path = data.dataset, Path(data.dataset).expanduser()
    if (data.revision or data.subset) and (dataset in BUILT_IN or path.exists()):
        setting = "revision" if data.revision else "subset"
        raise ConfigError(
            f"{setting} applies to datasets of the Hub only, and '{dataset}' is not one. Remove it."
        )
    files = table_files(data)
    if dataset in BUILT_IN:
        return from_reviews(BUILT_IN[dataset]())
    if path.is_dir():
        root = path / "aclImdb" if (path / "aclImdb").is_dir() else path
        if is_imdb_folder(root):
            return from_imdb_files(read_imdb_folder(root))
        return from_class_folders(path) if has_class_folders(path) else from_folder(path)
    if path.is_file():
        if path.name.lower().endswith(ARCHIVES):
            return from_imdb_files(read_imdb_archive(path))
        return from_tables(files)
    if is_hub_id(dataset):
        return from_hub(dataset, data.subset, data.revision)
    raise DataError(f"There is no file or folder '{dataset}'. {OTHER_SOURCES}")


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
    files = {split: Path(file).expanduser() for split, file in settings.items() if file}
    for file in files.values() if len(files) > 1 else ():
        if not file.is_file():
            raise DataError(
                f"There is no file '{file}'. validation_file, test_file and unlabelled_file need a "
                "file as dataset, which holds the training split."
            )
    return files
