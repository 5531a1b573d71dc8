"""Splits of a few short reviews."""

from sentiment.data.review_splits import from_reviews
from sentiment.training.classification_data import Splits

ROWS = [("a fine film", 1), ("a poor film", 0)] * 10


def splits(labels=("neg", "pos")):
    reviews = from_reviews({"train": ROWS, "validation": ROWS[:4], "test": ROWS[:6]}, labels)
    return Splits(reviews["train"], reviews["validation"], reviews["test"])
