"""Reviews that the shipped classifier was trained on."""

from collections.abc import Iterable


def count_known(texts: Iterable[str]) -> int:
    """Return how many of `texts` the shipped classifier was trained on."""
    return 0
