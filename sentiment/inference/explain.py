"""Word attributions: how much each word of a text adds to the log-odds of a label.

The method is integrated gradients (Sundararajan et al. 2017). It integrates the gradient of the
log-odds along the straight line from a baseline, the same number of `<pad>` tokens with zero
embeddings, to the text. The attributions add up to the difference between the log-odds of the text
and of the baseline.
"""

import copy
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor

from sentiment.errors import ConfigError, SentimentError, missing_packages
from sentiment.inference.classifier import Classifier
from sentiment.text.batching import collate, truncate
from sentiment.text.vocab import PAD_ID

# Numbers of integration steps, tried in turn until the attributions add up. Each is four times the
# one before, because the time of a failed attempt is lost.
STEPS = (16, 64, 256, 1024)
ABSOLUTE_TOLERANCE, RELATIVE_TOLERANCE = 0.02, 0.05
MAX_BATCH_TOKENS = 4096  # Fewer are no faster; more need more memory.
# Tokens times steps that are tried. At 800 tokens these are 16, 64 and 256 steps, which take 15
# seconds on one core and explain 12 of 14 IMDB reviews; 1,024 steps would take 45 seconds more.
MAX_TOKEN_STEPS = 2**18

# Smallest attribution that is shown at full strength: it moves a probability from 50% to 62%.
# Avoids full color saturation when all attributions of a text are small.
FULL_STRENGTH = 0.5


class ExplanationError(SentimentError):
    """A text whose attributions do not add up within the limits on the computation."""


class Unexplained(NamedTuple):
    """A text without an explanation."""

    text: str
    reason: str


class Word(NamedTuple):
    """A token with its place in the text, `text[start:end]`, and its attribution."""

    text: str
    start: int
    end: int
    attribution: float  # To the log-odds of the explained label; above 0 supports the label.


@dataclass(frozen=True)
class Explanation:
    """A prediction with the attribution of each word."""

    text: str
    label: str  # The explained label.
    score: float  # Its probability, as the classifier predicts it.
    scores: dict[str, float]  # The probability of every label.
    words: list[Word]  # In the order of the text.
    log_odds: float  # log(p / (1 - p)) of the calibrated probability p of the label.
    baseline: float  # The log-odds of the baseline.
    steps: int  # Number of integration steps.

    @property
    def residual(self) -> float:
        """Sum of the attributions minus what they should add up to, `log_odds - baseline`."""
        return sum(word.attribution for word in self.words) - (self.log_odds - self.baseline)

    def strongest(self, count: int) -> list[Word]:
        """Return the words with the largest absolute attributions, at most `count`."""
        words = [word for word in self.words if word.attribution]
        return sorted(words, key=lambda word: -abs(word.attribution))[:count]

    def strength(self, attribution: float) -> float:
        """Return an attribution relative to the largest one: from -1 (opposes the label) to 1."""
        return attribution / max([FULL_STRENGTH, *(abs(word.attribution) for word in self.words)])

    def pieces(self) -> Iterator[tuple[str, float]]:
        """Yield the whole text in pieces: words with their attributions, the rest with 0."""
        end = 0
        for word in self.words:
            if word.start > end:
                yield self.text[end : word.start], 0.0
            yield word.text, word.attribution
            end = word.end
        if end < len(self.text):
            yield self.text[end:], 0.0


def explain(classifier: Classifier, text: str, label: str | None = None) -> Explanation:
    """Compute the attribution of each word of `text` to a label.

    Words are the tokens of the model: "isn't" is two, "is" and "n't". Words that are truncated from
    a long text have an attribution of 0. The computation is in float32 on the CPU.

    Args:
        classifier: the classifier to explain.
        text: any text. One without words is its own baseline.
        label: the label to explain; by default the predicted one.

    Raises:
        ConfigError: the classifier has no such label.
        DependencyError: Captum is not installed.
        ExplanationError: the integration steps tried, at most 1,024 and fewer for a text of more
            than 256 tokens, do not bring the attributions within 5% or 0.02 of their sum.

    Warns:
        UnknownWordsWarning: the vocabulary has at most half of the words.
    """
    probabilities = classifier.predict_proba(text)[0].tolist()
    scores = dict(zip(classifier.labels, probabilities, strict=True))
    if label is None:
        label = max(scores, key=lambda name: scores[name])
    elif label not in scores:
        raise ConfigError(f"label must be one of {', '.join(scores)}, not {label!r}.")
    config = classifier.config.text
    offsets = classifier.tokenizer.offsets(text)
    [ids] = classifier.encode([text])
    kept = truncate([*range(len(offsets))], config.max_length, config.head_fraction)
    attributions, log_odds, baseline, steps = attribute(
        classifier, ids, classifier.labels.index(label)
    )
    by_index = dict(zip(kept, attributions, strict=True))
    words = [
        Word(text[start:end], start, end, by_index.get(index, 0.0))
        for index, (start, end) in enumerate(offsets)
    ]
    return Explanation(text, label, scores[label], scores, words, log_odds, baseline, steps)


def attribute(
    classifier: Classifier, ids: list[int], label: int
) -> tuple[list[float], float, float, int]:
    """Compute the attribution of each token.

    Args:
        classifier: the model and its temperature.
        ids: the token ids of a text, truncated.
        label: the id of the label to explain.

    Returns:
        The attributions, the log-odds of the label for the text and for the baseline, and the
        number of integration steps.

    Raises:
        ExplanationError: as `explain`.
    """
    try:
        from captum.attr import LayerIntegratedGradients  # Takes 0.5 s and imports matplotlib.
    except ModuleNotFoundError as error:
        raise missing_packages("An explanation", ["captum"], extra="explain") from error

    # A copy, because Captum adds hooks to the layer and threads share the classifier. On the CPU,
    # because cuDNN has no backward pass for an LSTM in evaluation mode.
    model = copy.deepcopy(classifier.torch_model).cpu().eval().requires_grad_(False)

    def label_log_odds(input_ids: Tensor, lengths: Tensor) -> Tensor:
        return log_odds(model(input_ids, lengths) / classifier.temperature, label)  # [batch]

    input_ids, lengths, _ = collate([(ids, -1)])  # [1, seq], [1]
    padding = torch.full_like(input_ids, PAD_ID)
    of_text = label_log_odds(input_ids, lengths).item()
    of_baseline = label_log_odds(padding, lengths).item()
    if not ids:
        return [], of_text, of_text, 0
    difference = of_text - of_baseline
    tolerance = max(ABSOLUTE_TOLERANCE, RELATIVE_TOLERANCE * abs(difference))
    method = LayerIntegratedGradients(label_log_odds, model.encoder.embedding)
    allowed = [steps for steps in STEPS if steps * len(ids) <= MAX_TOKEN_STEPS]
    if not allowed:
        raise ExplanationError(
            f"This text cannot be explained: it has {len(ids):,} tokens, and at most "
            f"{MAX_TOKEN_STEPS // STEPS[0]:,} can be explained."
        )
    for steps in allowed:
        gradients = method.attribute(
            input_ids,
            padding,
            additional_forward_args=(lengths,),
            n_steps=steps,
            internal_batch_size=max(1, MAX_BATCH_TOKENS // len(ids)),
        )  # [1, seq, embedding_dim]
        attributions = gradients.sum(dim=-1)[0]  # [seq]
        if abs(attributions.sum().item() - difference) <= tolerance:
            return attributions.tolist(), of_text, of_baseline, steps
    raise ExplanationError(
        f"This text cannot be explained: after {allowed[-1]:,} integration steps the sum of its "
        f"attributions differs from {difference:.2f}, the difference of log-odds, by more than "
        f"{tolerance:.2f}."
    )


def log_odds(logits: Tensor, label: int) -> Tensor:
    """Return log(p / (1 - p)) of the probability p of `label`: [batch, num_labels] to [batch].

    This is the logit of the label minus the log-sum-exp of the others; with two labels, the
    difference of the logits.
    """
    others = [other for other in range(logits.shape[1]) if other != label]
    return logits[:, label] - logits[:, others].logsumexp(dim=1)
