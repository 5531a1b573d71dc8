"""A bundle and texts in, labels and scores out."""

import sys
import tempfile
import warnings
from collections.abc import Sequence
from os import PathLike
from pathlib import Path
from typing import Any, Self, overload

import torch
from torch import Tensor

from sentiment.artifacts.bundle import (
    SHIPPED_CLASSIFIER,
    Bundle,
    bundle_folder,
    fitting,
    load_bundle,
)
from sentiment.artifacts.hub import push
from sentiment.artifacts.model_card import SHARED_FILES, save_to_share
from sentiment.text.batching import encode
from sentiment.text.tokenizer import Tokenizer
from sentiment.text.vocab import UNK_ID

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
    {'label': 'pos', 'score': 0.997}
    """

    def __init__(self, bundle: Bundle, folder: Path | None = None) -> None:
        self.bundle = bundle
        self.folder = folder  # Where it was read from, and where `sentiment eval` leaves figures.
        self.labels = bundle.labels
        self.tokenizer = Tokenizer(bundle.config.text.language, bundle.config.text.lowercase)

    @classmethod
    def from_pretrained(
        cls,
        path: str | PathLike[str] = SHIPPED_CLASSIFIER,
        device: torch.device | str = "cpu",
        revision: str | None = None,
    ) -> Self:
        """Load a bundle: of a folder, or of the Hub. Without a `path`, the one in this package.

        Args:
            path: a folder; if there is none, the id `user/name` of a model on the Hub, which is
                fetched once, and then works without a network.
            device: where to compute.
            revision: branch, tag or commit, for a Hub id.

        Raises:
            InputError: there is no whole bundle, or the Hub does not give it.
        """
        folder = bundle_folder(path, revision)
        bundle = load_bundle(folder, device)
        with fitting(folder):  # Its language may be none.
            return cls(bundle, folder)

    def save_pretrained(self, path: str | PathLike[str]) -> None:
        """Write the bundle into the folder `path`, to give away: with a model card, README.md.

        Of paths on this disk only the last part is told. A README.md that is no such card stays.
        Raises `InputError` if that cannot be done.
        """
        save_to_share(self.bundle, Path(path), self.folder)

    def push_to_hub(
        self,
        model: str,
        private: bool = False,
        token: str | None = None,
        revision: str | None = None,
    ) -> str:
        """Upload the same to the Hub as `model`, `user/name`; returns the address of its page.

        Args, and what raises `InputError`, as of `hub.push`. A README.md there is replaced.
        """
        with tempfile.TemporaryDirectory(prefix="sentiment-push-") as folder:
            save_to_share(self.bundle, Path(folder), self.folder, model)
            return push(Path(folder), SHARED_FILES, model, private, token, revision)

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
