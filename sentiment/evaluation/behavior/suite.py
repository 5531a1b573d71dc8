"""The tests of the behavior suite and the generators of their cases.

`tests.tsv` defines the tests. The last three columns generate the cases: the seed of the random
numbers, a method of `CaseGenerator`, and the argument of that method.
"""

import re
import string
from dataclasses import dataclass, replace
from pathlib import Path
from random import Random
from typing import Literal, get_args

from sentiment.data.synthetic.templates import (
    SLOT,
    Templates,
    WordLists,
    choice,
    fill_template,
    load_templates,
    load_words,
    read_tsv,
)

SUITE_FOLDER = Path(__file__).parent
TEST_COLUMNS = ("capability", "name", "kind", "description", "seed", "method", "argument")

CASES = 200  # Of each test; half of them are negative.
MAX_ATTEMPTS = 10 * CASES  # For each label; a case may be generated again.
MAX_TERMS = 5  # Texts of a case that differ by one term.

PartName = Literal["held-out", "development"]
PARTS: tuple[PartName, ...] = get_args(PartName)


@dataclass(frozen=True)
class Case:
    """One text to label, or several to compare: original and changed, or weak to strong."""

    texts: tuple[str, ...]
    label: int  # The sentiment of the texts: 0 negative, 1 positive.


@dataclass(frozen=True)
class BehaviorTest:
    """One test: cases with the same kind of expected result."""

    capability: str
    name: str
    kind: str  # "minimum functionality", "invariance", "directional" or "equal scores".
    description: str
    cases: tuple[Case, ...]


@dataclass(frozen=True)
class CaseGenerator:
    """Generates one case of a test from the words and templates of one part of the suite.

    Templates of a kind are used in turn, by the number of the case; words are drawn at random.
    """

    words: WordLists
    templates: Templates
    label: int
    number: int  # Of the case within its test and label.
    rng: Random

    def wording(self, kind: str) -> str:
        """Return the wording for the label of the next template of this kind."""
        return self.templates[kind][self.number % len(self.templates[kind])][self.label]

    def fill(self, wording: str, **values: str) -> str:
        """Return a text; `values` are the values of slots that are known already."""
        return fill_template(self.words, wording, self.label, self.rng, **values)

    def one_template(self, kind: str) -> Case:
        """Return a text made of one template."""
        return Case((self.fill(self.wording(kind)),), self.label)

    def short_review(self) -> Case:
        """Return a review: what the film is about, one to three remarks, a conclusion."""
        remarks = [wordings[self.label] for wordings in self.templates["remark"]]
        sentences = [self.wording("setup")]
        for _ in range(1 + self.number % 3):
            sentences.append(remarks.pop(int(self.rng.random() * len(remarks))))
        sentences.append(self.wording("conclusion"))
        return Case((self.fill(" ".join(sentences)),), self.label)

    def sentence_or_review(self) -> str:
        """Return a plain sentence for even numbers, a short review for odd ones."""
        half = replace(self, number=self.number // 2)
        case = half.short_review() if self.number % 2 else half.one_template("plain sentences")
        return case.texts[0]

    def increasing_intensity(self, scales: str) -> Case:
        """Return one sentence with each step of a scale such as "good < very good < excellent"."""
        seed = self.rng.random()  # The same for all steps, so that only `{degree}` differs.
        steps = choice(self.rng, self.words.opinions[scales][self.label]).split(" < ")
        texts = (
            replace(self, rng=Random(seed)).fill(self.wording("degree"), degree=step)
            for step in steps
        )
        return Case(tuple(texts), self.label)

    def replaced_fact(self, argument: str) -> Case:
        """Return one text with two values of one fact.

        Args:
            argument: a kind of template, then facts of which each template contains one.
        """
        kind, *facts = argument.split(", ")
        wording = self.wording(kind)
        fact = next(slot for slot, _ in SLOT.findall(wording) if slot in facts)
        values = list(self.words.facts[fact])
        value = values.pop(int(self.rng.random() * len(values)))
        text = self.fill(wording, **{fact: value})
        return Case((text, text.replace(value, choice(self.rng, values))), self.label)

    def swapped_terms(self, argument: str) -> Case:
        """Return one text with up to `MAX_TERMS` terms of one list.

        Args:
            argument: a kind of template, then lists of terms. Each template of the kind contains a
                slot of one of them, or `{identity}` for the first.
        """
        kind, *lists = argument.split(", ")
        wording = self.wording(kind)
        slots = [slot for slot, _ in SLOT.findall(wording)]
        name = next((slot for slot in slots if slot in lists), lists[0])
        terms = list(self.words.facts[name])
        while len(terms) > MAX_TERMS:
            terms.pop(int(self.rng.random() * len(terms)))
        seed = self.rng.random()  # The same for all terms, so that only they differ.
        texts = (
            replace(self, rng=Random(seed)).fill(wording, **{name: term, "identity": term})
            for term in terms
        )
        return Case(tuple(texts), self.label)

    def changed_text(self, change: str) -> Case:
        """Return a sentence or review, and the same text after one of `CHANGES`."""
        text = self.sentence_or_review()
        return Case((text, CHANGES[change](text, self.number // 2, self.rng)), self.label)

    def added_sentence(self) -> Case:
        """Return a sentence or review, without and with a neutral sentence before or after it."""
        text = self.sentence_or_review()
        neutral = self.fill(choice(self.rng, self.templates["neutral sentence"])[self.label])
        longer = f"{neutral} {text}" if self.number // 2 % 2 else f"{text} {neutral}"
        return Case((text, longer), self.label)

    def appended_opinion(self) -> Case:
        """Return two neutral sentences, without and with an opinion after them."""
        setup = choice(self.rng, self.templates["setup"])[self.label]
        neutral = self.fill(f"{setup} {self.wording('neutral sentence')}")
        opinion = self.fill(self.wording("appended opinion"))
        return Case((neutral, f"{neutral} {opinion}"), self.label)

    def opinion_in_plot(self, position: str) -> Case:
        """Return a plot of 400 neutral words with one opinion, after `position` (0 to 1) of it."""
        sentences = re.split(r"(?<=[.!?]) ", self.wording("plot"))
        turn = replace(self, number=self.number // len(self.templates["plot"]))
        sentences.insert(round(float(position) * len(sentences)), turn.wording("conclusion"))
        return Case((self.fill(" ".join(sentences)),), self.label)


def swap_letters(text: str, number: int, rng: Random) -> str:
    """Return `text` with two adjacent letters inside a word of four or more swapped."""
    positions = [
        position
        for word in re.finditer(r"[A-Za-z]{4,}", text)
        for position in range(word.start() + 1, word.end() - 2)
        if text[position] != text[position + 1]
    ]
    at = choice(rng, positions)
    return text[:at] + text[at + 1] + text[at] + text[at + 2 :]


def change_case(text: str, number: int, rng: Random) -> str:
    """Return `text` in lower case, in upper case, or with a capital at every word."""
    return (str.lower, str.upper, string.capwords)[number % 3](text)


def change_end(text: str, number: int, rng: Random) -> str:
    """Return `text` with other punctuation at its end."""
    bare = text.rstrip(".!?")
    others = [end for end in ("", "!", "...", "!!!", " .") if bare + end != text]
    return bare + others[number % len(others)]


def insert_line_breaks(text: str, number: int, rng: Random) -> str:
    """Return `text` with line breaks between its sentences, or in the middle of a single one."""
    text, breaks = re.subn(r"(?<=[.!?]) ", "<br /><br />", text)
    if breaks:
        return text
    words = text.split(" ")
    middle = len(words) // 2
    return " ".join(words[:middle]) + "<br />" + " ".join(words[middle:])


CHANGES = {
    "swap_letters": swap_letters,
    "change_case": change_case,
    "change_end": change_end,
    "insert_line_breaks": insert_line_breaks,
}


def behavior_tests(part: PartName) -> list[BehaviorTest]:
    """Return all tests of one part, the same on every call."""
    words = load_words(SUITE_FOLDER / part / "words.json")
    templates = part_templates(part)

    def cases(seed: str, method: str, *argument: str) -> tuple[Case, ...]:
        """Return distinct cases, the negative half first."""
        rng = Random(f"{part} {seed}")
        distinct: dict[Case, None] = {}
        for label in (0, 1):
            for number in range(MAX_ATTEMPTS):
                if len(distinct) == (label + 1) * CASES // 2:
                    break
                generator = CaseGenerator(words, templates, label, number, rng)
                distinct.setdefault(getattr(generator, method)(*argument))
        return tuple(distinct)

    rows = read_tsv(SUITE_FOLDER / "tests.tsv", TEST_COLUMNS, optional=1)
    return [
        BehaviorTest(capability, name, kind, description, cases(seed, method, *argument))
        for capability, name, kind, description, seed, method, *argument in rows
    ]


def part_templates(part: PartName) -> Templates:
    """Return the templates of one part, by kind."""
    return load_templates(SUITE_FOLDER / part / "templates.tsv")
