import json
import math
from itertools import pairwise

import pytest
import torch

from sentiment.artifacts.bundle import load_bundle
from sentiment.data.columns import from_reviews
from sentiment.data.reviews import load_reviews
from sentiment.evaluation.metrics import (
    calibrate,
    evaluate,
    length_name,
    mcnemar,
    measure,
    reliability,
    score,
)
from sentiment.inference.classifier import Classifier
from sentiment.text.tokenizer import Tokenizer


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


def right_of(confidence, right):
    """Logits of two labels, and labels of which the predicted one is right where `right` is."""
    return logits_of([[1 - p, p] for p in confidence]), torch.tensor(right).long()


def ece_of(confidence, right):
    return measure(*right_of(confidence, right)).ece


def test_calibration_error_is_nought_when_confidence_is_how_often_one_is_right():
    right = [True] * 7 + [False] * 3
    assert ece_of([0.7] * 10, right) == pytest.approx(0, abs=1e-6)
    assert ece_of([0.7] * 10, [not one for one in right]) == pytest.approx(0.4, abs=1e-6)


def test_errors_of_one_bin_cancel_and_those_of_two_do_not():
    assert ece_of([0.75, 0.75], [True, False]) == pytest.approx(0.25)
    assert ece_of([0.51, 0.99], [True, False]) == pytest.approx((0.49 + 0.99) / 2)


def test_reliability_tells_of_each_bin_how_sure_and_how_right():
    bins = reliability(*right_of([0.68, 0.72, 0.72, 0.99], [True, True, False, False]))
    assert len(bins) == 15
    assert (bins[0].low, bins[-1].high) == (0, 1)
    assert [before.high for before in bins[:-1]] == [after.low for after in bins[1:]]
    filled = {number: bin for number, bin in enumerate(bins) if bin.n}
    assert list(filled) == [10, 14]  # 0.68 to 0.72 lie between 10/15 and 11/15.
    assert (filled[10].n, filled[14].n) == (3, 1)
    assert filled[10].confidence == pytest.approx((0.68 + 0.72 + 0.72) / 3)
    assert (filled[10].accuracy, filled[14].accuracy) == (pytest.approx(2 / 3), 0.0)
    assert (bins[0].confidence, bins[0].accuracy) == (None, None)
    on_an_edge = reliability(torch.zeros(1, 5), torch.tensor([0]))  # 1/5 is 3/15
    assert [bin.n for bin in on_an_edge[:4]] == [0, 0, 1, 0]


def test_calibration_is_told_before_and_after_the_temperature():
    logits, labels = right_of([0.7] * 10, [True] * 7 + [False] * 3)
    metrics = measure(logits, labels, temperature=3.0)
    sure = (logits[0] * 3).softmax(dim=0)[1].item()  # 0.927
    assert metrics.temperature == 3.0
    assert metrics.ece == pytest.approx(0, abs=1e-6)
    assert metrics.ece_uncalibrated == pytest.approx(sure - 0.7)
    assert metrics.reliability == reliability(logits, labels)
    assert metrics.reliability_uncalibrated == reliability(logits * 3, labels)
    unscaled = measure(logits, labels)
    assert (unscaled.temperature, unscaled.ece_uncalibrated) == (1.0, unscaled.ece)
    assert unscaled.reliability_uncalibrated == unscaled.reliability
    json.dumps(metrics.to_dict(), allow_nan=False)


def test_metrics_are_over_reviews_whatever_the_batch_size(run_folder):
    bundle = load_bundle(run_folder)
    split = load_reviews("sample")["test"].select(range(400, 603))
    one, other = evaluate(bundle, split, batch_size=7), evaluate(bundle, split, batch_size=128)
    assert one.n == 203
    assert one.accuracy == other.accuracy
    assert one.loss == pytest.approx(other.loss, abs=1e-6)


def test_evaluation_and_prediction_give_the_same_probabilities(run_folder):
    split = load_reviews("sample")["test"].select(range(450, 550))
    metrics = evaluate(load_bundle(run_folder), split)
    predicted = Classifier.from_pretrained(run_folder)(list(split["text"]))
    names = split.features["label"].names
    right = [p["label"] == names[y] for p, y in zip(predicted, split["label"], strict=True)]
    assert metrics.accuracy == sum(right) / len(right)


def test_slices_are_by_length_and_of_what_stands_in_train_too(run_folder):
    corpus = load_reviews("sample")
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


def test_each_slice_has_its_calibration_error_before_and_after(run_folder):
    bundle = load_bundle(run_folder)
    split = load_reviews("sample")["test"].select(range(450, 550))
    short = evaluate(bundle, split).slices[0]
    lengths = [len(tokens) for tokens in Tokenizer().pipe(split["text"])]
    alone = evaluate(bundle, split.select([row for row, n in enumerate(lengths) if n < 100]))
    assert (short.name, short.n) == ("0 to 99 tokens", alone.n)
    assert 0 < alone.n < 100
    assert short.ece == pytest.approx(alone.ece, abs=1e-6)
    assert short.ece_uncalibrated == pytest.approx(alone.ece_uncalibrated, abs=1e-6)
    assert short.ece != pytest.approx(short.ece_uncalibrated, abs=1e-6)


def test_a_bundle_that_was_never_calibrated_has_one_error(run_folder):
    bundle = load_bundle(run_folder)
    split = load_reviews("sample")["test"].select(range(450, 550))
    before = evaluate(bundle, split)
    bundle.temperature = 1.0
    metrics = evaluate(bundle, split)
    assert metrics.temperature == 1.0
    assert metrics.ece == metrics.ece_uncalibrated == pytest.approx(before.ece_uncalibrated)


@torch.no_grad()
def enlarge(bundle, factor):
    """Make the logits of `bundle` larger by a factor."""
    bundle.model.linear.weight *= factor
    bundle.model.linear.bias *= factor


def test_calibration_mends_a_bundle_whose_logits_are_three_times_too_large(run_folder):
    bundle = load_bundle(run_folder)
    bundle.temperature = 1.0
    texts = load_reviews("sample")["validation"]
    enlarge(bundle, 2 / score(bundle, texts).logits.diff(dim=1).std())
    generator = torch.Generator().manual_seed(0)
    labels = score(bundle, texts).logits.softmax(dim=1).multinomial(1, generator=generator)
    pairs = zip(texts["text"], labels.squeeze(1).tolist(), strict=True)
    validation = from_reviews({"validation": list(pairs)})["validation"]  # As likely as it says.
    enlarge(bundle, 3)
    before, after = calibrate(bundle, validation)
    assert bundle.temperature == before.temperature == 1.0
    assert after.temperature == pytest.approx(3, rel=0.15)
    assert after.loss < before.loss - 0.1
    assert after.ece < 0.05 < before.ece
    assert after.ece_uncalibrated == pytest.approx(before.ece, abs=1e-6)
    assert after.confusion == before.confusion
    bundle.temperature = after.temperature
    _, again = calibrate(bundle, validation)
    assert again.temperature == pytest.approx(after.temperature, rel=1e-3)


@pytest.mark.parametrize(
    ("only_first", "only_second", "p"),
    [(9, 1, 0.021484375), (1, 9, 0.021484375), (5, 5, 1.0), (0, 0, 1.0), (6, 0, 0.03125)],
)
def test_mcnemar_looks_at_what_one_of_two_tells_right(only_first, only_second, p):
    first = torch.tensor([True] * 20 + [True] * only_first + [False] * only_second + [False] * 5)
    second = torch.tensor([True] * 20 + [False] * only_first + [True] * only_second + [False] * 5)
    result = mcnemar(first, second)
    assert (result.only_first, result.only_second) == (only_first, only_second)
    assert result.p == pytest.approx(p)  # Twice the tail of a fair coin's.


def test_an_edge_belongs_to_the_slice_above_it():
    assert [length_name(*edges) for edges in pairwise((0, 100, math.inf))] == [
        "0 to 99 tokens",
        "100 tokens or more",
    ]
