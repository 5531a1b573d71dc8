"""Find the most confident errors of a classifier, and explain them."""

from dataclasses import dataclass, replace
from itertools import groupby

from datasets import Dataset
from markupsafe import Markup, escape

from sentiment.errors import SentimentError
from sentiment.evaluation.metrics import Scored
from sentiment.inference.classifier import Classifier
from sentiment.inference.explain import Explanation, explain
from sentiment.inference.explanation_html import fragment

MAX_ERRORS = 10
# A long review is shown as the words around those with the largest attributions.
TOP_WORDS = 10
CONTEXT_WORDS = 8  # On each side of a top word.
MAX_REVIEW_WORDS = TOP_WORDS * (2 * CONTEXT_WORDS + 1)  # A review of more is shortened.
ELLIPSIS = " […] "


@dataclass(frozen=True)
class Misclassified:
    """A review whose predicted label is not its own."""

    label: str
    predicted: str
    score: float  # The probability of the predicted label.
    length: int  # Tokens.
    words: Markup  # The text as HTML; blue words support the predicted label.


def most_confident_errors(
    classifier: Classifier, scored: Scored, reviews: Dataset
) -> list[Misclassified]:
    """Return the misclassified reviews with the highest scores, in descending order.

    Args:
        classifier: the classifier that gave the scores; it explains its errors.
        scored: its scores of `reviews`.
        reviews: the texts, in the column `text`.
    """
    scores, predicted = scored.logits.softmax(dim=1).max(dim=1)  # both [reviews]
    wrong = (predicted != scored.labels).nonzero()[:, 0]  # [errors]
    rows = wrong[scores[wrong].argsort(descending=True, stable=True)][:MAX_ERRORS]
    return [
        Misclassified(
            label=classifier.labels[int(scored.labels[row])],
            predicted=classifier.labels[int(predicted[row])],
            score=scores[row].item(),
            length=int(scored.lengths[row]),
            words=explain_as_html(
                classifier, reviews[row]["text"], classifier.labels[int(predicted[row])]
            ),
        )
        for row in rows.tolist()
    ]


def explain_as_html(classifier: Classifier, text: str, label: str) -> Markup:
    """Return `text` with the attributions of its words to `label`, shortened if it is long."""
    try:
        return Markup(fragment(excerpt(explain(classifier, text, label))))
    except SentimentError as error:  # One failed explanation must not fail the whole report.
        return escape(error)


def excerpt(explanation: Explanation) -> Explanation:
    """Return `explanation` reduced to the words around its largest attributions.

    An explanation of at most `MAX_REVIEW_WORDS` words is returned unchanged.
    """
    words = explanation.words
    if len(words) <= MAX_REVIEW_WORDS:
        return explanation
    top = sorted(range(len(words)), key=lambda index: -abs(words[index].attribution))[:TOP_WORDS]
    context = range(-CONTEXT_WORDS, CONTEXT_WORDS + 1)
    shown = sorted({index + step for index in top for step in context} & {*range(len(words))})
    text, kept = "", []
    # Within a run of consecutive indices, index minus rank is constant.
    for _, run in groupby(enumerate(shown), lambda pair: pair[1] - pair[0]):
        indices = [index for _, index in run]
        first, last = indices[0], indices[-1]
        if first > 0:
            text = f"{text}{ELLIPSIS}".lstrip()
        shift = len(text) - words[first].start
        text += explanation.text[words[first].start : words[last].end]
        kept += [
            word._replace(start=word.start + shift, end=word.end + shift)
            for word in words[first : last + 1]
        ]
    if shown[-1] < len(words) - 1:
        text = f"{text}{ELLIPSIS}".rstrip()
    return replace(explanation, text=text, words=kept)
