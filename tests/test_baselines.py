import math

import numpy as np
import pytest
import torch
from scipy.sparse import csr_matrix

from sentiment.artifacts.bundle import load_bundle
from sentiment.artifacts.checksums import FILES
from sentiment.data.columns import from_reviews
from sentiment.data.reviews import load_reviews
from sentiment.errors import InputError
from sentiment.evaluation.baselines import as_logits, compare, stored_size
from sentiment.evaluation.metrics import evaluate
from sentiment.inference.classifier import Classifier
from sentiment.models.bag_of_words import BASELINES, LogCountRatio, nb_svm, tf_idf

GOOD = ["a good film", "good and warm", "warm , good , funny", "a funny film"] * 5
BAD = ["a bad film", "bad and dull", "dull , bad , slow", "a slow film"] * 5


@pytest.fixture(scope="module")
def corpus():
    """400 training and 100 test reviews of the built-in ones."""
    sample = load_reviews("sample")
    middle = {split: len(sample[split]) // 2 for split in ("train", "test")}
    return {
        split: sample[split].select(range(middle[split] - n // 2, middle[split] + n // 2))
        for split, n in (("train", 400), ("test", 100))
    }


@pytest.fixture(scope="module")
def results(run_folder, corpus):
    classifier = Classifier.from_pretrained(run_folder)
    return list(compare(classifier, run_folder, corpus["train"], corpus["test"]))


@pytest.mark.parametrize("make", BASELINES.values())
def test_they_learn_which_words_stand_under_which_label(make):
    fitted = make().fit(GOOD + BAD, [1] * 20 + [0] * 20)
    assert fitted.predict(["good", "bad", "warm and funny", "dull and slow"]).tolist() == [
        *(1, 0, 1, 0)
    ]
    probabilities = fitted.predict_proba(["good", "bad", "unheard of"])
    assert probabilities.sum(axis=1) == pytest.approx(1)
    assert probabilities[0, 1] > probabilities[2, 1] > probabilities[1, 1]
    words = fitted[0].get_feature_names_out()
    numbers = 2 * 8 * len(words)  # One to weigh each by, and one for what it says of the label.
    slack = 100
    assert numbers < stored_size(fitted) - sum(map(len, words)) < numbers + len(words) + slack


@pytest.mark.parametrize("make", BASELINES.values())
def test_three_labels_are_learned_too(make):
    middling = ["a long film", "long and neither", "neither long nor short"] * 5
    fitted = make().fit(GOOD + BAD + middling, [2] * 20 + [0] * 20 + [1] * 15)
    assert fitted.predict(["good", "bad", "neither"]).tolist() == [2, 0, 1]
    assert fitted.predict_proba(["good"]).shape == (1, 3)


def test_nb_svm_counts_punctuation_and_three_words_in_a_row():
    vectorizer = nb_svm(min_df=1).fit(["Not good at all !", "good"] * 2, [0, 1] * 2)[0]
    assert {"!", "not good at", "all !"} <= set(vectorizer.vocabulary_)
    assert set(vectorizer.transform(["good good"]).data) == {1}  # Whether, not how often.


def test_counts_are_multiplied_by_the_log_count_ratio():
    counts = csr_matrix(np.array([[1, 0, 1], [1, 1, 0], [0, 1, 0]]))
    ratio = LogCountRatio().fit(counts, np.array([1, 1, 0]))
    # label 1: 1 + (2, 1, 1) of 7; label 0: 1 + (0, 1, 0) of 4
    expected = [math.log(3 / 7 * 4), math.log(2 / 7 * 4 / 2), math.log(2 / 7 * 4)]
    scaled = ratio.transform(csr_matrix(np.eye(3)))
    assert np.diag(scaled.toarray()) == pytest.approx(expected)


def test_a_certain_probability_gives_finite_logits():
    probabilities = torch.tensor([[0.25, 0.75], [0.0, 1.0]])
    logits = as_logits(probabilities)
    assert logits.isfinite().all()
    torch.testing.assert_close(logits.softmax(dim=1), probabilities.double())


def test_model_and_baselines_are_measured_on_the_same_reviews(results, run_folder, corpus):
    assert [result.name for result in results] == ["LSTM", *BASELINES]
    assert {result.metrics.n for result in results} == {len(corpus["test"])}
    model, *baselines = results
    expected = evaluate(load_bundle(run_folder), corpus["test"])
    assert model.metrics.accuracy == expected.accuracy
    assert model.metrics.loss == pytest.approx(expected.loss, abs=1e-5)
    assert model.metrics.ece_uncalibrated == pytest.approx(expected.ece_uncalibrated, abs=1e-5)
    for result in baselines:
        assert result.metrics.accuracy > 0.6
        assert result.metrics.temperature == 1.0


def test_baselines_learn_from_all_of_train_and_a_model_says_from_what(results, corpus, run_folder):
    model, *baselines = results
    assert model.learned_from == load_bundle(run_folder).data["train"]["rows"]
    assert model.train_seconds == load_bundle(run_folder).data["metrics"]["seconds"]
    assert {result.learned_from for result in baselines} == {len(corpus["train"])}


def test_the_size_of_a_model_is_that_of_its_files(results, run_folder):
    assert results[0].size == sum(len((run_folder / name).read_bytes()) for name in FILES)


def test_each_baseline_is_tested_against_the_model(results):
    model, *baselines = results
    assert model.mcnemar is None
    for result in baselines:
        ahead = result.mcnemar.only_first - result.mcnemar.only_second
        assert ahead == round(100 * (model.metrics.accuracy - result.metrics.accuracy))
        assert 0 < result.mcnemar.p <= 1


@pytest.mark.parametrize(
    ("reviews", "message"),
    [
        ([("a good film", 1)] * 4, "TF-IDF needs training reviews of each of the 2 labels"),
        ([("one", 0), ("two", 1)], "TF-IDF cannot learn from 2 reviews: .*no terms"),
    ],
)
def test_what_cannot_be_learned_from_is_a_clear_error(run_folder, corpus, reviews, message):
    train = from_reviews({"train": reviews})["train"]
    classifier = Classifier.from_pretrained(run_folder)
    with pytest.raises(InputError, match=message):
        list(compare(classifier, run_folder, train, corpus["test"]))


def test_a_few_reviews_of_imdb_teach_them_much(imdb):
    some = imdb["train"].shuffle(seed=0).select(range(2000))
    test = imdb["test"].shuffle(seed=0).select(range(1000))
    for make, least in ((tf_idf, 0.8), (nb_svm, 0.82)):
        fitted = make().fit(list(some["text"]), list(some["label"]))
        assert np.mean(fitted.predict(list(test["text"])) == np.array(test["label"])) > least
