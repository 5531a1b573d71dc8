"""The lessons: what they are, and that the behavioural tests stay unseen."""

import hashlib
import json
import re
from pathlib import Path

from sentiment.data.synthetic.lessons import PHRASES, lessons, opinions
from sentiment.data.synthetic.templates import SLOT, worded
from sentiment.evaluation.behavior import PARTS
from sentiment.evaluation.behavior.suite import suite

# A change to the phrases, the words or the drawing changes this, and what is trained with them.
DIGEST = "593628fabbeb7c9d0014b30c7aec6b089ddc0e413a4763061da607e549e8bd37"
MANY = lessons(4000)
UNSEEN = Path(__file__).parents[1] / "benchmarks/short_opinions.jsonl"


def plain(text):
    """The words of a text, without case and punctuation."""
    return " ".join(re.findall(r"[\w']+", text.lower()))


def wordings(templates):
    """The templates in both wordings, without slots, case and punctuation."""
    for template in templates:
        for label in (0, 1):
            yield plain(SLOT.sub(" _ ", worded(template, label)))


def test_lessons_are_distinct_and_of_either_label_in_turn():
    assert len(MANY) == len(dict(MANY)) == 4000
    assert [label for _, label in MANY] == [0, 1] * 2000


def test_fewer_lessons_are_the_first_of_more():
    assert lessons(50) == MANY[:50]
    assert lessons(0) == []


def test_same_lessons_everywhere():
    assert hashlib.sha256(repr(MANY).encode()).hexdigest() == DIGEST


def test_half_of_the_lessons_are_opinions_with_their_labels_until_none_is_left():
    known = dict(opinions())
    assert len(known) == len(opinions()) > 17_000
    everything = dict(lessons(2 * len(known) + 100))
    assert everything.items() >= known.items()
    assert {text for text, _ in MANY[0::4] + MANY[1::4]} < known.keys()
    assert len({text for text, _ in MANY[2::4] + MANY[3::4]} - known.keys()) > 1900


def test_opinions_are_clean_and_no_two_have_the_same_words():
    texts = [text for text, _ in opinions()]
    assert all(text.isprintable() and text == " ".join(text.split()) for text in texts)
    assert len({plain(text) for text in texts}) == len(texts)


def test_lessons_are_short_and_cost_little():
    lengths = sorted(len(text.split()) for text, _ in MANY)
    assert lengths[len(lengths) // 2] < 20
    assert sum(lengths) / len(lengths) < 40


def test_no_lesson_stands_in_the_behavioural_tests():
    phrases = [phrase for kind in PHRASES.values() for phrase in kind]
    assert len(phrases) > 400
    learned = set(wordings(phrases))
    texts = {plain(text) for text, _ in [*MANY, *opinions()]}
    for name, part in PARTS.items():
        for kind, templates in vars(part.templates).items():
            if kind.isupper():
                tested = [row[1] if kind == "DATES" else row for row in templates]
                assert not learned & set(wordings(tested)), (name, kind)
        for test in suite(name):
            assert not texts & {plain(text) for case in test.cases for text in case.texts}


def test_no_lesson_stands_in_the_short_opinions_that_recipes_are_compared_by():
    with UNSEEN.open(encoding="utf-8") as file:
        unseen = {plain(json.loads(line)["text"]) for line in file}
    assert len(unseen) == 396
    assert not unseen & {plain(text) for text, _ in [*MANY, *opinions()]}
