"""Reviews in, single sentences with a label out: what is learned from before whole reviews.

A review's label says little of one of its sentences. But there are a dozen of them in a review, and
where unlabelled reviews are at hand, a million: a classifier that has first read these knows what
"I kept looking at my watch" says, and learns more from whole reviews afterwards.

Unlabelled reviews get the label that NB-SVM gives them, fitted to the labelled ones in half a
minute, where it is sure; the others are left out (self-training: Yarowsky 1995).
"""

from collections.abc import Iterable, Iterator, Sequence

from spacy.pipeline import Sentencizer

Review = tuple[Sequence[str], int]  # Tokens and label, of a whole review or a sentence of it.

ENDS = frozenset(Sentencizer.default_punct_chars)  # Full stops and the like, of every language.
SHORTEST, LONGEST = 3, 30  # Tokens, the full stop included.
PENALTY = 1.0  # Of NB-SVM, its inverse: lighter than where it shall be right most often.
SURE = 0.9  # Probability of its label from which an unlabelled review teaches.


def sentences(tokens: Sequence[str]) -> Iterator[list[str]]:
    """Cut behind each run of full stops, question and exclamation marks; all tokens are kept."""
    sentence: list[str] = []
    for token in tokens:
        if sentence and set(sentence[-1]) <= ENDS and not set(token) <= ENDS:
            yield sentence
            sentence = []
        sentence.append(token)
    if sentence:
        yield sentence


def labelled_sentences(reviews: Iterable[Review]) -> Iterator[Review]:
    """The sentences of `SHORTEST` to `LONGEST` tokens, each with the label of its review."""
    for tokens, label in reviews:
        for sentence in sentences(tokens):
            if SHORTEST <= len(sentence) <= LONGEST:
                yield sentence, label


def label_by_words(reviews: Sequence[Review], unlabelled: Sequence[Sequence[str]]) -> list[Review]:
    """Those of the `unlabelled` reviews, given as their tokens, whose label is sure, with it."""
    from sentiment.models.bag_of_words import (
        nb_svm,  # A second, for none but who has unlabelled reviews.
    )

    def texts(reviews: Iterable[Sequence[str]]) -> list[str]:
        return [" ".join(tokens) for tokens in reviews]

    known = texts(tokens for tokens, _ in reviews)
    try:
        classifier = nb_svm(PENALTY).fit(known, [label for _, label in reviews])
    except ValueError:  # No word stands in two reviews.
        return []
    probabilities = classifier.predict_proba(texts(unlabelled))  # [reviews, labels]
    found = classifier.classes_[probabilities.argmax(axis=1)].tolist()
    sure = (probabilities.max(axis=1) >= SURE).tolist()
    rows = zip(unlabelled, found, sure, strict=True)
    return [(tokens, label) for tokens, label, is_sure in rows if is_sure]
