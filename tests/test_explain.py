"""What each word contributes: complete, in the right place, and of this model."""

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
from sentiment import Classifier, InputError
from sentiment.artifacts.bundle import Bundle
from sentiment.config import Config
from sentiment.data.reviews import load_reviews
from sentiment.inference.explain import explain
from sentiment.text.batching import collate, encode
from sentiment.text.vocab import PAD_ID, Vocab

pytestmark = pytest.mark.filterwarnings(
    "ignore::sentiment.inference.classifier.UnknownWordsWarning"
)

WORDS = " ".join(random.Random(0).sample(list(load_reviews("sample")["test"]["text"]), 60)).split()
TEXTS = {
    "short": "A warm, funny film<br />with a cast that could not be better.",
    "300 words": " ".join(WORDS[:300]),
    "longer than max_length": " ".join(WORDS[:1000]),
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
    """The explanation of a text of `TEXTS`, by its name."""
    return cache(lambda name, label=None: explain(classifier, TEXTS[name], label))


@pytest.fixture(scope="module")
def small(run_folder):
    return Classifier.from_pretrained(run_folder)


@pytest.fixture
def three_labels():
    """An untrained classifier of three labels, with logits far enough apart to tell."""
    torch.manual_seed(0)
    config = Config.from_flat(embedding_dim=16, hidden_size=16)
    vocab = Vocab(["a", "dull", "fine", "film", "it", "is"])
    bundle = Bundle.new(config, ["bad", "fair", "good"], vocab, {})
    bundle.temperature = 0.1
    with torch.no_grad():
        bundle.model.encoder.embedding.weight.mul_(30)
    bundle.model.eval()
    return Classifier(bundle)


@torch.no_grad()
def logits_of(classifier, ids):
    batch = collate([(ids, -1)])
    return (
        classifier.bundle.model(batch.input_ids, batch.lengths)[0] / classifier.bundle.temperature
    )


def ids_of(classifier, text):
    bundle = classifier.bundle
    return encode(classifier.tokenizer.tokenize(text), bundle.vocab, bundle.config.text)


@pytest.mark.parametrize("name", TEXTS)
def test_contributions_add_up_to_the_difference_from_padding(classifier, explained, name):
    explanation = explained(name)
    ids = ids_of(classifier, TEXTS[name])
    neg, pos = logits_of(classifier, ids) - logits_of(classifier, [PAD_ID] * len(ids))
    difference = (pos - neg if explanation.label == "pos" else neg - pos).item()
    total = sum(word.contribution for word in explanation.words)
    assert abs(total - difference) <= max(0.02, 0.05 * abs(difference))
    assert explanation.log_odds - explanation.baseline == pytest.approx(difference, abs=1e-4)
    assert explanation.residual == pytest.approx(total - difference, abs=1e-4)


@pytest.mark.parametrize("name", TEXTS)
def test_label_and_score_are_the_classifiers_own(classifier, explained, name):
    explanation = explained(name)
    prediction = classifier(TEXTS[name], all_scores=True)
    assert (explanation.label, explanation.score) == (prediction["label"], prediction["score"])
    assert explanation.scores == prediction["scores"]
    # Within what bfloat16, where the classifier computes in it, may change.
    odds = torch.tensor(explanation.log_odds)
    assert odds.sigmoid().item() == pytest.approx(explanation.score, abs=0.02)


@settings(max_examples=60, deadline=None, derandomize=True)
@given(
    st.text() | st.lists(st.sampled_from([*TEXTS["markup"].split(), "İ", "  ", "\n"])).map("".join)
)
def test_words_stand_in_the_text_as_they_are(small, text):
    explanation = explain(small, text)
    for word in explanation.words:
        assert word.text == text[word.start : word.end] != ""
    assert len(explanation.words) == len(small.tokenizer.tokenize(text))
    assert "".join(piece for piece, _ in explanation.pieces()) == text
    assert [c for _, c in explanation.pieces() if c] == [
        word.contribution for word in explanation.words if word.contribution
    ]


def test_words_left_out_of_a_long_text_contribute_nothing_and_the_rest_is_in_its_place(small):
    config, text = small.bundle.config.text, TEXTS["300 words"]
    head = round(config.max_length * config.head_fraction)
    tail = config.max_length - head
    words = explain(small, text).words
    kept = words[:head] + words[-tail:]
    assert len(words) > config.max_length
    assert not any(word.contribution for word in words[head:-tail])
    read = explain(small, text[: words[head].start] + text[words[-tail].start :]).words
    assert [word.text for word in read] == [word.text for word in kept]
    contributions = [[word.contribution for word in some] for some in (read, kept)]
    assert contributions[0] == pytest.approx(contributions[1], abs=1e-5)


@pytest.mark.parametrize("text", ["", " \n\t", "<br /><br />", "\0"])
def test_a_text_without_words_is_its_own_baseline(classifier, text):
    explanation = explain(classifier, text)
    assert explanation.words == []
    assert explanation.log_odds == explanation.baseline
    assert explanation.strongest(3) == []
    assert "".join(piece for piece, _ in explanation.pieces()) == text


def test_a_word_that_contributes_much_is_missed_when_it_is_gone(classifier, explained):
    explanation = explained("short")
    assert {word.text for word in explanation.strongest(2)} == {"warm", "funny"}
    without = explain(classifier, TEXTS["short"].replace("warm", ""), explanation.label)
    assert without.log_odds < explanation.log_odds - 1


def test_the_other_label_is_explained_by_the_same_words_with_the_other_sign(classifier, explained):
    one, other = (explained("short", label) for label in ("pos", "neg"))
    assert [word.contribution for word in one.words] == pytest.approx(
        [-word.contribution for word in other.words], abs=1e-4
    )
    assert one.score + other.score == pytest.approx(1, abs=1e-5)
    with pytest.raises(InputError, match="no label 'fine'; the model has neg, pos"):
        explain(classifier, TEXTS["short"], "fine")


@pytest.mark.parametrize("label", ["bad", "fair", "good"])
def test_of_three_labels_each_is_explained_against_the_rest_together(three_labels, label):
    text = "A dull film. It is fine."
    explanation = explain(three_labels, text, label)
    probability = logits_of(three_labels, ids_of(three_labels, text)).softmax(dim=0)[
        three_labels.labels.index(label)
    ]
    assert explanation.log_odds == pytest.approx(probability.logit().item(), abs=1e-4)
    assert abs(explanation.log_odds - explanation.baseline) > 0.1
    assert abs(explanation.residual) < 0.05


def test_steps_grow_until_the_contributions_add_up(classifier, monkeypatch):
    monkeypatch.setattr(sentiment.inference.explain, "ABSOLUTE_TOLERANCE", 0.0)
    monkeypatch.setattr(sentiment.inference.explain, "RELATIVE_TOLERANCE", 0.01)
    monkeypatch.setattr(sentiment.inference.explain, "STEPS", (1, 64))
    explanation = explain(classifier, TEXTS["short"])
    assert explanation.steps == 64
    assert abs(explanation.residual) <= 0.01 * (explanation.log_odds - explanation.baseline)
    monkeypatch.setattr(sentiment.inference.explain, "STEPS", (1,))
    with pytest.raises(InputError, match=r"after 1 steps the contributions .* miss the \d"):
        explain(classifier, TEXTS["short"])


def test_explanations_change_when_the_lstms_weights_are_randomised(classifier, explained):
    """They tell of the model, not only of the text (Adebayo et al. 2018)."""
    torch.manual_seed(0)
    randomised = Classifier(copy.deepcopy(classifier.bundle))
    for module in randomised.bundle.model.modules():
        if isinstance(module, torch.nn.LSTM):
            module.reset_parameters()
    trained = explained("300 words", "pos")
    untrained = explain(randomised, TEXTS["300 words"], "pos")
    for size in (float, abs):
        of_trained, of_untrained = (
            [size(word.contribution) for word in explanation.words]
            for explanation in (trained, untrained)
        )
        assert abs(spearmanr(of_trained, of_untrained).statistic) < 0.4


def test_an_explanation_can_be_had_again(classifier, explained):
    assert explain(classifier, TEXTS["short"]) == explained("short")


def test_threads_predict_while_one_explains(small):
    texts = list(load_reviews("sample")["test"]["text"][:64])
    expected = small(texts)
    with ThreadPoolExecutor(1) as pool:
        explaining = pool.submit(lambda: [explain(small, text) for text in texts[:5]])
        while not explaining.done():
            assert small(texts) == expected
        explaining.result()
    assert all(parameter.requires_grad for parameter in small.bundle.model.parameters())


def test_without_captum_one_line_says_what_to_install(classifier, monkeypatch):
    monkeypatch.setitem(sys.modules, "captum.attr", None)
    with pytest.raises(InputError, match="needs Captum.*pip install captum"):
        explain(classifier, "A film.")


def test_strength_is_within_one_and_faint_where_no_word_matters(classifier, explained):
    explanation = explained("300 words")
    strengths = [explanation.strength(word.contribution) for word in explanation.words]
    assert max(map(abs, strengths)) == pytest.approx(1)
    assert {strength > 0 for strength in strengths} == {True, False}
    faint = replace(explanation, words=[explanation.words[0]._replace(contribution=0.01)])
    assert 0 < faint.strength(0.01) < 0.1
