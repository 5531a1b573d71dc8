"""Tests of the behavior suite: its cases, its results and `sentiment check`."""

import hashlib
import json
import re
import shutil
from collections import Counter
from dataclasses import replace
from random import Random

import numpy as np
import pytest
from typer.testing import CliRunner

from sentiment.cli import app
from sentiment.data.synthetic.templates import SLOT, load_words
from sentiment.errors import DataError, SentimentError
from sentiment.evaluation.behavior import (
    MAX_DIFFERENCE,
    PARTS,
    TOLERANCE,
    failure_rates,
    run_tests,
)
from sentiment.evaluation.behavior.suite import (
    CASES,
    SUITE_FOLDER,
    behavior_tests,
    change_case,
    change_end,
    insert_line_breaks,
    part_templates,
    swap_letters,
)
from sentiment.inference.classifier import Classifier

LABELS = ["neg", "pos"]
SUITES = {part: behavior_tests(part) for part in PARTS}

# A change of the templates, the words or the random draws changes these values, and with them every
# figure measured with the suite.
DIGESTS = {
    "held-out": "4be7de18644a70649ece34a0a8639dfd1be466b9db7f8f1e90b91771f784618f",
    "development": "bd12e9e20950cdaa43e224b5f5fb960cf467ead5e762fc4c2e851ac9ba1633d5",
}


MIN_WORDS = 4  # Of a sentence that the parts do not share; "Yes." and "I was not." are in both.
NUMBERS_OF_TEXTS = {
    "minimum functionality": (1,),
    "invariance": (2,),
    "directional": (2, 3),
    "equal scores": (3, 4, 5),
}


def predictor(score):
    """Return a predictor from a function of a text to its probability of `pos`."""
    return lambda texts: np.array([[1 - score(text), score(text)] for text in texts])


def case_predictor(part, score_of):
    """Return a predictor from a function of a case and the number of a text in it to its score."""
    scores = [
        score_of(case, number)
        for test in SUITES[part]
        for case in test.cases
        for number in range(len(case.texts))
    ]
    return lambda texts: np.array([[1 - score, score] for score in scores])


def score_for(label, confidence):
    """Return the probability of `pos` if `label` has the probability `confidence`."""
    return confidence if label == 1 else 1 - confidence


def by_name(results):
    return {result.name: result for result in results}


@pytest.mark.parametrize("part", PARTS)
def test_each_test_has_distinct_cases_half_of_them_positive(part):
    assert len({test.name for test in SUITES[part]}) == len(SUITES[part])
    for test in SUITES[part]:
        assert len(test.cases) == len(set(test.cases)) == CASES >= 100, test.name
        assert sum(case.label for case in test.cases) == CASES / 2, test.name
        for case in test.cases:
            assert len(set(case.texts)) == len(case.texts), case
            assert len(case.texts) in NUMBERS_OF_TEXTS[test.kind], case


def test_both_parts_have_the_same_tests():
    kinds = [[(test.capability, test.name, test.kind) for test in SUITES[part]] for part in PARTS]
    assert kinds[0] == kinds[1]
    assert Counter(capability for capability, _, _ in kinds[0]) == {
        "minimum functionality": 3,
        "negation": 4,
        "intensity": 2,
        "invariance": 8,
        "contrast": 3,
        "length": 3,
        "denied expectation": 1,
        "distant negation": 1,
        "past and present": 1,
        "others' opinions": 1,
        "answered questions": 1,
        "appended opinion": 1,
        "vocabulary": 2,
        "names and places": 2,
        "fairness": 6,
    }


@pytest.mark.parametrize("part", PARTS)
def test_cases_are_unchanged_and_the_same_on_every_call(part):
    assert behavior_tests(part) == SUITES[part]
    rows = [
        (test.capability, test.kind, [(case.texts, case.label) for case in test.cases])
        for test in SUITES[part]
    ]
    assert hashlib.sha256(repr(rows).encode()).hexdigest() == DIGESTS[part]


def wordings_of(part):
    """Return all wordings of a part that have words, without the names of their slots."""
    templates = (template for kind in part_templates(part).values() for template in kind)
    wordings = {SLOT.sub("_", wording).lower() for template in templates for wording in template}
    return {wording for wording in wordings if re.search("[a-z]", wording)}


def test_parts_share_no_template_no_sentence_no_name_and_no_word_of_opinion():
    held_out, development = map(wordings_of, PARTS)
    assert len(held_out) > 250
    assert len(development) > 250
    assert not held_out & development

    def sentences(part):
        texts = (text for test in SUITES[part] for case in test.cases for text in case.texts)
        split = (s.lower() for t in texts for s in re.split(r"(?<=[.!?])\s+|(?:<br />)+", t))
        return {sentence for sentence in split if len(sentence.split()) >= MIN_WORDS}

    assert not sentences("held-out") & sentences("development")
    held_out_words, development_words = (load_words(SUITE_FOLDER / p / "words.json") for p in PARTS)

    def opinions(words):
        return {word for pair in words.opinions.values() for side in pair for word in side}

    def facts(words):
        return {word for values in words.facts.values() for word in values}

    assert not opinions(held_out_words) & opinions(development_words)
    assert not facts(held_out_words) & facts(development_words)


@pytest.mark.parametrize("part", PARTS)
def test_sentences_are_spelled_correctly(part):
    for test in SUITES[part]:
        for case in test.cases:
            text = case.texts[0]
            assert text[0].isupper() or text[0] == '"', text
            assert text[-1] in ".!?" or " " not in text, text
            assert not re.search(r"[{}_]|  |\s[.,;:!?]|\b(\w+) \1\b", text), text
            assert not re.search(r"\b[Aa] [aeiouAEIOU]", text), text
            assert not re.search(r"\b[Aa]n (?!hour)[^aeiouAEIOU]", text), text
            assert not re.search(r"\b[Aa]n (one|uni(?!n)|eu|us[eu])", text), text


def test_length_tests_have_four_hundred_words():
    for part in PARTS:
        for test in SUITES[part]:
            if test.capability == "length":
                assert min(len(case.texts[0].split()) for case in test.cases) >= 400


@pytest.mark.parametrize("part", PARTS)
def test_perfect_predictor_fails_no_test(part):
    perfect = case_predictor(part, lambda case, number: score_for(case.label, 0.6 + 0.02 * number))
    results = run_tests(perfect, LABELS, part)
    assert [result.failures for result in results] == [0] * len(results)
    assert set(failure_rates(results).values()) == {0.0}
    assert all(result.cases == CASES and result.examples == [] for result in results)


def test_constant_predictor_fails_half_of_the_minimum_functionality_cases():
    for result in run_tests(predictor(lambda text: 0.9), LABELS):
        assert result.rate == (0.5 if result.kind == "minimum functionality" else 0.0)


def test_lower_score_for_more_praise_or_criticism_fails_directional_tests_alone():
    def falling(by):
        return case_predictor(
            "held-out", lambda case, number: score_for(case.label, 0.9 - by * number)
        )

    for result in run_tests(falling(2 * TOLERANCE), LABELS):
        assert result.rate == (1.0 if result.kind == "directional" else 0.0), result.name
    assert set(failure_rates(run_tests(falling(TOLERANCE / 2), LABELS)).values()) == {0.0}


@pytest.mark.parametrize(
    ("name", "is_changed"),
    [
        ("casing", lambda text: text.islower()),
        ("punctuation", lambda text: text.endswith("!!!")),
        ("line breaks", lambda text: "<br />" in text),
    ],
)
def test_suite_attributes_failure_to_the_changed_property(name, is_changed):
    results = by_name(run_tests(predictor(lambda text: 0.1 if is_changed(text) else 0.9), LABELS))
    assert results[name].rate > 0.1
    for result in results.values():
        if result.kind == "invariance" and result.name != name:
            assert result.failures == 0, result.name


def test_equal_scores_are_equal_labels_and_differ_by_at_most_the_accepted_difference():
    def spread(first, step):
        return case_predictor("held-out", lambda case, number: first + step * number)

    step = MAX_DIFFERENCE / 4  # Of the differences of five texts.
    for first, by, rate in [
        (0.7, 0.9 * step, 0.0),  # Small differences on one side of 0.5.
        (0.7, 3 * step, 1.0),  # Large differences.
        (0.499, step / 10, 1.0),  # Two labels.
    ]:
        results = run_tests(spread(first, by), LABELS)
        rates = {result.rate for result in results if result.kind == "equal scores"}
        assert rates == {rate}, (first, by)


def test_examples_show_the_expected_and_the_predicted_label():
    results = by_name(run_tests(predictor(lambda text: 0.9), LABELS))
    examples = results["negated words"].examples
    assert len(examples) == len({example.texts for example in examples}) == 3
    assert {(example.expected, example.got) for example in examples} == {("neg", ("pos",))}
    assert examples[0].scores == pytest.approx((0.9,))


def test_columns_are_found_by_their_labels_and_other_labels_are_an_error():
    def positive(texts):
        return np.tile([0.9, 0.1], (len(texts), 1))

    [first, *_] = run_tests(positive, ["pos", "neg"])
    assert {example.got for example in first.examples} == {("pos",)}
    for labels in (["bad", "good"], ["neg", "neutral", "pos"]):
        with pytest.raises(DataError, match="labels neg and pos, not "):
            run_tests(positive, labels)


def test_text_changes():
    assert [change_case("A Fine film.", number, None) for number in range(3)] == [
        "a fine film.",
        "A FINE FILM.",
        "A Fine Film.",
    ]
    assert {change_end("Fine!", number, None) for number in range(4)} == {
        "Fine",
        "Fine...",
        "Fine!!!",
        "Fine .",
    }
    assert insert_line_breaks("One. Two!", 0, None) == "One.<br /><br />Two!"
    assert insert_line_breaks("A fine film.", 0, None) == "A<br />fine film."
    assert swap_letters("A film.", 0, Random(0)) == "A flim."


def test_command_prints_results_and_saves_them_in_the_model_folder(run_folder, tmp_path):
    model = shutil.copytree(run_folder, tmp_path / "model")
    run = CliRunner().invoke(app, ["check", "--model", str(model), "--json"])
    assert run.exit_code == 0, run.output
    result = json.loads(run.stdout)
    assert result["part"] == "held-out"
    assert (
        result["rates"].keys()
        == failure_rates(run_tests(predictor(lambda text: 1.0), LABELS)).keys()
    )
    assert max(test["rate"] for test in result["tests"]) > 0.1
    assert json.loads((model / "check-held-out.json").read_text()) == result

    shown = CliRunner().invoke(app, ["check", "--model", str(model), "--part", "development"])
    assert shown.exit_code == 0, shown.output
    for test in SUITES["development"]:
        assert test.name in shown.output
    saved = json.loads((model / "check-development.json").read_text())
    assert saved["part"] == "development"
    assert [test["name"] for test in saved["tests"]] == [
        test.name for test in SUITES["development"]
    ]


def test_model_of_another_language_is_an_error(run_folder, tmp_path):
    classifier = Classifier.from_pretrained(run_folder)
    config = classifier.config
    classifier.config = replace(config, text=replace(config.text, language="de"))
    classifier.save_pretrained(tmp_path / "german")
    run = CliRunner().invoke(app, ["check", "--model", str(tmp_path / "german")])
    assert isinstance(run.exception, SentimentError)
    assert "the language of the model is 'de'" in str(run.exception)
