import json
import math
from itertools import pairwise

import pytest
import torch
from datasets import ClassLabel, Dataset, Features, Value

from sentiment.data.review_splits import from_reviews
from sentiment.data.reviews import load_reviews
from sentiment.errors import DataError
from sentiment.evaluation.metrics import length_name, mcnemar, measure, reliability
from sentiment.inference.classifier import Classifier
from sentiment.inference.evaluate import evaluate, fit_and_compare_temperature, score_dataset


@pytest.fixture
def classifier(run_folder):
    return Classifier.from_pretrained(run_folder)


@pytest.fixture
def reviews():
    """A hundred test reviews of both labels."""
    return load_reviews("sample")["test"].select(range(450, 550))


def logits_of(probabilities):
    return torch.tensor(probabilities).log()


def test_metrics_of_four_known_predictions():
    # The predicted labels are 0 1 1 1.
    logits = logits_of([[0.9, 0.1], [0.4, 0.6], [0.2, 0.8], [0.3, 0.7]])
    metrics = measure(logits, torch.tensor([0, 0, 1, 1]))
    assert metrics.n == 4
    assert metrics.accuracy == 0.75
    assert metrics.f1 == pytest.approx(0.8)  # Precision 2/3, recall 1.
    assert metrics.roc_auc == 1.0
    expected_loss = -torch.tensor([0.9, 0.4, 0.8, 0.7]).log().mean().item()
    assert metrics.loss == pytest.approx(expected_loss, abs=1e-6)
    assert metrics.confusion == [[1, 1], [0, 2]]
    # |1 - .9|, |0 - .6|, |1 - .8| and |1 - .7|, each in a different bin.
    assert metrics.ece == pytest.approx((0.1 + 0.6 + 0.2 + 0.3) / 4)
    low, high = metrics.accuracy_interval
    assert (low, high) == pytest.approx((0.3006, 0.9544), abs=1e-4)  # Wilson score interval.
    json.dumps(metrics.to_dict())


def test_roc_auc_is_none_where_a_label_does_not_occur():
    metrics = measure(logits_of([[0.9, 0.1], [0.4, 0.6]]), torch.tensor([0, 0]))
    assert metrics.roc_auc is None
    assert metrics.accuracy == 0.5


def test_metrics_of_three_labels():
    logits = logits_of(
        [
            *([0.8, 0.1, 0.1], [0.1, 0.8, 0.1], [0.1, 0.2, 0.7]),
            *([0.6, 0.3, 0.1], [0.2, 0.5, 0.3], [0.15, 0.25, 0.6]),
        ]
    )
    metrics = measure(logits, torch.tensor([0, 1, 2, 0, 1, 1]))
    assert metrics.accuracy == pytest.approx(5 / 6)
    assert metrics.confusion == [[2, 0, 0], [0, 2, 1], [0, 0, 1]]
    assert metrics.f1 == pytest.approx((1 + 4 / 5 + 2 / 3) / 3)
    # One label against the others: of the pairs of label 1, all but (0.25, 0.3) are in order.
    assert metrics.roc_auc == pytest.approx((1 + 8 / 9 + 1) / 3)


def predictions(confidence, correct):
    """Return logits that predict label 1 with a confidence each, and the true labels."""
    return logits_of([[1 - p, p] for p in confidence]), torch.tensor(correct).long()


def ece_of(confidence, correct):
    return measure(*predictions(confidence, correct)).ece


def test_calibration_error_is_zero_where_confidence_equals_accuracy():
    correct = [True] * 7 + [False] * 3
    assert ece_of([0.7] * 10, correct) == pytest.approx(0, abs=1e-6)
    assert ece_of([0.7] * 10, [not value for value in correct]) == pytest.approx(0.4, abs=1e-6)


def test_calibration_errors_cancel_within_a_bin_only():
    assert ece_of([0.75, 0.75], [True, False]) == pytest.approx(0.25)
    assert ece_of([0.51, 0.99], [True, False]) == pytest.approx((0.49 + 0.99) / 2)


def test_reliability_bins_have_their_mean_confidence_and_accuracy():
    bins = reliability(*predictions([0.68, 0.72, 0.72, 0.99], [True, True, False, False]))
    assert len(bins) == 15
    assert (bins[0].low, bins[-1].high) == (0, 1)
    assert [bin.high for bin in bins[:-1]] == [bin.low for bin in bins[1:]]
    filled = {number: bin for number, bin in enumerate(bins) if bin.n}
    assert list(filled) == [10, 14]  # 0.68 to 0.72 lie between 10/15 and 11/15.
    assert (filled[10].n, filled[14].n) == (3, 1)
    assert filled[10].confidence == pytest.approx((0.68 + 0.72 + 0.72) / 3)
    assert (filled[10].accuracy, filled[14].accuracy) == (pytest.approx(2 / 3), 0.0)
    assert (bins[0].confidence, bins[0].accuracy) == (None, None)
    on_an_edge = reliability(torch.zeros(1, 5), torch.tensor([0]))  # 1/5 is 3/15
    assert [bin.n for bin in on_an_edge[:4]] == [0, 0, 1, 0]


def test_metrics_have_the_calibration_with_and_without_the_temperature():
    logits, labels = predictions([0.7] * 10, [True] * 7 + [False] * 3)
    metrics = measure(logits, labels, temperature=3.0)
    uncalibrated = (logits[0] * 3).softmax(dim=0)[1].item()  # 0.927
    assert metrics.temperature == 3.0
    assert metrics.ece == pytest.approx(0, abs=1e-6)
    assert metrics.ece_uncalibrated == pytest.approx(uncalibrated - 0.7)
    assert metrics.reliability == reliability(logits, labels)
    assert metrics.reliability_uncalibrated == reliability(logits * 3, labels)
    unscaled = measure(logits, labels)
    assert (unscaled.temperature, unscaled.ece_uncalibrated) == (1.0, unscaled.ece)
    assert unscaled.reliability_uncalibrated == unscaled.reliability
    json.dumps(metrics.to_dict(), allow_nan=False)


def test_scores_do_not_depend_on_the_batch_size(classifier):
    reviews = load_reviews("sample")["test"].select(range(400, 603))
    small, large = (score_dataset(classifier, reviews, batch_size) for batch_size in (7, 128))
    torch.testing.assert_close(small.logits, large.logits, atol=1e-5, rtol=0)
    assert small.labels.tolist() == large.labels.tolist() == reviews["label"][:]
    assert small.lengths.tolist() == large.lengths.tolist()
    assert measure(small.logits, small.labels).n == 203


def test_evaluation_and_prediction_give_the_same_probabilities(classifier, reviews):
    scored = score_dataset(classifier, reviews)
    probabilities = torch.from_numpy(classifier.predict_proba(reviews["text"]))
    torch.testing.assert_close(scored.logits.softmax(dim=1), probabilities, atol=1e-6, rtol=0)
    predicted = torch.tensor([classifier.label2id[p["label"]] for p in classifier(reviews["text"])])
    accuracy = (predicted == scored.labels).float().mean().item()
    assert evaluate(classifier, reviews).accuracy == pytest.approx(accuracy)


@pytest.mark.parametrize("names", [["pos", "neg"], ["Positive", "Negative"]])
def test_labels_of_a_dataset_are_matched_by_name(classifier, reviews, names):
    rows = {"text": reviews["text"][:], "label": [1 - id for id in reviews["label"]]}
    features = Features({"text": Value("string"), "label": ClassLabel(names=names)})
    renamed = Dataset.from_dict(rows, features=features)
    assert evaluate(classifier, renamed) == evaluate(classifier, reviews)
    assert evaluate(classifier, Dataset.from_dict({**rows, "label": reviews["label"][:]})) == (
        evaluate(classifier, reviews)
    )


def test_label_that_the_classifier_does_not_have_is_named(classifier, reviews):
    features = Features({"text": Value("string"), "label": ClassLabel(names=["neg", "mixed"])})
    rows = {"text": reviews["text"][:], "label": reviews["label"][:]}
    with pytest.raises(DataError, match=r"label 'mixed', first in row \d+, .* of the model are"):
        evaluate(classifier, Dataset.from_dict(rows, features=features))


def test_slices_are_by_length_and_of_reviews_also_in_train(classifier, reviews):
    whole = evaluate(classifier, reviews)
    assert [part.name for part in whole.slices][:2] == ["0 to 99 tokens", "100 to 199 tokens"]
    assert sum(part.n for part in whole.slices) == 100
    assert sum(part.n * part.accuracy for part in whole.slices) == pytest.approx(
        100 * whole.accuracy
    )
    shared = evaluate(classifier, reviews, train=reviews.select(range(10)))
    assert (shared.slices[-1].name, shared.slices[-1].n) == ("also in train", 10)
    disjoint = evaluate(classifier, reviews, train=load_reviews("sample")["train"])
    assert disjoint.slices == whole.slices
    json.dumps(shared.to_dict())


def test_slices_have_their_calibration_error_with_and_without_the_temperature(classifier, reviews):
    short = evaluate(classifier, reviews).slices[0]
    lengths = [len(tokens) for tokens in classifier.tokenizer.pipe(reviews["text"])]
    alone = evaluate(classifier, reviews.select([row for row, n in enumerate(lengths) if n < 100]))
    assert (short.name, short.n) == ("0 to 99 tokens", alone.n)
    assert 0 < alone.n < 100
    assert short.ece == pytest.approx(alone.ece, abs=1e-6)
    assert short.ece_uncalibrated == pytest.approx(alone.ece_uncalibrated, abs=1e-6)
    assert short.ece != pytest.approx(short.ece_uncalibrated, abs=1e-6)


def test_without_a_temperature_both_calibration_errors_are_equal(classifier, reviews):
    before = evaluate(classifier, reviews)
    classifier.temperature = 1.0
    metrics = evaluate(classifier, reviews)
    assert metrics.temperature == 1.0
    assert metrics.ece == metrics.ece_uncalibrated == pytest.approx(before.ece_uncalibrated)


@torch.no_grad()
def scale_logits(classifier, factor):
    classifier.model.linear.weight *= factor
    classifier.model.linear.bias *= factor


def test_fitted_temperature_corrects_logits_that_are_three_times_too_large(classifier):
    classifier.temperature = 1.0
    texts = load_reviews("sample")["validation"]
    scale_logits(classifier, 2 / score_dataset(classifier, texts).logits.diff(dim=1).std())
    # Labels drawn with the predicted probabilities, so that these are perfectly calibrated.
    generator = torch.Generator().manual_seed(0)
    probabilities = score_dataset(classifier, texts).logits.softmax(dim=1)
    labels = probabilities.multinomial(1, generator=generator).squeeze(1).tolist()
    pairs = zip(texts["text"], labels, strict=True)
    validation = from_reviews({"validation": list(pairs)})["validation"]
    scale_logits(classifier, 3)
    before, after = fit_and_compare_temperature(classifier, validation)
    assert classifier.temperature == before.temperature == 1.0
    assert after.temperature == pytest.approx(3, rel=0.15)
    assert after.loss < before.loss - 0.1
    assert after.ece < 0.05 < before.ece
    assert after.ece_uncalibrated == pytest.approx(before.ece, abs=1e-6)
    assert after.confusion == before.confusion
    classifier.temperature = after.temperature
    _, again = fit_and_compare_temperature(classifier, validation)
    assert again.temperature == pytest.approx(after.temperature, rel=1e-3)


@pytest.mark.parametrize(
    ("only_first", "only_second", "p"),
    [(9, 1, 0.021484375), (1, 9, 0.021484375), (5, 5, 1.0), (0, 0, 1.0), (6, 0, 0.03125)],
)
def test_mcnemar_counts_what_only_one_of_two_classifies_correctly(only_first, only_second, p):
    first = torch.tensor([True] * 20 + [True] * only_first + [False] * only_second + [False] * 5)
    second = torch.tensor([True] * 20 + [False] * only_first + [True] * only_second + [False] * 5)
    result = mcnemar(first, second)
    assert (result.only_first, result.only_second) == (only_first, only_second)
    assert result.p == pytest.approx(p)  # Two-sided exact binomial p-value.


def test_slice_by_length_includes_its_lower_edge():
    assert [length_name(*edges) for edges in pairwise((0, 100, math.inf))] == [
        "0 to 99 tokens",
        "100 tokens or more",
    ]
