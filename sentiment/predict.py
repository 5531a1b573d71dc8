"""A bundle and texts in, labels and scores out."""

import sys
import warnings
from collections.abc import Sequence
from os import PathLike
from pathlib import Path
from typing import Any, Self, overload

import torch
from torch import Tensor

from sentiment.batches import encode
from sentiment.bundle import SHIPPED_CLASSIFIER, Bundle, fitting, load_bundle, save_bundle
from sentiment.tokenizer import Tokenizer
from sentiment.vocab import UNK_ID

MOST_UNKNOWN = 0.5  # Part of a text's tokens.


class UnknownWordsWarning(UserWarning):
    """The vocabulary holds less than half of a text's words: another language, perhaps."""

    def __init__(self, message: str, index: int) -> None:
        super().__init__(message)
        self.index = index  # Of the text among those of the call.


class Classifier:
    """A trained classifier for texts. Safe to share between threads.

    >>> classifier = Classifier.from_pretrained()
    >>> classifier("A joy from start to finish.")
    {'label': 'pos', 'score': 0.99}
    """

    def __init__(self, bundle: Bundle) -> None:
        self.bundle = bundle
        self.labels = bundle.labels
        self.tokenizer = Tokenizer(bundle.config.text.language, bundle.config.text.lowercase)

    @classmethod
    def from_pretrained(
        cls,
        path: str | PathLike[str] = SHIPPED_CLASSIFIER,
        device: torch.device | str = "cpu",
    ) -> Self:
        """Load the bundle in the folder `path`; without a `path`, the one in this package.

        Raises:
            InputError: there is no whole bundle.
        """
        bundle = load_bundle(Path(path), device)
        with fitting(Path(path)):  # Its language may be none.
            return cls(bundle)

    def save_pretrained(self, path: str | PathLike[str]) -> None:
        """Write the bundle into the folder `path`. Raises `InputError` if that cannot be done."""
        save_bundle(self.bundle, Path(path))

    @overload
    def __call__(self, texts: str, all_scores: bool = ...) -> dict[str, Any]: ...  # type: ignore[overload-overlap]  # a str is a sequence of str too
    @overload
    def __call__(self, texts: Sequence[str], all_scores: bool = ...) -> list[dict[str, Any]]: ...
    def __call__(
        self, texts: str | Sequence[str], all_scores: bool = False
    ) -> dict[str, Any] | list[dict[str, Any]]:
        """Label one text, or several in their order.

        Args:
            texts: a text, or a sequence of texts.
            all_scores: add `scores`, the probability of every label by name.

        Returns:
            For a text `{"label": "pos", "score": 0.98}`, where `score` is the probability of
            `label`; for a sequence a list of these.

        Warns:
            UnknownWordsWarning: most of a text's words are not in the vocabulary, or it has none.
        """
        if isinstance(texts, str):
            return self([texts], all_scores)[0]
        predictions = []
        for row in self.probabilities(texts).tolist():
            score = max(row)
            prediction: dict[str, Any] = {"label": self.labels[row.index(score)], "score": score}
            if all_scores:
                prediction["scores"] = dict(zip(self.labels, row, strict=True))
            predictions.append(prediction)
        return predictions

    def probabilities(self, texts: Sequence[str]) -> Tensor:
        """The probability of each label: [texts, num_labels]. Warns as a call does."""
        reviews = self.encode(texts)
        for index, (text, ids) in enumerate(zip(texts, reviews, strict=True)):
            if doubt := doubt_of(ids):
                warn(UnknownWordsWarning(f"{text[:40]!r}: {doubt}", index))
        return self.bundle.logits(reviews).softmax(dim=1)

    def encode(self, texts: Sequence[str]) -> list[list[int]]:
        """The ids that the model reads of each text."""
        return [
            encode(tokens, self.bundle.vocab, self.bundle.config.text)
            for tokens in self.tokenizer.pipe(texts)
        ]


def warn(warning: UnknownWordsWarning) -> None:
    """Warn whoever calls the classifier.

    `warnings.warn` would remember each text that it ever warned of, and a service grow by it.
    """
    frame = sys._getframe()
    while frame.f_code.co_filename == __file__ and frame.f_back is not None:
        frame = frame.f_back
    warnings.warn_explicit(warning, None, frame.f_code.co_filename, frame.f_lineno)


def doubt_of(ids: Sequence[int]) -> str | None:
    """Why the label of a text is doubtful, if the vocabulary holds half of its words at most."""
    known = len(ids) - ids.count(UNK_ID)
    if known > (1 - MOST_UNKNOWN) * len(ids):
        return None
    return (
        f"the model knows {known} of its {len(ids)} words, so that the label is little more than "
        "a guess."
    )
