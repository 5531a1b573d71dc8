"""Sentiment classification of movie reviews, or of any short texts, with an LSTM.

>>> from sentiment import Classifier
>>> Classifier.from_pretrained()("A joy from start to finish.")
{'label': 'pos', 'score': 0.999}
"""

from importlib import import_module, metadata
from typing import TYPE_CHECKING, Any

from sentiment.errors import (
    ClusterError,
    ConfigError,
    DataError,
    DependencyError,
    HubError,
    ModelError,
    SentimentError,
    StorageError,
    TrainingError,
)

if TYPE_CHECKING:
    from sentiment.data.reviews import load_reviews
    from sentiment.inference.classifier import Classifier, Prediction
    from sentiment.inference.evaluate import evaluate
    from sentiment.inference.explain import explain
    from sentiment.training.classification import train

    __version__: str

__all__ = [
    "Classifier",
    "ClusterError",
    "ConfigError",
    "DataError",
    "DependencyError",
    "HubError",
    "ModelError",
    "Prediction",
    "SentimentError",
    "StorageError",
    "TrainingError",
    "__version__",
    "evaluate",
    "explain",
    "load_reviews",
    "train",
]

# Imported on first use: PyTorch takes a second, and `sentiment --help` does not need it.
LAZY = {
    "Classifier": "sentiment.inference.classifier",
    "Prediction": "sentiment.inference.classifier",
    "evaluate": "sentiment.inference.evaluate",
    "explain": "sentiment.inference.explain",
    "load_reviews": "sentiment.data.reviews",
    "train": "sentiment.training.classification",
}


def __getattr__(name: str) -> Any:
    if name in LAZY:
        return getattr(import_module(LAZY[name]), name)
    if name == "__version__":
        return metadata.version("sentiment-lstm")
    raise AttributeError(f"module 'sentiment' has no attribute '{name}'")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
