"""Single sentences to train on before whole reviews, from labelled and unlabelled reviews.

A review's label says little about one of its sentences. But a review has a dozen of them, and
unlabelled reviews add a million: a classifier trained on them first learns more from whole reviews
afterwards.

Unlabelled reviews get a pseudo-label from NB-SVM, trained on the labelled ones in half a minute,
where its probability is at least `MIN_CONFIDENCE`; the others are left out (self-training:
Yarowsky 1995).
"""

from collections.abc import Iterable, Iterator, Sequence

from spacy.pipeline import Sentencizer

TokenizedReview = tuple[Sequence[str], int]  # Tokens and label of a review or a sentence.

SENTENCE_ENDS = frozenset(Sentencizer.default_punct_chars)  # Full stops and such, all languages.
MIN_TOKENS, MAX_TOKENS = 3, 30  # Of a sentence, the full stop included.
NB_SVM_PENALTY = 1.0  # Inverse penalty of NB-SVM: weaker than is best for its accuracy.
MIN_CONFIDENCE = 0.9


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


def pseudo_label(
    reviews: Sequence[TokenizedReview], unlabelled: Sequence[Sequence[str]]
) -> list[TokenizedReview]:
    """Label unlabelled reviews with NB-SVM.

    Args:
        reviews: labelled reviews to train NB-SVM on.
        unlabelled: tokens of unlabelled reviews.

    Returns:
        Those with a label of probability `MIN_CONFIDENCE` or more; none if NB-SVM finds no word
        that two labelled reviews share.
    """
    from sentiment.models.bag_of_words import nb_svm  # scikit-learn takes a second to import.

    def join(token_lists: Iterable[Sequence[str]]) -> list[str]:
        return [" ".join(tokens) for tokens in token_lists]

    try:
        classifier = nb_svm(NB_SVM_PENALTY).fit(
            join(tokens for tokens, _ in reviews), [label for _, label in reviews]
        )
    except ValueError:
        return []
    probabilities = classifier.predict_proba(join(unlabelled))  # [reviews, num_labels]
    labels = classifier.classes_[probabilities.argmax(axis=1)].tolist()
    is_sure = (probabilities.max(axis=1) >= MIN_CONFIDENCE).tolist()
    rows = zip(unlabelled, labels, is_sure, strict=True)
    return [(tokens, label) for tokens, label, sure in rows if sure]
