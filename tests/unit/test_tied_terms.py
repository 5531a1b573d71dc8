"""Words for groups of people, names and cities: their list, and one vector for each group."""

import pytest
import torch
from support.small_models import SMALL
from support.small_splits import splits

import sentiment
from sentiment.config import TextConfig
from sentiment.errors import ConfigError
from sentiment.text.tokenizer import Tokenizer
from sentiment.text.vocab import Vocab
from sentiment.training.initialization import initialize
from sentiment.training.tied_terms import term_groups, tie_terms

GROUPS = [["red", "blue", "green"], ["cat", "dog"], ["moon"]]
VOCAB = Vocab(["red", "film", "blue", "cat", "dog", "moon", "green"])
KNOWN = len(VOCAB) - 1  # "green" has no trained vector.


def embedding():
    torch.manual_seed(0)
    return torch.nn.Embedding(len(VOCAB), 4)


def rows_of(table, words):
    return table.weight[VOCAB.encode(words)]


def test_each_term_is_one_token_in_one_group():
    groups = term_groups(TextConfig())
    terms = [term for group in groups for term in group]
    assert len(terms) == len(set(terms)) > 900
    assert min(map(len, groups)) >= 2
    tokenizer = Tokenizer()
    assert [tokenizer.tokenize(term.title()) for term in terms] == [[term] for term in terms]


def test_terms_have_a_capital_too_where_the_model_keeps_capitals():
    groups = term_groups(TextConfig(lowercase=False))
    assert {"muslim", "Muslim", "hindu", "Hindu"} <= set(groups[0])


def test_tied_rows_are_the_mean_of_the_trained_rows_and_the_others_are_unchanged():
    before, after = embedding(), embedding()
    tie_terms(after, VOCAB, GROUPS, KNOWN)
    for words, trained in [(GROUPS[0], ["red", "blue"]), (GROUPS[1], GROUPS[1])]:
        mean = rows_of(before, trained).mean(dim=0)
        assert torch.equal(rows_of(after, words), mean.expand(len(words), -1))
    assert torch.equal(rows_of(after, ["film", "moon"]), rows_of(before, ["film", "moon"]))


def test_tied_rows_stay_equal_in_training_and_move():
    table = embedding()
    tie_terms(table, VOCAB, GROUPS, KNOWN)
    start = table.weight.detach().clone()
    optimizer = torch.optim.AdamW(table.parameters(), lr=0.1)
    target, weights = torch.randn(len(VOCAB), 4), torch.arange(len(VOCAB))[:, None]
    for _ in range(5):
        optimizer.zero_grad()
        for _ in range(2):  # Backward passes of a step, as in adversarial training.
            (weights * (table.weight - target).square()).sum().backward()
        optimizer.step()
    for words in GROUPS:
        rows = rows_of(table, words)
        assert torch.equal(rows, rows[:1].expand_as(rows))
    assert (rows_of(table, ["red"]) != start[VOCAB.encode(["red"])]).all()
    assert not torch.equal(rows_of(table, ["red"]), rows_of(table, ["cat"]))


@pytest.mark.parametrize(
    ("labels", "settings", "is_tied"),
    [
        (["neg", "pos"], {}, True),
        (["Positive", "Negative"], {}, True),
        (["neg", "pos"], {"tie_terms": False}, False),
        (["bad", "good"], {}, False),
        (["religion", "sports"], {}, False),
        (["neg", "neutral", "pos"], {}, False),
        (["religion", "sports"], {"tie_terms": True}, True),
        (["neg", "pos"], {"language": "de"}, False),
    ],
)
def test_terms_are_tied_by_default_for_english_negative_and_positive_labels(
    labels, settings, is_tied
):
    rows = splits(labels)
    assert initialize(rows, "from-scratch", settings).config.model.tie_terms is is_tied


def test_tied_terms_need_a_list_in_the_language():
    with pytest.raises(ConfigError, match="tie_terms has words in English, and language is 'de'"):
        initialize(splits(), "from-scratch", {"language": "de", "tie_terms": True})


@pytest.mark.usefixtures("few_reviews", "no_fsync")
@pytest.mark.parametrize("is_tied", [True, False])
def test_swapped_terms_have_the_same_score_in_a_trained_classifier(tmp_path, is_tied):
    classifier = sentiment.train(
        **{**SMALL, "epochs": 1, "max_length": 20, "min_freq": 1, "tie_terms": is_tied},
        out=tmp_path / "run",
    )
    pairs = [("brother", "sister"), ("he", "she"), ("Lisbon", "Chicago")]
    known = [pair for pair in pairs if all(word.lower() in classifier.vocab for word in pair)]
    assert known
    for one, other in known:
        scores = classifier.predict_proba([f"My {word} is here." for word in (one, other)])
        assert (scores[0] == scores[1]).all() == is_tied
