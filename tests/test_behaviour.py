"""The behavioural tests: that their cases are what they should be, and that they tell failures."""

import json
import re
from collections import Counter
from dataclasses import replace

import pytest
import torch
from typer.testing import CliRunner

from sentiment.artifacts.bundle import load_bundle, save_bundle
from sentiment.cli import app
from sentiment.data.synthetic.templates import SLOT, worded
from sentiment.errors import InputError
from sentiment.evaluation.behavior import LABELS, PARTS, TOLERANCE, check, rates
from sentiment.evaluation.behavior.suite import CASES, Author, broken, ended, recased, suite

SUITES = {part: suite(part) for part in PARTS}


def predictor(score):
    """A predictor from a function of a text to its probability of `pos`."""
    return lambda texts: torch.tensor([[1 - score(text), score(text)] for text in texts])


def known(part, score_of):
    """One from a function of a case and a number to the score of the case's text of that number."""
    scores = [
        score_of(case, number)
        for test in SUITES[part]
        for case in test.cases
        for number in range(len(case.texts))
    ]
    return lambda texts: torch.tensor([[1 - score, score] for score in scores])


def sided(label, confidence):
    return confidence if label == 1 else 1 - confidence


def by_name(results):
    return {result.name: result for result in results}


@pytest.mark.parametrize("part", PARTS)
def test_each_part_has_twelve_tests_of_a_hundred_distinct_cases_half_of_them_positive(part):
    assert len(SUITES[part]) >= 12
    assert len({test.name for test in SUITES[part]}) == len(SUITES[part])
    for test in SUITES[part]:
        assert len(test.cases) == len(set(test.cases)) == CASES >= 100, test.name
        assert sum(case.label for case in test.cases) == CASES / 2, test.name
        for case in test.cases:
            several = {"minimum functionality": 1, "invariance": 2, "directional": 3}[test.kind]
            assert len(set(case.texts)) == several, case


def test_the_issue_s_capabilities_are_all_there_in_both_parts():
    kinds = [[(test.capability, test.name, test.kind) for test in SUITES[part]] for part in PARTS]
    assert kinds[0] == kinds[1]
    assert Counter(capability for capability, _, _ in kinds[0]) == {
        "minimum functionality": 3,
        "negation": 4,
        "intensity": 2,
        "invariance": 8,
        "contrast": 3,
        "length": 3,
    }


@pytest.mark.parametrize("part", PARTS)
def test_the_cases_are_the_same_on_every_call(part):
    assert suite(part) == SUITES[part]


def templates_of(part):
    """The wordings of all templates of a part, without their slots."""
    for name, templates in vars(Author(part).templates).items():
        if name.isupper():
            for template in templates:
                template = template[1] if name == "DATES" else template
                for label in (0, 1):
                    yield SLOT.sub("_", worded(template, label)).lower()


def test_the_parts_share_no_template_no_sentence_and_no_word_of_praise_or_blame():
    held_out, development = (set(templates_of(part)) for part in PARTS)
    assert len(held_out) > 250
    assert len(development) > 250
    assert not held_out & development

    def sentences(part):
        texts = (text for test in SUITES[part] for case in test.cases for text in case.texts)
        return {s.lower() for text in texts for s in re.split(r"(?<=[.!?])\s+|(?:<br />)+", text)}

    assert not sentences("held-out") & sentences("development")
    one, other = (Author(part).lexicon for part in PARTS)
    for kind in ("opinions", "facts"):
        words, others = (
            {
                word
                for values in getattr(lexicon, kind).values()
                for value in values
                for word in ([value] if isinstance(value, str) else value)
            }
            for lexicon in (one, other)
        )
        assert not words & others


@pytest.mark.parametrize("part", PARTS)
def test_the_sentences_are_spelled_as_english_is(part):
    for test in SUITES[part]:
        for case in test.cases:
            text = case.texts[0]
            assert text[0].isupper() or text[0] == '"', text
            assert text[-1] in ".!?", text
            assert not re.search(r"[{}_]|  |\s[.,;:!?]|\b(\w+) \1\b", text), text
            assert not re.search(r"\b[Aa] [aeiou]", text), text
            assert not re.search(r"\b[Aa]n (?!hour)[^aeiou]", text), text
            assert not re.search(r"\b[Aa]n (one|uni(?!n)|eu|us[eu])", text), text


def test_a_verdict_is_buried_in_four_hundred_words():
    for part in PARTS:
        for test in SUITES[part]:
            if test.capability == "length":
                assert min(len(case.texts[0].split()) for case in test.cases) >= 400


@pytest.mark.parametrize("part", PARTS)
def test_who_knows_every_answer_fails_nothing(part):
    perfect = known(part, lambda case, number: sided(case.label, 0.6 + 0.1 * number))
    results = check(perfect, LABELS, part)
    assert [result.failures for result in results] == [0] * len(results)
    assert set(rates(results).values()) == {0.0}
    assert all(result.cases == CASES and result.examples == [] for result in results)


def test_one_answer_to_everything_fails_half_of_what_asks_for_a_label_and_nothing_else():
    for result in check(predictor(lambda text: 0.9), LABELS):
        assert result.rate == (0.5 if result.kind == "minimum functionality" else 0.0)


def test_a_stronger_word_that_lowers_the_score_fails_intensity_alone():
    def falling(by):
        return known("held-out", lambda case, number: sided(case.label, 0.9 - by * number))

    failed = rates(check(falling(2 * TOLERANCE), LABELS))
    assert failed.pop("intensity") == 1.0
    assert set(failed.values()) == {0.0}
    assert set(rates(check(falling(TOLERANCE / 2), LABELS)).values()) == {0.0}


@pytest.mark.parametrize(
    ("name", "odd"),
    [
        ("casing", lambda text: text.islower()),
        ("punctuation", lambda text: text.endswith("!!!")),
        ("line breaks", lambda text: "<br />" in text),
    ],
)
def test_who_is_led_astray_by_one_change_fails_that_test_alone(name, odd):
    results = by_name(check(predictor(lambda text: 0.1 if odd(text) else 0.9), LABELS))
    assert results[name].rate > 0.1
    for result in results.values():
        if result.kind == "invariance" and result.name != name:
            assert result.failures == 0, result.name


def test_an_example_says_what_was_expected_and_what_came():
    results = by_name(check(predictor(lambda text: 0.9), LABELS))
    examples = results["negated words"].examples
    assert len(examples) == len({example.texts for example in examples}) == 3
    assert {(example.expected, example.got) for example in examples} == {("neg", ("pos",))}
    assert examples[0].scores == pytest.approx((0.9,))


def test_columns_go_by_their_labels_and_other_labels_are_refused():
    def praising(texts):
        return torch.tensor([[0.9, 0.1]]).repeat(len(texts), 1)

    [first, *_] = check(praising, ["pos", "neg"])
    assert {example.got for example in first.examples} == {("pos",)}
    for labels in (["bad", "good"], ["neg", "neutral", "pos"]):
        with pytest.raises(InputError, match="labels neg and pos, not "):
            check(praising, labels)


def test_changes_change_what_they_say():
    assert [recased("A Fine film.", number, None) for number in range(3)] == [
        "a fine film.",
        "A FINE FILM.",
        "A Fine Film.",
    ]
    assert {ended("Fine!", number, None) for number in range(4)} == {
        "Fine",
        "Fine...",
        "Fine!!!",
        "Fine .",
    }
    assert broken("One. Two!", 0, None) == "One.<br /><br />Two!"
    assert broken("A fine film.", 0, None) == "A<br />fine film."


def test_the_command_prints_what_it_found_and_leaves_it_beside_the_model(run_folder):
    run = CliRunner().invoke(app, ["check", "--model", str(run_folder), "--json"])
    assert run.exit_code == 0, run.output  # whatever fails
    result = json.loads(run.stdout)
    assert result["part"] == "held-out"
    assert result["rates"].keys() == rates(check(predictor(lambda text: 1.0), LABELS)).keys()
    assert max(test["rate"] for test in result["tests"]) > 0.1
    assert json.loads((run_folder / "check-held-out.json").read_text()) == result

    shown = CliRunner().invoke(app, ["check", "--model", str(run_folder), "--part", "development"])
    assert shown.exit_code == 0, shown.output
    for test in SUITES["development"]:
        assert test.name in shown.output
    assert "expected" in shown.output
    assert (run_folder / "check-development.json").exists()


def test_a_model_of_another_language_is_refused(run_folder, tmp_path):
    bundle = load_bundle(run_folder)
    config = replace(bundle.config, text=replace(bundle.config.text, language="de"))
    save_bundle(replace(bundle, config=config), tmp_path / "german")
    run = CliRunner().invoke(app, ["check", "--model", str(tmp_path / "german")])
    assert isinstance(run.exception, InputError)
    assert "the model reads 'de'" in str(run.exception)
