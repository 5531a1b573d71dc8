"""What differs from the defaults, which are those of a classifier from the shipped encoder."""

from typing import Any

FROM_SCRATCH: dict[str, Any] = {
    "lessons": 0,
    "sentence_epochs": 0,
    "init": None,
    "max_vocab": 10_000,  # Rarer words are mostly names: of one movie, and of no use for another.
    "max_length": 400,
    "embedding_dim": 100,
    "hidden_size": 128,
    "pooling": "max+mean",
    "word_dropout": 0.2,
    "embedding_dropout": 0.5,
    "output_dropout": 0.5,
    "epochs": 4,
    "min_steps": 500,
    "learning_rate": 3e-3,
    "layer_decay": 1.0,
    "adversarial": 1.0,
}
FEW_LABELS: dict[str, Any] = {  # Some dozens to a thousand.
    "lessons": 0,
    "sentence_epochs": 0,
    "embedding_dropout": 0.5,
    "epochs": 1,  # The last weights are kept: so few validation reviews cannot tell better ones.
    "epoch_steps": 150,
    "min_steps": 150,
    "batch_size": 16,
}
PRETRAINING: dict[str, Any] = {
    "lessons": 0,
    "sentence_epochs": 0,
    "init": None,
    "max_length": 400,  # Of a piece: a longer review is cut into several.
    "word_dropout": 0.0,  # In a few passes over so much text no dropout pays.
    "embedding_dropout": 0.0,
    "output_dropout": 0.0,
    "epochs": 6,
    "min_steps": 500,
    "batch_size": 32,  # Twice the steps of 64, and so much the lower perplexity.
    "learning_rate": 8e-3,
    "warmup": 0.02,
    "weight_decay": 0.0,
    "adversarial": 0.0,
    "average": 0.998,
}
