"""The built-in Chinese corpus: its shape, its disjoint splits; a bag of characters fails on it."""

import hashlib
import itertools
import re
import statistics
from collections import Counter

import pytest

from sentiment.data.synthetic.sample_zh import SPLITS, sample_reviews_zh
from sentiment.data.synthetic.templates import SLOT, worded

SIZES = {"train": 2400, "validation": 400, "test": 400}
PAIRS = list(itertools.combinations(SIZES, 2))

# As in the English one: the same value on every platform and Python version is what we promise.
DIGEST = "38d9fb22688fa8941e0b03dc0d2161ec631675683ee4414d6ab56c51064fbd2e"


@pytest.fixture(scope="module")
def corpus() -> dict[str, list[tuple[str, int]]]:
    return {split: sample_reviews_zh(split) for split in SIZES}


def phrases_of(split: str) -> set[str]:
    """Every wording, but for its slots: all of them are one character here."""
    return {
        SLOT.sub("□", worded(phrase, label))
        for phrases in SPLITS[split][0].values()
        for phrase in phrases
        for label in (0, 1)
    }


def runs(text: str, length: int) -> set[str]:
    return {text[at : at + length] for at in range(len(text) - length + 1)}


@pytest.mark.parametrize("split", SIZES)
def test_size_labels_and_order(corpus, split):
    half = SIZES[split] // 2
    assert [label for _, label in corpus[split]] == [0] * half + [1] * half
    assert sample_reviews_zh(split) == corpus[split]


def test_all_reviews_are_distinct(corpus):
    texts = [text for reviews in corpus.values() for text, _ in reviews]
    assert len(set(texts)) == len(texts) == 3200


@pytest.mark.parametrize("split", SIZES)
def test_lengths(corpus, split):
    lengths = [len(text) for text, _ in corpus[split]]
    assert min(lengths) >= 20
    assert max(lengths) <= 200
    assert 60 <= statistics.median(lengths) <= 100


def test_same_bytes_everywhere(corpus):
    digest = hashlib.sha256()
    for split, reviews in corpus.items():
        for text, label in reviews:
            digest.update(f"{split}\t{label}\t{text}\n".encode())
    assert digest.hexdigest() == DIGEST


@pytest.mark.parametrize(("one", "other"), PAIRS)
def test_splits_share_no_phrase(one, other):
    ours, theirs = phrases_of(one), phrases_of(other)
    assert not ours & theirs
    # Nor most of one.
    assert not set().union(*(runs(phrase, 9) for phrase in ours)) & set().union(
        *(runs(phrase, 9) for phrase in theirs)
    )


@pytest.mark.parametrize(("one", "other"), PAIRS)
def test_splits_share_no_sentence(corpus, one, other):
    ours, theirs = (
        {part for text, _ in corpus[split] for part in re.split("[。！？]", text) if part}
        for split in (one, other)
    )
    assert not ours & theirs


@pytest.mark.parametrize("split", ["validation", "test"])
def test_nearly_all_characters_are_known_from_train(corpus, split):
    known = set().union(*(text for text, _ in corpus["train"]))
    counts = Counter("".join(text for text, _ in corpus[split]))
    assert sum(n for c, n in counts.items() if c not in known) < 0.06 * counts.total()


@pytest.mark.parametrize("split", SIZES)
@pytest.mark.parametrize("word", ["不", "没有", "并", "但|可是|不过|却", "虽|尽管", "以为|没想到"])
def test_negation_contrast_and_expectation_serve_both_labels(corpus, split, word):
    found = Counter(label for text, label in corpus[split] if re.search(word, text))
    assert min(found[0], found[1]) >= 5
    assert abs(found[0] - found[1]) < 4 * found.total() ** 0.5


@pytest.mark.parametrize("split", SIZES)
def test_reviews_are_chinese_and_their_slots_are_filled(corpus, split):
    assert all(re.fullmatch(r"[\u4e00-\u9fff，。！？：；《》]+", text) for text, _ in corpus[split])


def test_bag_of_characters_fails(corpus):
    extraction = pytest.importorskip("sklearn.feature_extraction.text")
    linear_model = pytest.importorskip("sklearn.linear_model")
    bag = extraction.TfidfVectorizer(analyzer="char")
    texts, labels = zip(*corpus["train"], strict=True)
    model = linear_model.LogisticRegression(max_iter=1000).fit(bag.fit_transform(texts), labels)
    for split in ("validation", "test"):
        texts, labels = zip(*corpus[split], strict=True)
        assert 0.55 < model.score(bag.transform(texts), labels) < 0.8
