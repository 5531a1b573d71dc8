"""Short synthetic training sentences: negation, contrast and comparison in one sentence.

The label of a long review hardly teaches a model what one "not" does to the next word: among 230
words it seldom decides the label. In a short sentence it does. Half of the sentences are generated
from the templates of the sample's train split and of `short_sentences/`. The other half are written
opinions (`short_opinions.tsv`), mostly about what somebody felt, did or advises. No sentence occurs
in the behavioral tests. All are English, about movies, and negative or positive.
"""

import random
from dataclasses import replace
from functools import cache
from pathlib import Path

from sentiment.data.labels import IMDB_LABELS
from sentiment.data.synthetic.interchangeable_terms import interchangeable_terms
from sentiment.data.synthetic.sample import EnglishReview, sample_templates, sample_words
from sentiment.data.synthetic.templates import (
    Templates,
    WordLists,
    choice,
    load_templates,
    load_words,
    read_tsv,
    weighted,
)
from sentiment.errors import DataError

SENTENCES_FOLDER = Path(__file__).parent / "short_sentences"
CAPITALIZED = ("religion", "nationality and ethnicity")  # Kinds of words for groups of people.
LOWER_CASE = ("sexual orientation", "gender", "disability")

# How often each kind of sentence is drawn.
OPINIONS = weighted(
    plain=8,
    feeling=7,
    negation=6,
    comparison=4,
    expectation=2,
    contrast=3,
    concession=3,
    mixed=1,
    conclusion=2,
    denied=3,
    distance=3,
    past=2,
    others=5,
    question=6,
    word=1,
    person=4,
    people=4,
    phrase=3,
)
NEUTRAL = ("setup", "plot", "detail")
# Fraction of the texts of each label that are one neutral sentence. Twice as many are positive, so
# that the label of a neutral sentence is the same whatever name, place or group of people is in it.
NEUTRAL_FRACTION = (0.04, 0.08)


def synthetic_sentences(count: int) -> list[tuple[str, int]]:
    """Return `count` distinct (text, label) pairs, the same ones on every call.

    The labels alternate between 0 (negative) and 1 (positive). Of four texts the first two come
    from `short_opinions`, until all of those are used. Fewer texts are the first of more.
    """
    rng = random.Random(0)
    labels: dict[str, int] = {}
    opinions = [iter([text for text, own in short_opinions() if own == label]) for label in (0, 1)]
    templates, words = sentence_templates(), sentence_words()
    while len(labels) < count:
        label = len(labels) % 2
        opinion = next(opinions[label], None) if len(labels) % 4 < 2 else None
        text = opinion or generate_text(EnglishReview(templates, words, label, rng))
        labels.setdefault(text, label)
    return list(labels.items())


@cache
def short_opinions() -> list[tuple[str, int]]:
    """Return the written opinions, (text, label) pairs; 0 is negative and 1 positive.

    Raises:
        DataError: a row of the file is malformed or has another label than "neg" or "pos".
    """
    path = SENTENCES_FOLDER / "short_opinions.tsv"
    rows = read_tsv(path, ("label", "text"))
    for number, (label, _) in enumerate(rows, 2):
        if label not in IMDB_LABELS:
            raise DataError(f"{path}, line {number}: the label must be neg or pos, not {label!r}.")
    return [(text, IMDB_LABELS.index(label)) for label, text in rows]


def sentence_templates() -> Templates:
    """Return the templates of the sample's train split, followed by the additional ones."""
    sample, more = sample_templates("train"), load_templates(SENTENCES_FOLDER / "templates.tsv")
    return {kind: (*sample.get(kind, ()), *more.get(kind, ())) for kind in (*sample, *more)}


def sentence_words() -> WordLists:
    """Return the words of the sample, the additional ones, and adjectives for groups of people."""
    sample, more = sample_words(), load_words(SENTENCES_FOLDER / "words.json")
    none: tuple[tuple[str, ...], tuple[str, ...]] = ((), ())
    opinions = {}
    for slot in (*sample.opinions, *more.opinions):
        first, second = sample.opinions.get(slot, none), more.opinions.get(slot, none)
        opinions[slot] = (first[0] + second[0], first[1] + second[1])
    # Terms of two words are drawn more often, because their vectors cannot be tied.
    identity = (*4 * more.words["identity"], *identity_adjectives())
    words = {**sample.words, **more.words, "identity": identity}
    return replace(sample, words=words, opinions=opinions)


def identity_adjectives() -> tuple[str, ...]:
    """Return the adjectives for groups of people, which are the first group of each kind."""
    kinds = interchangeable_terms("en")
    capital = [word.capitalize() for kind in CAPITALIZED for word in kinds[kind][0]]
    return (*capital, *(word for kind in LOWER_CASE for word in kinds[kind][0]))


def generate_text(review: EnglishReview) -> str:
    """Return one sentence in 70% of cases, else a few sentences or a whole review."""
    rng = review.rng
    if rng.random() < NEUTRAL_FRACTION[review.label]:
        return review.sentence("neutral")
    chance = rng.random()
    if chance < 0.05:
        return review.text()
    if chance < 0.15:  # One opinion in 4 to 27 neutral sentences.
        sentences = [
            review.sentence(choice(rng, NEUTRAL)) for _ in range(4 + int(24 * rng.random()))
        ]
        position = choice(rng, (0, len(sentences) // 2, len(sentences)))
        kind = choice(rng, ("plain", "feeling", "conclusion"))
        sentences.insert(position, review.sentence(kind))
        return " ".join(sentences)
    if chance < 0.3:  # One to three opinions after a neutral sentence.
        kinds = [choice(rng, OPINIONS) for _ in range(1 + int(3 * rng.random()))]
        return " ".join(map(review.sentence, (choice(rng, NEUTRAL), *kinds)))
    return review.sentence(choice(rng, OPINIONS))
