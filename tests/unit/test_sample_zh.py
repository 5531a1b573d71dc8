"""Tests of the Chinese sample: size, disjoint splits, difficulty for a bag of characters."""

import hashlib
import itertools
import re
import statistics
from collections import Counter

import pytest

from sentiment.data.synthetic.sample import sample_reviews, sample_templates
from sentiment.data.synthetic.templates import SLOT

SIZES = {"train": 2400, "validation": 400, "test": 400}
PAIRS = list(itertools.combinations(SIZES, 2))

# See test_sample.py.
DIGEST = "38d9fb22688fa8941e0b03dc0d2161ec631675683ee4414d6ab56c51064fbd2e"


@pytest.fixture(scope="module")
def sample() -> dict[str, list[tuple[str, int]]]:
    return {split: sample_reviews(split, "zh") for split in SIZES}


def wordings_of(split: str) -> set[str]:
    """Return all wordings, with the same character in place of every slot."""
    return {
        SLOT.sub("□", wording)
        for templates in sample_templates(split, "zh").values()
        for template in templates
        for wording in template
    }


def ngrams(text: str, length: int) -> set[str]:
    return {text[at : at + length] for at in range(len(text) - length + 1)}


@pytest.mark.parametrize("split", SIZES)
def test_splits_have_their_size_and_the_negative_half_first(sample, split):
    half = SIZES[split] // 2
    assert [label for _, label in sample[split]] == [0] * half + [1] * half
    assert sample_reviews(split, "zh") == sample[split]


def test_all_reviews_are_distinct(sample):
    texts = [text for reviews in sample.values() for text, _ in reviews]
    assert len(set(texts)) == len(texts) == 3200


@pytest.mark.parametrize("split", SIZES)
def test_lengths_vary(sample, split):
    lengths = [len(text) for text, _ in sample[split]]
    assert min(lengths) >= 20
    assert max(lengths) <= 200
    assert 60 <= statistics.median(lengths) <= 100


def test_rows_are_unchanged(sample):
    digest = hashlib.sha256()
    for split, reviews in sample.items():
        for text, label in reviews:
            digest.update(f"{split}\t{label}\t{text}\n".encode())
    assert digest.hexdigest() == DIGEST


@pytest.mark.parametrize(("one", "other"), PAIRS)
def test_splits_share_no_template(one, other):
    ours, theirs = wordings_of(one), wordings_of(other)
    assert not ours & theirs
    # Nor nine characters of one in a row.
    assert not set().union(*(ngrams(wording, 9) for wording in ours)) & set().union(
        *(ngrams(wording, 9) for wording in theirs)
    )


@pytest.mark.parametrize(("one", "other"), PAIRS)
def test_splits_share_no_sentence(sample, one, other):
    ours, theirs = (
        {part for text, _ in sample[split] for part in re.split("[。！？]", text) if part}
        for split in (one, other)
    )
    assert not ours & theirs


@pytest.mark.parametrize("split", ["validation", "test"])
def test_nearly_all_characters_occur_in_train(sample, split):
    known = set().union(*(text for text, _ in sample["train"]))
    counts = Counter("".join(text for text, _ in sample[split]))
    assert sum(n for c, n in counts.items() if c not in known) < 0.06 * counts.total()


@pytest.mark.parametrize("split", SIZES)
@pytest.mark.parametrize("word", ["不", "没有", "并", "但|可是|不过|却", "虽|尽管", "以为|没想到"])
def test_negation_contrast_and_expectation_occur_in_both_labels(sample, split, word):
    found = Counter(label for text, label in sample[split] if re.search(word, text))
    assert min(found[0], found[1]) >= 5
    assert abs(found[0] - found[1]) < 4 * found.total() ** 0.5


@pytest.mark.parametrize("split", SIZES)
def test_reviews_are_chinese_and_slots_are_filled(sample, split):
    assert all(re.fullmatch(r"[\u4e00-\u9fff，。！？：；《》]+", text) for text, _ in sample[split])


def test_bag_of_characters_misclassifies_many_reviews(sample):
    extraction = pytest.importorskip("sklearn.feature_extraction.text")
    linear_model = pytest.importorskip("sklearn.linear_model")
    bag = extraction.TfidfVectorizer(analyzer="char")
    texts, labels = zip(*sample["train"], strict=True)
    model = linear_model.LogisticRegression(max_iter=1000).fit(bag.fit_transform(texts), labels)
    for split in ("validation", "test"):
        texts, labels = zip(*sample[split], strict=True)
        assert 0.55 < model.score(bag.transform(texts), labels) < 0.8
