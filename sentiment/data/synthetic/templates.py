"""Template engine: fills the slots of sentence templates with words from lists.

A template is one line of a tab-separated file, after its kind:

    plain	The {aspect} is {adj+}, and so is the one in {place}.
    plain	Avoid it.	See it.

In the second line the first wording is for negative texts and the other one for positive texts.
The words of the slots are in `words.json`. The section that holds a slot's name decides how its
words are drawn:

- facts: one value for the whole text, as `{place}`.
- words: another word in each slot.
- synonyms: the same, but each item lists names of one thing, "plot|story", of which one is taken.
- opinions: `{adj+}` takes a word of the text's polarity, `{adj-}` one of the other polarity, and
  `{adj?}` one of either. Most templates can therefore be used for both labels.

A slot may also name a kind of template, which is then filled in its place.
"""

import json
import random
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

from sentiment.errors import DataError

T = TypeVar("T")
Words = tuple[str, ...]
Template = tuple[str, str]  # Wording in a negative text, wording in a positive text.
Templates = Mapping[str, tuple[Template, ...]]  # By kind.

SLOT = re.compile(r"\{([a-z]+)([-+?]?)\}")
TEMPLATE_COLUMNS = ("kind", "template", "template_if_positive")


@dataclass(frozen=True)
class WordLists:
    """The words that fill the slots, by section of `words.json` and by slot."""

    facts: Mapping[str, Words] = field(default_factory=dict)
    words: Mapping[str, Words] = field(default_factory=dict)
    synonyms: Mapping[str, Words] = field(default_factory=dict)
    opinions: Mapping[str, tuple[Words, Words]] = field(default_factory=dict)  # Negative, positive.


@cache
def load_words(path: Path) -> WordLists:
    """Read a `words.json`.

    Raises:
        DataError: the file is not JSON, or a section or list in it is not as described above.
    """

    def words(value: Any) -> Words:
        if not isinstance(value, list) or not value or not all(isinstance(w, str) for w in value):
            raise TypeError(f"expected a list of words, not {value!r:.80}")
        return tuple(value)

    try:
        sections = json.loads(path.read_text(encoding="utf-8"))
        pairs = sections.pop("opinions", {})
        lists = {
            name: {slot: words(value) for slot, value in section.items()}
            for name, section in sections.items()
        }
        opinions = {
            slot: (words(pair["negative"]), words(pair["positive"])) for slot, pair in pairs.items()
        }
        return WordLists(**lists, opinions=opinions)
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise DataError(f"{path}: not the word lists of a template: {error!r}.") from error


@cache
def load_templates(path: Path) -> Templates:
    """Read the templates of a tab-separated file, by kind.

    Raises:
        DataError: a line has too few or too many columns, or a brace that belongs to no slot.
    """
    templates: dict[str, tuple[Template, ...]] = {}
    for number, (kind, *wordings) in enumerate(read_tsv(path, TEMPLATE_COLUMNS, optional=1), 2):
        if any("{" in SLOT.sub("", text) or "}" in SLOT.sub("", text) for text in wordings):
            raise DataError(f"{path}, line {number}: a slot must look like {{word}} or {{word+}}.")
        templates[kind] = (*templates.get(kind, ()), (wordings[0], wordings[-1]))
    return templates


def read_tsv(path: Path, columns: Sequence[str], optional: int = 0) -> list[list[str]]:
    """Return the rows of a tab-separated file below its header; the last columns may be optional.

    Raises:
        DataError: the header or the number of columns differs, or a cell is blank.
    """
    header, *lines = path.read_text(encoding="utf-8").removesuffix("\n").split("\n")
    if header.split("\t") != list(columns):
        raise DataError(f"{path}, line 1: expected the columns {', '.join(columns)}: {header!r}.")
    rows = [line.split("\t") for line in lines]
    for number, row in enumerate(rows, 2):
        if not len(columns) - optional <= len(row) <= len(columns) or not all(map(str.strip, row)):
            expected = ", ".join(columns)
            raise DataError(
                f"{path}, line {number}: expected {expected}, separated by tabs: {row}."
            )
    return rows


class TemplateFiller:
    """Fills the templates of one text.

    Args:
        words: the words for the slots.
        rng: the source of randomness.
        templates: the kinds of template that a slot may name.
        values: the values of slots that are known already.
    """

    def __init__(
        self,
        words: WordLists,
        rng: random.Random,
        templates: Templates | None = None,
        values: Mapping[str, str] | None = None,
    ) -> None:
        self.words = words
        self.rng = rng
        self.templates = templates or {}
        self.values = dict(values or {})
        self.drawn: set[Any] = set()

    def fill(self, wording: str, label: int) -> str:
        """Return `wording` with its slots filled for a text of this label."""
        return SLOT.sub(lambda slot: self.slot_value(slot[1], slot[2], label), wording)

    def slot_value(self, slot: str, sign: str, label: int) -> str:
        """Return the text for one slot; `label` is that of the template that contains it."""
        if sign == "-" or (sign == "?" and self.rng.random() < 0.5):
            label = 1 - label
        if slot in self.templates:
            return self.fill(self.draw(self.templates[slot])[label], label)
        if slot in self.values:
            return self.values[slot]
        if slot in self.words.facts:
            self.values[slot] = choice(self.rng, self.words.facts[slot])
            return self.values[slot]
        if sign and slot in self.words.opinions:
            return self.draw(self.words.opinions[slot][label])
        if slot in self.words.synonyms:
            return choice(self.rng, self.draw(self.words.synonyms[slot]).split("|"))
        if slot in self.words.words:
            return self.draw(self.words.words[slot])
        raise DataError(f"No list of words and no kind of template is named {{{slot}{sign}}}.")

    def draw(self, options: Sequence[T]) -> T:
        """Return one option, if possible one that the text does not contain yet."""
        drawn = choice(self.rng, [one for one in options if one not in self.drawn] or options)
        self.drawn.add(drawn)
        return drawn


def fill_template(
    words: WordLists, wording: str, label: int, rng: random.Random, **values: str
) -> str:
    """Return a whole text from one wording; `values` are the values of slots known already."""
    return correct_spelling(TemplateFiller(words, rng, values=values).fill(wording, label))


def correct_spelling(text: str) -> str:
    """Return `text` with "an" before vowels and a capital at the start of each sentence."""
    text = re.sub(r"\b([Aa]) (?=[aeiouAEIOU])", r"\1n ", text)
    return re.sub(r"(^|[.?!] )([a-z])", lambda start: start[1] + start[2].upper(), text)


def choice(rng: random.Random, options: Sequence[T]) -> T:
    """Return a random option.

    Only `Random.random` gives the same numbers in every Python version; `Random.choice` may not.
    """
    return options[int(rng.random() * len(options))]


def weighted(**weights: int) -> tuple[str, ...]:
    """Return each name as many times as its weight says, to draw from with `choice`."""
    return tuple(name for name, weight in weights.items() for _ in range(weight))


def balanced_texts(
    size: int, generate: Callable[[int], str], accept: Callable[[str], bool]
) -> list[tuple[str, int]]:
    """Return `size` distinct (text, label) pairs, the negative half before the positive half.

    Args:
        size: the number of texts.
        generate: returns a text of the given label.
        accept: whether to keep a text.
    """
    labels: dict[str, int] = {}
    for label in (0, 1):
        while len(labels) < (label + 1) * size // 2:
            if accept(text := generate(label)):
                labels.setdefault(text, label)
    return list(labels.items())
