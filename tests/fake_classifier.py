"""A fast substitute for a trained classifier."""

import torch

from sentiment.text.vocab import UNK_ID


class FakeClassifier:
    """Texts with `good` are positive, texts with `?` have unknown words only."""

    labels = ("neg", "pos")

    def encode(self, texts):
        if any("stop" in text for text in texts):
            raise KeyboardInterrupt
        return [[UNK_ID] if "?" in text else [2 + ("good" in text)] for text in texts]

    def predict_logits(self, reviews):
        positive = torch.tensor([3 in ids for ids in reviews])
        logits = torch.tensor([[3, 1], [1, 3]], dtype=torch.double).log()
        return logits[positive.long()]  # Probabilities of 0.75 and 0.25.
