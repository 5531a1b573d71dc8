"""Built-in samples of English and Chinese movie reviews, for training and tests without a network.

A review describes a film, gives opinions and ends with a conclusion. No template belongs to two
splits, only the words in the slots do. Nearly every template is used for both labels, so the label
depends on negation, contrast, concession and on whose opinion is quoted. A bag-of-words model
misclassifies many of these reviews; a model that reads the words in order can learn them.
"""

import random
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any, TypeVar

from sentiment.data.synthetic.templates import (
    TemplateFiller,
    Templates,
    WordLists,
    balanced_texts,
    choice,
    correct_spelling,
    load_templates,
    load_words,
    weighted,
)
from sentiment.errors import DataError

T = TypeVar("T")

SAMPLE_FOLDER = Path(__file__).parent
SAMPLE_SPLITS = ("train", "validation", "test")
SIZES = {"en": (6000, 1000, 1000), "zh": (2400, 400, 400)}  # Reviews in each split.
ENGLISH_LENGTHS = range(20, 301)  # In words.
CHINESE_LENGTHS = range(20, 201)  # In characters.

# How often each kind of opinion is drawn. A bag-of-words model classifies plain opinions correctly,
# is misled by negations and by the opinions of others, and learns nothing from the rest.
ENGLISH_OPINIONS = weighted(
    plain=9, negation=3, contrast=2, concession=2, expectation=1, mixed=1, distractor=2
)
CHINESE_OPINIONS = weighted(plain=6, negation=5, contrast=2, expectation=2, distractor=2)


def sample_reviews(split: str, language: str = "en") -> list[tuple[str, int]]:
    """Return the reviews of one split, the same ones on every call.

    Args:
        split: "train", "validation" or "test".
        language: "en" or "zh".

    Returns:
        (text, label) pairs, the negative half (label 0) before the positive half (label 1), as in
        IMDB.

    Raises:
        DataError: there is no such split or language.
    """
    if split not in SAMPLE_SPLITS:
        raise DataError(f"split must be one of {', '.join(SAMPLE_SPLITS)}, not {split!r}.")
    if language not in SIZES:
        raise DataError(f"language must be one of {', '.join(SIZES)}, not {language!r}.")
    number = SAMPLE_SPLITS.index(split)
    size, rng = SIZES[language][number], random.Random(number + 1)
    templates, words = sample_templates(split, language), sample_words(language)
    if language == "zh":
        return balanced_texts(
            size,
            lambda label: chinese_review(templates, words, label, rng),
            lambda text: len(text) in CHINESE_LENGTHS,
        )
    return balanced_texts(
        size,
        lambda label: EnglishReview(templates, words, label, rng).text(),
        lambda text: len(text.split()) in ENGLISH_LENGTHS,
    )


def sample_templates(split: str, language: str = "en") -> Templates:
    """Return the templates of one split."""
    return load_templates(SAMPLE_FOLDER / f"sample_{language}" / f"{split}.tsv")


def sample_words(language: str = "en") -> WordLists:
    """Return the words of all splits."""
    return load_words(SAMPLE_FOLDER / f"sample_{language}" / "words.json")


def chinese_review(templates: Templates, words: WordLists, label: int, rng: random.Random) -> str:
    """Return a review: perhaps film and plot, then two to five opinions and a conclusion."""
    kinds = ["setup"] if rng.random() < 0.8 else []
    kinds += ["plot"] if rng.random() < 0.5 else []
    kinds += [choice(rng, CHINESE_OPINIONS) for _ in range(2 + int(4 * rng.random()))]
    filler = TemplateFiller(words, rng)
    wordings = [filler.draw(templates[kind])[label] for kind in (*kinds, "conclusion")]
    return filler.fill("".join(wordings), label)


class EnglishReview(TemplateFiller):
    """Generates the sentences of one review, which are all about the same invented film.

    Words are drawn from each list without replacement. A list that is used up starts again.
    """

    def __init__(
        self, templates: Templates, words: WordLists, label: int, rng: random.Random
    ) -> None:
        super().__init__(words, rng, templates)
        self.label = label
        self.unused: dict[Any, list[Any]] = {}
        self.last: dict[Any, Any] = {}
        self.mass_noun = re.compile(rf"\b[Aa] ([a-z]+ (?:{'|'.join(words.words['mass_noun'])}))\b")
        # All facts are drawn first, so that the rest does not depend on which of them are used.
        self.values = {slot: choice(rng, options) for slot, options in words.facts.items()}
        self.values |= {
            "title": self.title(),
            "year": str(1931 + int(rng.random() * 85)),
            "actor": self.name("actor"),
            "actress": self.name("actress"),
            "director": self.name(choice(rng, ("actor", "actress"))),
            "job": self.draw(words.facts["job"]),
            "rival": self.draw(words.facts["job"]),
        }

    def text(self) -> str:
        """Return the review: film and plot, then opinions and details, then a conclusion."""
        rng = self.rng
        # Cubed: like those of IMDB, most reviews are short and a few are very long.
        opinions = 2 + int(10 * rng.random() ** 3)
        plots = int(rng.random() * (1.5 + opinions / 2))
        kinds = [choice(rng, ENGLISH_OPINIONS) for _ in range(opinions)]
        for _ in range(int(rng.random() * (1 + opinions / 2))):
            kinds.insert(int(rng.random() * len(kinds)), "detail")
        if rng.random() < 0.85:
            kinds = ["setup"] + ["plot"] * plots + kinds
        sentences = [self.sentence(kind) for kind in (*kinds, "conclusion")]
        break_rate = 0.15 if rng.random() < 0.3 else 0.0
        text = sentences[0]
        for sentence in sentences[1:]:
            text += ("<br /><br />" if rng.random() < break_rate else " ") + sentence
        return text

    def sentence(self, kind: str) -> str:
        """Return a filled template of this kind: one or more sentences."""
        text = self.fill(self.draw(self.templates[kind])[self.label], self.label)
        text = correct_spelling(self.mass_noun.sub(r"\1", text))
        if text.endswith("."):
            chance = self.rng.random()
            text = text[:-1] + ("!" if chance < 0.06 else "..." if chance < 0.1 else ".")
        return text

    def slot_value(self, slot: str, sign: str, label: int) -> str:
        """Return the text for one slot; `{name}` is another invented name each time."""
        if slot == "name":
            return self.name(choice(self.rng, ("actor", "actress")))
        return super().slot_value(slot, sign, label)

    def draw(self, options: Sequence[T]) -> T:
        """Return one option that has not been drawn since the list was full."""
        unused = self.unused.get(options)
        if not unused:
            last = self.last.get(options)
            unused = [one for one in options if one != last] or list(options)
            self.unused[options] = unused
        drawn: T = unused.pop(int(self.rng.random() * len(unused)))
        if not unused:
            self.last[options] = drawn
        return drawn

    def name(self, kind: str) -> str:
        """Return an invented name for an "actor" or an "actress"."""
        names = self.words.words
        first, last = names[f"first_name_{kind}"], names["last_name"]
        return f"{choice(self.rng, first)} {choice(self.rng, last)}"

    def title(self) -> str:
        """Return an invented title."""
        adjective = choice(self.rng, self.words.words["title_adjective"])
        noun = choice(self.rng, self.words.words["title_noun"])
        title = choice(self.rng, (f"The {adjective} {noun}", f"{adjective} {noun}", f"The {noun}"))
        return choice(self.rng, (title, f'"{title}"', f'"{title}"', title.upper()))
