"""Split reviews into training, validation and test sets, and find reviews that sets share."""

import random
import warnings
from array import array
from collections import Counter
from collections.abc import Iterable, Sequence
from hashlib import blake2b

import numpy as np
from datasets import Dataset, DatasetDict

from sentiment.config import DataConfig
from sentiment.data.folders import has_class_folders
from sentiment.data.imdb import ARCHIVES
from sentiment.data.labels import UNLABELLED
from sentiment.data.review_splits import ReviewSplits, column
from sentiment.errors import DataError, listed, quoted
from sentiment.runtime.paths import user_path

TEST_SEED = 0  # The test split is the same for all training seeds.
MIN_REVIEWS_PER_LABEL = 2  # One to train on, one to hold out.


class SharedReviewsWarning(UserWarning):
    """Reviews of an evaluation split are in the training split too."""


def labelled_split(reviews: DatasetDict, name: str, dataset: str) -> Dataset:
    """Return the labelled split `name`.

    Args:
        reviews: the splits of a dataset.
        name: the split.
        dataset: the dataset, as error messages name it.

    Raises:
        DataError: the split is missing or has unlabelled reviews.
    """
    if name not in reviews:
        raise DataError(f"'{dataset}' has no split '{name}'. Its splits are {', '.join(reviews)}.")
    if UNLABELLED in column(reviews[name], "label"):
        raise DataError(f"The split '{name}' of '{dataset}' has reviews without a label.")
    return reviews[name]


def hold_out(
    train: Dataset,
    how: str = "contiguous",
    fraction: float = 0.1,
    seed: int = 0,
    labelled: bool = True,
    test: Dataset | None = None,
) -> tuple[Dataset, Dataset]:
    """Split `train` into a training and a validation set; both keep the order of rows.

    Each label contributes the same fraction. IMDB is sorted by movie: "contiguous" holds out the
    last reviews of each label, whose movies hardly occur in the rest, as with the test split.
    "random" shares movies with training and overestimates accuracy by one to three percentage
    points (benchmarks/validation_split.py). With a column `group`, whole groups are held out and
    `how` is ignored.

    Args:
        train: reviews with the columns `text`, `label` and perhaps `group`.
        how: "contiguous" or "random".
        fraction: fraction of the reviews to hold out.
        seed: decides a random choice.
        labelled: whether to check that the reviews have several labels.
        test: the test split, for messages.

    Returns:
        The remaining and the held-out reviews.

    Raises:
        DataError: too few groups; if `labelled`, a single label or a label with one review only.
    """
    labels = list(column(train, "label"))
    if labelled:
        check_labels(train, labels, test)
    if "group" in train.column_names:
        held_out = held_out_groups(labels, list(column(train, "group")), fraction, seed)
    else:
        order = array("q", range(len(train)))
        if how == "random":
            random.Random(seed).shuffle(order)
        ordered = np.array(labels)[order]
        by_label = [np.array(order)[ordered == label] for label in set(labels)]
        held_out = np.concatenate([rows[-max(1, int(len(rows) * fraction)) :] for rows in by_label])
    is_held_out = np.zeros(len(train), bool)
    is_held_out[held_out] = True
    return train.select(np.flatnonzero(~is_held_out)), train.select(np.flatnonzero(is_held_out))


def check_labels(train: Dataset, labels: Sequence[int], test: Dataset | None = None) -> None:
    """Check that there are two labels or more, with `MIN_REVIEWS_PER_LABEL` reviews each.

    Args:
        train: reviews to hold some out from.
        labels: their label ids.
        test: the test split, for messages.

    Raises:
        DataError: a single label, or a label with one review only.
    """
    names = train.features["label"].names
    counts = Counter(labels)
    if len(counts) < 2:
        label = next(iter(counts), UNLABELLED)
        name = f", '{names[label]}'" if label != UNLABELLED else ""
        raise DataError(
            f"All {len(labels):,} reviews have the same label{name}. Training needs reviews of two "
            "labels or more."
        )
    for label in sorted(counts):
        if counts[label] < MIN_REVIEWS_PER_LABEL:
            if test is not None and label in column(test, "label"):
                raise DataError(
                    f"The label {quoted.repr(names[label])} has a single review in the split "
                    "'train' besides those in 'test'. Add reviews or remove the label: training "
                    "needs one review of each label, and another one is held out for validation."
                )
            raise DataError(
                f"The label {quoted.repr(names[label])} has a single review, in row "
                f"{labels.index(label) + 1:,}. Correct the label, add reviews or remove the row: "
                "one review of each label is held out."
            )


def held_out_groups(
    labels: Sequence[int], groups: Sequence[str], fraction: float, seed: int
) -> np.ndarray:
    """Return about `fraction` of the rows: whole groups, with labels as balanced as they allow.

    Raises:
        DataError: fewer groups than the fraction needs.
    """
    from sklearn.model_selection import StratifiedGroupKFold  # Takes half a second to import.

    folds = max(2, round(1 / fraction))
    if (found := len(set(groups))) < folds:
        raise DataError(
            f"The reviews have {found} groups; holding out {fraction:.0%} of them needs at least "
            f"{folds}. Raise validation_fraction and test_fraction, or leave group_column out."
        )
    splitter = StratifiedGroupKFold(folds, shuffle=True, random_state=seed)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # A label may have fewer rows than there are folds.
        _, rows = next(splitter.split(labels, labels, groups))
    return np.asarray(rows)


def add_test_split(reviews: ReviewSplits, config: DataConfig) -> ReviewSplits:
    """Move part of the training split to a test split, if there is none and `config` asks for one.

    The choice depends on the reviews and on `config` only, so that it is the same for all runs.
    """
    train = reviews.get("train")
    is_complete = "test" in reviews or train is None or UNLABELLED in column(train, "label")
    if is_complete or config.test_fraction == 0:
        return reviews
    train, test = hold_out(train, validation_method(config), config.test_fraction, TEST_SEED)
    return ReviewSplits({**reviews, "train": train, "test": test}, reviews.columns)


def train_and_validation(
    reviews: DatasetDict, config: DataConfig, seed: int, labelled: bool = True
) -> tuple[Dataset, Dataset]:
    """Return the training and the validation split, which is held out if the dataset has none.

    Args:
        reviews: the splits of a dataset.
        config: how to hold reviews out.
        seed: decides a random choice of the validation split.
        labelled: whether labels are required.

    Raises:
        DataError: no training split; if `labelled`, no labels or a single one.
    """
    if not labelled and "train" in reviews:
        train, validation = reviews["train"], reviews.get("validation")
    else:
        train = labelled_split(reviews, "train", config.dataset)
        validation = None
        if "validation" in reviews:
            validation = labelled_split(reviews, "validation", config.dataset)
            for name, split in (("train", train), ("validation", validation)):
                if len(set(column(split, "label"))) < 2:
                    raise DataError(
                        f"All reviews of the split '{name}' of '{config.dataset}' have the same "
                        "label. Training needs reviews of two labels or more."
                    )
    if validation is not None:
        return train, validation
    method = validation_method(config)
    test = reviews.get("test")
    return hold_out(train, method, config.validation_fraction, seed, labelled, test)


def validation_method(config: DataConfig) -> str:
    """Return how to hold reviews out: "contiguous" or "random".

    "auto" is random for a user's own table or folder of files, whose order may mean anything, and
    contiguous for shared datasets, which tend to be sorted by topic, as IMDB is by movie.
    """
    if config.validation_split != "auto":
        return config.validation_split
    path = user_path(config.dataset)
    is_own_file = path.is_file() and not path.name.lower().endswith(ARCHIVES)
    is_own = is_own_file or (path.is_dir() and has_class_folders(path))
    return "random" if is_own else "contiguous"


def drop_shared(reviews: Dataset, others: Iterable[Dataset]) -> Dataset:
    """Return the rows of `reviews` whose text is in none of `others`.

    270 unsupervised reviews of IMDB and 123 of its training split are in its test split too.
    """
    return reviews.select(np.flatnonzero(np.logical_not(shared_mask(reviews, others))))


def warn_of_shared(train: Dataset, **others: Dataset | None) -> None:
    """Warn for each of the splits `others` that shares reviews or groups with `train`."""
    for name, split in others.items():
        if split is not None and (count := sum(shared_mask(split, [train]))):
            message = (
                f"{count:,} of the {len(split):,} reviews in '{name}' are in 'train' too, which "
                "makes the evaluation optimistic."
            )
            warnings.warn(SharedReviewsWarning(message), stacklevel=2)
        if split is not None and (groups := shared_groups(train, split)):
            message = (
                f"{len(groups):,} groups of '{name}' are in 'train' too, such as "
                f"{listed(sorted(groups)[:3])}, which makes the evaluation optimistic."
            )
            warnings.warn(SharedReviewsWarning(message), stacklevel=2)


def shared_groups(train: Dataset, other: Dataset) -> set[str]:
    """Return the groups that two splits share; none if either has no groups."""
    if "group" not in train.column_names or "group" not in other.column_names:
        return set()
    return set(column(train, "group")) & set(column(other, "group"))


def shared_mask(reviews: Dataset, others: Iterable[Dataset]) -> list[bool]:
    """Return for each row of `reviews` whether its text is in one of `others`.

    Case and whitespace are ignored. Hashes of 8 bytes are compared: between two splits of a million
    texts, a false match has a probability of 1e-7.
    """
    found = np.concatenate([np.empty(0, np.uint64), *(text_hashes(other) for other in others)])
    mask: list[bool] = np.isin(text_hashes(reviews), found).tolist()
    return mask


def text_hashes(reviews: Dataset) -> np.ndarray:
    """Return a hash of each text without its case and whitespace, [reviews], uint64."""
    normalized = (" ".join(text.casefold().split()) for text in column(reviews, "text"))
    digests = (blake2b(text.encode(), digest_size=8).digest() for text in normalized)
    return np.fromiter((int.from_bytes(digest) for digest in digests), np.uint64)


def fingerprint(reviews: Dataset | Iterable[tuple[str, int]]) -> str:
    """Return a hash of the texts and labels that depends on their order."""
    rows = reviews
    if isinstance(reviews, Dataset):
        rows = zip(column(reviews, "text"), column(reviews, "label"), strict=True)
    digest = blake2b(digest_size=16)
    for text, label in rows:
        row = text.encode()
        digest.update(b"%d %d " % (label, len(row)) + row)
    return digest.hexdigest()
