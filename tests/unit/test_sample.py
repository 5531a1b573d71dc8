"""Tests of the English sample: size, disjoint splits, difficulty for a bag of words."""

import hashlib
import itertools
import re
import statistics
from collections import Counter

import pytest

from sentiment.data.synthetic.sample import sample_reviews, sample_templates
from sentiment.errors import DataError

SIZES = {"train": 6000, "validation": 1000, "test": 1000}
PAIRS = list(itertools.combinations(SIZES, 2))

# A change of the templates, the words or the random draws changes this value, and with it every
# figure measured on the sample. It must be the same on every platform and Python version.
DIGEST = "20542f4680d1cf54969cda27514b1542753fc8d8c4a606f2d14accca510e6044"


@pytest.fixture(scope="module")
def sample() -> dict[str, list[tuple[str, int]]]:
    return {split: sample_reviews(split) for split in SIZES}


def sentences_of(text: str) -> set[str]:
    parts = re.split(r"(?<=[.!?])\s+|<br /><br />", text.lower())
    return {part.strip(" .!?") for part in parts}


def ngrams(words: list[str], length: int) -> set[tuple[str, ...]]:
    return {tuple(words[i : i + length]) for i in range(len(words) - length + 1)}


@pytest.mark.parametrize("split", SIZES)
def test_splits_have_their_size_and_the_negative_half_first(sample, split):
    labels = [label for _, label in sample[split]]
    half = SIZES[split] // 2
    assert labels == [0] * half + [1] * half


def test_all_reviews_are_distinct(sample):
    texts = [text for reviews in sample.values() for text, _ in reviews]
    assert len(set(texts)) == len(texts) == 8000


@pytest.mark.parametrize("split", SIZES)
def test_lengths_vary_widely(sample, split):
    lengths = [len(text.split()) for text, _ in sample[split]]
    assert min(lengths) >= 20
    assert max(lengths) <= 300
    assert 60 <= statistics.median(lengths) <= 80
    # A tenth is short and a tenth is long.
    deciles = statistics.quantiles(lengths, n=10)
    assert deciles[0] < 50
    assert deciles[-1] > 130


def test_rows_are_unchanged(sample):
    digest = hashlib.sha256()
    for split, reviews in sample.items():
        for text, label in reviews:
            digest.update(f"{split}\t{label}\t{text}\n".encode())
    assert digest.hexdigest() == DIGEST


def test_reviews_are_the_same_on_every_call(sample):
    assert sample_reviews("test") == sample["test"]


@pytest.mark.parametrize("split", ["", "Train", "val", "unsupervised"])
def test_unknown_split_is_an_error(split):
    with pytest.raises(DataError, match="split must be one of train, validation, test, not '"):
        sample_reviews(split)


def test_unknown_language_is_an_error():
    with pytest.raises(DataError, match="language must be one of en, zh, not 'de'"):
        sample_reviews("train", "de")


@pytest.mark.parametrize(("one", "other"), PAIRS)
def test_splits_share_no_template(one, other):
    def words_of_wordings(split: str) -> list[list[str]]:
        templates = itertools.chain.from_iterable(sample_templates(split).values())
        wordings = {wording for template in templates for wording in template}
        return [re.findall(r"\{[a-z]+[-+?]?\}|[\w']+", wording.lower()) for wording in wordings]

    ours, theirs = words_of_wordings(one), words_of_wordings(other)
    assert not set(map(tuple, ours)) & set(map(tuple, theirs))
    # Nor six words of one in a row; a slot counts as a word here.
    assert not set().union(*(ngrams(words, 6) for words in ours)) & set().union(
        *(ngrams(words, 6) for words in theirs)
    )


@pytest.mark.parametrize(("one", "other"), PAIRS)
def test_splits_share_no_sentence_and_few_long_ngrams(sample, one, other):
    ours = set().union(*(sentences_of(text) for text, _ in sample[one]))
    theirs = set().union(*(sentences_of(text) for text, _ in sample[other]))
    assert not ours & theirs

    def long_ngrams(parts: set[str]) -> set[tuple[str, ...]]:
        return set().union(*(ngrams(re.findall(r"[\w']+", part), 8) for part in parts))

    our_ngrams, their_ngrams = long_ngrams(ours), long_ngrams(theirs)
    assert len(our_ngrams & their_ngrams) < 0.001 * len(their_ngrams)


@pytest.mark.parametrize("split", ["validation", "test"])
def test_nearly_all_words_occur_in_train(sample, split):
    def words(name: str) -> Counter[str]:
        return Counter(
            word for text, _ in sample[name] for word in re.findall(r"[\w']+", text.lower())
        )

    known = words("train")
    counts = words(split)
    assert sum(n for word, n in counts.items() if word not in known) < 0.015 * counts.total()


@pytest.mark.parametrize("split", SIZES)
@pytest.mark.parametrize(
    "word",
    [
        "not",
        "never",
        "nothing",
        "hardly",
        "nobody",
        "but",
        "yet",
        "although",
        "despite",
        "expected",
    ],
)
def test_negation_contrast_concession_and_expectation_occur_in_both_labels(sample, split, word):
    found = Counter(label for text, label in sample[split] if word in text.lower().split())
    assert min(found[0], found[1]) >= 5
    # Within four standard deviations of equal.
    assert abs(found[0] - found[1]) < 4 * found.total() ** 0.5


@pytest.mark.parametrize("split", SIZES)
def test_ratings_occur_in_both_labels(sample, split):
    found = [Counter(re.findall(r"\b\d+/10\b", text)) for text, _ in sample[split]]
    half = len(found) // 2
    negative = sum(found[:half], Counter())
    positive = sum(found[half:], Counter())
    assert set(negative) == set(positive)
    assert len(negative) == 8
    low = {"1/10", "2/10", "3/10", "4/10"}
    for counts in (negative, positive):
        assert 0.35 < sum(counts[rating] for rating in low) / counts.total() < 0.65


@pytest.mark.parametrize("split", SIZES)
def test_reviews_contain_html_breaks_and_punctuation(sample, split):
    texts = [text for text, _ in sample[split]]
    assert 0.05 < sum("<br /><br />" in text for text in texts) / len(texts) < 0.4
    for mark in (".", ",", ";", ":", "!", "?", "...", "'", '"'):
        assert sum(mark in text for text in texts) >= 10


@pytest.mark.parametrize("split", SIZES)
def test_slots_are_filled_and_articles_are_correct(sample, split):
    for text, _ in sample[split]:
        assert not re.search(r"[{}|]|  |\b[Aa] [aeiou]|\b[Aa]n (?!hour)[^aeiou]", text), text
        assert all(
            part[:1] not in "abcdefghijklmnopqrstuvwxyz" for part in text.split("<br /><br />")
        )


@pytest.mark.parametrize("token_pattern", [r"(?u)\b\w\w+\b", r"\S+"])
@pytest.mark.parametrize("vectorizer", ["CountVectorizer", "TfidfVectorizer"])
def test_bag_of_words_misclassifies_many_reviews(sample, vectorizer, token_pattern):
    extraction = pytest.importorskip("sklearn.feature_extraction.text")
    linear_model = pytest.importorskip("sklearn.linear_model")
    bag = getattr(extraction, vectorizer)(token_pattern=token_pattern)
    texts, labels = zip(*sample["train"], strict=True)
    model = linear_model.LogisticRegression(max_iter=1000)
    model.fit(bag.fit_transform(texts), labels)
    for split in ("validation", "test"):
        texts, labels = zip(*sample[split], strict=True)
        accuracy = model.score(bag.transform(texts), labels)
        # Above chance, since the words do carry sentiment.
        assert 0.6 < accuracy < 0.85
