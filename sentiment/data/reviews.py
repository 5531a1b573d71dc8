"""A name or a path in, labelled reviews out: a `DatasetDict` of `text` and `label`.

load_corpus("stanfordnlp/imdb")          the Hub
load_corpus("downloads/imdb")            a folder in the Hub's layout
load_corpus("reviews.csv")               a table: CSV, TSV, JSON Lines, Parquet
load_corpus("reviews")                   a folder per class: reviews/good/1.txt
load_corpus("aclImdb")                   the original data set, unpacked
load_corpus("aclImdb_v1.tar.gz")         the original data set, as it is downloaded
load_corpus("sample")                    built in, no network needed
load_corpus("sample-zh")                 the same in Chinese
load_corpus("lessons")                   built in: short sentences, to learn from before few reviews
"""

from collections.abc import Callable, Mapping
from pathlib import Path

from datasets import DatasetDict

from sentiment.config import DataConfig
from sentiment.data.columns import (
    LABELS,
    UNLABELLED,
    UNSUPERVISED,
    Notice,
    from_reviews,
    with_columns,
    with_labels,
)
from sentiment.data.folders import (
    from_classes,
    from_folder,
    from_tables,
    is_folder_of_classes,
)
from sentiment.data.hub import WAYS_OUT, from_hub
from sentiment.data.imdb import (
    from_acl_members,
    is_original,
    read_acl_archive,
    read_acl_folder,
)
from sentiment.data.splits import (
    SharedReviewsWarning,
    fingerprint,
    hold_out,
    split_of,
    stand_in,
    train_and_validation,
    warn_of_shared,
    with_test,
    without,
)
from sentiment.data.synthetic.lessons import lessons
from sentiment.data.synthetic.sample import sample_reviews
from sentiment.data.synthetic.sample_zh import sample_reviews_zh
from sentiment.errors import InputError
from sentiment.runtime.network import HUB_ID

__all__ = [
    "LABELS",
    "UNLABELLED",
    "UNSUPERVISED",
    "Notice",
    "SharedReviewsWarning",
    "fingerprint",
    "from_reviews",
    "hold_out",
    "load_corpus",
    "split_of",
    "stand_in",
    "train_and_validation",
    "warn_of_shared",
    "with_labels",
    "without",
]

SPLITS = ("train", "validation", "test")
BUILT_IN: dict[str, Callable[[], Mapping[str, list[tuple[str, int]]]]] = {
    "sample": lambda: {split: sample_reviews(split) for split in SPLITS},
    "sample-zh": lambda: {split: sample_reviews_zh(split) for split in SPLITS},
    "lessons": lambda: {"train": lessons(LESSONS)},
}
LESSONS = 20_000  # As a corpus. Of 6,000 it gets 29% of the development negations wrong, not 6%.
ARCHIVES = (".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tar.xz")


def load_corpus(data: DataConfig | str, labelled: bool = True) -> DatasetDict:
    """Load all splits of a data set, each with `text: string` and `label: ClassLabel`.

    Rows keep their order. The original IMDB is put in order of its review numbers, which is the
    order of its movies. The label is -1 in a split without labels. A data set with labels that has
    no split `test` gets one: a part of train, the same on every call.

    Args:
        data: which data set, and how to read it; a string is its name or path, and nothing else.
        labelled: whether it must have labels. Without, labels that cannot be used are none.

    Raises:
        InputError: nothing there, no network, no column or several for the texts or the labels, an
            empty split, a row without its text or label.

    Warns:
        Notice: which columns were taken, where that was guessed.
    """
    if isinstance(data, str):
        data = DataConfig(dataset=data)
    corpus = read(data)
    if not corpus:
        raise InputError(f"'{data.dataset}' holds no reviews. {WAYS_OUT}")
    try:
        return with_test(with_columns(corpus, data), data)
    except InputError:
        if labelled:
            raise
        return with_columns(corpus, data, labelled=False)


def read(data: DataConfig) -> DatasetDict:
    """The splits of a data set as they stand there, whatever their columns."""
    dataset, path = data.dataset, Path(data.dataset).expanduser()
    if (data.revision or data.subset) and (dataset in BUILT_IN or path.exists()):
        flag = "--revision" if data.revision else "--subset"
        raise InputError(f"{flag} is for a data set of the Hub; '{dataset}' is not one.")
    named = (
        ("train", dataset),
        ("validation", data.validation_file),
        ("test", data.test_file),
        (UNSUPERVISED, data.unlabelled_file),
    )
    files = {split: Path(file).expanduser() for split, file in named if file}
    for file in files.values() if len(files) > 1 else ():
        if not file.is_file():
            raise InputError(
                f"There is no file '{file}'. --validation-file, --test-file and --unlabelled-file "
                "go with a file for --dataset, that of train."
            )
    if dataset in BUILT_IN:
        return from_reviews(BUILT_IN[dataset]())
    if path.is_dir():
        root = path / "aclImdb" if (path / "aclImdb").is_dir() else path
        if is_original(root):
            return from_acl_members(read_acl_folder(root))
        return from_classes(path) if is_folder_of_classes(path) else from_folder(path)
    if path.is_file():
        if path.name.lower().endswith(ARCHIVES):
            return from_acl_members(read_acl_archive(path))
        return from_tables(files)
    if HUB_ID.fullmatch(dataset):
        return from_hub(dataset, data.subset, data.revision)
    raise InputError(f"There is no file or folder '{dataset}'. {WAYS_OUT}")
