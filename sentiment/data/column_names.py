"""Usual names of columns, by which those of the texts, labels and splits are recognized."""

import re

# In lower case. The first of each is the name in a loaded dataset.
TEXT_NAMES = ("text", "review", "sentence", "content", "comment", "文本", "评论", "内容")
LABEL_NAMES = ("label", "labels", "sentiment", "class", "category", "rating", "stars", "标签")
SPLIT_NAME = "split"
# Names of splits in files and columns.
SPLITS = {
    "train": "train",
    "training": "train",
    "validation": "validation",
    "valid": "validation",
    "val": "validation",
    "dev": "validation",
    "test": "test",
    "testing": "test",
    "unsupervised": "unsupervised",
}
IDENTIFIER = re.compile(r"(?:.*[\s_\-.])?(?:id|uuid|guid|key|index)|.*[a-z](?:Id|ID)|Unnamed: \d+|")


def is_usual_name(column: str) -> bool:
    """Return whether a column has a name that columns of texts or labels usually have."""
    return column.lower() in TEXT_NAMES + LABEL_NAMES


def is_identifier(column: str) -> bool:
    """Return whether the name of a column says that it holds identifiers or row numbers."""
    return bool(IDENTIFIER.fullmatch(column) or IDENTIFIER.fullmatch(column.lower()))
