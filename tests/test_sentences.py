"""The last sentence of a review."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sentiment.sentences import last_sentence, sentences
from sentiment.tokenizer import Tokenizer

tokens = st.lists(st.sampled_from([".", "!", "?", "...", "。", "a", "film", "i.e.", '"']))


@given(tokens)
def test_any_tokens_are_cut_behind_full_stops_and_none_is_lost(tokens):
    found = list(sentences(tokens))
    assert [token for sentence in found for token in sentence] == tokens
    assert all(found)


@pytest.mark.parametrize(
    ("language", "text", "last"),
    [
        (
            "en",
            "It rained. We saw Mr. Lind at work. I liked it a lot!!!",
            "I liked it a lot ! ! !",
        ),
        ("en", "A man sails home. Do not miss it", "Do not miss it"),
        ("en", "Well worth seeing... 9/10. Bye.", "Well worth seeing ..."),  # Too short: "Bye."
        ("en", "It moved me. " + "and on " * 30, "It moved me ."),
        ("en", "One sentence alone.", None),
        ("en", "", None),
        ("zh", "下雨了。这部电影很好！", "这 部 电 影 很 好 ！"),
    ],
)
def test_it_is_the_last_of_some_words_that_is_not_all_there_is(language, text, last):
    found = last_sentence(Tokenizer(language, lowercase=False).tokenize(text))
    assert found == (last and last.split())
