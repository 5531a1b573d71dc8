"""Small models: settings that train in a second, and an untrained classifier."""

import torch

from sentiment import Classifier
from sentiment.config import Config
from sentiment.models.lstm import LSTMClassifier
from sentiment.presets import FROM_SCRATCH
from sentiment.text.vocab import Vocab

# Settings of a model that trains in a second.
SMALL = {
    **FROM_SCRATCH,
    "dataset": "sample",
    "epochs": 1,
    "min_steps": 0,
    "min_epoch_steps": 1,
    "embedding_dim": 16,
    "hidden_size": 16,
    "max_length": 60,
    "batch_size": 32,
    "checkpoint_steps": 50,
    "adversarial_norm": 0.0,
    "device": "cpu",
}

PRIVATE_PATH = "/home/alice/clients of ours/reviews.csv"
METADATA = {
    "source": "local",
    "train": {"rows": 900, "fingerprint": "aa"},
    "calibration": {"dataset": r"C:\Users\alice\more.csv", "rows": 100, "fingerprint": "bb"},
    "metrics": {"epoch": 1, "validation_loss": 0.41, "validation_accuracy": 0.875},
}


def small_classifier(labels=("neg", "pos"), metadata=METADATA, **settings):
    """Return a classifier with random weights, whose dataset has a private path by default."""
    torch.manual_seed(0)
    config = Config.from_flat(**{**SMALL, "dataset": PRIVATE_PATH, **settings})
    vocab = Vocab.build([["good", "bad", "film", "a", "and", "dull", ".", ","]] * 2)
    model = LSTMClassifier(config.model, len(vocab), len(labels)).eval()
    return Classifier(config, labels, vocab, model, temperature=1.25, metadata=metadata)
