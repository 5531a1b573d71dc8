"""A warning for texts of which the vocabulary knows few words."""

import os
import sys
import warnings
from collections.abc import Sequence
from pathlib import Path

from sentiment.text.vocab import UNK_ID

PACKAGE = f"{Path(__file__).parent.parent}{os.sep}"


class UnknownWordsWarning(UserWarning):
    """The vocabulary has at most half of a text's tokens: another language, perhaps."""

    def __init__(self, message: str, index: int) -> None:
        super().__init__(message)
        self.index = index  # Of the text among those of the call.


def warn_of_unknown_words(texts: Sequence[str], reviews: Sequence[Sequence[int]]) -> None:
    """Warn the caller of the package of each text with too many unknown words.

    Args:
        texts: the texts.
        reviews: their ids.
    """
    for index, (text, ids) in enumerate(zip(texts, reviews, strict=True)):
        if message := unknown_words_message(ids):
            warn_caller(UnknownWordsWarning(f"{text[:40]!r}: {message}", index))


def unknown_words_message(ids: Sequence[int]) -> str | None:
    """Return a message if the vocabulary has at most half of a text's tokens, else None.

    Args:
        ids: the ids of the text, after truncation.
    """
    known = len(ids) - ids.count(UNK_ID)
    if 2 * known > len(ids):
        return None
    if not ids:
        return "the text has no words, so the predicted label is a guess."
    return (
        f"the model knows {known} of the {len(ids)} words of this text, so the predicted label is "
        "little more than a guess."
    )


def warn_caller(warning: Warning) -> None:
    """Issue a warning at the line that called the package.

    `warnings.warn` would remember the text of each warning, and the memory of a service would grow.
    """
    frame = sys._getframe()
    while frame.f_code.co_filename.startswith(PACKAGE) and frame.f_back is not None:
        frame = frame.f_back
    warnings.warn_explicit(warning, None, frame.f_code.co_filename, frame.f_lineno)
