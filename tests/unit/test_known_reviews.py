"""Reviews that the shipped classifier was trained on are recognized by their hashes."""

import warnings
from types import SimpleNamespace

import numpy as np
import pytest
from datasets import Dataset

from sentiment.artifacts.model_folder import SHIPPED_CLASSIFIER_FOLDER
from sentiment.cli.data import warn_if_known
from sentiment.config import Config
from sentiment.data import known_reviews
from sentiment.data.known_reviews import (
    HASH_FILE,
    count_known,
    hash_texts,
    is_known,
    known_hashes,
    save_hashes,
)
from sentiment.data.synthetic.sample import sample_reviews

TEXTS = ["A fine film.<br /><br />See it!", "Dull, and too long.", "naïve \ud800", ""]


@pytest.fixture
def own_hashes(tmp_path, monkeypatch):
    """Replace the shipped hashes by those of `TEXTS` and of numbers, which fill the gaps."""
    file = tmp_path / "hashes.npy"
    save_hashes(hash_texts([*TEXTS, *map(str, range(5000))]), file)
    monkeypatch.setattr(known_reviews, "HASH_FILE", file)
    known_hashes.cache_clear()
    yield
    known_hashes.cache_clear()


@pytest.mark.parametrize(
    "text",
    [
        *TEXTS,
        "a FINE  film.<BR>see\nit!",
        " A fine film. <br/>\tSee it! ",
    ],
)
def test_known_text_is_recognized_whatever_its_case_and_whitespace(own_hashes, text):
    assert is_known(text)


@pytest.mark.parametrize("text", ["A fine film. See it", "A fine film", "5000", "see it!"])
def test_other_text_is_not_recognized(own_hashes, text):
    assert not is_known(text)


def test_count_known_counts_each_text_of_any_iterable(own_hashes, monkeypatch):
    monkeypatch.setattr(known_reviews, "BATCH_TEXTS", 2)
    texts = ["other", TEXTS[1], "more", TEXTS[1], TEXTS[0]]
    assert count_known(texts) == count_known(iter(texts)) == 3
    assert count_known([]) == 0


def test_saved_hashes_load_sorted_and_unchanged(own_hashes):
    expected = np.unique(hash_texts([*TEXTS, *map(str, range(5000))]))
    assert np.array_equal(known_hashes(), expected)


def test_too_few_hashes_cannot_be_saved(tmp_path):
    with pytest.raises(ValueError, match="2 hashes are too few"):
        save_hashes(np.array([1, 2**39], dtype=np.uint64), tmp_path / "hashes.npy")


def test_shipped_hashes_are_small_and_do_not_match_other_texts():
    assert len(known_hashes()) == 73_787
    assert HASH_FILE.stat().st_size < 300_000
    assert count_known(f"text {n}" for n in range(50_000)) == 0
    assert count_known(text for text, _ in sample_reviews("test")) == 0


def test_shipped_hashes_recognize_imdb(imdb):
    """Of the test split, only the reviews that are in the training split too."""
    counts = {name: count_known(split["text"]) for name, split in imdb.items()}
    assert counts == {"train": 25_000, "test": 123, "unsupervised": 49_730}


@pytest.mark.parametrize(
    ("folder", "settings", "warns"),
    [
        (SHIPPED_CLASSIFIER_FOLDER, {}, True),
        (None, {"init": "shipped-classifier"}, True),
        (None, {"init": None, "teacher": "shipped-classifier"}, True),
        (None, {"init": "shipped-encoder"}, False),
    ],
)
def test_evaluation_on_known_reviews_is_a_warning_for_what_learned_from_the_classifier(
    monkeypatch, folder, settings, warns
):
    monkeypatch.setattr("sentiment.data.known_reviews.count_known", lambda texts: len(list(texts)))
    classifier = SimpleNamespace(folder=folder, config=Config.from_flat(**settings))
    reviews = Dataset.from_dict({"text": ["one", "two"]})
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        warn_if_known(classifier, reviews)
    assert ["2 of the 2 reviews" in str(one.message) for one in caught] == [True] * warns
