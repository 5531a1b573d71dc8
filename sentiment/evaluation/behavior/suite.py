"""The words and templates of a part in, its tests out: the same cases on every call."""

import re
import string
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from random import Random
from types import ModuleType
from typing import Literal, TypeVar

from sentiment.data.synthetic.templates import Lexicon, Template, choice, worded
from sentiment.evaluation.behavior import development, heldout

T = TypeVar("T")

CASES = 200  # Of a test, half of them of each label.
ATTEMPTS = 10 * CASES  # At most: a case that came before is not taken again.

PartName = Literal["held-out", "development"]
PARTS: dict[PartName, ModuleType] = {"held-out": heldout, "development": development}
Kind = Literal["minimum functionality", "invariance", "directional"]


@dataclass(frozen=True)
class Case:
    """One text to label, or several to compare: what is changed first, weak before strong."""

    texts: tuple[str, ...]
    label: int  # What the texts say: 0 negative, 1 positive.


@dataclass(frozen=True)
class Check:
    """One test: cases of which the same is expected."""

    capability: str
    name: str
    kind: Kind
    description: str
    cases: tuple[Case, ...]


Write = Callable[[int, int, Random], Case]  # From a number and a label, by chance.


def suite(part: PartName) -> list[Check]:
    """The tests of one part."""
    return Author(part).tests()


class Author:
    """Who writes the cases of one part."""

    def __init__(self, name: PartName) -> None:
        part: ModuleType = PARTS[name]
        self.name = name
        self.templates, self.plots = part.templates, part.plots.PLOTS
        self.degrees, self.strengths = part.words.DEGREES, part.words.STRENGTHS
        self.lexicon = Lexicon(part.words.FACTS, part.words.WORDS, part.words.OPINIONS)

    def tests(self) -> list[Check]:
        """All tests, by capability."""
        these = self.templates
        return [
            *self.of(
                "minimum functionality",
                "minimum functionality",
                ("plain sentences", "plain praise or blame", self.plain(these.PLAIN)),
                ("feelings and advice", "what I felt, what to do", self.plain(these.FEELINGS)),
                ("short reviews", "three to five sentences that agree", self.review),
            ),
            *self.of(
                "negation",
                "minimum functionality",
                ("negated words", "not bad, never dull", self.plain(these.NEGATED)),
                ("negated reviews", "only negations", self.plain(these.NEGATED_REVIEWS)),
                ("superlatives", "could hardly be better", self.plain(these.SUPERLATIVES)),
                ("expectations", "expected to hate it, but", self.plain(these.EXPECTATIONS)),
            ),
            *self.of(
                "intensity",
                "directional",
                ("degrees", "fairly good, good, very good", self.ladder(self.degrees)),
                ("stronger words", "good, very good, excellent", self.ladder(self.strengths)),
            ),
            *self.of(
                "invariance",
                "invariance",
                ("names", "another person's name", self.renamed),
                ("places", "another place", self.moved),
                ("dates", "another year, day or month", self.dated),
                ("typos", "two neighbouring letters change places", self.changed(typo)),
                ("casing", "lower, upper, capitals at every word", self.changed(recased)),
                ("punctuation", "another end of the last sentence", self.changed(ended)),
                ("neutral sentence", "one more, at either end", self.lengthened),
                ("line breaks", "<br /> in place of a space", self.changed(broken)),
            ),
            *self.of(
                "contrast",
                "minimum functionality",
                ("contrast", "great cast, dreadful film", self.plain(these.CONTRASTS)),
                ("concession", "although, despite, granted", self.plain(these.CONCESSIONS)),
                ("mixed reviews", "both sides, and a verdict", self.plain(these.MIXED_REVIEWS)),
            ),
            *self.of(
                "length",
                "minimum functionality",
                ("verdict first", "before 400 neutral words", self.buried(0.0)),
                ("verdict last", "after 400 neutral words", self.buried(1.0)),
                ("verdict buried", "in 400 neutral words", self.buried(0.5)),
            ),
        ]

    def of(self, capability: str, kind: Kind, *tests: tuple[str, str, Write]) -> list[Check]:
        """The tests of one capability, given as name, description and who writes a case."""
        return [
            Check(capability, name, kind, description, self.distinct(write, name))
            for name, description, write in tests
        ]

    def distinct(self, write: Write, name: str) -> tuple[Case, ...]:
        """`CASES` cases, none twice. Each template gets its turn, as long as it has a new text."""
        rng = Random(f"{self.name} {name}")
        cases: dict[Case, None] = {}
        for label in (0, 1):
            for number in range(ATTEMPTS):
                if len(cases) == (label + 1) * CASES // 2:
                    break
                cases.setdefault(write(number, label, rng))
        return tuple(cases)

    def fill(self, template: Template, label: int, rng: Random, **given: str) -> str:
        return self.lexicon.fill(template, label, rng, **given)

    def plain(self, templates: Sequence[Template]) -> Write:
        """One template as it is."""

        def write(number: int, label: int, rng: Random) -> Case:
            return Case((self.fill(turn(templates, number), label, rng),), label)

        return write

    def review(self, number: int, label: int, rng: Random) -> Case:
        """What the film is about, one to three remarks, a verdict."""
        remarks = list(self.templates.REMARKS)
        sentences = [turn(self.templates.SETTINGS, number)]
        for _ in range(1 + number % 3):
            sentences.append(remarks.pop(int(rng.random() * len(remarks))))
        sentences.append(turn(self.templates.VERDICTS, number))
        text = " ".join(worded(sentence, label) for sentence in sentences)
        return Case((self.fill(text, label, rng),), label)

    def either(self, number: int, label: int, rng: Random) -> str:
        """A plain sentence or a short review."""
        write = self.review if number % 2 else self.plain(self.templates.PLAIN)
        return write(number // 2, label, rng).texts[0]

    def ladder(self, ladders: tuple[Sequence[Sequence[str]], Sequence[Sequence[str]]]) -> Write:
        """One sentence, with each step of a ladder of words."""

        def write(number: int, label: int, rng: Random) -> Case:
            frame = turn(self.templates.DEGREE_FRAMES, number)
            # One rest for all steps: what is drawn does not depend on the step.
            seed = rng.random()
            ladder = turn(ladders[label], int(rng.random() * len(ladders[label])))
            steps = (self.fill(frame, label, Random(seed), degree=step) for step in ladder)
            return Case(tuple(steps), label)

        return write

    def replaced(self, template: Template, label: int, rng: Random, fact: str) -> Case:
        """One sentence with two values of one fact."""
        values = list(self.lexicon.facts[fact])
        before = values.pop(int(rng.random() * len(values)))
        text = self.fill(template, label, rng, **{fact: before})
        return Case((text, text.replace(before, choice(rng, values))), label)

    def renamed(self, number: int, label: int, rng: Random) -> Case:
        return self.replaced(turn(self.templates.NAMES, number), label, rng, "actor")

    def moved(self, number: int, label: int, rng: Random) -> Case:
        return self.replaced(turn(self.templates.PLACES, number), label, rng, "place")

    def dated(self, number: int, label: int, rng: Random) -> Case:
        fact, template = turn(self.templates.DATES, number)
        return self.replaced(template, label, rng, fact)

    def changed(self, change: Callable[[str, int, Random], str]) -> Write:
        """A sentence or a review, and what `change` makes of it."""

        def write(number: int, label: int, rng: Random) -> Case:
            text = self.either(number, label, rng)
            return Case((text, change(text, number // 2, rng)), label)

        return write

    def lengthened(self, number: int, label: int, rng: Random) -> Case:
        """A sentence or a review, without and with a neutral sentence before or behind it."""
        text = self.either(number, label, rng)
        more = self.fill(choice(rng, self.templates.NEUTRAL), label, rng)
        return Case((text, f"{more} {text}" if number // 2 % 2 else f"{text} {more}"), label)

    def buried(self, where: float) -> Write:
        """A verdict in a plot of some 400 words, after the part `where` of its sentences."""

        def write(number: int, label: int, rng: Random) -> Case:
            sentences = re.split(r"(?<=[.!?])\s+", turn(self.plots, number).strip())
            verdict = worded(turn(self.templates.VERDICTS, number // len(self.plots)), label)
            sentences.insert(round(where * len(sentences)), verdict)
            text = " ".join(" ".join(sentences).split())
            return Case((self.fill(text, label, rng),), label)

        return write


def turn(items: Sequence[T], number: int) -> T:
    """The item whose turn it is."""
    return items[number % len(items)]


def typo(text: str, number: int, rng: Random) -> str:
    """`text` with two neighbouring letters inside a word of four or more the other way round."""
    places = [
        place
        for word in re.finditer(r"[A-Za-z]{4,}", text)
        for place in range(word.start() + 1, word.end() - 2)
        if text[place] != text[place + 1]
    ]
    place = places[int(rng.random() * len(places))]
    return text[:place] + text[place + 1] + text[place] + text[place + 2 :]


def recased(text: str, number: int, rng: Random) -> str:
    """`text` in lower case, in upper case, or with a capital at every word."""
    return (str.lower, str.upper, string.capwords)[number % 3](text)


def ended(text: str, number: int, rng: Random) -> str:
    """`text` with another end than it has."""
    bare = text.rstrip(".!?")
    others = [end for end in ("", "!", "...", "!!!", " .") if bare + end != text]
    return bare + others[number % len(others)]


def broken(text: str, number: int, rng: Random) -> str:
    """`text` with line breaks between its sentences; one alone is broken in the middle."""
    text, breaks = re.subn(r"(?<=[.!?]) ", "<br /><br />", text)
    if breaks:
        return text
    words = text.split(" ")
    middle = len(words) // 2
    return " ".join(words[:middle]) + "<br />" + " ".join(words[middle:])
