"""Sentiment classification of movie reviews with an LSTM.

>>> from sentiment import Classifier
>>> Classifier.from_pretrained("runs/imdb")("A joy from start to finish.")
{'label': 'pos', 'score': 0.997}
"""

from typing import TYPE_CHECKING, Any

from sentiment.errors import InputError

if TYPE_CHECKING:
    from sentiment.inference.classifier import Classifier

__all__ = ["Classifier", "InputError"]


def __getattr__(name: str) -> Any:
    # PyTorch takes a second to import: `sentiment --help` shall not wait for it.
    if name == "Classifier":
        from sentiment.inference.classifier import Classifier

        return Classifier
    raise AttributeError(f"module 'sentiment' has no attribute '{name}'")
