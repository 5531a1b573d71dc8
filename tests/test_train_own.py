"""Training on tables of one's own: many labels, few rows, and from a trained model."""

import pytest
import torch
from conftest import SMALL
from datasets import Dataset

from sentiment.artifacts.bundle import load_bundle
from sentiment.config import FROM_SCRATCH, Config
from sentiment.data.synthetic.sample import sample_reviews
from sentiment.training.classification import train

SETTINGS = {**SMALL, "max_length": 20}


def write(path, rows):
    columns = {"text": [text for text, _ in rows], "label": [label for _, label in rows]}
    Dataset.from_dict(columns).to_parquet(path)
    return str(path)


def trained(folder, labels, **settings):
    """A classifier of these two labels, from a few of the built-in reviews."""
    reviews = sample_reviews("train")
    rows = [(text, labels[label]) for text, label in reviews[:60] + reviews[-60:]]
    data = {"dataset": write(folder.with_suffix(".parquet"), rows), "new_word_freq": 99}
    train(Config.from_flat(**{**SETTINGS, **data, **settings}), folder)
    return load_bundle(folder)


@pytest.mark.parametrize(
    ("labels", "is_kept"), [(["good", "bad"], True), (["fine", "awful"], False)]
)
def test_a_run_goes_on_from_a_classifier_with_its_linear_if_the_labels_are_its(
    tmp_path, labels, is_kept
):
    first = trained(tmp_path / "first", ["bad", "good"], pooling="attention+last")
    # So slow that nothing changes but what is not taken over.
    settings = {"learning_rate": 1e-12, "init": str(tmp_path / "first"), "pooling": "mean"}
    second = trained(tmp_path / "second", labels, **settings)
    assert second.config.model.pooling == "attention+last"
    assert second.labels == sorted(labels)
    ours, its = second.model.state_dict(), first.model.state_dict()
    assert ours.keys() == its.keys()
    for name in its:
        is_same = torch.allclose(ours[name], its[name], atol=1e-6)
        assert is_same == (is_kept or not name.startswith("linear.")), name


def test_600_short_rows_of_a_hundred_labels_are_learned(tmp_path):
    """Steps are counted, not passes: 480 rows make 8 steps a pass."""
    rows = [(f"it is about word{n % 100} , really", f"label {n % 100}") for n in range(600)]
    shape = {"embedding_dim": 32, "hidden_size": 32, "adversarial": 0.0, "device": "cpu"}
    data = {"dataset": write(tmp_path / "rows.parquet", rows)}
    summary = train(Config.from_flat(**{**FROM_SCRATCH, **shape, **data}), tmp_path / "run")
    assert summary.validation["accuracy"] > 0.9
    assert len(load_bundle(tmp_path / "run").labels) == 100
