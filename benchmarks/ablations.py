"""Measure variants of fine-tuning, each against the same base settings.

    python benchmarks/ablations.py --list
    python benchmarks/ablations.py base adversarial --seeds 0 1

The base starts from the shipped encoder and trains for one epoch without adversarial training. Runs
are evaluated on the contiguous validation split; the labels of the test split are not used. Each
run prints one line of JSON. `ablations.md` has the results.
"""

import argparse
import json
import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F

from sentiment.config import SHIPPED_CLASSIFIER, SHIPPED_ENCODER, Config, ModelConfig
from sentiment.data.splits import drop_shared
from sentiment.presets import DEFAULT, resolve
from sentiment.runtime.devices import autocast
from sentiment.text.batching import Batch, encode
from sentiment.text.token_cache import tokenize_dataset
from sentiment.text.tokenizer import Tokenizer
from sentiment.text.vocab import Vocab
from sentiment.training.classification import ClassificationTrainer, build
from sentiment.training.classification_data import Splits, encode_splits, load_splits
from sentiment.training.initialization import initialize
from sentiment.training.run_folder import checkpoints, is_finished, open_run
from sentiment.training.schedule import Stage
from sentiment.training.trainer import Loss

BASE: dict[str, Any] = {
    "synthetic_sentences": 0,
    "pooling": "last+max+mean",
    "max_length": 400,
    "epochs": 1,
    "learning_rate": 8e-3,
    "min_steps": 0,
    "adversarial_norm": 0.0,
    "patience": 9,
}
UNLABELLED = 22_500  # As many as labelled training reviews.


class GradualUnfreezing(ClassificationTrainer):
    """Train the head first, then also the LSTMs, then the embedding (Howard and Ruder 2018)."""

    frozen_steps = (60, 180)  # Steps before the LSTMs and the embedding are trained.

    def training_step(self, batch: Batch, stage: Stage, factor: float = 1.0) -> Loss:
        _, lstms, embedding = self.optimizer.param_groups
        for steps, group in zip(self.frozen_steps, (lstms, embedding), strict=True):
            for parameter in group["params"]:
                parameter.requires_grad_(self.state.step >= steps)
        return super().training_step(batch, stage, factor)


class RandomHead(ClassificationTrainer):
    """Initialize the classification head randomly instead of with a linear probe."""

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self.model.linear.reset_parameters()


class WeightDropout(ClassificationTrainer):
    """Apply DropConnect to the recurrent weights, one mask per step (Merity et al. 2018)."""

    dropout = 0.2

    def training_step(self, batch: Batch, stage: Stage, factor: float = 1.0) -> Loss:
        weights = [
            weight for name, weight in self.model.encoder.named_parameters() if "weight_hh" in name
        ]
        originals = [weight.detach().clone() for weight in weights]
        masks = [F.dropout(torch.ones_like(weight), self.dropout) for weight in weights]
        with torch.no_grad():
            for weight, mask in zip(weights, masks, strict=True):
                weight.mul_(mask)
        loss = super().training_step(batch, stage, factor)
        with torch.no_grad():
            for weight, mask, original in zip(weights, masks, originals, strict=True):
                weight.copy_(original)
                if weight.grad is not None:
                    weight.grad.mul_(mask)
        return loss


class Unlabelled(ClassificationTrainer):
    """Train on unlabelled reviews too, with label -1.

    Their loss has two terms. `entropy_weight` is the weight of the entropy of their predictions
    (Grandvalet and Bengio 2004). `virtual_weight` is the weight of virtual adversarial training:
    the KL divergence between the predictions without and with an adversarial perturbation of the
    word vectors (Miyato et al. 2017). For two labels, the gradient of the entropy is the direction
    in which the prediction changes most, so power iteration is not needed.
    """

    entropy_weight, virtual_weight = 0.0, 0.0

    def __init__(self, model: Any, data: Any, *arguments: Any, unlabelled: list[list[int]]) -> None:
        examples = [*data.train, *((ids, -1) for ids in unlabelled)]
        super().__init__(model, replace(data, train=examples), *arguments)

    def training_step(self, batch: Batch, stage: Stage, factor: float = 1.0) -> Loss:
        norm = self.settings.adversarial_norm
        labelled = batch.labels >= 0  # [batch]
        size = max(1, int(labelled.sum()))
        shape = *batch.input_ids.shape, self.config.model.embedding_dim
        zeros = torch.zeros(shape, device=self.device, requires_grad=True)
        with autocast(self.device, self.settings.precision):
            logits = self.model(batch.input_ids, batch.lengths, zeros).float()
        predicted = logits.detach().softmax(dim=1)
        supervised = F.cross_entropy(logits[labelled], batch.labels[labelled], reduction="sum")
        entropies = torch.distributions.Categorical(logits=logits[~labelled]).entropy()
        # Without an entropy term, a negligible weight still yields the perturbation's direction.
        weight = self.entropy_weight or 1e-6
        (factor * (supervised + weight * entropies.sum()) / size).backward()
        correct = (predicted.argmax(dim=1) == batch.labels)[labelled].float()
        loss = Loss(supervised.detach() / size, size, {"accuracy": correct.mean().item()})
        if norm == 0:
            return loss
        gradient = zeros.grad
        assert gradient is not None
        norms = gradient.flatten(start_dim=1).norm(dim=1).clamp(min=1e-20)  # [batch]
        perturbation = norm * gradient / norms[:, None, None]
        with autocast(self.device, self.settings.precision):
            logits = self.model(batch.input_ids, batch.lengths, perturbation).float()
        supervised = F.cross_entropy(logits[labelled], batch.labels[labelled], reduction="sum")
        divergence = F.kl_div(
            logits.log_softmax(dim=1)[~labelled], predicted[~labelled], reduction="sum"
        )
        (factor * (supervised + self.virtual_weight * divergence) / size).backward()
        return loss


class Entropy(Unlabelled):
    entropy_weight = 0.3


class VirtualAdversarial(Unlabelled):
    virtual_weight = 1.0


class VirtualAdversarialEntropy(Unlabelled):
    entropy_weight, virtual_weight = 0.3, 1.0


def of(
    task: type[ClassificationTrainer] = ClassificationTrainer, **settings: Any
) -> tuple[type[ClassificationTrainer], dict[str, Any]]:
    return task, settings


VARIANTS: dict[str, tuple[type[ClassificationTrainer], dict[str, Any]]] = {
    "base": of(),
    "two-epochs": of(epochs=2),
    "default": of(
        max_length=800,
        epochs=2,
        adversarial_norm=1.0,
        pooling=ModelConfig.pooling,
        synthetic_sentences=None,
    ),
    "synthetic-4000": of(synthetic_sentences=4000),
    "synthetic-8000": of(synthetic_sentences=8000),
    "synthetic-16000": of(synthetic_sentences=16_000),
    "adversarial-0.5": of(adversarial_norm=0.5),
    "adversarial-1": of(adversarial_norm=1.0),
    "adversarial-2": of(adversarial_norm=2.0),
    "random-head": of(RandomHead),
    "unfreezing": of(GradualUnfreezing),
    "weight-dropout": of(WeightDropout),
    "one-rate": of(layer_decay=1.0),
    "rate-2e-3": of(learning_rate=2e-3),
    "rate-4e-3": of(learning_rate=4e-3),
    "rate-16e-3": of(learning_rate=1.6e-2),
    "batch-32": of(batch_size=32),
    "ema": of(ema_decay=0.99),
    "max-mean": of(pooling="max+mean"),
    "last": of(pooling="last"),
    "attention": of(pooling="last+max+mean+attention"),
    "word-dropout-0.1": of(word_dropout=0.1),
    "embedding-dropout-0.3": of(embedding_dropout=0.3),
    "embedding-dropout-0": of(embedding_dropout=0.0),
    "word-dropout-0": of(word_dropout=0.0),
    "output-dropout-0": of(output_dropout=0.0),
    "output-dropout-0.2": of(output_dropout=0.2),
    "layer-decay-0.25": of(layer_decay=0.25),
    "length-200": of(max_length=200),
    "length-800": of(max_length=800),
    "entropy": of(Entropy),
    "self-training": of(teacher=SHIPPED_CLASSIFIER),
    "distillation": of(
        teacher=SHIPPED_CLASSIFIER,
        init=SHIPPED_CLASSIFIER,
        max_length=800,
        learning_rate=4e-3,
        pooling=ModelConfig.pooling,
        synthetic_sentences=None,
    ),
    "virtual": of(VirtualAdversarial, adversarial_norm=1.0),
    "virtual-entropy": of(VirtualAdversarialEntropy, adversarial_norm=1.0),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("variants", nargs="*", default=["base"], help="names from --list, or `all`")
    parser.add_argument("--list", action="store_true", help="list the variants and exit")
    parser.add_argument("--dataset", default=os.environ.get("DATASET", "stanfordnlp/imdb"))
    parser.add_argument("--encoder", default=SHIPPED_ENCODER)
    parser.add_argument("--out", type=Path, default=Path("runs/ablations"), help="run folders")
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1])
    arguments = parser.parse_args()
    if arguments.list:
        for name, (task, settings) in VARIANTS.items():
            print(f"{name:22} {task.__name__:18} {settings}")
        return
    names = list(VARIANTS) if arguments.variants == ["all"] else arguments.variants
    for seed in arguments.seeds:
        for name in names:
            task, settings = combine(name)
            run = {"dataset": arguments.dataset, "seed": seed}
            base = {**BASE, "init": arguments.encoder}
            measure(name, task, {**base, **settings, **run}, arguments.out)


def combine(names: str) -> tuple[type[ClassificationTrainer], dict[str, Any]]:
    """Return the task and the settings of a variant, or of several joined by '+'."""
    tasks, settings = zip(*(VARIANTS[name] for name in names.split("+")), strict=True)
    special = [task for task in tasks if task is not ClassificationTrainer]
    return (special or [ClassificationTrainer])[-1], {
        name: value for one in settings for name, value in one.items()
    }


def measure(
    name: str,
    task: type[ClassificationTrainer],
    settings: dict[str, Any],
    out: Path,
) -> None:
    """Train one variant and print its validation metrics as JSON.

    A run that was interrupted is resumed.
    """
    config = resolve(DEFAULT, settings)
    splits = load_splits(config.data, config.train.seed)
    initialization = initialize(splits, DEFAULT, settings)
    config, start = initialization.config, initialization.start
    assert start is not None
    data = encode_splits(splits, config, start.vocab)
    arguments: dict[str, Any] = {}
    if issubclass(task, Unlabelled):
        arguments["unlabelled"] = unlabelled_ids(splits, config, data.vocab)
    folder = out / f"{name}-{config.train.seed}"
    with open_run(folder, resume=bool(checkpoints(folder)) or is_finished(folder)) as run:
        torch.manual_seed(config.train.seed)
        model = build(config, data, start)
        summary = run.summary or task(model, data, config, run, **arguments).fit()
    metrics = {key: round(value, 4) for key, value in summary.validation.items()}
    line = {"variant": name, "seed": config.train.seed, **metrics, "seconds": summary.seconds}
    print(json.dumps(line), flush=True)


def unlabelled_ids(splits: Splits, config: Config, vocab: Vocab) -> list[list[int]]:
    """Return the ids of unlabelled reviews that are not in the test split."""
    assert splits.unlabelled is not None
    assert splits.test is not None
    rows = splits.unlabelled.shuffle(seed=config.train.seed).select(range(UNLABELLED))
    rows = drop_shared(rows, [splits.test])
    tokens = tokenize_dataset(rows, Tokenizer(config.text.language, config.text.lowercase))
    return [encode(review, vocab, config.text) for review in tokens["tokens"]]


if __name__ == "__main__":
    main()
