import pytest
import torch

from sentiment.config import Config
from sentiment.models.lstm import LSTMClassifier, predict_logits
from sentiment.training.linear_probe import fit_linear

SHAPE = {"embedding_dim": 8, "hidden_size": 8, "init": None}
VOCAB_SIZE = 12


def reviews(words, count=60):
    """Reviews of label `i` hold the word `words[i]` once, among words that tell nothing."""
    torch.manual_seed(0)
    noise = torch.randint(2, 6, (count, 9)).tolist()
    labels = [row % len(words) for row in range(count)]
    return [([*ids, words[label]], label) for ids, label in zip(noise, labels, strict=True)]


def classifier(num_labels, seed=1):
    torch.manual_seed(seed)
    return LSTMClassifier(Config.from_flat(**SHAPE).model, VOCAB_SIZE, num_labels)


def accuracy(model, examples):
    logits = predict_logits(model, [ids for ids, _ in examples])
    return (logits.argmax(dim=1) == torch.tensor([label for _, label in examples])).float().mean()


@pytest.mark.parametrize("words", [(7, 8), (7, 8, 9, 10)])
def test_the_linear_learns_and_the_encoder_stands_still(words):
    model = classifier(len(words))
    before = {name: tensor.clone() for name, tensor in model.encoder.state_dict().items()}
    examples = reviews(words)
    assert accuracy(model, examples) < 0.7
    fit_linear(model, examples, seed=0)
    assert accuracy(model, examples) > 0.95
    assert all(torch.equal(before[name], t) for name, t in model.encoder.state_dict().items())
    assert model.training


def test_the_same_seed_gives_the_same_linear(monkeypatch):
    monkeypatch.setattr("sentiment.training.linear_probe.REVIEWS", 30)
    weights = []
    for seed in (3, 3, 4):
        model = classifier(2)
        fit_linear(model, reviews((7, 8)), seed)
        weights.append(model.linear.weight.detach().clone())
    assert torch.equal(weights[0], weights[1])
    assert not torch.equal(weights[0], weights[2])


def test_a_feature_that_never_changes_does_no_harm():
    model = classifier(2)
    with torch.no_grad():
        model.encoder.forward_lstm.weight_ih_l0.zero_()
        model.encoder.forward_lstm.weight_hh_l0.zero_()
    fit_linear(model, reviews((7, 8)), seed=0)
    assert model.linear.weight.isfinite().all()
    assert accuracy(model, reviews((7, 8))) > 0.9
