"""Word attributions: they add up, have the right place and depend on the model."""

import copy
import random
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import cache

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import spearmanr

import sentiment.inference.explain
from sentiment import Classifier
from sentiment.config import Config
from sentiment.data.reviews import load_reviews
from sentiment.errors import ConfigError, DependencyError
from sentiment.inference.explain import ExplanationError, explain
from sentiment.models.lstm import LSTMClassifier
from sentiment.text.batching import collate
from sentiment.text.vocab import PAD_ID, Vocab

pytestmark = pytest.mark.filterwarnings(
    "ignore::sentiment.inference.classifier.UnknownWordsWarning"
)

WORDS = " ".join(random.Random(0).sample(list(load_reviews("sample")["test"]["text"]), 60)).split()
TEXTS = {
    "short": "A warm, funny film<br />with a cast that could not be better.",
    "300 words": " ".join(WORDS[:300]),
    "longer than max_length": " ".join(WORDS[:900]),
    "unknown words": "Ztlfq grmbl xyzzy plugh",
    "one word": "Dull",
    "markup": "<script>alert('&')</script> isn't GOOD",
    "unreadable": "\ud800 good \0 bad\x1b[31m",
}


@pytest.fixture(scope="module")
def classifier():
    return Classifier.from_pretrained()


@pytest.fixture(scope="module")
def explained(classifier):
    """Return a function that explains a text of `TEXTS`, given its name, once."""
    return cache(lambda name, label=None: explain(classifier, TEXTS[name], label))


@pytest.fixture(scope="module")
def small(run_folder):
    return Classifier.from_pretrained(run_folder)


@pytest.fixture
def three_labels():
    """An untrained classifier with three labels and clearly different logits."""
    torch.manual_seed(0)
    config = Config.from_flat(embedding_dim=16, hidden_size=16)
    vocab = Vocab(["a", "dull", "fine", "film", "it", "is"])
    model = LSTMClassifier(config.model, len(vocab), num_labels=3).eval()
    with torch.no_grad():
        model.encoder.embedding.weight.mul_(30)
    return Classifier(config, ["bad", "fair", "good"], vocab, model, temperature=0.1)


@torch.no_grad()
def logits_of(classifier, ids):
    batch = collate([(ids, -1)])
    return classifier.model(batch.input_ids, batch.lengths)[0] / classifier.temperature


@pytest.mark.parametrize("name", TEXTS)
def test_attributions_add_up_to_the_difference_from_the_baseline(classifier, explained, name):
    explanation = explained(name)
    [ids] = classifier.encode([TEXTS[name]])
    neg, pos = logits_of(classifier, ids) - logits_of(classifier, [PAD_ID] * len(ids))
    difference = (pos - neg if explanation.label == "pos" else neg - pos).item()
    total = sum(word.attribution for word in explanation.words)
    assert abs(total - difference) <= max(0.02, 0.05 * abs(difference))
    assert explanation.log_odds - explanation.baseline == pytest.approx(difference, abs=1e-4)
    assert explanation.residual == pytest.approx(total - difference, abs=1e-4)


@pytest.mark.parametrize("name", TEXTS)
def test_label_and_scores_equal_the_prediction(classifier, explained, name):
    explanation = explained(name)
    predictions = classifier(TEXTS[name], top_k=None)
    assert {"label": explanation.label, "score": explanation.score} == predictions[0]
    assert explanation.scores == {one["label"]: one["score"] for one in predictions}
    # The prediction may be computed in bfloat16.
    odds = torch.tensor(explanation.log_odds)
    assert odds.sigmoid().item() == pytest.approx(explanation.score, abs=0.02)


@settings(max_examples=60, deadline=None, derandomize=True)
@given(
    st.text() | st.lists(st.sampled_from([*TEXTS["markup"].split(), "İ", "  ", "\n"])).map("".join)
)
def test_words_and_pieces_are_substrings_of_the_text(small, text):
    explanation = explain(small, text)
    for word in explanation.words:
        assert word.text == text[word.start : word.end] != ""
    assert len(explanation.words) == len(small.tokenizer.tokenize(text))
    assert "".join(piece for piece, _ in explanation.pieces()) == text
    assert [attribution for _, attribution in explanation.pieces() if attribution] == [
        word.attribution for word in explanation.words if word.attribution
    ]


def test_truncated_words_have_no_attribution(small):
    config, text = small.config.text, TEXTS["300 words"]
    head = round(config.max_length * config.head_fraction)
    tail = config.max_length - head
    words = explain(small, text).words
    kept = words[:head] + words[-tail:]
    assert len(words) > config.max_length
    assert not any(word.attribution for word in words[head:-tail])
    truncated = explain(small, text[: words[head].start] + text[words[-tail].start :]).words
    assert [word.text for word in truncated] == [word.text for word in kept]
    attributions = [[word.attribution for word in some] for some in (truncated, kept)]
    assert attributions[0] == pytest.approx(attributions[1], abs=1e-5)


@pytest.mark.parametrize("text", ["", " \n\t", "<br /><br />", "\0"])
def test_text_without_words_is_its_own_baseline(classifier, text):
    explanation = explain(classifier, text)
    assert explanation.words == []
    assert explanation.log_odds == explanation.baseline
    assert explanation.strongest(3) == []
    assert "".join(piece for piece, _ in explanation.pieces()) == text


def test_removing_a_word_of_large_attribution_lowers_the_log_odds(classifier, explained):
    explanation = explained("short")
    assert {word.text for word in explanation.strongest(2)} == {"warm", "funny"}
    without = explain(classifier, TEXTS["short"].replace("warm", ""), explanation.label)
    assert without.log_odds < explanation.log_odds - 1


def test_attributions_to_the_other_label_have_the_opposite_sign(classifier, explained):
    one, other = (explained("short", label) for label in ("pos", "neg"))
    assert [word.attribution for word in one.words] == pytest.approx(
        [-word.attribution for word in other.words], abs=1e-4
    )
    assert one.score + other.score == pytest.approx(1, abs=1e-5)
    with pytest.raises(ConfigError, match="label must be one of neg, pos, not 'fine'"):
        explain(classifier, TEXTS["short"], "fine")


@pytest.mark.parametrize("label", ["bad", "fair", "good"])
def test_one_of_three_labels_is_explained_against_the_other_two(three_labels, label):
    text = "A dull film. It is fine."
    explanation = explain(three_labels, text, label)
    probability = logits_of(three_labels, three_labels.encode([text])[0]).softmax(dim=0)[
        three_labels.labels.index(label)
    ]
    assert explanation.log_odds == pytest.approx(probability.logit().item(), abs=1e-4)
    assert abs(explanation.log_odds - explanation.baseline) > 0.1
    assert abs(explanation.residual) < 0.05


def test_steps_grow_until_the_attributions_add_up(classifier, monkeypatch):
    monkeypatch.setattr(sentiment.inference.explain, "ABSOLUTE_TOLERANCE", 0.0)
    monkeypatch.setattr(sentiment.inference.explain, "RELATIVE_TOLERANCE", 0.01)
    monkeypatch.setattr(sentiment.inference.explain, "STEPS", (1, 64))
    explanation = explain(classifier, TEXTS["short"])
    assert explanation.steps == 64
    assert abs(explanation.residual) <= 0.01 * (explanation.log_odds - explanation.baseline)
    monkeypatch.setattr(sentiment.inference.explain, "STEPS", (1,))
    with pytest.raises(ExplanationError, match=r"after 1 integration steps .* differs from \d"):
        explain(classifier, TEXTS["short"])


def test_a_long_text_gets_fewer_steps_and_a_very_long_one_none(classifier, monkeypatch):
    monkeypatch.setattr(sentiment.inference.explain, "ABSOLUTE_TOLERANCE", 0.0)
    monkeypatch.setattr(sentiment.inference.explain, "RELATIVE_TOLERANCE", 0.0)
    monkeypatch.setattr(sentiment.inference.explain, "MAX_TOKEN_STEPS", 640)
    for words, reason in (
        (10, "after 64 integration steps"),
        (11, "after 16 integration steps"),
        (41, "it has 41 tokens, and at most 40"),
    ):
        with pytest.raises(ExplanationError, match=reason):
            explain(classifier, "good " * words)


def test_explanations_change_when_the_lstm_weights_are_randomized(classifier, explained):
    """Attributions depend on the model, not only on the text (Adebayo et al. 2018)."""
    torch.manual_seed(0)
    randomized = copy.copy(classifier)
    randomized.model = copy.deepcopy(classifier.model)
    for module in randomized.model.modules():
        if isinstance(module, torch.nn.LSTM):
            module.reset_parameters()
    trained = explained("300 words", "pos")
    untrained = explain(randomized, TEXTS["300 words"], "pos")
    for size in (float, abs):
        of_trained, of_untrained = (
            [size(word.attribution) for word in explanation.words]
            for explanation in (trained, untrained)
        )
        assert abs(spearmanr(of_trained, of_untrained).statistic) < 0.4


def test_explaining_twice_gives_the_same_result(classifier, explained):
    assert explain(classifier, TEXTS["short"]) == explained("short")


def test_threads_can_predict_during_an_explanation(small):
    texts = list(load_reviews("sample")["test"]["text"][:64])
    expected = small(texts)
    with ThreadPoolExecutor(1) as pool:
        explaining = pool.submit(lambda: [explain(small, text) for text in texts[:5]])
        while not explaining.done():
            assert small(texts) == expected
        explaining.result()
    assert all(parameter.requires_grad for parameter in small.model.parameters())


def test_missing_captum_is_a_dependency_error(classifier, monkeypatch):
    monkeypatch.setitem(sys.modules, "captum.attr", None)
    with pytest.raises(
        DependencyError, match=r"needs captum: pip install captum \(the extra 'explain'\)"
    ):
        explain(classifier, "A film.")


def test_strength_is_relative_to_the_largest_attribution_or_to_a_minimum(classifier, explained):
    explanation = explained("300 words")
    strengths = [explanation.strength(word.attribution) for word in explanation.words]
    assert max(map(abs, strengths)) == pytest.approx(1)
    assert {strength > 0 for strength in strengths} == {True, False}
    faint = replace(explanation, words=[explanation.words[0]._replace(attribution=0.01)])
    assert 0 < faint.strength(0.01) < 0.1
