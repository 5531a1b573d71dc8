"""Pseudo-labels of unlabelled reviews, and single sentences to train on before whole reviews.

A review's label says little about one of its sentences. But a review has a dozen of them, and
unlabelled reviews add a million: a classifier trained on them first learns more from whole reviews
afterwards.

Unlabelled reviews get a pseudo-label from NB-SVM, trained on the labelled ones in half a minute,
where its probability is at least `MIN_CONFIDENCE`; the others are left out (self-training:
Yarowsky 1995).

With a teacher, a trained classifier, the pseudo-labels are those of teacher and NB-SVM together,
and whole unlabelled reviews are trained on too. Their targets are the probabilities, which say how
sure the teachers are (distillation: Hinton et al. 2015).
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

import numpy as np
from spacy.pipeline import Sentencizer

TokenizedReview = tuple[Sequence[str], int]  # Tokens and label of a review or a sentence.

SENTENCE_ENDS = frozenset(Sentencizer.default_punct_chars)  # Full stops and such, all languages.
MIN_TOKENS, MAX_TOKENS = 3, 30  # Of a sentence, the full stop included.
NB_SVM_PENALTY = 1.0  # Inverse penalty of NB-SVM: weaker than is best for its accuracy.
MIN_CONFIDENCE = 0.9
TEACHER_WEIGHT = 0.75  # Of the teacher's log-probabilities; NB-SVM has the rest.
MIN_PROBABILITY = 1e-6


def split_sentences(tokens: Sequence[str]) -> Iterator[list[str]]:
    """Split after each run of full stops, question or exclamation marks. Keeps all tokens."""
    sentence: list[str] = []
    for token in tokens:
        if sentence and set(sentence[-1]) <= SENTENCE_ENDS and not set(token) <= SENTENCE_ENDS:
            yield sentence
            sentence = []
        sentence.append(token)
    if sentence:
        yield sentence


def labelled_sentences(reviews: Iterable[TokenizedReview]) -> Iterator[TokenizedReview]:
    """Yield the sentences of `MIN_TOKENS` to `MAX_TOKENS` tokens with their review's label."""
    for tokens, label in reviews:
        for sentence in split_sentences(tokens):
            if MIN_TOKENS <= len(sentence) <= MAX_TOKENS:
                yield sentence, label


class PseudoLabelled(NamedTuple):
    """Unlabelled reviews with the probabilities of their labels."""

    reviews: Sequence[Sequence[str]]  # Tokens of each review.
    probabilities: np.ndarray  # [reviews, num_labels]

    def confident(self) -> list[TokenizedReview]:
        """Return the reviews that have a label with a probability of `MIN_CONFIDENCE` or more."""
        labels = self.probabilities.argmax(axis=1).tolist()
        is_sure = (self.probabilities.max(axis=1) >= MIN_CONFIDENCE).tolist()
        rows = zip(self.reviews, labels, is_sure, strict=True)
        return [(tokens, label) for tokens, label, sure in rows if sure]


def nb_svm_probabilities(
    reviews: Sequence[TokenizedReview], unlabelled: Sequence[Sequence[str]], num_labels: int
) -> np.ndarray:
    """Return the probabilities that NB-SVM gives the labels of unlabelled reviews.

    Args:
        reviews: labelled reviews to train NB-SVM on.
        unlabelled: tokens of unlabelled reviews.
        num_labels: number of labels.

    Returns:
        [unlabelled, num_labels]; all labels are equally probable if NB-SVM finds no word that two
        labelled reviews share.
    """
    from sentiment.models.bag_of_words import nb_svm  # scikit-learn takes a second to import.

    def join(token_lists: Iterable[Sequence[str]]) -> list[str]:
        return [" ".join(tokens) for tokens in token_lists]

    try:
        classifier = nb_svm(NB_SVM_PENALTY).fit(
            join(tokens for tokens, _ in reviews), [label for _, label in reviews]
        )
    except ValueError:
        return np.full((len(unlabelled), num_labels), 1 / num_labels)
    probabilities = np.zeros((len(unlabelled), num_labels))  # 0 for a label without reviews.
    probabilities[:, classifier.classes_] = classifier.predict_proba(join(unlabelled))
    return probabilities


def blend(teacher: np.ndarray, nb_svm: np.ndarray) -> np.ndarray:
    """Return the weighted geometric mean of the probabilities of a teacher and of NB-SVM.

    The models make different errors, so the blend is more accurate than either of them. On the
    validation reviews of IMDB logistic regression chooses nearly the same weights.

    Args:
        teacher: [reviews, num_labels].
        nb_svm: [reviews, num_labels].

    Returns:
        [reviews, num_labels]
    """
    logs = [np.log(np.clip(one, MIN_PROBABILITY, None)) for one in (teacher, nb_svm)]
    products = np.exp(TEACHER_WEIGHT * logs[0] + (1 - TEACHER_WEIGHT) * logs[1])
    blended: np.ndarray = products / products.sum(axis=1, keepdims=True)
    return blended
