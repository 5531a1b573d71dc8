"""A fast substitute for a trained classifier."""

import numpy as np

from sentiment.text.vocab import UNK_ID


class FakeClassifier:
    """Texts with `good` are positive, texts with `?` have unknown words only."""

    labels = ("neg", "pos")
    model = None

    def encode(self, texts):
        if any("stop" in text for text in texts):
            raise KeyboardInterrupt
        return [[UNK_ID] if "?" in text else [2 + ("good" in text)] for text in texts]

    def probabilities(self, reviews, batch_size=64):
        return np.array([[0.25, 0.75] if 3 in ids else [0.75, 0.25] for ids in reviews])

    def encode_and_score(self, texts, batch_size=64):
        reviews = self.encode(texts)
        return reviews, self.probabilities(reviews, batch_size)
