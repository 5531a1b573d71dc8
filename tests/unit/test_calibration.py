import pytest
import torch
import torch.nn.functional as F

from sentiment.evaluation.calibration import fit_temperature


def overconfident(temperature):
    """Return logits `temperature` times too large, and labels drawn from the correct ones."""
    generator = torch.Generator().manual_seed(0)
    logits = 2 * torch.randn(20_000, 2, generator=generator)
    labels = logits.softmax(dim=1).multinomial(1, generator=generator).squeeze(1)
    return logits * temperature, labels


@pytest.mark.parametrize("temperature", [0.5, 1.0, 3.0])
def test_fit_finds_how_much_too_large_logits_are(temperature):
    logits, labels = overconfident(temperature)
    assert fit_temperature(logits, labels) == pytest.approx(temperature, rel=0.05)


def test_fitted_temperature_has_the_lowest_loss():
    logits, labels = overconfident(1.7)
    best = fit_temperature(logits, labels)
    losses = [F.cross_entropy(logits / (best * x), labels).item() for x in (0.98, 1, 1.02)]
    assert min(losses) == losses[1]


def test_temperature_stays_within_bounds_where_all_labels_are_correct_or_all_wrong():
    logits = torch.tensor([[1.0, 0.0], [0.0, 1.0]])
    assert fit_temperature(logits, torch.tensor([0, 1])) == pytest.approx(0.1, rel=0.01)
    assert fit_temperature(logits, torch.tensor([1, 0])) == pytest.approx(10, rel=0.01)
