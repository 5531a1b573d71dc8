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
import tempfile
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F

from sentiment.artifacts.model_folder import load_model, model_folder
from sentiment.config import SHIPPED_ENCODER, Config, DataConfig, ModelConfig
from sentiment.data.labels import IMDB_LABELS
from sentiment.data.reviews import load_reviews
from sentiment.data.splits import drop_shared
from sentiment.inference.classifier import Classifier
from sentiment.models.lstm import LSTMClassifier
from sentiment.runtime.devices import autocast
from sentiment.text.batching import Batch, encode
from sentiment.text.token_cache import tokenize_dataset
from sentiment.text.tokenizer import Tokenizer
from sentiment.training.classification import Classification, Data, prepare_data
from sentiment.training.linear_probe import fit_linear
from sentiment.training.trainer import Outcome, run

BASE: dict[str, Any] = {
    "lessons": 0,
    "pooling": "last+max+mean",
    "max_length": 400,
    "epochs": 1,
    "learning_rate": 8e-3,
    "min_steps": 0,
    "adversarial": 0.0,
    "patience": 9,
}
UNLABELLED = 22_500  # As many as labelled training reviews.


class GradualUnfreezing(Classification):
    """Train the head first, then also the LSTMs, then the embedding (Howard and Ruder 2018)."""

    step = 0
    thaws = (60, 180)  # Steps before the LSTMs and the embedding are trained.

    def backward(self, batch: Batch) -> Outcome:
        _, lstms, embedding = self.parameter_groups()
        for start, group in zip(self.thaws, (lstms, embedding), strict=True):
            for parameter in group["params"]:
                parameter.requires_grad_(self.step >= start)
        self.step += 1
        return super().backward(batch)


class RandomHead(Classification):
    """Initialize the classification head randomly instead of with a linear probe."""

    def __init__(self, classifier: Classifier, data: Data) -> None:
        super().__init__(classifier, data)
        self.model.linear.reset_parameters()


class WeightDropout(Classification):
    """Apply DropConnect to the recurrent weights, one mask per step (Merity et al. 2018)."""

    part = 0.2

    def backward(self, batch: Batch) -> Outcome:
        weights = [
            weight for name, weight in self.model.encoder.named_parameters() if "weight_hh" in name
        ]
        kept = [weight.detach().clone() for weight in weights]
        masks = [F.dropout(torch.ones_like(weight), self.part) for weight in weights]
        with torch.no_grad():
            for weight, mask in zip(weights, masks, strict=True):
                weight.mul_(mask)
        outcome = super().backward(batch)
        with torch.no_grad():
            for weight, mask, old in zip(weights, masks, kept, strict=True):
                weight.copy_(old)
                if weight.grad is not None:
                    weight.grad.mul_(mask)
        return outcome


class Unlabelled(Classification):
    """Train on unlabelled reviews too, with label -1.

    Their loss has two terms. `entropy_weight` is the weight of the entropy of their predictions
    (Grandvalet and Bengio 2004). `virtual_weight` is the weight of virtual adversarial training:
    the KL divergence between the predictions without and with an adversarial perturbation of the
    word vectors (Miyato et al. 2017). For two labels, the gradient of the entropy is the direction
    in which the prediction changes most, so power iteration is not needed.
    """

    entropy_weight, virtual_weight = 0.0, 0.0

    def __init__(self, classifier: Classifier, data: Data, unlabelled: list[list[int]]) -> None:
        super().__init__(classifier, data)
        whole = self.stages[-1]
        examples = [*whole.examples, *((ids, -1) for ids in unlabelled)]
        self.stages = [whole._replace(examples=examples)]

    def backward(self, batch: Batch) -> Outcome:
        norm = self.config.train.adversarial
        known = batch.labels >= 0
        size = max(1, int(known.sum()))
        embedding_dim = self.config.model.embedding_dim
        nowhere = torch.zeros(*batch.input_ids.shape, embedding_dim, requires_grad=True)
        with autocast(batch.labels.device, self.config.train.precision):
            logits = self.model(batch.input_ids, batch.lengths, nowhere).float()
        own = logits.detach().softmax(dim=1)
        supervised = F.cross_entropy(logits[known], batch.labels[known], reduction="sum")
        entropies = torch.distributions.Categorical(logits=logits[~known]).entropy()
        # Without an entropy term, a negligible weight still yields the perturbation's direction.
        weight = self.entropy_weight or 1e-6
        ((supervised + weight * entropies.sum()) / size).backward()
        outcome = Outcome(
            size,
            {
                "loss": supervised.item() / size,
                "accuracy": (own.argmax(dim=1) == batch.labels)[known].float().mean().item(),
            },
        )
        if norm == 0:
            return outcome
        gradient = nowhere.grad
        assert gradient is not None
        lengths = gradient.flatten(start_dim=1).norm(dim=1).clamp(min=1e-20)
        moved = norm * gradient / lengths[:, None, None]
        with autocast(batch.labels.device, self.config.train.precision):
            logits = self.model(batch.input_ids, batch.lengths, moved).float()
        supervised = F.cross_entropy(logits[known], batch.labels[known], reduction="sum")
        divergence = F.kl_div(logits.log_softmax(dim=1)[~known], own[~known], reduction="sum")
        ((supervised + self.virtual_weight * divergence) / size).backward()
        return outcome


class SelfTraining(Unlabelled):
    """Train on unlabelled reviews with the calibrated probabilities of a teacher as targets."""

    def __init__(
        self, classifier: Classifier, data: Data, unlabelled: list[list[int]], teacher: Classifier
    ) -> None:
        super().__init__(classifier, data, unlabelled)
        known = torch.tensor([label for _, label in data.train])
        soft = teacher.predict_logits(unlabelled).softmax(dim=1)
        self.targets = torch.cat(
            [F.one_hot(known, len(IMDB_LABELS)).float(), soft]
        )  # [reviews, labels]
        whole = self.stages[-1]
        # The label of an example is the row of its target in `self.targets`.
        examples = [(ids, row) for row, (ids, _) in enumerate(whole.examples)]
        self.stages = [whole._replace(examples=examples)]

    def backward(self, batch: Batch) -> Outcome:
        with autocast(batch.labels.device, self.config.train.precision):
            logits = self.model(batch.input_ids, batch.lengths).float()
        targets = self.targets[batch.labels]
        loss = F.cross_entropy(logits, targets)
        loss.backward()
        agreement = (logits.argmax(dim=1) == targets.argmax(dim=1)).float().mean()
        return Outcome(len(targets), {"loss": loss.item(), "accuracy": agreement.item()})


class Entropy(Unlabelled):
    entropy_weight = 0.3


class VirtualAdversarial(Unlabelled):
    virtual_weight = 1.0


class VirtualAdversarialEntropy(Unlabelled):
    entropy_weight, virtual_weight = 0.3, 1.0


def of(task: type[Classification] = Classification, **settings: Any) -> tuple[Any, dict[str, Any]]:
    return task, settings


VARIANTS: dict[str, tuple[type[Classification], dict[str, Any]]] = {
    "base": of(),
    "two-epochs": of(epochs=2),
    "default": of(
        max_length=800,
        epochs=2,
        adversarial=1.0,
        pooling=ModelConfig.pooling,
        lessons=DataConfig.lessons,
    ),
    "lessons-4000": of(lessons=4000),
    "lessons-8000": of(lessons=8000),
    "lessons-16000": of(lessons=16_000),
    "adversarial-0.5": of(adversarial=0.5),
    "adversarial-1": of(adversarial=1.0),
    "adversarial-2": of(adversarial=2.0),
    "random-head": of(RandomHead),
    "unfreezing": of(GradualUnfreezing),
    "weight-dropout": of(WeightDropout),
    "one-rate": of(layer_decay=1.0),
    "rate-2e-3": of(learning_rate=2e-3),
    "rate-4e-3": of(learning_rate=4e-3),
    "rate-16e-3": of(learning_rate=1.6e-2),
    "batch-32": of(batch_size=32),
    "average": of(average=0.99),
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
    "self-training": of(SelfTraining),
    "virtual": of(VirtualAdversarial, adversarial=1.0),
    "virtual-entropy": of(VirtualAdversarialEntropy, adversarial=1.0),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("variants", nargs="*", default=["base"], help="names from --list, or `all`")
    parser.add_argument("--list", action="store_true", help="list the variants and exit")
    parser.add_argument("--dataset", default=os.environ.get("DATASET", "stanfordnlp/imdb"))
    parser.add_argument("--encoder", default=SHIPPED_ENCODER)
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
            places = {"dataset": arguments.dataset, "init": arguments.encoder, "seed": seed}
            measure(name, task, Config.from_flat(**{**BASE, **settings, **places}))


def combine(names: str) -> tuple[type[Classification], dict[str, Any]]:
    """Return the task and the settings of a variant, or of several joined by '+'."""
    tasks, settings = zip(*(VARIANTS[name] for name in names.split("+")), strict=True)
    special = [task for task in tasks if task is not Classification]
    return (special or [Classification])[-1], {k: v for one in settings for k, v in one.items()}


def measure(name: str, task: type[Classification], config: Config) -> None:
    """Train one variant and print its validation metrics as JSON."""
    start = load_model(model_folder(config.model.init or SHIPPED_ENCODER))
    config = config.starting_from(start.config)
    data = prepare_data(config, start.vocab)

    def new_classifier() -> Classifier:
        model = LSTMClassifier(config.model, len(data.vocab), len(data.labels))
        model.encoder.load_state_dict(start.encoder.state_dict())
        fit_linear(model, data.train, config.train.seed)
        return Classifier(config, data.labels, data.vocab, model)

    def make_teacher() -> Classification:
        return Classification(new_classifier(), data)

    def make_task() -> Classification:
        classifier = new_classifier()
        if issubclass(task, SelfTraining):
            return task(classifier, data, unlabelled(config, data), teacher)
        if issubclass(task, Unlabelled):
            return task(classifier, data, unlabelled(config, data))
        return task(classifier, data)

    with tempfile.TemporaryDirectory() as folder:
        if issubclass(task, SelfTraining):
            run(make_teacher, config, Path(folder) / "teacher")
            teacher = Classifier.from_pretrained(Path(folder) / "teacher")
        summary = run(make_task, config, Path(folder) / "run")
    figures = {key: round(figure, 4) for key, figure in summary.validation.items()}
    line = {"variant": name, "seed": config.train.seed, **figures, "seconds": summary.seconds}
    print(json.dumps(line), flush=True)


def unlabelled(config: Config, data: Data) -> list[list[int]]:
    """Return the ids of unlabelled reviews that are not in the test split."""
    corpus = load_reviews(config.data.dataset)
    rows = corpus["unsupervised"].shuffle(seed=config.train.seed).select(range(UNLABELLED))
    rows = drop_shared(rows, [corpus["test"]])
    tokens = tokenize_dataset(rows, Tokenizer(config.text.language, config.text.lowercase))
    return [encode(review, data.vocab, config.text) for review in tokens["tokens"]]


if __name__ == "__main__":
    main()
