"""Training on a user's own tables: many labels, few rows, and from a trained model."""

import pytest
import torch
from datasets import Dataset
from support.small_models import SMALL

from sentiment.artifacts.model_folder import load_model
from sentiment.presets import FROM_SCRATCH
from sentiment.training.classification import train_classifier

SETTINGS = {**SMALL, "max_length": 20}
DETERMINED = ("embedding_dim", "hidden_size", "max_vocab", "pooling")  # By the initial model.


def write(path, rows):
    columns = {"text": [text for text, _ in rows], "label": [label for _, label in rows]}
    Dataset.from_dict(columns).to_parquet(path)
    return str(path)


def trained(folder, splits, labels, settings):
    """Return a classifier of these two labels, trained on the built-in reviews."""
    reviews = zip(splits["train"]["text"], splits["train"]["label"], strict=True)
    rows = [(text, labels[label]) for text, label in reviews]
    dataset = write(folder.with_suffix(".parquet"), rows)
    train_classifier({**settings, "dataset": dataset, "new_word_freq": 99}, folder)
    return load_model(folder)


@pytest.mark.parametrize(
    ("labels", "is_copied"), [(["good", "bad"], True), (["fine", "awful"], False)]
)
def test_head_of_the_initial_classifier_is_kept_if_the_labels_are_the_same(
    tmp_path, small_splits, labels, is_copied
):
    settings = {**SETTINGS, "pooling": "attention+last"}
    first = trained(tmp_path / "first", small_splits, ["bad", "good"], settings)
    # The learning rate is so low that only copying and fitting the head change the weights.
    settings = {name: value for name, value in SETTINGS.items() if name not in DETERMINED}
    settings |= {"learning_rate": 1e-12, "init": str(tmp_path / "first")}
    second = trained(tmp_path / "second", small_splits, labels, settings)
    assert second.config.model.pooling == "attention+last"
    assert second.labels == sorted(labels)
    before, after = first.model.state_dict(), second.model.state_dict()
    assert after.keys() == before.keys()
    for name in before:
        is_same = torch.allclose(after[name], before[name], atol=1e-6)
        assert is_same == (is_copied or not name.startswith("linear.")), name


@pytest.mark.filterwarnings("ignore::sentiment.data.splits.SharedReviewsWarning")
def test_a_hundred_labels_are_learned_from_600_short_rows(tmp_path):
    """`min_steps` adds epochs: 480 rows are 8 steps."""
    rows = [(f"it is about word{n % 100} , really", f"label {n % 100}") for n in range(600)]
    sizes = {"embedding_dim": 32, "hidden_size": 32, "adversarial_norm": 0.0, "device": "cpu"}
    dataset = write(tmp_path / "rows.parquet", rows)
    settings = {**FROM_SCRATCH, **sizes, "dataset": dataset}
    summary = train_classifier(settings, tmp_path / "run")
    assert summary.validation["accuracy"] > 0.9
    assert len(load_model(tmp_path / "run").labels) == 100
