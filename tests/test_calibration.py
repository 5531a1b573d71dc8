import pytest
import torch
import torch.nn.functional as F

from sentiment.evaluation.calibration import fit_temperature


def reviews(temperature):
    """Logits that are too large by `temperature`, and labels drawn from what they should be."""
    generator = torch.Generator().manual_seed(0)
    true = 2 * torch.randn(20_000, 2, generator=generator)
    labels = true.softmax(dim=1).multinomial(1, generator=generator).squeeze(1)
    return true * temperature, labels


@pytest.mark.parametrize("temperature", [0.5, 1.0, 3.0])
def test_it_finds_by_how_much_logits_are_too_large(temperature):
    logits, labels = reviews(temperature)
    assert fit_temperature(logits, labels) == pytest.approx(temperature, rel=0.05)


def test_no_other_temperature_has_a_lower_loss():
    logits, labels = reviews(1.7)
    best = fit_temperature(logits, labels)
    losses = [F.cross_entropy(logits / (best * x), labels).item() for x in (0.98, 1, 1.02)]
    assert min(losses) == losses[1]


def test_where_every_label_is_right_or_wrong_it_stays_within_bounds():
    logits = torch.tensor([[1.0, 0.0], [0.0, 1.0]])
    assert fit_temperature(logits, torch.tensor([0, 1])) == pytest.approx(0.1, rel=0.01)
    assert fit_temperature(logits, torch.tensor([1, 0])) == pytest.approx(10, rel=0.01)
