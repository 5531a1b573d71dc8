"""The built-in corpus: its shape, its disjoint splits, and that a bag of words fails on it."""

import hashlib
import itertools
import re
import statistics
from collections import Counter

import pytest

from sentiment.data.synthetic.sample import SPLITS, sample_reviews

SIZES = {"train": 6000, "validation": 1000, "test": 1000}
PAIRS = list(itertools.combinations(SIZES, 2))

# A change to the phrases, the words or the drawing changes this, and every figure measured on the
# corpus with it. The same value on every platform and Python version is what we promise.
DIGEST = "20542f4680d1cf54969cda27514b1542753fc8d8c4a606f2d14accca510e6044"


@pytest.fixture(scope="module")
def corpus() -> dict[str, list[tuple[str, int]]]:
    return {split: sample_reviews(split) for split in SIZES}


def sentences(text: str) -> set[str]:
    parts = re.split(r"(?<=[.!?])\s+|<br /><br />", text.lower())
    return {part.strip(" .!?") for part in parts}


def runs(words: list[str], length: int) -> set[tuple[str, ...]]:
    return {tuple(words[i : i + length]) for i in range(len(words) - length + 1)}


@pytest.mark.parametrize("split", SIZES)
def test_size_labels_and_order(corpus, split):
    labels = [label for _, label in corpus[split]]
    half = SIZES[split] // 2
    assert labels == [0] * half + [1] * half


def test_all_reviews_are_distinct(corpus):
    texts = [text for reviews in corpus.values() for text, _ in reviews]
    assert len(set(texts)) == len(texts) == 8000


@pytest.mark.parametrize("split", SIZES)
def test_lengths(corpus, split):
    lengths = [len(text.split()) for text, _ in corpus[split]]
    assert min(lengths) >= 20
    assert max(lengths) <= 300
    assert 60 <= statistics.median(lengths) <= 80
    # Widely varied: a tenth is short and a tenth is long.
    deciles = statistics.quantiles(lengths, n=10)
    assert deciles[0] < 50
    assert deciles[-1] > 130


def test_same_bytes_everywhere(corpus):
    digest = hashlib.sha256()
    for split, reviews in corpus.items():
        for text, label in reviews:
            digest.update(f"{split}\t{label}\t{text}\n".encode())
    assert digest.hexdigest() == DIGEST


def test_same_reviews_on_every_call(corpus):
    assert sample_reviews("test") == corpus["test"]


@pytest.mark.parametrize("split", ["", "Train", "val", "unsupervised"])
def test_unknown_split(split):
    with pytest.raises(ValueError, match="train, validation, test"):
        sample_reviews(split)


@pytest.mark.parametrize(("one", "other"), PAIRS)
def test_splits_share_no_phrase(one, other):
    def phrase_words(split: str) -> list[list[str]]:
        phrases = itertools.chain.from_iterable(SPLITS[split][0].values())
        return [re.findall(r"\{[a-z]+[-+?]?\}|[\w']+", phrase.lower()) for phrase in phrases]

    ours, theirs = phrase_words(one), phrase_words(other)
    assert not set(map(tuple, ours)) & set(map(tuple, theirs))
    # Nor most of a phrase: a slot counts as one word here.
    assert not set().union(*(runs(words, 6) for words in ours)) & set().union(
        *(runs(words, 6) for words in theirs)
    )


@pytest.mark.parametrize(("one", "other"), PAIRS)
def test_splits_share_no_sentence_and_few_long_runs(corpus, one, other):
    ours = set().union(*(sentences(text) for text, _ in corpus[one]))
    theirs = set().union(*(sentences(text) for text, _ in corpus[other]))
    assert not ours & theirs

    def long_runs(parts: set[str]) -> set[tuple[str, ...]]:
        return set().union(*(runs(re.findall(r"[\w']+", part), 8) for part in parts))

    our_runs, their_runs = long_runs(ours), long_runs(theirs)
    assert len(our_runs & their_runs) < 0.001 * len(their_runs)


@pytest.mark.parametrize("split", ["validation", "test"])
def test_words_are_known_from_train(corpus, split):
    def words(name: str) -> Counter[str]:
        return Counter(
            word for text, _ in corpus[name] for word in re.findall(r"[\w']+", text.lower())
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
def test_negation_contrast_concession_and_expectation_serve_both_labels(corpus, split, word):
    found = Counter(label for text, label in corpus[split] if word in text.lower().split())
    assert min(found[0], found[1]) >= 5
    # Within four standard deviations of equal.
    assert abs(found[0] - found[1]) < 4 * found.total() ** 0.5


@pytest.mark.parametrize("split", SIZES)
def test_ratings_serve_both_labels(corpus, split):
    found = [Counter(re.findall(r"\b\d+/10\b", text)) for text, _ in corpus[split]]
    half = len(found) // 2
    negative = sum(found[:half], Counter())
    positive = sum(found[half:], Counter())
    assert set(negative) == set(positive)
    assert len(negative) == 8
    low = {"1/10", "2/10", "3/10", "4/10"}
    for counts in (negative, positive):
        assert 0.35 < sum(counts[rating] for rating in low) / counts.total() < 0.65


@pytest.mark.parametrize("split", SIZES)
def test_html_breaks_and_punctuation(corpus, split):
    texts = [text for text, _ in corpus[split]]
    assert 0.05 < sum("<br /><br />" in text for text in texts) / len(texts) < 0.4
    for mark in (".", ",", ";", ":", "!", "?", "...", "'", '"'):
        assert sum(mark in text for text in texts) >= 10


@pytest.mark.parametrize("split", SIZES)
def test_slots_and_articles_are_filled(corpus, split):
    for text, _ in corpus[split]:
        assert not re.search(r"[{}|]|  |\b[Aa] [aeiou]|\b[Aa]n (?!hour)[^aeiou]", text), text
        assert all(
            part[:1] not in "abcdefghijklmnopqrstuvwxyz" for part in text.split("<br /><br />")
        )


@pytest.mark.parametrize("token_pattern", [r"(?u)\b\w\w+\b", r"\S+"])
@pytest.mark.parametrize("vectorizer", ["CountVectorizer", "TfidfVectorizer"])
def test_bag_of_words_fails(corpus, vectorizer, token_pattern):
    extraction = pytest.importorskip("sklearn.feature_extraction.text")
    linear_model = pytest.importorskip("sklearn.linear_model")
    bag = getattr(extraction, vectorizer)(token_pattern=token_pattern)
    texts, labels = zip(*corpus["train"], strict=True)
    model = linear_model.LogisticRegression(max_iter=1000)
    model.fit(bag.fit_transform(texts), labels)
    for split in ("validation", "test"):
        texts, labels = zip(*corpus[split], strict=True)
        accuracy = model.score(bag.transform(texts), labels)
        # Well above chance too: the words do carry opinion.
        assert 0.6 < accuracy < 0.85
