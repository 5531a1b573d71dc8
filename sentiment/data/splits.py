"""All labelled reviews in, those to learn from, to choose by and to measure on out."""

import hashlib
import random
import warnings
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path

from datasets import Dataset, DatasetDict

from sentiment.config import DataConfig
from sentiment.data.columns import UNLABELLED
from sentiment.data.folders import READERS, is_folder_of_classes
from sentiment.errors import InputError, quoted

TEST_SEED = 0  # The same reviews are for testing, whatever the seed of a run.
FEWEST = 2  # Reviews of a label: one to learn from, one to be held out.


class SharedReviewsWarning(UserWarning):
    """Reviews that a model is measured by stand among those that it learns from."""


def split_of(corpus: DatasetDict, name: str, dataset: str) -> Dataset:
    """The labelled split `name`. Raises `InputError` if it is missing or has no labels."""
    if name not in corpus:
        raise InputError(f"'{dataset}' has no split '{name}'; it has {', '.join(corpus)}.")
    if UNLABELLED in corpus[name].unique("label"):
        raise InputError(f"The split '{name}' of '{dataset}' has reviews without a label.")
    return corpus[name]


def hold_out(
    train: Dataset,
    how: str = "contiguous",
    fraction: float = 0.1,
    seed: int = 0,
    labelled: bool = True,
) -> tuple[Dataset, Dataset]:
    """Split `train` into training and validation: the same `fraction` of each label, order kept.

    IMDB stands in order of movie. `contiguous` holds out the last reviews of each label: movies
    that the rest has hardly any of, as with the test split. `random` holds out reviews of movies
    that are trained on, and reads one to three points too high (`benchmarks/validation_split.py`).

    Where there is a column `group`, no group stands on both sides, and `how` does not count.

    Raises:
        InputError: too few groups; of `labelled` ones only one label, or a single review of one.
    """
    labels = list(train["label"])
    if labelled:
        check_labels(train, labels)
    if "group" in train.column_names:
        held_out = held_out_groups(labels, list(train["group"]), fraction, seed)
    else:
        order = list(range(len(train)))
        if how == "random":
            random.Random(seed).shuffle(order)
        rows = {label: [row for row in order if labels[row] == label] for label in set(labels)}
        held_out = set()
        for own in rows.values():
            held_out.update(own[-max(1, int(len(own) * fraction)) :])
    kept = [row for row in range(len(train)) if row not in held_out]
    return train.select(kept), train.select(sorted(held_out))


def check_labels(train: Dataset, labels: Sequence[int]) -> None:
    """Raise `InputError` unless there are two labels, and `FEWEST` reviews of each."""
    names = train.features["label"].names
    counts = Counter(labels)
    found = sorted(counts)
    if len(found) < 2:
        only = f", '{names[found[0]]}'" if found and found[0] != UNLABELLED else ""
        raise InputError(
            f"All {len(labels):,} reviews have one label only{only}. Training needs reviews of "
            "both labels, or of more."
        )
    for label in found:
        if counts[label] < FEWEST:
            raise InputError(
                f"The label {quoted.repr(names[label])} has a single review, that of row "
                f"{labels.index(label) + 1:,}. Correct it, add others, or leave it out: of each "
                "label one is held out."
            )


def held_out_groups(
    labels: Sequence[int], groups: Sequence[str], fraction: float, seed: int
) -> set[int]:
    """Rows of about `fraction`, whole groups, with labels as balanced as these allow."""
    from sklearn.model_selection import StratifiedGroupKFold  # Half a second.

    parts = max(2, round(1 / fraction))
    if (found := len(set(groups))) < parts:
        raise InputError(
            f"The reviews are of {found} groups only; to hold out {fraction:.0%} of them takes "
            f"{parts}. Hold out more (--validation-fraction, --test-fraction), or leave out "
            "--group-column."
        )
    folds = StratifiedGroupKFold(parts, shuffle=True, random_state=seed)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # That a label is rarer than there are parts.
        _, rows = next(folds.split(labels, labels, groups))
    return set(rows.tolist())


def with_test(corpus: DatasetDict, config: DataConfig) -> DatasetDict:
    """`corpus` with a split `test`: where it has none, a part of train, the same for all runs."""
    train = corpus.get("train")
    is_given = "test" in corpus or train is None or UNLABELLED in train.unique("label")
    if is_given or config.test_fraction == 0:
        return corpus
    train, test = hold_out(train, manner(config), config.test_fraction, TEST_SEED)
    return DatasetDict({**corpus, "train": train, "test": test})


def train_and_validation(
    corpus: DatasetDict, config: DataConfig, seed: int, labelled: bool = True
) -> tuple[Dataset, Dataset]:
    """The reviews to learn from and to choose by; `seed` decides a random choice of the latter.

    Raises `InputError` if there are none, or `labelled` ones are not of several labels each.
    """
    if not labelled and "train" in corpus:
        train, validation = corpus["train"], corpus.get("validation")
    else:
        train = split_of(corpus, "train", config.dataset)
        validation = None
        if "validation" in corpus:
            validation = split_of(corpus, "validation", config.dataset)
            for name, split in (("train", train), ("validation", validation)):
                if len(split.unique("label")) < 2:
                    raise InputError(
                        f"The split '{name}' of '{config.dataset}' has reviews of one label only. "
                        "Training needs reviews of both labels, or of more."
                    )
    if validation is not None:
        return train, validation
    return hold_out(train, manner(config), config.validation_fraction, seed, labelled)


def manner(config: DataConfig) -> str:
    """How to hold reviews out where `config` leaves it open.

    The rows of one's own table, or files, may stand in any order; those of a data set that others
    use stand as IMDB does, by what they are about.
    """
    if config.validation != "auto":
        return config.validation
    path = Path(config.dataset).expanduser()
    is_own = path.suffix.lower() in READERS or is_folder_of_classes(path)
    return "random" if is_own else "contiguous"


def without(reviews: Dataset, others: Iterable[Dataset]) -> Dataset:
    """The rows of `reviews` that stand in none of `others`.

    270 unsupervised reviews of IMDB and 123 of its training split stand in its test split too.
    """
    shared = stand_in(reviews, others)
    return reviews.select([row for row, is_shared in enumerate(shared) if not is_shared])


def warn_of_shared(train: Dataset, **others: Dataset | None) -> None:
    """Warn, with the count, of reviews in one of the splits `others` that stand in `train` too."""
    for name, split in others.items():
        if split is not None and (count := sum(stand_in(split, [train]))):
            message = (
                f"{count:,} of the {len(split):,} reviews in '{name}' stand in 'train' too: on "
                "them a model shows what it remembers, not what it has learned."
            )
            warnings.warn(SharedReviewsWarning(message), stacklevel=2)


def stand_in(reviews: Dataset, others: Iterable[Dataset]) -> list[bool]:
    """For each of `reviews` whether its text, but for case and spacing, is in one of `others`."""

    def normalized(text: str) -> str:
        return " ".join(text.casefold().split())

    found = {normalized(text) for other in others for text in other["text"]}
    return [normalized(text) in found for text in reviews["text"]]


def fingerprint(reviews: Dataset | Iterable[tuple[str, int]]) -> str:
    """A hash of reviews and their labels: the same rows in the same order, the same hash."""
    rows = reviews
    if isinstance(reviews, Dataset):
        rows = zip(reviews["text"], reviews["label"], strict=True)
    digest = hashlib.blake2b(digest_size=16)
    for text, label in rows:
        row = text.encode()
        digest.update(b"%d %d " % (label, len(row)) + row)
    return digest.hexdigest()
