"""Two labels in, which of them is negative and which is positive out."""

from collections.abc import Sequence

# Different names for the same, so that a model of one data set can be measured on another.
NAMES = (("neg", "pos"), ("negative", "positive"))


def polarities(labels: Sequence[str]) -> tuple[int, int] | None:
    """Where in `labels` the negative and the positive one stand; None if they are any others.

    Capitals do not count.
    """
    named = [label.lower() for label in labels]
    for negative, positive in NAMES:
        if sorted(named) == [negative, positive]:
            return named.index(negative), named.index(positive)
    return None
