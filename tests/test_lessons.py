"""The lessons: what they are, and that the behavioural tests stay unseen."""

import hashlib
import json
import re
from pathlib import Path

from sentiment.behaviour import PARTS
from sentiment.behaviour.suite import suite
from sentiment.lessons import PHRASES, lessons
from sentiment.templates import SLOT, worded

# A change to the phrases, the words or the drawing changes this, and what is trained with them.
DIGEST = "0d265e55591a63a843351856e2fb38f2aa94d3430a5156418a652d42b4ddbba1"
MANY = lessons(4000)
OPINIONS = Path(__file__).parents[1] / "benchmarks/short_opinions.jsonl"


def wordings(templates):
    """The templates in both wordings, without slots, case and punctuation."""
    for template in templates:
        for label in (0, 1):
            words = SLOT.sub(" _ ", worded(template, label)).lower()
            yield " ".join(re.findall(r"[\w']+", words))


def test_lessons_are_distinct_and_of_either_label_in_turn():
    assert len(MANY) == len(dict(MANY)) == 4000
    assert [label for _, label in MANY] == [0, 1] * 2000


def test_fewer_lessons_are_the_first_of_more():
    assert lessons(50) == MANY[:50]
    assert lessons(0) == []


def test_same_lessons_everywhere():
    assert hashlib.sha256(repr(MANY).encode()).hexdigest() == DIGEST


def test_lessons_are_short_and_cost_little():
    lengths = sorted(len(text.split()) for text, _ in MANY)
    assert lengths[len(lengths) // 2] < 20
    assert sum(lengths) / len(lengths) < 40


def test_no_lesson_stands_in_the_behavioural_tests():
    phrases = [phrase for kind in PHRASES.values() for phrase in kind]
    assert len(phrases) > 400
    learned = set(wordings(phrases))
    texts = {text.lower() for text, _ in MANY}
    for name, part in PARTS.items():
        for kind, templates in vars(part.templates).items():
            if kind.isupper():
                tested = [row[1] if kind == "DATES" else row for row in templates]
                assert not learned & set(wordings(tested)), (name, kind)
        for test in suite(name):
            assert not texts & {text.lower() for case in test.cases for text in case.texts}


def test_no_lesson_stands_in_the_short_opinions_that_recipes_are_compared_by():
    with OPINIONS.open(encoding="utf-8") as file:
        opinions = {json.loads(line)["text"].lower() for line in file}
    assert len(opinions) == 396
    assert not opinions & {text.lower() for text, _ in MANY}
