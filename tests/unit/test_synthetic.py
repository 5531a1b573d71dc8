"""Tests of the template engine and the synthetic sentences, and that no benchmark contains them."""

import hashlib
import json
import random
import re
import tomllib

import pytest
from support.paths import ROOT

from sentiment.data.synthetic.sentences import (
    sentence_templates,
    sentence_words,
    short_opinions,
    synthetic_sentences,
)
from sentiment.data.synthetic.templates import (
    SLOT,
    WordLists,
    fill_template,
    load_templates,
    load_words,
    read_tsv,
)
from sentiment.errors import DataError
from sentiment.evaluation.behavior.suite import (
    PARTS,
    SUITE_FOLDER,
    behavior_tests,
    part_templates,
)

# A change of the templates, the words, the opinions or the random draws changes these values, and
# with them every figure of a model that is trained with the sentences.
DIGEST = "2ef615d511fdf93f2627a940e58e65330e643d1484ca5fb822f6eac7a4259729"
OPINIONS_DIGEST = "dd90a36e2fd45f937bc43bab87a523cb0474eae43f1cc9a843cc1f6166d18345"
SENTENCES = synthetic_sentences(4000)
BENCHMARK = ROOT / "benchmarks/short_opinions.jsonl"
HEADER = "kind\ttemplate\ttemplate_if_positive\n"


def words_of(text):
    """Return the words of a text, without case and punctuation."""
    return " ".join(re.findall(r"[\w']+", text.lower()))


def wordings_of(templates):
    """Return the words of all wordings, with one character in place of every slot."""
    wordings = (text for kind in templates.values() for template in kind for text in template)
    return {words_of(SLOT.sub(" _ ", wording)) for wording in wordings}


def test_sentences_are_distinct_and_labels_alternate():
    assert len(SENTENCES) == len(dict(SENTENCES)) == 4000
    assert [label for _, label in SENTENCES] == [0, 1] * 2000


def test_fewer_sentences_are_the_first_of_more():
    assert synthetic_sentences(50) == SENTENCES[:50]
    assert synthetic_sentences(0) == []


def test_rows_are_unchanged():
    assert hashlib.sha256(repr(SENTENCES).encode()).hexdigest() == DIGEST
    assert hashlib.sha256(repr(short_opinions()).encode()).hexdigest() == OPINIONS_DIGEST


def test_half_of_the_sentences_are_short_opinions_until_all_are_used():
    opinions = dict(short_opinions())
    assert len(opinions) == len(short_opinions()) > 17_000
    everything = dict(synthetic_sentences(2 * len(opinions) + 100))
    assert everything.items() >= opinions.items()
    assert {text for text, _ in SENTENCES[0::4] + SENTENCES[1::4]} < opinions.keys()
    assert len({text for text, _ in SENTENCES[2::4] + SENTENCES[3::4]} - opinions.keys()) > 1900


def test_short_opinions_are_clean_and_no_two_have_the_same_words():
    texts = [text for text, _ in short_opinions()]
    assert all(text.isprintable() and text == " ".join(text.split()) for text in texts)
    assert len({words_of(text) for text in texts}) == len(texts)


def test_sentences_are_short():
    lengths = sorted(len(text.split()) for text, _ in SENTENCES)
    assert lengths[len(lengths) // 2] < 20
    assert sum(lengths) / len(lengths) < 40


def test_no_sentence_or_template_occurs_in_the_behavior_tests():
    wordings = wordings_of(sentence_templates())
    assert len(wordings) > 400
    texts = {words_of(text) for text, _ in [*SENTENCES, *short_opinions()]}
    for part in PARTS:
        assert not wordings & wordings_of(part_templates(part)) - {"_"}
        for test in behavior_tests(part):
            tested = {words_of(text) for case in test.cases for text in case.texts}
            assert not texts & {text for text in tested if " " in text}


def test_sentences_with_words_for_groups_of_people_are_the_same_for_both_labels():
    assert len(set(sentence_words().words["identity"])) > 150
    for kind in ("people", "neutral"):
        for negative, positive in sentence_templates()[kind]:
            assert negative == positive


def test_names_and_places_that_are_words_are_not_those_of_the_behavioral_tests():
    words = sentence_words().words
    for part in PARTS:
        facts = load_words(SUITE_FOLDER / part / "words.json").facts
        assert not {*words["wordname"], *words["wordtown"]} & {*facts["first"], *facts["town"]}


def test_no_fixed_phrase_of_the_behavior_tests_occurs_in_the_sentences():
    texts = " | ".join(words_of(text) for text, _ in [*SENTENCES, *short_opinions()])
    for part in PARTS:
        for phrases in load_words(SUITE_FOLDER / part / "words.json").opinions["phrase"]:
            for phrase in phrases:
                _, *rest = phrase.split()  # Without the verb, which may have another form.
                assert words_of(" ".join(rest)) not in texts, phrase


def test_no_sentence_occurs_in_the_short_opinions_of_the_benchmark():
    with BENCHMARK.open(encoding="utf-8") as file:
        unseen = {words_of(json.loads(line)["text"]) for line in file}
    assert len(unseen) == 396
    assert not unseen & {words_of(text) for text, _ in [*SENTENCES, *short_opinions()]}


def test_slots_are_filled_by_their_section_and_sign():
    words = WordLists(
        facts={"place": ("Oslo", "Rome")},
        words={"film": ("film", "movie")},
        synonyms={"aspect": ("plot|story",)},
        opinions={"adj": (("awful",), ("epic",))},
    )
    texts = {
        fill_template(
            words, "{place} is a {adj+} {film}. this {film} in {place} has no {adj-} {aspect}.",
            label, random.Random(seed),
        )
        for label in (0, 1) for seed in range(50)
    }  # fmt: skip
    assert texts == {
        f"{place} is an {this} {film}. This {other} in {place} has no {opposite} {aspect}."
        for place in ("Oslo", "Rome")
        for this, opposite in (("awful", "epic"), ("epic", "awful"))
        for film, other in (("film", "movie"), ("movie", "film"))  # None is drawn twice.
        for aspect in ("plot", "story")
    }


def test_unknown_slot_is_an_error():
    with pytest.raises(DataError, match=r"named \{aspct\}"):
        fill_template(WordLists(words={"aspect": ("plot",)}), "{aspct}", 0, random.Random(0))


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ("plain The {aspect} is {adj+}.\n", "line 2: expected kind, template"),
        ("plain\t\n", "line 2: expected kind, template"),
        ("plain\tGood.\n\n", "line 3: expected kind, template"),
        ("plain\tBad.\tGood.\tFair.\n", "line 2: expected kind, template"),
        ("plain\tGood.\nplain\tThe {aspect is {adj+}.\n", "line 3: a slot must look like"),
        ("plain\tThe {aspect} is {adj*}.\n", "line 2: a slot must look like"),
    ],
)
def test_malformed_template_is_an_error_that_names_the_line(tmp_path, rows, message):
    (tmp_path / "templates.tsv").write_text(HEADER + rows)
    with pytest.raises(DataError, match=rf"templates\.tsv, {message}"):
        load_templates(tmp_path / "templates.tsv")


def test_wrong_header_is_an_error(tmp_path):
    (tmp_path / "opinions.tsv").write_text("text\tlabel\nGood.\tpos\n")
    with pytest.raises(DataError, match="line 1: expected the columns label, text"):
        read_tsv(tmp_path / "opinions.tsv", ("label", "text"))


@pytest.mark.parametrize(
    "content",
    [
        "{",
        "[]",
        '{"nouns": {"film": ["film"]}}',
        '{"words": {"film": "film"}}',
        '{"words": {"film": []}}',
        '{"words": {"film": ["film", 1]}}',
        '{"opinions": {"adj": ["bad", "good"]}}',
        '{"opinions": {"adj": {"negative": ["bad"]}}}',
    ],
)
def test_malformed_word_lists_are_an_error_that_names_the_file(tmp_path, content):
    (tmp_path / "words.json").write_text(content)
    with pytest.raises(DataError, match=r"words\.json: "):
        load_words(tmp_path / "words.json")


def test_data_files_are_in_the_package_data():
    root = ROOT
    with (root / "pyproject.toml").open("rb") as file:
        patterns = tomllib.load(file)["tool"]["setuptools"]["package-data"]["sentiment"]
    packaged = {path for pattern in patterns for path in (root / "sentiment").glob(pattern)}
    for folder in ("data/synthetic", "evaluation/behavior"):
        files = {
            p for p in (root / "sentiment" / folder).rglob("*") if p.suffix in (".json", ".tsv")
        }
        assert files
        assert files <= packaged
