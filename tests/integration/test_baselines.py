"""Bag-of-words baselines and their comparison with a model."""

import math

import numpy as np
import pytest
import torch
from scipy.sparse import csr_matrix

from sentiment import Classifier
from sentiment.artifacts.checksums import FILES
from sentiment.artifacts.model_folder import size_on_disk
from sentiment.data.review_splits import from_reviews
from sentiment.data.reviews import load_reviews
from sentiment.errors import DataError
from sentiment.evaluation.baselines import as_logits, compare, stored_size
from sentiment.models.bag_of_words import BASELINES, LogCountRatio, nb_svm, tf_idf

GOOD = ["a good film", "good and warm", "warm , good , funny", "a funny film"] * 5
BAD = ["a bad film", "bad and dull", "dull , bad , slow", "a slow film"] * 5


@pytest.fixture(scope="module")
def reviews():
    """400 training and 100 test reviews of the built-in ones."""
    sample = load_reviews("sample")
    middle = {split: len(sample[split]) // 2 for split in ("train", "test")}
    return {
        split: sample[split].select(range(middle[split] - n // 2, middle[split] + n // 2))
        for split, n in (("train", 400), ("test", 100))
    }


@pytest.fixture(scope="module")
def classifier(run_folder):
    return Classifier.from_pretrained(run_folder, device="cpu")


def compare_with(classifier, train, test):
    return list(
        compare(
            classifier.predict_proba,
            train,
            test,
            num_labels=len(classifier.labels),
            temperature=classifier.temperature,
            metadata=classifier.metadata,
            size=size_on_disk(classifier.folder),
        )
    )


@pytest.fixture(scope="module")
def results(classifier, reviews):
    return compare_with(classifier, reviews["train"], reviews["test"])


@pytest.mark.parametrize("make", BASELINES.values())
def test_baseline_learns_words_of_each_label(make):
    fitted = make().fit(GOOD + BAD, [1] * 20 + [0] * 20)
    predicted = fitted.predict(["good", "bad", "warm and funny", "dull and slow"])
    assert predicted.tolist() == [1, 0, 1, 0]
    probabilities = fitted.predict_proba(["good", "bad", "unheard of"])
    assert probabilities.sum(axis=1) == pytest.approx(1)
    assert probabilities[0, 1] > probabilities[2, 1] > probabilities[1, 1]


@pytest.mark.parametrize("make", BASELINES.values())
def test_stored_size_counts_ngrams_and_two_numbers_for_each(make):
    fitted = make().fit(GOOD + BAD, [1] * 20 + [0] * 20)
    ngrams = fitted[0].get_feature_names_out()
    numbers = 2 * 8 * len(ngrams)  # A feature weight (idf or ratio) and a coefficient.
    slack = 100
    assert numbers < stored_size(fitted) - sum(map(len, ngrams)) < numbers + len(ngrams) + slack


@pytest.mark.parametrize("make", BASELINES.values())
def test_baseline_learns_three_labels(make):
    neutral = ["a long film", "long and neither", "neither long nor short"] * 5
    fitted = make().fit(GOOD + BAD + neutral, [2] * 20 + [0] * 20 + [1] * 15)
    assert fitted.predict(["good", "bad", "neither"]).tolist() == [2, 0, 1]
    assert fitted.predict_proba(["good"]).shape == (1, 3)


def test_nb_svm_uses_punctuation_and_trigrams_as_binary_features():
    vectorizer = nb_svm(min_df=1).fit(["Not good at all !", "good"] * 2, [0, 1] * 2)[0]
    assert {"!", "not good at", "all !"} <= set(vectorizer.vocabulary_)
    assert "not good at all" not in vectorizer.vocabulary_
    assert set(vectorizer.transform(["good good"]).data) == {1}


def test_tf_idf_uses_word_pairs_and_the_logarithm_of_the_count():
    vectorizer = tf_idf().fit(["good film now", "bad film now"] * 2, [1, 0] * 2)[0]
    assert set(vectorizer.vocabulary_) == {
        *("good", "bad", "film", "now", "good film", "bad film", "film now")
    }
    once, thrice = vectorizer.transform(["good bad", "good good good bad"])
    good, bad = (vectorizer.vocabulary_[word] for word in ("good", "bad"))
    assert once[0, good] == pytest.approx(once[0, bad])
    assert thrice[0, good] == pytest.approx((1 + math.log(3)) * thrice[0, bad])


@pytest.mark.parametrize("make", BASELINES.values())
def test_strong_regularization_gives_probabilities_close_to_one_half(make):
    weak, strong = (
        make(C=C).fit(GOOD + BAD, [1] * 20 + [0] * 20).predict_proba(["good"])[0, 1]
        for C in (10, 0.0001)
    )
    assert weak > 0.9
    assert strong == pytest.approx(0.5, abs=0.02)


def test_counts_are_multiplied_by_the_log_count_ratio():
    counts = csr_matrix(np.array([[1, 0, 1], [1, 1, 0], [0, 1, 0]]))
    ratio = LogCountRatio().fit(counts, np.array([1, 1, 0]))
    # label 1: 1 + (2, 1, 1) of 7; label 0: 1 + (0, 1, 0) of 4
    expected = [math.log(3 / 7 * 4), math.log(2 / 7 * 4 / 2), math.log(2 / 7 * 4)]
    scaled = ratio.transform(csr_matrix(np.eye(3)))
    assert np.diag(scaled.toarray()) == pytest.approx(expected)


def test_probability_of_one_gives_finite_logits():
    probabilities = np.array([[0.25, 0.75], [0.0, 1.0]], np.float32)
    logits = as_logits(probabilities)
    assert logits.isfinite().all()
    expected = torch.from_numpy(probabilities).double()
    torch.testing.assert_close(logits.softmax(dim=1), expected)


def test_model_and_baselines_are_measured_on_the_same_reviews(results, classifier, reviews):
    assert [result.name for result in results] == ["LSTM", *BASELINES]
    assert {result.metrics.n for result in results} == {len(reviews["test"])}
    model, *baselines = results
    expected = classifier.evaluate(reviews["test"])
    assert model.metrics.accuracy == expected.accuracy
    assert model.metrics.loss == pytest.approx(expected.loss, abs=1e-5)
    assert model.metrics.ece_uncalibrated == pytest.approx(expected.ece_uncalibrated, abs=1e-5)
    for result in baselines:
        assert result.metrics.accuracy > 0.6
        assert result.metrics.temperature == 1.0


def test_results_record_training_rows_and_seconds(results, reviews, classifier):
    model, *baselines = results
    assert model.train_rows == classifier.metadata["train"]["rows"]
    assert model.train_seconds == classifier.metadata["metrics"]["seconds"]
    assert {result.train_rows for result in baselines} == {len(reviews["train"])}


def test_size_of_a_model_is_that_of_its_files(results, run_folder):
    assert results[0].size == sum(len((run_folder / name).read_bytes()) for name in FILES)


def test_mcnemar_compares_each_baseline_with_the_model(results):
    model, *baselines = results
    assert model.mcnemar is None
    for result in baselines:
        difference = result.mcnemar.only_first - result.mcnemar.only_second
        assert difference == round(100 * (model.metrics.accuracy - result.metrics.accuracy))
        assert 0 < result.mcnemar.p <= 1


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([("a good film", 1)] * 4, "TF-IDF needs training reviews of each of the 2 labels"),
        ([("one", 0), ("two", 1)], "TF-IDF cannot be trained on 2 reviews: .*no terms"),
    ],
)
def test_training_data_that_is_too_small_is_an_error(classifier, reviews, rows, message):
    train = from_reviews({"train": rows})["train"]
    with pytest.raises(DataError, match=message):
        compare_with(classifier, train, reviews["test"])


def test_baselines_reach_their_accuracy_on_2000_imdb_reviews(imdb):
    train = imdb["train"].shuffle(seed=0).select(range(2000))
    test = imdb["test"].shuffle(seed=0).select(range(1000))
    for make, least in ((tf_idf, 0.8), (nb_svm, 0.82)):
        fitted = make().fit(list(train["text"]), list(train["label"]))
        assert np.mean(fitted.predict(list(test["text"])) == np.array(test["label"])) > least
