"""Datasets larger than memory: what is kept of each review while a run is prepared."""

import csv
import gc
import itertools
import random
from pathlib import Path

import pytest
from support.small_models import SMALL

import sentiment.data.review_splits
import sentiment.runtime.spool
from sentiment.config import TextConfig
from sentiment.data.reviews import load_reviews
from sentiment.errors import StorageError
from sentiment.runtime.spool import Spool
from sentiment.text.examples import Examples
from sentiment.text.vocab import Vocab
from sentiment.training import classification, language_modeling
from sentiment.training.classification_data import build_vocab
from sentiment.training.run_folder import open_run

EXAMPLES = [([5, 6, 7], 1), ([], 0), ([70_000], -1), ([8, 9], 2)]


@pytest.fixture(params=["in memory", "on disk"])
def place(request, monkeypatch):
    """Keep everything in memory, or all of it on the disk."""
    if request.param == "on disk":
        monkeypatch.setattr(sentiment.runtime.spool, "MAX_MEMORY", 1)


def write_reviews(path, count):
    """Write a table of reviews of 50 words, and return its rows."""
    generator = random.Random(0)
    words = [f"word{number}" for number in range(500)]
    rows = [
        (" ".join(generator.choices(words, k=50)), ("neg", "pos")[row % 2]) for row in range(count)
    ]
    with path.open("w", newline="") as file:
        csv.writer(file).writerows([("text", "label"), *rows])
    return rows


@pytest.mark.usefixtures("place")
def test_examples_are_a_sequence_of_ids_and_labels():
    examples = Examples(iter(EXAMPLES))
    assert (len(examples), list(examples)) == (4, EXAMPLES)
    assert examples[1:3] == EXAMPLES[1:3]
    assert (examples[-1], list(Examples([]))) == (EXAMPLES[-1], [])
    with pytest.raises(IndexError):
        examples[4]


@pytest.mark.usefixtures("place")
def test_texts_are_read_back_as_they_were(tmp_path):
    rows = write_reviews(tmp_path / "reviews.csv", 500)
    splits = load_reviews(str(tmp_path / "reviews.csv"))
    names = splits["train"].features["label"].names
    loaded = {(row["text"], names[row["label"]]) for split in splits.values() for row in split}
    assert loaded == set(rows)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_a_full_disk_is_an_error(monkeypatch, tmp_path):
    monkeypatch.setattr(sentiment.runtime.spool, "MAX_MEMORY", 1)
    spool = Spool(tmp_path)
    spool.file.close()
    with (
        open("/dev/full", "wb", buffering=0) as spool.file,
        pytest.raises(StorageError, match="No space left on device"),
    ):
        spool.write(b"content")


def test_the_vocabulary_is_counted_in_one_pass():
    texts = [["good", "film"], ["bad", "plot", "plot"]]
    start = Vocab(["good", "film", "bad"])
    config = TextConfig(min_freq=1, new_word_freq=2)
    assert build_vocab(iter(texts), config, start).tokens[2:] == ["good", "film", "bad", "plot"]
    assert build_vocab(iter(texts), config, None).tokens[2:] == ["plot", "bad", "film", "good"]


@pytest.mark.parametrize(
    ("make", "arguments"),
    [
        (classification.make_trainer, ["from-scratch"]),
        (language_modeling.make_trainer, []),
    ],
)
def test_tokens_and_ids_of_few_reviews_are_in_memory(make, arguments, tmp_path, monkeypatch):
    write_reviews(tmp_path / "reviews.csv", 1000)
    monkeypatch.setattr(sentiment.data.review_splits, "ROWS_AT_ONCE", 50)
    found = []
    encode = Vocab.encode

    def count(self, tokens):
        if next(calls) % 200 == 0:
            lists = (one for one in gc.get_objects() if type(one) is list and len(one) == 50)
            found.append(sum(isinstance(one[0], str | int) for one in lists))
        return encode(self, tokens)

    monkeypatch.setattr(Vocab, "encode", count)
    settings = {**SMALL, "dataset": str(tmp_path / "reviews.csv")}
    del settings["init"]
    calls = itertools.count()
    with open_run(tmp_path / "run") as run:
        make(run, settings, *arguments)
    assert len(found) >= 4
    assert max(found) < 250
