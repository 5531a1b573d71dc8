"""Short sentences to learn from beside the reviews of a corpus: praise, blame and what turns them.

The label of a review hardly teaches what one "not" does to the word behind it: among 230 words it
seldom decides. In a lesson it does. Half of the lessons are made of the phrases of the built-in
train split (`sentiment.data.synthetic.sample`) and of those here; the others are the opinions that stand whole in
`opinions.tsv`, which mostly tell what somebody felt, did or advises. None stands in the behavioural
tests, and a test sees to that. They are English, about movies, and either negative or positive.
"""  # noqa: E501

import random
from functools import cache
from pathlib import Path

from sentiment.data.synthetic.lessons.feelings import FEELINGS
from sentiment.data.synthetic.lessons.plain import PLAIN
from sentiment.data.synthetic.lessons.turns import TURNS
from sentiment.data.synthetic.lessons.words import MORE_WORDS
from sentiment.data.synthetic.sample import Phrases, Review
from sentiment.data.synthetic.sample.train import PHRASES as BUILT_IN
from sentiment.data.synthetic.sample.words import OPINION_WORDS
from sentiment.data.synthetic.templates import Words, choice

# What is drawn, and how often.
KINDS = (
    *("plain",) * 8,
    *("feeling",) * 7,
    *("negation",) * 6,
    *("comparison",) * 4,
    *("expectation",) * 2,
    *("contrast",) * 3,
    *("concession",) * 3,
    *("mixed",) * 1,
    *("verdict",) * 2,
)
NEUTRAL = ("setup", "plot", "detail")

MORE: Phrases = {**PLAIN, **FEELINGS, **TURNS}
PHRASES: Phrases = {
    kind: (*BUILT_IN.get(kind, ()), *MORE.get(kind, ())) for kind in (*BUILT_IN, *MORE)
}
NO_WORDS: tuple[Words, Words] = ((), ())
WORDS: dict[str, tuple[Words, Words]] = {
    slot: (
        OPINION_WORDS.get(slot, NO_WORDS)[0] + MORE_WORDS.get(slot, NO_WORDS)[0],
        OPINION_WORDS.get(slot, NO_WORDS)[1] + MORE_WORDS.get(slot, NO_WORDS)[1],
    )
    for slot in (*OPINION_WORDS, *MORE_WORDS)
}


OPINIONS = Path(__file__).with_name("opinions.tsv")
LABELS = ("neg", "pos")


def lessons(count: int) -> list[tuple[str, int]]:
    """The first `count` lessons, (text, label) pairs, none twice; the label alternates.

    Of four the first two are opinions, as long as there are any.
    """
    rng = random.Random(0)
    found: dict[str, int] = {}
    left = [iter([text for text, own in opinions() if own == label]) for label in (0, 1)]
    while len(found) < count:
        label = len(found) % 2
        opinion = next(left[label], None) if len(found) % 4 < 2 else None
        found.setdefault(opinion or lesson(rng, Review(rng, PHRASES, label, WORDS)), label)
    return list(found.items())


@cache
def opinions() -> list[tuple[str, int]]:
    """The opinions of `opinions.tsv`, (text, label) pairs; the label alternates, 0 negative."""
    _, *lines = OPINIONS.read_text(encoding="utf-8").splitlines()
    rows = (line.split("\t") for line in lines)
    return [(text, LABELS.index(label)) for label, text in rows]


def lesson(rng: random.Random, review: Review) -> str:
    """Mostly one sentence; else a few, a whole built-in review, or one amid many neutral ones."""
    chance = rng.random()
    if chance < 0.05:
        return review.text()
    if chance < 0.15:
        sentences = [
            review.sentence(choice(rng, NEUTRAL)) for _ in range(4 + int(24 * rng.random()))
        ]
        place = choice(rng, (0, len(sentences) // 2, len(sentences)))
        sentences.insert(place, review.sentence(choice(rng, ("plain", "feeling", "verdict"))))
        return " ".join(sentences)
    if chance < 0.3:
        kinds = [choice(rng, KINDS) for _ in range(1 + int(3 * rng.random()))]
        return " ".join(map(review.sentence, (choice(rng, NEUTRAL), *kinds)))
    return review.sentence(choice(rng, KINDS))
