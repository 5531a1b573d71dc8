import threading
import warnings

import pytest

from sentiment import Classifier
from sentiment.corpus import load_corpus
from sentiment.errors import InputError
from sentiment.predict import UnknownWordsWarning

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


@pytest.mark.filterwarnings("ignore::sentiment.predict.UnknownWordsWarning")
@pytest.mark.parametrize("text", ["\ud800", "\u200f\u202e", "a" * 100_000, "🎬" * 50, "好电影"])
def test_any_text_gets_a_label(classifier, text):
    assert classifier(text)["label"] in ("neg", "pos")


def test_a_saved_classifier_predicts_the_same(classifier, tmp_path):
    classifier.save_pretrained(tmp_path / "copy")
    assert Classifier.from_pretrained(tmp_path / "copy")(TEXTS) == classifier(TEXTS)


def test_a_folder_without_a_model_is_a_clear_error(tmp_path):
    with pytest.raises(InputError, match="no trained model"):
        Classifier.from_pretrained(tmp_path)


def test_threads_share_a_classifier(classifier):
    texts = list(load_corpus("sample")["test"]["text"][:64])
    expected = classifier(texts)
    answers = [None] * 4

    def work(number):
        answers[number] = classifier(texts)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answers == [expected] * 4
