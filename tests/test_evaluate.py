import json
import math
from itertools import pairwise

import pytest
import torch

from sentiment.bundle import load_bundle
from sentiment.corpus import load_corpus
from sentiment.evaluate import evaluate, expected_calibration_error, length_name, measure
from sentiment.predict import Classifier


def logits_of(probabilities):
    return torch.tensor(probabilities).log()


def test_metrics_of_four_known_predictions():
    # labels 0 0 1 1; predicted 0 1 1 1
    logits = logits_of([[0.9, 0.1], [0.4, 0.6], [0.2, 0.8], [0.3, 0.7]])
    metrics = measure(logits, torch.tensor([0, 0, 1, 1]))
    assert metrics.n == 4
    assert metrics.accuracy == 0.75
    assert metrics.f1 == pytest.approx(0.8)  # precision 2/3, recall 1
    assert metrics.roc_auc == 1.0
    expected_loss = -torch.tensor([0.9, 0.4, 0.8, 0.7]).log().mean().item()
    assert metrics.loss == pytest.approx(expected_loss, abs=1e-6)
    assert metrics.confusion == [[1, 1], [0, 2]]
    # |1 - .9|, |0 - .6|, |1 - .8|, |1 - .7|: each in a bin of its own
    assert metrics.ece == pytest.approx((0.1 + 0.6 + 0.2 + 0.3) / 4)
    low, high = metrics.accuracy_interval
    assert (low, high) == pytest.approx((0.3006, 0.9544), abs=1e-4)  # Wilson, by hand
    json.dumps(metrics.to_dict())


def test_a_split_of_one_label_has_no_roc_auc():
    metrics = measure(logits_of([[0.9, 0.1], [0.4, 0.6]]), torch.tensor([0, 0]))
    assert metrics.roc_auc is None
    assert metrics.accuracy == 0.5


def test_three_labels_are_measured_too():
    logits = torch.eye(3).repeat(2, 1)
    metrics = measure(logits, torch.tensor([0, 1, 2, 0, 1, 1]))
    assert metrics.accuracy == pytest.approx(5 / 6)
    assert len(metrics.confusion) == 3
    assert 0.5 < metrics.roc_auc <= 1


def test_calibration_error_is_nought_when_confidence_is_how_often_one_is_right():
    confidence = torch.full((10,), 0.7)
    correct = torch.tensor([True] * 7 + [False] * 3)
    assert expected_calibration_error(confidence, correct) == pytest.approx(0, abs=1e-6)
    assert expected_calibration_error(confidence, ~correct) == pytest.approx(0.4, abs=1e-6)


def test_errors_of_one_bin_cancel_and_those_of_two_do_not():
    one_bin = torch.tensor([0.75, 0.75])
    assert expected_calibration_error(one_bin, torch.tensor([True, False])) == pytest.approx(0.25)
    two_bins = torch.tensor([0.51, 0.99])
    correct = torch.tensor([True, False])
    assert expected_calibration_error(two_bins, correct) == pytest.approx((0.49 + 0.99) / 2)


def test_metrics_are_over_reviews_whatever_the_batch_size(run_folder):
    bundle = load_bundle(run_folder)
    split = load_corpus("sample")["test"].select(range(400, 603))
    one, other = evaluate(bundle, split, batch_size=7), evaluate(bundle, split, batch_size=128)
    assert one.n == 203
    assert one.accuracy == other.accuracy
    assert one.loss == pytest.approx(other.loss, abs=1e-6)


def test_evaluation_and_prediction_give_the_same_probabilities(run_folder):
    split = load_corpus("sample")["test"].select(range(450, 550))
    metrics = evaluate(load_bundle(run_folder), split)
    predicted = Classifier.from_pretrained(run_folder)(list(split["text"]))
    names = split.features["label"].names
    right = [p["label"] == names[y] for p, y in zip(predicted, split["label"], strict=True)]
    assert metrics.accuracy == sum(right) / len(right)


def test_slices_are_by_length_and_of_what_stands_in_train_too(run_folder):
    corpus = load_corpus("sample")
    split = corpus["test"].select(range(450, 550))
    whole = evaluate(load_bundle(run_folder), split)
    assert [part.name for part in whole.slices][:2] == ["0 to 99 tokens", "100 to 199 tokens"]
    assert sum(part.n for part in whole.slices) == 100
    assert sum(part.n * part.accuracy for part in whole.slices) == pytest.approx(
        100 * whole.accuracy
    )
    shared = evaluate(load_bundle(run_folder), split, train=split.select(range(10)))
    assert (shared.slices[-1].name, shared.slices[-1].n) == ("also in train", 10)
    disjoint = evaluate(load_bundle(run_folder), split, train=corpus["train"])
    assert disjoint.slices == whole.slices
    json.dumps(shared.to_dict())


def test_an_edge_belongs_to_the_slice_above_it():
    assert [length_name(*edges) for edges in pairwise((0, 100, math.inf))] == [
        "0 to 99 tokens",
        "100 tokens or more",
    ]
