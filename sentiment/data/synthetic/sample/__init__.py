"""A built-in corpus of movie reviews, for training, tests and the demo with no network.

Each review is put together from phrases with slots, such as "The {aspect} is never {mild-}.", and
no phrase belongs to two splits: only the words in the slots do. A slot marked + takes a word, or a
shorter phrase, of the polarity of the phrase it is in; one marked - takes the other polarity, and
one marked ? either. The review's label is the polarity of its outer phrases, so every phrase serves
both labels, and the label hangs on negation, contrast, concession and on whose opinion it is. A bag
of words cannot tell most of the reviews apart; a model that reads them in order can.
"""

import random
import re
from collections.abc import Mapping
from typing import Any, TypeVar

from sentiment.data.synthetic.sample import test, train, validation
from sentiment.data.synthetic.sample.words import (
    FILM_PARTS,
    FILM_WORDS,
    FIRST_NAMES,
    LAST_NAMES,
    MASS_NOUNS,
    NEUTRAL_WORDS,
    OPINION_WORDS,
    TITLE_WORDS,
)
from sentiment.data.synthetic.templates import (
    SLOT,
    Template,
    Words,
    choice,
    halves,
    spelled,
    worded,
)

T = TypeVar("T")
Phrases = Mapping[str, tuple[Template, ...]]

# Per split: its phrases, the number of reviews, the seed.
SPLITS: dict[str, tuple[Phrases, int, int]] = {
    "train": (train.PHRASES, 6000, 1),
    "validation": (validation.PHRASES, 1000, 2),
    "test": (test.PHRASES, 1000, 3),
}

# How often each kind of opinion is drawn. Plain opinions give the label away to a bag of words,
# negations and the opinions of others point it the wrong way, the rest say nothing to it.
OPINION_KINDS = (
    *("plain",) * 9,
    *("negation",) * 3,
    *("contrast",) * 2,
    *("concession",) * 2,
    *("expectation",) * 1,
    *("mixed",) * 1,
    *("distractor",) * 2,
)

MIN_WORDS, MAX_WORDS = 20, 300

MASS_NOUN_WITH_ARTICLE = re.compile(rf"\b[Aa] ([a-z]+ (?:{'|'.join(MASS_NOUNS)}))\b")


def sample_reviews(split: str) -> list[tuple[str, int]]:
    """Return the reviews of "train", "validation" or "test", the same ones on every call.

    Each is a (text, label) pair; the label is 0 for a negative review and 1 for a positive one.
    The negative half comes first, as in IMDB. Raises ValueError for any other split.
    """
    if split not in SPLITS:
        raise ValueError(f"split must be one of {', '.join(SPLITS)}, not {split!r}")
    phrases, size, seed = SPLITS[split]
    rng = random.Random(seed)
    return halves(
        size,
        lambda label: Review(rng, phrases, label).text(),
        lambda text: MIN_WORDS <= len(text.split()) <= MAX_WORDS,
    )


class Review:
    """One review in the making: what it has settled about its film and what it has used up."""

    def __init__(
        self,
        rng: random.Random,
        phrases: Phrases,
        label: int,
        opinions: Mapping[str, tuple[Words, Words]] = OPINION_WORDS,
    ) -> None:
        self.rng = rng
        self.phrases = phrases
        self.label = label
        self.opinions = opinions
        self.left: dict[Any, list[Any]] = {}
        self.last: dict[Any, Any] = {}
        self.film = {slot: choice(rng, words) for slot, words in FILM_WORDS.items()}
        self.film |= {
            "title": self.title(),
            "year": str(1931 + int(rng.random() * 85)),
            "actor": self.name("actor"),
            "actress": self.name("actress"),
            "director": self.name(choice(rng, ("actor", "actress"))),
            "job": self.draw(FILM_WORDS["job"]),
            "rival": self.draw(FILM_WORDS["job"]),
        }

    def draw(self, items: tuple[T, ...]) -> T:
        """Return one item, none of them again before all of them were drawn."""
        left = self.left.get(items)
        if not left:
            left = self.left[items] = [item for item in items if item != self.last.get(items)]
        drawn: T = left.pop(int(self.rng.random() * len(left)))
        self.last[items] = drawn
        return drawn

    def text(self) -> str:
        """Return the review: film and plot, then opinions, then the verdict."""
        rng = self.rng
        # Cubed: like those of IMDB, most reviews are short and a few are very long.
        opinions = 2 + int(10 * rng.random() ** 3)
        plots = int(rng.random() * (1.5 + opinions / 2))
        kinds = [choice(rng, OPINION_KINDS) for _ in range(opinions)]
        for _ in range(int(rng.random() * (1 + opinions / 2))):
            kinds.insert(int(rng.random() * len(kinds)), "detail")
        if rng.random() < 0.85:
            kinds = ["setup"] + ["plot"] * plots + kinds
        sentences = [self.sentence(kind) for kind in (*kinds, "verdict")]
        breaks = 0.15 if rng.random() < 0.3 else 0.0
        text = sentences[0]
        for sentence in sentences[1:]:
            text += ("<br /><br />" if rng.random() < breaks else " ") + sentence
        return text

    def sentence(self, kind: str) -> str:
        """Return a phrase of this kind as one or more sentences."""
        text = spelled(MASS_NOUN_WITH_ARTICLE.sub(r"\1", self.phrase(kind, self.label)))
        if text.endswith("."):
            chance = self.rng.random()
            text = text[:-1] + ("!" if chance < 0.06 else "..." if chance < 0.1 else ".")
        return text

    def phrase(self, kind: str, polarity: int) -> str:
        """Return a phrase of this kind that has this polarity, with its slots filled."""
        template = worded(self.draw(self.phrases[kind]), polarity)
        return SLOT.sub(lambda slot: self.fill(slot, polarity), template)

    def fill(self, slot: re.Match[str], polarity: int) -> str:
        """Return the word, name or inner phrase for one slot of a phrase of this polarity."""
        name, sign = slot.groups()
        if sign == "-" or (sign == "?" and self.rng.random() < 0.5):
            polarity = 1 - polarity
        if name in self.phrases:
            return self.phrase(name, polarity)
        if sign:
            return self.draw(self.opinions[name][polarity])
        if name in FILM_PARTS:
            return choice(self.rng, self.draw(FILM_PARTS[name]).split("|"))
        if name in self.film:
            return self.film[name]
        if name == "name":
            return self.name(choice(self.rng, ("actor", "actress")))
        return self.draw(NEUTRAL_WORDS[name])

    def name(self, kind: str) -> str:
        """Return an invented name for an actor or an actress."""
        return f"{choice(self.rng, FIRST_NAMES[kind])} {choice(self.rng, LAST_NAMES)}"

    def title(self) -> str:
        """Return an invented title."""
        first, second = (choice(self.rng, words) for words in TITLE_WORDS)
        title = choice(
            self.rng,
            (f"The {first} {second}", f"{first} {second}", f"The {second}"),
        )
        return choice(self.rng, (title, f'"{title}"', f'"{title}"', title.upper()))
