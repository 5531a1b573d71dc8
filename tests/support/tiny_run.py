"""A training run of four steps, for tests that run it many times."""

import torch
from support.small_models import SMALL

from sentiment.artifacts.model_folder import load_model
from sentiment.config import Config
from sentiment.data.labels import IMDB_LABELS
from sentiment.models.lstm import LSTMClassifier
from sentiment.text.vocab import Vocab
from sentiment.training.classification import ClassificationTrainer
from sentiment.training.classification_data import EncodedReviews
from sentiment.training.run_folder import open_run


def tiny_trainer(run, seed=0, **settings):
    """Return a trainer for eight reviews of three words: two steps in each of two epochs."""
    changes = {"embedding_dim": 4, "hidden_size": 3, "epochs": 2, "batch_size": 4, "seed": seed}
    changes |= settings
    config = Config.from_flat(**{**SMALL, **changes, "checkpoint_steps": 2})
    vocab = Vocab(["good", "bad", "film"])
    rows = [([2, 4], 1), ([3, 4], 0), ([4, 2, 2], 1), ([4, 3, 3], 0)] * 2
    data = EncodedReviews(rows, rows, [], IMDB_LABELS, vocab, {"train": {"rows": 8}})
    torch.manual_seed(seed)
    model = LSTMClassifier(config.model, len(vocab), len(IMDB_LABELS))
    return ClassificationTrainer(model, data, config, run)


def train_tiny(out, seed=0, **options):
    with open_run(out, **options) as run:
        return run.summary or tiny_trainer(run, seed).fit()


def weights(folder):
    """Return the bytes of each weight."""
    state = load_model(folder).model.state_dict()
    return {name: tensor.numpy().tobytes() for name, tensor in state.items()}
