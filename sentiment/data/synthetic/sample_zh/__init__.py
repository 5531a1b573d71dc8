"""A built-in corpus of Chinese movie reviews, made as the English one is (`sentiment.data.synthetic.sample`).

A review is a few sentences about a film: what it is, what was thought of it, the verdict. They
come from phrases with slots, and no phrase belongs to two splits. Nearly every phrase serves both
labels, so that these hang on negation (不, 没有, 并非), contrast (虽然……但是), expectation, and on
whose opinion it is.
"""  # noqa: E501

import random

from sentiment.data.synthetic.sample import Phrases
from sentiment.data.synthetic.sample_zh import test, train, validation
from sentiment.data.synthetic.sample_zh.words import LEXICON
from sentiment.data.synthetic.templates import Template, choice, halves, worded

# Per split: its phrases, the number of reviews, the seed.
SPLITS: dict[str, tuple[Phrases, int, int]] = {
    "train": (train.PHRASES, 2400, 1),
    "validation": (validation.PHRASES, 400, 2),
    "test": (test.PHRASES, 400, 3),
}

# How often each kind of opinion is drawn; all but the first mislead a bag of characters.
OPINION_KINDS = (
    *("plain",) * 6,
    *("negation",) * 5,
    *("contrast",) * 2,
    *("expectation",) * 2,
    *("distractor",) * 2,
)

MIN_CHARACTERS, MAX_CHARACTERS = 20, 200


def sample_reviews_zh(split: str) -> list[tuple[str, int]]:
    """Return the reviews of "train", "validation" or "test", the same ones on every call.

    Each is a (text, label) pair; the label is 0 for a negative review and 1 for a positive one.
    The negative half comes first. Raises KeyError for any other split.
    """
    phrases, size, seed = SPLITS[split]
    rng = random.Random(seed)
    return halves(
        size,
        lambda label: review(rng, phrases, label),
        lambda text: MIN_CHARACTERS <= len(text) <= MAX_CHARACTERS,
    )


def review(rng: random.Random, phrases: Phrases, label: int) -> str:
    """One review: perhaps what the film is and what happens, two to five opinions, the verdict."""
    kinds = ["setup"] if rng.random() < 0.8 else []
    kinds += ["plot"] if rng.random() < 0.5 else []
    kinds += [choice(rng, OPINION_KINDS) for _ in range(2 + int(4 * rng.random()))]
    sentences: list[Template] = []
    for kind in (*kinds, "verdict"):
        left = [phrase for phrase in phrases[kind] if phrase not in sentences]
        sentences.append(choice(rng, left or phrases[kind]))
    return LEXICON.fill("".join(worded(one, label) for one in sentences), label, rng)
