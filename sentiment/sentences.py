"""The tokens of a review in, its last sentence out."""

from collections.abc import Iterator, Sequence

from spacy.pipeline import Sentencizer

ENDS = frozenset(Sentencizer.default_punct_chars)  # Full stops and the like, of every language.
SHORTEST, LONGEST = 3, 30  # Tokens, the full stop included.


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


def last_sentence(tokens: Sequence[str]) -> list[str] | None:
    """The last sentence of 3 to 30 tokens, if it is not the whole text."""
    fitting = [one for one in sentences(tokens) if SHORTEST <= len(one) <= LONGEST]
    return fitting[-1] if fitting and len(fitting[-1]) < len(tokens) else None
