import pytest
import torch

from sentiment.config import Config
from sentiment.inference.batched import uncalibrated_logits
from sentiment.models.lstm import LSTMClassifier
from sentiment.training.linear_probe import fit_head

SIZES = {"embedding_dim": 8, "hidden_size": 8, "init": None}
VOCAB_SIZE = 12


def labelled_reviews(words, count=60):
    """Return reviews: one of label `i` has the word `words[i]` once, among random words."""
    torch.manual_seed(0)
    random_words = torch.randint(2, 6, (count, 9)).tolist()
    labels = [row % len(words) for row in range(count)]
    return [([*ids, words[label]], label) for ids, label in zip(random_words, labels, strict=True)]


def classifier(num_labels, seed=1):
    torch.manual_seed(seed)
    return LSTMClassifier(Config.from_flat(**SIZES).model, VOCAB_SIZE, num_labels)


def accuracy(model, examples):
    logits = uncalibrated_logits(model, [ids for ids, _ in examples])
    return (logits.argmax(dim=1) == torch.tensor([label for _, label in examples])).float().mean()


@pytest.mark.parametrize("words", [(7, 8), (7, 8, 9, 10)])
def test_head_is_fitted_and_the_encoder_does_not_change(words):
    model = classifier(len(words))
    before = {name: tensor.clone() for name, tensor in model.encoder.state_dict().items()}
    examples = labelled_reviews(words)
    assert accuracy(model, examples) < 0.7
    fit_head(model, examples, seed=0)
    assert accuracy(model, examples) > 0.95
    assert all(torch.equal(before[name], t) for name, t in model.encoder.state_dict().items())
    assert model.training


def test_same_seed_selects_the_same_reviews(monkeypatch):
    monkeypatch.setattr("sentiment.training.linear_probe.MAX_REVIEWS", 30)
    weights = []
    for seed in (3, 3, 4):
        model = classifier(2)
        fit_head(model, labelled_reviews((7, 8)), seed)
        weights.append(model.linear.weight.detach().clone())
    assert torch.equal(weights[0], weights[1])
    assert not torch.equal(weights[0], weights[2])


def test_constant_feature_does_no_harm():
    model = classifier(2)
    with torch.no_grad():
        model.encoder.forward_lstm.weight_ih_l0.zero_()
        model.encoder.forward_lstm.weight_hh_l0.zero_()
    fit_head(model, labelled_reviews((7, 8)), seed=0)
    assert model.linear.weight.isfinite().all()
    assert accuracy(model, labelled_reviews((7, 8))) > 0.9
