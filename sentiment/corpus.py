"""A name or a path in, labelled reviews out: a `DatasetDict` of `text` and `label`.

load_corpus("stanfordnlp/imdb")          the Hub
load_corpus("downloads/imdb")            a folder in the Hub's layout
load_corpus("aclImdb")                   the original data set, unpacked
load_corpus("aclImdb_v1.tar.gz")         the original data set, as it is downloaded
load_corpus("sample")                    built in, no network needed
load_corpus("sample-zh")                 the same in Chinese
"""

import hashlib
import random
import re
import tarfile
import threading
import warnings
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future
from pathlib import Path, PurePosixPath
from typing import Any, TypeVar

import datasets
import huggingface_hub
import pyarrow.compute as pc
from datasets import ClassLabel, Dataset, DatasetDict, Features, Value
from huggingface_hub import HfApi
from huggingface_hub.errors import (
    GatedRepoError,
    RepositoryNotFoundError,
    RevisionNotFoundError,
)

from sentiment.config import DataConfig
from sentiment.errors import InputError
from sentiment.folders import describe, from_folder
from sentiment.sample import sample_reviews
from sentiment.sample_zh import sample_reviews_zh

T = TypeVar("T")
LABELS = ["neg", "pos"]
BUILT_IN = {"sample": sample_reviews, "sample-zh": sample_reviews_zh}
UNLABELLED = -1  # The label of every row of IMDB's unsupervised split.
FEATURES = Features({"text": Value("string"), "label": ClassLabel(names=LABELS)})

HUB_ID = re.compile(r"[A-Za-z0-9][\w.-]*(/[A-Za-z0-9][\w.-]*)?")
HUB_TIMEOUT = 6.0  # Seconds. The libraries' own retries take half a minute with no network.
MAX_REVIEW_BYTES = 1 << 20  # The longest of IMDB has 14 kB; an archive may declare anything.
MAX_MEMBER_BYTES = 1 << 28  # The largest file in it has 41 MB.
MAX_CORPUS_BYTES = 1 << 30  # All its reviews have 130 MB.
ACL_MEMBER = re.compile(r"(train|test)/(neg|pos|unsup)/(\d+)_\d+\.txt")
WAYS_OUT = (
    "Give a local copy (--dataset PATH), a mirror (HF_ENDPOINT=https://…), "
    "or try the built-in reviews (--dataset sample)."
)


class SharedReviewsWarning(UserWarning):
    """Reviews that a model is measured by stand among those that it learns from."""


def load_corpus(dataset: str, revision: str | None = None) -> DatasetDict:
    """Load all splits of `dataset`, each with `text: string` and `label: ClassLabel(neg, pos)`.

    Rows keep their order. The original data set is put in order of its review numbers, which is
    the order of its movies. The label is -1 in a split without labels.

    Args:
        dataset: a Hub id, a local folder, `aclImdb/`, `aclImdb_v1.tar.gz`, `sample` or
            `sample-zh`.
        revision: branch, tag or commit, for a Hub id.

    Raises:
        InputError: nothing there, no network, columns or labels other than these, an empty split.
    """
    path = Path(dataset).expanduser()
    if revision is not None and (dataset in BUILT_IN or path.exists()):
        raise InputError(f"--revision is for a data set of the Hub; '{dataset}' is not one.")
    if dataset in BUILT_IN:
        splits = {split: BUILT_IN[dataset](split) for split in ("train", "validation", "test")}
        corpus = from_reviews(splits)
    elif path.is_dir():
        root = path / "aclImdb" if (path / "aclImdb").is_dir() else path
        is_original = any((root / split / "pos").is_dir() for split in ("train", "test"))
        corpus = from_acl_members(read_acl_folder(root)) if is_original else from_folder(path)
    elif path.is_file():
        corpus = from_acl_members(read_acl_archive(path))
    elif HUB_ID.fullmatch(dataset):
        corpus = from_hub(dataset, revision)
    else:
        raise InputError(f"There is no file or folder '{dataset}'. {WAYS_OUT}")
    if not corpus:
        raise InputError(f"'{dataset}' holds no reviews. {WAYS_OUT}")
    return DatasetDict({name: checked(split, name, dataset) for name, split in corpus.items()})


def split_of(corpus: DatasetDict, name: str, dataset: str) -> Dataset:
    """The labelled split `name`. Raises `InputError` if it is missing or has no labels."""
    if name not in corpus:
        raise InputError(f"'{dataset}' has no split '{name}'; it has {', '.join(corpus)}.")
    if UNLABELLED in corpus[name].unique("label"):
        raise InputError(f"The split '{name}' of '{dataset}' has reviews without a label.")
    return corpus[name]


def hold_out(
    train: Dataset, how: str = "contiguous", fraction: float = 0.1, seed: int = 0
) -> tuple[Dataset, Dataset]:
    """Split `train` into training and validation: the same `fraction` of each label, order kept.

    IMDB stands in order of movie. `contiguous` holds out the last reviews of each label: movies
    that the rest has hardly any of, as with the test split. `random` holds out reviews of movies
    that are trained on, and reads one to three points too high (`benchmarks/validation_split.py`).

    Raises:
        InputError: only one label, or so few reviews of one that none could be held out.
    """
    order = list(range(len(train)))
    if how == "random":
        random.Random(seed).shuffle(order)
    labels = list(train["label"])
    rows = {label: [row for row in order if labels[row] == label] for label in sorted(set(labels))}
    if len(rows) < 2 or min(len(own) for own in rows.values()) < 2:
        raise InputError("Training needs reviews of both labels, at least two of each.")
    held_out: set[int] = set()
    for own in rows.values():
        held_out.update(own[-max(1, int(len(own) * fraction)) :])
    kept = [row for row in range(len(train)) if row not in held_out]
    return train.select(kept), train.select(sorted(held_out))


def train_and_validation(
    corpus: DatasetDict, config: DataConfig, seed: int
) -> tuple[Dataset, Dataset]:
    """The reviews to learn from and to choose by; `seed` decides a random choice of the latter."""
    train = split_of(corpus, "train", config.dataset)
    if "validation" in corpus:
        validation = split_of(corpus, "validation", config.dataset)
        for name, split in (("train", train), ("validation", validation)):
            if len(split.unique("label")) < 2:
                raise InputError(
                    f"The split '{name}' of '{config.dataset}' has reviews of one label only. "
                    "Training needs reviews of both labels."
                )
        return train, validation
    return hold_out(train, config.validation, config.validation_fraction, seed)


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


def fingerprint(dataset: Dataset) -> str:
    """A hash of the reviews and their labels: the same rows in the same order, the same hash."""
    digest = hashlib.blake2b(digest_size=16)
    for text, label in zip(dataset["text"], dataset["label"], strict=True):
        row = text.encode()
        digest.update(b"%d %d " % (label, len(row)) + row)
    return digest.hexdigest()


def from_reviews(splits: Mapping[str, Sequence[tuple[str, int]]]) -> DatasetDict:
    """A corpus in memory from `(text, label)` pairs by split."""
    corpus = DatasetDict()
    for name, rows in splits.items():
        columns = {"text": [text for text, _ in rows], "label": [label for _, label in rows]}
        corpus[name] = Dataset.from_dict(columns, features=FEATURES)
    return corpus


def from_hub(dataset: str, revision: str | None) -> DatasetDict:
    """A data set of the Hub; where the Hub cannot be reached, the copy an earlier call left."""
    try:
        within(HUB_TIMEOUT, lambda: HfApi().dataset_info(dataset, revision=revision))
    except (RepositoryNotFoundError, GatedRepoError) as error:
        raise InputError(
            f"The Hub has no public data set '{dataset}', and there is no such folder here. "
            f"{WAYS_OUT}"
        ) from error
    except RevisionNotFoundError as error:
        raise InputError(f"'{dataset}' has no revision '{revision}' on the Hub.") from error
    except Exception as error:  # No network, a proxy's refusal, a time-out, a server's fault.
        return from_hub_cache(dataset, revision, reason=error)
    try:
        return datasets.load_dataset(dataset, revision=revision)
    except Exception as error:
        raise InputError(f"Could not load '{dataset}' from the Hub: {error}. {WAYS_OUT}") from error


def from_hub_cache(dataset: str, revision: str | None, reason: Exception) -> DatasetDict:
    """What an earlier `load_dataset` left on disk; `InputError` gives `reason` if nothing did."""
    online = huggingface_hub.constants.HF_HUB_OFFLINE, datasets.config.HF_HUB_OFFLINE
    try:
        huggingface_hub.constants.HF_HUB_OFFLINE = datasets.config.HF_HUB_OFFLINE = True
        return datasets.load_dataset(dataset, revision=revision)
    except Exception:
        raise InputError(
            f"The Hub cannot be reached for '{dataset}' ({describe(reason)}). {WAYS_OUT}"
        ) from reason
    finally:
        huggingface_hub.constants.HF_HUB_OFFLINE, datasets.config.HF_HUB_OFFLINE = online


def within(seconds: float, call: Callable[[], T]) -> T:
    """The result of `call()`, or `TimeoutError`: looking up a host's name has no limit of its own.

    A call that takes longer is left behind in a daemon thread.
    """
    future: Future[T] = Future()

    def work() -> None:
        try:
            future.set_result(call())
        except Exception as error:
            future.set_exception(error)

    threading.Thread(target=work, daemon=True).start()
    try:
        return future.result(timeout=seconds)
    except TimeoutError as error:
        raise TimeoutError(f"no answer within {seconds:g} seconds") from error


def read_acl_folder(root: Path) -> Iterator[tuple[str, bytes]]:
    """`(train/pos/0_9.txt, its bytes)` for each review below `aclImdb/`."""
    for path in root.glob("*/*/*.txt"):
        name = path.relative_to(root).as_posix()
        if ACL_MEMBER.fullmatch(name):
            with path.open("rb") as file:
                yield name, file.read(MAX_REVIEW_BYTES + 1)


class Member(tarfile.TarInfo):
    """A member of an archive, of a size that can be: `tarfile` reads a name of any size at once."""

    @classmethod
    def frombuf(cls, *arguments: Any) -> "Member":
        member = super().frombuf(*arguments)
        most = MAX_MEMBER_BYTES if member.isfile() else MAX_REVIEW_BYTES
        if not 0 <= member.size <= most:  # Less than 0, and it reads the same member without end.
            raise InputError(f"The archive's member '{member.name}' has {member.size:,} bytes.")
        return member


def read_acl_archive(path: Path) -> Iterator[tuple[str, bytes]]:
    """The same from `aclImdb_v1.tar.gz`, of which nothing is written to disk."""
    try:
        with tarfile.open(path, "r:*", tarinfo=Member) as archive:
            for member in archive:
                parts = PurePosixPath(member.name).parts
                if member.name.startswith("/") or ".." in parts:
                    raise InputError(f"'{path}' has a member that climbs out: '{member.name}'.")
                name = "/".join(parts[-3:])
                if member.isfile() and ACL_MEMBER.fullmatch(name):
                    file = archive.extractfile(member)
                    assert file is not None
                    yield name, file.read(MAX_REVIEW_BYTES + 1)
            while archive.fileobj.read(1 << 20):  # type: ignore[union-attr]
                pass  # To the end, where the checksum stands that tells whether all has arrived.
    except (tarfile.TarError, EOFError, OSError, zlib.error) as error:
        raise InputError(
            f"Could not read '{path}' as a tar archive: {describe(error)}. "
            "The original is aclImdb_v1.tar.gz (84,125,825 bytes); download it again."
        ) from error


def from_acl_members(members: Iterable[tuple[str, bytes]]) -> DatasetDict:
    """The original data set from `(name, bytes)` in any order.

    Labels in the order neg, pos as on the Hub; within a label in order of review number, which is
    the order of movies.
    """
    found: dict[str, list[tuple[int, int, str]]] = {"train": [], "test": [], "unsupervised": []}
    size = 0
    for name, content in members:
        if len(content) > MAX_REVIEW_BYTES:
            raise InputError(f"'{name}' is longer than any review (over {MAX_REVIEW_BYTES} bytes).")
        if (size := size + len(content)) > MAX_CORPUS_BYTES:
            raise InputError(f"These are no reviews of IMDB: over {MAX_CORPUS_BYTES:,} bytes.")
        try:
            text = content.decode()
        except UnicodeDecodeError as error:
            raise InputError(f"'{name}' is not UTF-8: {error}.") from error
        split, kind, number = ACL_MEMBER.fullmatch(name).groups()  # type: ignore[union-attr]
        if kind == "unsup":
            found["unsupervised"].append((UNLABELLED, int(number), text))
        else:
            found[split].append((LABELS.index(kind), int(number), text))
    return from_reviews(
        {
            name: [(text, label) for label, _, text in sorted(rows)]
            for name, rows in found.items()
            if rows
        }
    )


def checked(split: Dataset, name: str, dataset: str) -> Dataset:
    """`split` with the two columns that every room relies on, or `InputError`."""
    where = f"The split '{name}' of '{dataset}'"
    missing = {"text", "label"} - set(split.column_names)
    if missing:
        raise InputError(
            f"{where} has no column '{min(missing)}', only {', '.join(split.column_names)}."
        )
    if len(split) == 0:
        raise InputError(f"{where} is empty.")
    split = split.select_columns(["text", "label"])
    text, label = split.features["text"], split.features["label"]
    if getattr(text, "dtype", None) not in ("string", "large_string"):
        raise InputError(f"{where} needs text in its column 'text', not {text}.")
    if not str(getattr(label, "dtype", None)).startswith(("int", "uint")):
        raise InputError(f"{where} needs labels 0 (neg) and 1 (pos), not {label}.")
    if getattr(label, "names", LABELS) != LABELS:
        raise InputError(f"{where} needs the labels {LABELS}, not {label.names}.")
    for column in ("text", "label"):
        values = split.data.column(column)
        if values.null_count:
            row = pc.index(values.is_null(), True).as_py() + 1
            raise InputError(f"{where} has no {column} in row {row:,}.")
    unexpected = set(split.unique("label")) - {0, 1, UNLABELLED}
    if unexpected:
        row = next(row for row, one in enumerate(split["label"], 1) if one in unexpected)
        raise InputError(
            f"{where} has labels other than 0 and 1: {sorted(unexpected)[:5]}. The first is in row "
            f"{row:,}."
        )
    return split if split.features == FEATURES else split.cast(FEATURES)
