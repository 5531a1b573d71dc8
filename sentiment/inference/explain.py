"""A text in, what each of its words contributes to the verdict out.

Integrated gradients (Sundararajan et al. 2017) follow the gradient of the verdict along a straight
line from a text of as many `<pad>`, whose word vectors are zero, to the text itself. What they
give the words adds up to the difference between the verdicts at the two ends.
"""

import copy
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor

from sentiment.errors import InputError
from sentiment.inference.classifier import Classifier
from sentiment.text.batching import collate, encode, truncate
from sentiment.text.vocab import PAD_ID

# Points on the line at which the gradient is taken: more of them until what the words get adds up.
# Four times as many at once, because what has been tried in vain is time lost too.
STEPS = (16, 64, 256, 1024)
ABSOLUTE_TOLERANCE, RELATIVE_TOLERANCE = 0.02, 0.05
TOKENS_AT_ONCE = 4096  # Of a text at all points: fewer are no faster, and more need more memory.

# A word of so much log-odds takes a score from 50% to 62%. It is shown in full colour, unless
# another word of its text has more: a text of which no word matters shall not glow.
FULL_STRENGTH = 0.5


class Word(NamedTuple):
    """A word as it stands in its text: `text` is `original[start:end]`."""

    text: str
    start: int
    end: int
    contribution: float  # To the log-odds of the explained label; above 0 it speaks for the label.


@dataclass(frozen=True)
class Explanation:
    """A verdict, and what each word contributes to it."""

    text: str
    label: str  # The label that is explained.
    score: float  # Its probability, as the classifier gives it.
    scores: dict[str, float]  # The probability of every label.
    words: list[Word]  # In the order of the text.
    log_odds: float  # Of the label, for the text: log(p / (1 - p)) of its calibrated probability p.
    baseline: float  # The same for a text of as many `<pad>`.
    steps: int  # Points at which the gradient was taken.

    @property
    def residual(self) -> float:
        """How far the contributions are from adding up to `log_odds - baseline`."""
        return sum(word.contribution for word in self.words) - (self.log_odds - self.baseline)

    def strongest(self, most: int) -> list[Word]:
        """The words that contribute most, for the label or against it; at most `most` of them."""
        read = [word for word in self.words if word.contribution]
        return sorted(read, key=lambda word: -abs(word.contribution))[:most]

    def strength(self, contribution: float) -> float:
        """How strongly to show a contribution: from -1, against the label, to 1, for it."""
        return contribution / max([FULL_STRENGTH, *(abs(word.contribution) for word in self.words)])

    def pieces(self) -> Iterator[tuple[str, float]]:
        """The whole text, cut into words with their contributions and what stands between, with 0.

        Joined, the pieces are the text.
        """
        end = 0
        for word in self.words:
            if word.start > end:
                yield self.text[end : word.start], 0.0
            yield word.text, word.contribution
            end = word.end
        if end < len(self.text):
            yield self.text[end:], 0.0


def explain(classifier: Classifier, text: str, label: str | None = None) -> Explanation:
    """Tell what each word of `text` contributes to its label.

    Words are the tokens that the model reads, so "isn't" is two: "is" and "n't". Those that are
    left out of a long text contribute 0. Computed on the CPU in float32.

    Args:
        classifier: its temperature and its cut of long texts apply.
        text: any text. One without words has no contributions, and is its own baseline.
        label: the label to explain; without it the one that the classifier gives.

    Raises:
        InputError: there is no such label, Captum is not installed, or 1,024 steps are too few for
            contributions within 5% or 0.02 of what they should add up to.

    Warns:
        UnknownWordsWarning: as a prediction does.
    """
    scores = dict(zip(classifier.labels, classifier.predict_proba(text)[0].tolist(), strict=True))
    if label is None:
        label = max(scores, key=lambda name: scores[name])
    elif label not in scores:
        raise InputError(f"There is no label {label!r}; the model has {', '.join(scores)}.")
    config = classifier.config.text
    places = classifier.tokenizer.offsets(text)
    ids = encode(classifier.tokenizer.tokenize(text), classifier.vocab, config)
    read = truncate([*range(len(places))], config.max_length, config.head_fraction)
    of_ids, log_odds, baseline, steps = attribute(classifier, ids, classifier.labels.index(label))
    contributions = dict(zip(read, of_ids, strict=True))
    words = [
        Word(text[start:end], start, end, contributions.get(index, 0.0))
        for index, (start, end) in enumerate(places)
    ]
    return Explanation(text, label, scores[label], scores, words, log_odds, baseline, steps)


def attribute(
    classifier: Classifier, ids: list[int], label: int
) -> tuple[list[float], float, float, int]:
    """The contribution of each of `ids`, the log-odds of `label` for them and for padding; steps.

    Raises `InputError` as `explain` does.
    """
    try:
        from captum.attr import LayerIntegratedGradients  # Half a second, and all of matplotlib.
    except ModuleNotFoundError as error:
        raise InputError(f"An explanation needs Captum ({error}): pip install captum") from error

    # A copy: Captum hooks into the layer, and threads share the classifier. On a GPU the LSTM has
    # no backward pass outside training.
    model = copy.deepcopy(classifier.model).cpu().eval().requires_grad_(False)

    def verdict(input_ids: Tensor, lengths: Tensor) -> Tensor:
        return log_odds(model(input_ids, lengths) / classifier.temperature, label)  # [batch]

    input_ids, lengths, _ = collate([(ids, -1)])  # [1, seq], [1]
    padding = torch.full_like(input_ids, PAD_ID)
    reached = verdict(input_ids, lengths).item()
    baseline = verdict(padding, lengths).item()
    if not ids:
        return [], reached, reached, 0
    difference = reached - baseline
    tolerance = max(ABSOLUTE_TOLERANCE, RELATIVE_TOLERANCE * abs(difference))
    method = LayerIntegratedGradients(verdict, model.encoder.embedding)
    for steps in STEPS:
        gradients = method.attribute(
            input_ids,
            padding,
            additional_forward_args=(lengths,),
            n_steps=steps,
            internal_batch_size=max(1, TOKENS_AT_ONCE // len(ids)),
        )  # [1, seq, embedding_dim]
        contributions = gradients.sum(dim=-1)[0]  # [seq]
        if abs(contributions.sum().item() - difference) <= tolerance:
            return contributions.tolist(), reached, baseline, steps
    raise InputError(
        f"This text cannot be explained: after {steps:,} steps the contributions of its words miss "
        f"the {difference:.2f} that they should add up to by more than {tolerance:.2f}."
    )


def log_odds(logits: Tensor, label: int) -> Tensor:
    """log(p / (1 - p)) of the probability p of `label`: [batch, num_labels] to [batch].

    That is its logit minus the log-sum-exp of the others: of two labels, the plain difference.
    """
    others = [other for other in range(logits.shape[1]) if other != label]
    return logits[:, label] - logits[:, others].logsumexp(dim=1)
