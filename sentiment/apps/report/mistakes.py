"""Scored reviews in, the mistakes that a model is surest of out, with their words coloured."""

from dataclasses import dataclass, replace
from itertools import groupby

from datasets import Dataset
from markupsafe import Markup, escape

from sentiment.errors import InputError
from sentiment.evaluation.metrics import Scored
from sentiment.inference.classifier import Classifier
from sentiment.inference.explain import Explanation, explain
from sentiment.inference.explanation_html import fragment

MOST = 10
# Of a long review is shown what stands around the words that contribute most.
TELLING = 10  # Words.
AROUND = 8  # Words before and after each.
LONGEST = TELLING * (2 * AROUND + 1)  # Words of a review that is shown whole.
GAP = " […] "


@dataclass(frozen=True)
class Mistake:
    """A review that was given another label than its own."""

    label: str
    predicted: str
    score: float  # The probability of the predicted label.
    length: int  # Tokens.
    words: Markup  # HTML: blue speaks for the predicted label.


def most_confident_mistakes(
    classifier: Classifier, scored: Scored, reviews: Dataset
) -> list[Mistake]:
    """The ten mistakes with the highest scores, the highest first; `scored` are the `reviews`."""
    scores, predicted = scored.logits.softmax(dim=1).max(dim=1)  # both [reviews]
    wrong = (predicted != scored.labels).nonzero()[:, 0]  # [mistakes]
    surest = wrong[scores[wrong].argsort(descending=True, stable=True)][:MOST]
    return [
        Mistake(
            label=classifier.labels[int(scored.labels[row])],
            predicted=classifier.labels[int(predicted[row])],
            score=scores[row].item(),
            length=int(scored.lengths[row]),
            words=coloured(classifier, reviews[row]["text"], classifier.labels[predicted[row]]),
        )
        for row in surest.tolist()
    ]


def coloured(classifier: Classifier, text: str, label: str) -> Markup:
    """What the words of `text` contribute to `label`, as HTML, a long text shortened."""
    try:
        return Markup(fragment(shortened(explain(classifier, text, label))))
    except InputError as error:  # A report shall not fail on one review that defies explanation.
        return escape(error)


def shortened(explanation: Explanation) -> Explanation:
    """`explanation` with the words around the ten that contribute most, and a mark for each gap.

    One of at most `LONGEST` words stays whole.
    """
    words = explanation.words
    if len(words) <= LONGEST:
        return explanation
    telling = sorted(range(len(words)), key=lambda place: -abs(words[place].attribution))[:TELLING]
    near = {place + step for place in telling for step in range(-AROUND, AROUND + 1)}
    shown = sorted(near & set(range(len(words))))
    text, kept = "", []
    # Places that follow on one another are as far from their rank in the list.
    for _, stretch in groupby(enumerate(shown), lambda pair: pair[1] - pair[0]):
        places = [place for _, place in stretch]
        first, last = places[0], places[-1]
        if first > 0:
            text = f"{text}{GAP}".lstrip()
        shift = len(text) - words[first].start
        text += explanation.text[words[first].start : words[last].end]
        kept += [
            word._replace(start=word.start + shift, end=word.end + shift)
            for word in words[first : last + 1]
        ]
    if shown[-1] < len(words) - 1:
        text = f"{text}{GAP}".rstrip()
    return replace(explanation, text=text, words=kept)
