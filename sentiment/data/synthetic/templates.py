"""Sentences with slots in, sentences out.

    "The {aspect} is {adj+}, and so is the one in {place}."

A slot without a sign takes a fact, which is drawn once a text (`place`), or a word, which is drawn
anew for each slot (`aspect`). A slot marked + takes a word of the polarity of the text it is in,
one marked - a word of the other polarity, so that most templates serve both labels. No word is
drawn twice in a text. Where one wording cannot serve both labels a template is a pair of them.
"""

import random
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

T = TypeVar("T")
Template = str | tuple[str, str]  # For both labels, or (negative, positive).
Words = tuple[str, ...]

SLOT = re.compile(r"\{([a-z]+)([-+?]?)\}")


def choice(rng: random.Random, items: Sequence[T]) -> T:
    """Return one item; of Random's methods only random() is the same in every Python version."""
    return items[int(rng.random() * len(items))]


def spelled(text: str) -> str:
    """`text` with *an* before a vowel, and a capital at the start of each sentence."""
    text = re.sub(r"\b([Aa]) (?=[aeiou])", r"\1n ", text)
    return re.sub(r"(^|[.?!] )([a-z])", lambda start: start[1] + start[2].upper(), text)


def halves(
    size: int, draw: Callable[[int], str], fits: Callable[[str], bool]
) -> list[tuple[str, int]]:
    """`size` texts that fit, none twice, with their labels: the negative half, then the other."""
    texts: dict[str, int] = {}
    for label in (0, 1):
        while len(texts) < (label + 1) * size // 2:
            if fits(text := draw(label)):
                texts.setdefault(text, label)
    return list(texts.items())


def worded(template: Template, label: int) -> str:
    """The wording of `template` for `label`, its slots still open."""
    return template if isinstance(template, str) else template[label]


@dataclass(frozen=True)
class Lexicon:
    """What the slots are filled from."""

    facts: Mapping[str, Words]
    words: Mapping[str, Words]
    opinions: Mapping[str, tuple[Words, Words]]  # (negative, positive)

    def fill(self, template: Template, label: int, rng: random.Random, **given: str) -> str:
        """A text of `label`, 0 negative and 1 positive; `given` are facts or words to take."""
        settled = dict(given)
        used: set[str] = set()

        def word(slot: re.Match[str]) -> str:
            name, sign = slot.groups()
            if name in settled:
                return settled[name]
            if name in self.facts:
                settled[name] = choice(rng, self.facts[name])
                return settled[name]
            options = self.opinions[name][label if sign == "+" else 1 - label] if sign else ()
            options = options or self.words[name]
            drawn = choice(rng, [option for option in options if option not in used] or options)
            used.add(drawn)
            return drawn

        return spelled(SLOT.sub(word, worded(template, label)))
