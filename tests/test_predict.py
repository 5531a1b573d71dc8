import os
import re
import subprocess
import sys
import warnings
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sentiment import Classifier
from sentiment.data.reviews import load_reviews
from sentiment.errors import InputError
from sentiment.inference.classifier import UnknownWordsWarning
from sentiment.inference.explain import explain
from sentiment.inference.explanation_html import fragment, page
from tests.test_tokenizer import any_text

ROOT = Path(__file__).parent.parent
MODULES = ("sentiment.inference.classifier", __name__)
TEXTS = [
    "A good film.",
    "A bad film, and it was so dull that nothing about it works.",
    "I expected to hate it, but the acting is wonderful and the story works.",
    "The film.",
]


@pytest.fixture(scope="module")
def classifier(run_folder):
    return Classifier.from_pretrained(run_folder)


def test_one_text_gives_a_dict_and_several_a_list_in_their_order(classifier):
    one_by_one = [classifier(text) for text in TEXTS]
    together = classifier(TEXTS)
    assert [p["label"] for p in together] == [p["label"] for p in one_by_one]
    for alone, mate in zip(one_by_one, together, strict=True):
        assert set(alone) == {"label", "score"}
        assert alone["score"] == pytest.approx(mate["score"], abs=1e-5)
    assert classifier([]) == []


def test_the_score_is_the_probability_of_the_printed_label(classifier):
    for prediction in classifier(TEXTS, all_scores=True):
        assert prediction["score"] == prediction["scores"][prediction["label"]] >= 0.5
        assert list(prediction["scores"]) == ["neg", "pos"]
        assert sum(prediction["scores"].values()) == pytest.approx(1, abs=1e-5)


def test_a_text_of_unknown_words_warns_and_a_known_one_does_not(classifier):
    with pytest.warns(UnknownWordsWarning, match="'Ztlfq.*knows 0 of its 4 words"):
        classifier("Ztlfq grmbl xyzzy plugh")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        classifier(TEXTS)


@pytest.mark.parametrize("text", ["", "   \n\t", "<br /><br />", "\x00"])
def test_a_text_without_words_is_labelled_with_a_warning(classifier, text):
    with pytest.warns(UnknownWordsWarning, match="0 of its 0 words"):
        assert classifier(text)["label"] in ("neg", "pos")


@pytest.mark.filterwarnings("ignore::sentiment.inference.classifier.UnknownWordsWarning")
@pytest.mark.parametrize("piece", ["a", " ", "!", "\0", "\ud800", "<br />"])
def test_ten_megabytes_get_a_label(classifier, piece):
    (prediction,) = classifier([piece * (10**7 // len(piece))])
    assert prediction["label"] in ("neg", "pos")


def a_label_each(classifier=None):
    """The property that any texts get a label each, of this classifier or the shipped one."""
    classifier = classifier or Classifier.from_pretrained()

    @given(st.lists(any_text))
    def holds(texts):
        predictions = classifier(texts, all_scores=True)
        assert len(predictions) == len(texts)
        for prediction in predictions:
            assert prediction["label"] in ("neg", "pos")
            assert prediction["score"] == max(prediction["scores"].values())
            assert sum(prediction["scores"].values()) == pytest.approx(1, abs=1e-5)

    return holds


@pytest.mark.filterwarnings("ignore::sentiment.inference.classifier.UnknownWordsWarning")
def test_any_texts_get_a_label_each(classifier):
    a_label_each(classifier)()


@pytest.mark.filterwarnings("ignore::sentiment.inference.classifier.UnknownWordsWarning")
@settings(max_examples=30)
@given(text=any_text)
def test_any_text_can_be_explained_and_shown(classifier, text):
    explanation = explain(classifier, text)
    assert "".join(piece for piece, _ in explanation.pieces()) == text
    assert set(re.findall("</?([a-z]+)", fragment(explanation))) <= {"p", "span"}
    page([explanation]).encode()


def test_a_service_does_not_remember_what_it_warned_of(classifier):
    with warnings.catch_warnings():
        warnings.resetwarnings()
        warnings.showwarning = lambda *_: None
        known = [vars(sys.modules[name]).get("__warningregistry__", {}) for name in MODULES]
        for number in range(20):
            classifier(f"Ztlfq{number} grmbl")
            classifier([f"Ztlfq{number} grmbl"])
        after = [vars(sys.modules[name]).get("__warningregistry__", {}) for name in MODULES]
    assert not any("Ztlfq" in str(key) for registry in [*known, *after] for key in registry)


def test_the_warning_names_the_line_that_called(classifier):
    with warnings.catch_warnings(record=True) as caught:
        classifier("Ztlfq grmbl")
        classifier(["Ztlfq grmbl"])
        classifier.probabilities(["Ztlfq grmbl"])
    assert [warning.filename for warning in caught] == [__file__] * 3


def test_a_saved_classifier_predicts_the_same(classifier, tmp_path):
    classifier.save_pretrained(tmp_path / "copy")
    assert Classifier.from_pretrained(tmp_path / "copy")(TEXTS) == classifier(TEXTS)


def test_a_folder_without_a_model_is_a_clear_error(tmp_path):
    with pytest.raises(InputError, match="no trained model"):
        Classifier.from_pretrained(tmp_path)


@pytest.mark.filterwarnings("ignore::sentiment.inference.classifier.UnknownWordsWarning")
def test_eight_threads_get_the_answers_of_one(classifier):
    texts = [
        *load_reviews("sample")["test"]["text"][:32],
        *(f"Word{n} is fine." for n in range(32)),
    ]

    def answers(_):
        singly = [classifier(text, all_scores=True) for text in texts]
        return classifier(texts), singly, [explain(classifier, text) for text in texts[::16]]

    expected = answers(None)
    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(answers, range(8))) == [expected] * 8


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells what is resident")
def test_five_thousand_predictions_of_new_words_do_not_grow_a_process():
    result = subprocess.run(
        [
            *(sys.executable, "benchmarks/service.py", "--predictions", "5000"),
            *("--settled", "2000", "--texts", "20", "--explained", "2"),
        ],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
    )
    assert result.returncode == 0, result.stdout + result.stderr
