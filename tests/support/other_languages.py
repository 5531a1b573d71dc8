"""Reviews in Arabic, Turkish and Japanese, generated from `reviews_in_other_languages/`."""

import random
from pathlib import Path

from sentiment.data.synthetic.templates import (
    balanced_texts,
    choice,
    fill_template,
    load_templates,
    load_words,
)

FOLDER = Path(__file__).with_name("reviews_in_other_languages")
REVIEW_LANGUAGES = {"ar": " ", "tr": " ", "ja": ""}  # With the text between two sentences.


def reviews(language: str, split: str, size: int) -> list[tuple[str, int]]:
    """Return distinct reviews of two sentences, (text, label) pairs, of "train" or "test"."""
    words = load_words(FOLDER / language / "words.json")
    templates = load_templates(FOLDER / language / "templates.tsv")[split]
    rng = random.Random(split)

    def generate(label: int) -> str:
        sentences = [choice(rng, templates)[label] for _ in range(2)]
        return fill_template(words, REVIEW_LANGUAGES[language].join(sentences), label, rng)

    return balanced_texts(size, generate, accept=lambda text: True)
