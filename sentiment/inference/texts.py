"""The check of the texts that a user passes to a classifier."""

import math
from collections.abc import Iterable, Mapping

TABLE_ATTRIBUTES = ("columns", "column_names")  # Of pandas, Polars and PyArrow; of datasets.


def as_texts(texts: str | Iterable[str]) -> list[str]:
    """Return `texts` as a list of strings.

    Raises:
        TypeError: `texts` is not a string or an iterable of strings; names the first wrong item.
    """
    if isinstance(texts, str):
        return [texts]
    expected = "texts must be a string or an iterable of strings"
    # A DataFrame and a dict iterate over names, a datasets.Dataset over rows.
    if isinstance(texts, Mapping) or any(hasattr(texts, name) for name in TABLE_ATTRIBUTES):
        raise TypeError(
            f"{expected}, not {describe_value(texts)}. Pass one of its columns: texts['text']."
        )
    if isinstance(texts, bytes | bytearray) or not isinstance(texts, Iterable):
        raise TypeError(f"{expected}, not {describe_value(texts)}.")
    found = []
    for index, text in enumerate(texts):
        if not isinstance(text, str):
            raise TypeError(f"{expected}, but item {index} is {describe_value(text)}.")
        found.append(text)
    return found


def describe_value(value: object) -> str:
    """Return a short description of a value of the wrong type, for a message."""
    if value is None:
        return "None"
    if isinstance(value, float) and math.isnan(value):
        return "NaN"
    return f"a value of type {type(value).__name__}"
